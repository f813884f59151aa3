"""The memory limit of DuckDB while it reads is what the longest rows need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from trajhouse.cli.building.publish import opened_to_write
from trajhouse.udfs.engine_memory import LEAST, limit_memory
from trajhouse.udfs.read_conversations import read_conversations

MOST = 4 * 2**30


@pytest.fixture
def session(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with opened_to_write(tmp_path / "warehouse.duckdb") as connection:
        connection.execute(f"set memory_limit = '{MOST}B'")
        yield connection


def limit(session: duckdb.DuckDBPyConnection) -> float:
    """Bytes, as DuckDB tells them: rounded."""
    text = session.execute("select current_setting('memory_limit')").fetchall()[0][0]
    number, unit = text.split()
    return float(number) * {"MiB": 2**20, "GiB": 2**30}[unit]


def limited(session: duckdb.DuckDBPyConnection, n_bytes: str, n_rows: int = 10_000) -> float:
    """The limit for rows of which each, by its `number`, has so many bytes."""
    planned = session.query(f"select {n_bytes} as n_bytes from range({n_rows}) as rows(number)")
    limit_memory(session, planned)
    return limit(session)


@pytest.mark.parametrize("n_bytes", ["1000", "null", "if(number = 5_000, 40_000_000, 10)"])
def test_it_is_low_for_rows_of_usual_length(
    session: duckdb.DuckDBPyConnection, n_bytes: str
) -> None:
    assert limited(session, n_bytes) == pytest.approx(LEAST, rel=0.01)


def test_without_rows_it_is_low(session: duckdb.DuckDBPyConnection) -> None:
    assert limited(session, "1", 0) == pytest.approx(LEAST, rel=0.01)


@pytest.mark.parametrize("n_bytes", ["150_000", "if(number between 5_000 and 7_047, 150_000, 10)"])
def test_it_holds_twice_the_power_of_two_that_2048_rows_fit_in(
    session: duckdb.DuckDBPyConnection, n_bytes: str
) -> None:
    assert 2048 * 150_000 < 2**29
    assert limited(session, n_bytes) == pytest.approx(2**30, rel=0.01)


def test_it_is_never_raised(session: duckdb.DuckDBPyConnection) -> None:
    assert limited(session, "1_000_000") == pytest.approx(MOST, rel=0.01)
    session.execute("set memory_limit = '200MB'")
    assert limited(session, "10") == pytest.approx(200e6, rel=0.01)


def test_no_limit_at_all_is_one(session: duckdb.DuckDBPyConnection) -> None:
    session.execute("set memory_limit = '-1'")
    assert limited(session, "10") == pytest.approx(LEAST, rel=0.01)


@pytest.mark.slow
def test_long_rows_can_be_read_under_it(session: duckdb.DuckDBPyConnection) -> None:
    """Texts of 143 KB, 2,200 of them, which 600 MB are too little for."""
    session.execute(
        "create table rows as"
        " select string_agg(md5(number::varchar), '') as text from range(2200 * 4480)"
        " as numbers(number) group by number // 4480"
    )
    session.execute("set threads = 1; checkpoint")
    planned = session.query(
        "select [{'content': text}] as chat_messages, rowid as row_place, strlen(text) as n_bytes"
        " from rows"
    )
    limit_memory(session, planned)
    assert sum(batch.num_rows for batch in read_conversations(planned)) == 2200
    session.execute("set memory_limit = '600MB'")
    with pytest.raises(duckdb.OutOfMemoryException):
        list(read_conversations(planned))
