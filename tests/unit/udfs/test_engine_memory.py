"""The memory limit of DuckDB follows the rows that it has to hold."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from trajhouse.udfs.engine_memory import LEAST, EngineMemory

MOST = 800_000_000
ROWS = 512
LONG, HUGE = 150_000, 250_000


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"memory_limit": f"{MOST}B"}) as connection:
        yield connection


def limit(session: duckdb.DuckDBPyConnection) -> float:
    """Bytes, as DuckDB tells them: rounded."""
    text = session.execute("select current_setting('memory_limit')").fetchall()[0][0]
    number, unit = text.split()
    return float(number) * {"MiB": 2**20, "GiB": 2**30}[unit]


def rows_of(n_bytes: int) -> pa.RecordBatch:
    """ROWS rows of so many bytes each."""
    text = pa.array(["x" * n_bytes])
    return pa.record_batch(
        {"text": pa.DictionaryArray.from_arrays([0] * ROWS, text).cast("string")}
    )


def test_it_starts_low_and_stays_there_for_rows_of_usual_length(
    session: duckdb.DuckDBPyConnection,
) -> None:
    memory = EngineMemory(session)
    for _ in range(10):
        memory.hold(rows_of(1_000))
    assert limit(session) == pytest.approx(LEAST, rel=0.01)


def test_longer_rows_raise_it_by_what_2048_of_them_take(
    session: duckdb.DuckDBPyConnection,
) -> None:
    memory = EngineMemory(session)
    batch = rows_of(LONG)
    for _ in range(9):
        memory.hold(batch)
    assert limit(session) == pytest.approx(2 * 2048 * LONG, rel=0.02)
    memory.hold(rows_of(10))
    assert limit(session) == pytest.approx(2 * 2048 * LONG, rel=0.02)


def test_rows_of_long_ago_do_not_count(session: duckdb.DuckDBPyConnection) -> None:
    memory = EngineMemory(session)
    for n_bytes in (LONG, 10, 10, 10, 10, LONG, 10, 10):
        memory.hold(rows_of(n_bytes))
    assert limit(session) == pytest.approx(LEAST, rel=0.01)


def test_it_never_exceeds_what_was_allowed(session: duckdb.DuckDBPyConnection) -> None:
    memory = EngineMemory(session)
    batch = rows_of(HUGE)
    for _ in range(5):
        memory.hold(batch)
    assert limit(session) == pytest.approx(MOST, rel=0.01)


def test_a_lower_limit_of_the_user_stays(session: duckdb.DuckDBPyConnection) -> None:
    session.execute("set memory_limit = '200MB'")
    EngineMemory(session)
    assert limit(session) == pytest.approx(200e6, rel=0.01)
