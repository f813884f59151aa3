"""How much memory DuckDB has while rows are tokenized: what it needs for them, and little more.

It fills what its limit allows with what it might need again; tokenizing needs memory beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trajhouse.udfs.read_conversations import ROWS_AT_ONCE

if TYPE_CHECKING:
    import duckdb

LEAST = 512 * 2**20
"""Bytes."""
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def limit_memory(session: duckdb.DuckDBPyConnection, planned: duckdb.DuckDBPyRelation) -> None:
    """Lower the limit to twice what the longest rows in a row take; dbt raises it again.

    DuckDB lays the texts of the rows that it reads end to end in a buffer that is doubled while
    they do not fit: for a moment there is one and a half times a power of two.

    Args:
        session: The connection.
        planned: What is to be read; `n_bytes` are the bytes of a row's texts.
    """
    window = f"rows between {ROWS_AT_ONCE - 1} preceding and current row"
    sums = planned.select(f"sum(n_bytes) over ({window}) as n_bytes")
    longest = int(sums.aggregate("coalesce(max(n_bytes), 0)").fetchall()[0][0])
    limit = max(LEAST, 2 << max(longest - 1, 0).bit_length())
    if limit < _limit_of(session):
        session.execute(f"set memory_limit = '{limit}B'")


def _limit_of(session: duckdb.DuckDBPyConnection) -> float:
    text = session.execute("select current_setting('memory_limit')").fetchall()[0][0]
    number, unit = text.split()
    return float(number) * 1024.0 ** _UNITS.index(unit)
