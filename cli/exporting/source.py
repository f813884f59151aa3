"""The published warehouse as an export reads it: read-only, and closed to everything outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from trajhouse.cli.errors import CannotOpen, DiskFault, TrajhouseError, UsageFault
from trajhouse.cli.nearest import nearest
from trajhouse.cli.warehouse import MARTS_SCHEMA, Warehouse, quote_identifier

MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class Relation:
    """A mart: its columns in order with their DuckDB types, and what they mean."""

    name: str
    columns: Mapping[str, str]
    description: str = ""
    comments: Mapping[str, str] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        """The relation's qualified name."""
        return f"{MARTS_SCHEMA}.{quote_identifier(self.name)}"

    def has(self, *names: str) -> bool:
        """Whether it has all of these columns."""
        return all(name in self.columns for name in names)


@contextmanager
def open_source(
    warehouse: Warehouse, spill: Path | None, threads: int | None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can read the published build and nothing else.

    Args:
        warehouse: The warehouse to read.
        spill: Where DuckDB may put what does not fit in memory; None where it may not.
        threads: DuckDB's threads, or None for its default.

    Raises:
        CannotOpen: Nothing is built, or the file is not a database that can be read.
    """
    database = warehouse.require_database()
    config: dict[str, Any] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(spill) if spill else "",
        "python_enable_replacements": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if threads:
        config["threads"] = threads
    try:
        connection = duckdb.connect(str(database), read_only=True, config=config)
    except duckdb.Error as error:
        raise CannotOpen(
            f"cannot open {database}", _first_line(error), "trajhouse build writes it anew"
        ) from None
    try:
        with explained(f"opening {database}"):
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()


def find_relation(connection: duckdb.DuckDBPyConnection, mart: str) -> Relation:
    """The mart of that name.

    Raises:
        CannotOpen: The build has no marts at all.
        UsageFault: It has none of that name; the nearest name is suggested.
    """
    relations = connection.execute(
        """
        select table_name, comment from duckdb_tables()
        where database_name = current_database() and schema_name = $schema
        union all
        select view_name, comment from duckdb_views()
        where database_name = current_database() and schema_name = $schema
        order by 1
        """,
        {"schema": MARTS_SCHEMA},
    ).fetchall()
    descriptions = dict(relations)
    if not descriptions:
        raise CannotOpen(
            "the warehouse has no marts", "its build did not get that far", "trajhouse build"
        )
    if mart not in descriptions:
        match = nearest(mart, descriptions)
        raise UsageFault(
            f"there is no mart {mart!r}",
            f"the marts are {', '.join(descriptions)}",
            f"trajhouse export {match or next(iter(descriptions))} --out DIR",
        )
    columns = connection.execute(
        """
        select column_name, data_type, comment from duckdb_columns()
        where database_name = current_database() and schema_name = $schema and table_name = $mart
        order by column_index
        """,
        {"schema": MARTS_SCHEMA, "mart": mart},
    ).fetchall()
    return Relation(
        mart,
        {name: data_type for name, data_type, _ in columns},
        (descriptions[mart] or "").strip(),
        {name: (comment or "").strip() for name, _, comment in columns},
    )


def volatile_functions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Names of functions whose result may differ between two runs over the same rows."""
    rows = connection.execute(
        "select distinct lower(function_name) from duckdb_functions()"
        " where stability <> 'CONSISTENT'"
    ).fetchall()
    return {name for (name,) in rows}


@contextmanager
def explained(action: str) -> Iterator[None]:
    """Turn what DuckDB raises, also through Arrow, into an error of ours.

    Raises:
        DiskFault: The disk is full or failed while DuckDB spilled.
        TrajhouseError: The query failed on the data, or needs more memory than it may use.
        KeyboardInterrupt: It was interrupted.
    """
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from None
    except (duckdb.Error, OSError) as error:
        why = _first_line(error)
        is_out_of_memory = isinstance(error, duckdb.OutOfMemoryException) or "Memory Error" in why
        if "No space left" in why or "exceeded the maximum" in why:
            raise DiskFault(f"{action} failed", why, "free some space, then run it again") from None
        if isinstance(error, OSError) and " Error: " not in why:
            raise
        hint = (
            "export fewer columns or rows with --columns or --where"
            if is_out_of_memory
            else "see the value in question: trajhouse query, or narrow --where"
        )
        raise TrajhouseError(f"{action} failed", why, hint) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
