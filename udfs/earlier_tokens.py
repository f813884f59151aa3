"""Tokens of an earlier build, taken over where content, tokenizer and policy are the same."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

PUBLISHED_VARIABLE = "TRAJHOUSE_PUBLISHED"
"""Environment variable: the database of the build before, when this one is written aside."""

_LOG = logging.getLogger(__name__)

KEY = ("content_key", "tokenizer")
_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class EarlierTokens:
    """The table of an earlier build.

    Attributes:
        connection: One that nothing else runs on.
        table: Its name.
        fields: The columns that hold what tokenizing gave.
    """

    connection: duckdb.DuckDBPyConnection
    table: str
    fields: Sequence[pa.Field]

    def matches(self, wanted: pa.Table, but_renderer: str | None = None) -> pa.Table:
        """Of the rows that are wanted those that are here, and which row they are.

        Args:
            wanted: The columns of KEY, and any others.
            but_renderer: Rows that this rendered are not taken.

        Returns:
            The same columns and `earlier_row`.
        """
        self.connection.register("wanted", wanted)
        found = self.connection.sql(
            f"""
            with earlier as (
                select content_key, tokenizer, min(rowid) as earlier_row
                from {self.table}
                where coalesce(renderer <> ?, true)
                group by content_key, tokenizer
            )
            select wanted.*, earlier.earlier_row
            from wanted
            inner join earlier using (content_key, tokenizer)
            """,  # noqa: S608
            params=[but_renderer],
        ).to_arrow_table()
        self.connection.unregister("wanted")
        return found

    def rows(self, matched: pa.Table) -> Iterator[pa.RecordBatch]:
        """The matched rows with the columns of this table, some at a time, in any order."""
        kept = [f"matched.{name}" for name in matched.schema.names if name != "earlier_row"]
        given = [f"earlier.{name}" for name in _names(self.fields) if name not in KEY]
        self.connection.register("matched", matched)
        # The wide side has to be the one that is streamed.
        self.connection.execute("set disabled_optimizers = 'build_side_probe_side'")
        yield from self.connection.sql(
            f"""
            select {", ".join([*kept, *given])}
            from {self.table} as earlier
            inner join matched on earlier.rowid = matched.earlier_row
            """  # noqa: S608
        ).to_arrow_reader(_ROWS_AT_ONCE)
        self.connection.unregister("matched")


@contextmanager
def earlier_tokens(
    session: duckdb.DuckDBPyConnection, table: str, here: str, fields: Sequence[pa.Field]
) -> Iterator[EarlierTokens | None]:
    """The tokens of the build before, if there is one and it has what is needed.

    They are in the file that PUBLISHED_VARIABLE names, else in the database that is built into.

    Args:
        session: A connection to the database that is built into.
        table: `schema.name` of the table there.
        here: The same in the database that is built into, in full.
        fields: Columns that it must have to be of use.
    """
    published = os.environ.get(PUBLISHED_VARIABLE)
    connection = None
    try:
        connection = _open(published, session) if published else session.cursor()
        name = table if published else here
        is_there = _has(connection, name)
        if is_there:
            needed = ", ".join([*_names(fields), "content_key"])
            found = connection.sql(f"select {needed} from {name} limit 0").to_arrow_table()  # noqa: S608
            is_there = all(found.schema.field(field.name).type == field.type for field in fields)
    except duckdb.Error as error:
        _LOG.warning("no tokens are reused: %s", str(error).splitlines()[0])
        yield None
    else:
        yield EarlierTokens(connection, name, fields) if is_there else None
    finally:
        if connection is not None:
            connection.close()


def _open(file: str, session: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection that only reads, within the memory that the session's database has as well."""
    limit = session.sql("select current_setting('memory_limit')").fetchall()[0][0]
    return duckdb.connect(file, read_only=True, config={"memory_limit": limit, "threads": 1})


def _has(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    *_, schema, name = table.split(".")
    return bool(
        connection.execute(
            "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?",
            [schema, name],
        ).fetchall()[0][0]
    )


def _names(fields: Sequence[pa.Field]) -> list[str]:
    return [field.name for field in fields]
