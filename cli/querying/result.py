"""Running a query: columns first, then rows a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb

from trajhouse.cli.querying.clock import TimeLimit
from trajhouse.cli.querying.statement import Statement
from trajhouse.cli.querying.values import Encoder
from trajhouse.cli.warehouse import quote_identifier

# A batch is in memory as Python objects; a row with messages can be megabytes.
_NESTED_BATCH_ROWS = 16
_FLAT_BATCH_ROWS = 1024
# The line of the statement run that the user's own begins on.
SUBQUERY_LINE = 2


@dataclass
class Result:
    """Rows under way.

    Attributes:
        names: Column names, made unique.
        encoders: One a column.
        is_plan: Whether the rows are a query plan.
        is_cut: Whether the limit left rows out; known once the rows are read.
        n_rows: How many rows were read so far.
    """

    names: list[str]
    encoders: list[Encoder]
    _cursor: duckdb.DuckDBPyConnection
    _clock: TimeLimit
    _limit: int
    is_plan: bool = False
    is_cut: bool = False
    n_rows: int = field(default=0)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as fetched, up to the limit; no more than a batch is held."""
        is_nested = any(encoder.is_nested for encoder in self.encoders)
        size = _NESTED_BATCH_ROWS if is_nested else _FLAT_BATCH_ROWS
        while True:
            with self._clock.running():
                batch = self._cursor.fetchmany(size)
            if not batch:
                return
            for row in batch:
                if self._limit and self.n_rows == self._limit:
                    self.is_cut = True
                    return
                self.n_rows += 1
                yield row

    @property
    def n_not_numbers(self) -> int:
        """NaN and infinities that JSON could not hold so far."""
        return sum(encoder.n_not_numbers for encoder in self.encoders)


def run(
    connection: duckdb.DuckDBPyConnection, statement: Statement, limit: int, seconds: float
) -> Result:
    """Start a query.

    The statement becomes a subquery, so that nothing but a query fits, the limit lets DuckDB sort
    less, and types that Python would round or bend (nanoseconds, months in intervals, infinite
    dates) are fetched as text.

    Args:
        connection: A sandbox.
        statement: What passed `require_reading`.
        limit: Rows at most; 0 for all.
        seconds: Time limit; 0 for none.

    Raises:
        TimedOut: The limit was reached before the first row.
        duckdb.Error: The query is wrong, or failed.
    """
    clock = TimeLimit(connection, seconds)
    if statement.is_explain:
        with clock.running():
            connection.execute(statement.sql)
        names, encoders = _describe(connection)
        return Result(names, encoders, connection, clock, 0, is_plan=True)
    source = f"(\n{statement.sql}\n)"
    with clock.running():
        connection.execute(f"select * from {source} limit 0")  # noqa: S608
    names, encoders = _describe(connection)
    columns = ", ".join(
        f"#{i}{f'::{encoder.cast}' if encoder.cast else ''} as {quote_identifier(name)}"
        for i, (name, encoder) in enumerate(zip(names, encoders, strict=True), 1)
    )
    bound = f" limit {limit + 1}" if limit else ""
    with clock.running():
        connection.execute(f"select {columns} from {source}{bound}")  # noqa: S608
    return Result(names, encoders, connection, clock, limit)


def _describe(connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[Encoder]]:
    description = connection.description or []
    names: list[str] = []
    for name, *_ in description:
        unique, n = name, 1
        while unique in names:
            unique, n = f"{name}_{n}", n + 1
        names.append(unique)
    return names, [Encoder(column[1]) for column in description]
