"""The marts a build holds: names, descriptions, columns, rows; all asked of the database."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from trajhouse.cli.warehouse import MARTS_SCHEMA, quote_identifier

_MARTS = """
select name, comment, column_names
from (
    select table_name as name, comment from duckdb_tables()
    where schema_name = $schema and database_name = current_database()
    union all
    select view_name as name, comment from duckdb_views()
    where schema_name = $schema and database_name = current_database() and not internal
) as relations
left join (
    select table_name as name, list(column_name order by column_index) as column_names
    from duckdb_columns()
    where schema_name = $schema and database_name = current_database()
    group by all
) as columns using (name)
order by name
"""
_COLUMNS = """
select column_name, data_type, comment
from duckdb_columns()
where schema_name = $schema and table_name = $mart and database_name = current_database()
order by column_index
"""


@dataclass(frozen=True)
class Mart:
    """A relation of the schema `marts`; its description is empty where the build has none."""

    name: str
    description: str
    column_names: tuple[str, ...]

    @property
    def relation(self) -> str:
        """Its qualified and quoted name."""
        return f"{MARTS_SCHEMA}.{quote_identifier(self.name)}"


@dataclass(frozen=True)
class Column:
    """A column of a mart, with its DuckDB type."""

    name: str
    type: str
    description: str


def list_marts(connection: duckdb.DuckDBPyConnection) -> dict[str, Mart]:
    """Every mart by name, in order."""
    found = connection.execute(_MARTS, {"schema": MARTS_SCHEMA}).fetchall()
    return {
        name: Mart(name, _one_line(comment), tuple(columns or ()))
        for name, comment, columns in found
    }


def list_columns(connection: duckdb.DuckDBPyConnection, mart: Mart) -> list[Column]:
    """The columns of a mart, in order."""
    found = connection.execute(_COLUMNS, {"schema": MARTS_SCHEMA, "mart": mart.name}).fetchall()
    return [Column(name, kind, _one_line(comment)) for name, kind, comment in found]


def count_rows(connection: duckdb.DuckDBPyConnection, mart: Mart) -> int:
    """Rows of a mart."""
    row = connection.execute(f"select count(*) from {mart.relation}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
