"""How much memory DuckDB has while rows are tokenized: what it needs for them, and little more.

It reads and writes 2,048 rows at a time, and fills what its limit allows beyond that with what it
might need again; tokenizing needs memory beside it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

LEAST = 500_000_000
"""Bytes; enough for 2,048 rows of 30,000 tokens."""
ROWS_AT_ONCE = 2048
_ROOM = 2
"""Beside the messages, their ids, which take about as many bytes."""
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


class EngineMemory:
    """The memory limit of a connection's DuckDB, which starts low and grows with the rows.

    Args:
        session: The connection. What its limit is now is the most that it ever gets; dbt sets the
            limit anew on the next connection that it makes.
    """

    def __init__(self, session: duckdb.DuckDBPyConnection) -> None:
        self._session = session
        self._most = _limit_of(session)
        self._limit = self._most + 1
        self._recent: deque[tuple[int, int]] = deque()
        self._rows = self._bytes = 0
        self._set(LEAST)

    def hold(self, rows: pa.RecordBatch) -> None:
        """Make room for these rows beside those of late."""
        self._recent.append((rows.num_rows, rows.nbytes))
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        while self._rows - self._recent[0][0] >= ROWS_AT_ONCE:
            n_rows, n_bytes = self._recent.popleft()
            self._rows -= n_rows
            self._bytes -= n_bytes
        if _ROOM * self._bytes > self._limit:
            self._set(_ROOM * self._bytes)

    def _set(self, n_bytes: int) -> None:
        limit = min(n_bytes, self._most)
        if limit != self._limit:
            with self._session.cursor() as cursor:
                cursor.execute(f"set memory_limit = '{limit}B'")
            self._limit = limit


def _limit_of(session: duckdb.DuckDBPyConnection) -> int:
    with session.cursor() as cursor:
        text = cursor.execute("select current_setting('memory_limit')").fetchall()[0][0]
    number, unit = text.split()
    return int(float(number) * _UNITS[unit])
