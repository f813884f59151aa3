from __future__ import annotations

import time

import duckdb
import pytest

from trajhouse.cli.errors import TimedOut
from trajhouse.cli.querying.clock import TimeLimit

ENDLESS = "select sum(a.range * b.range) from range(1000000) a, range(1000000) b"


def test_work_over_the_limit_is_stopped() -> None:
    with duckdb.connect() as connection:
        started_at = time.monotonic()
        with pytest.raises(TimedOut), TimeLimit(connection, 0.2).running():
            connection.execute(ENDLESS).fetchall()
        assert time.monotonic() - started_at < 5


def test_time_between_blocks_is_not_counted() -> None:
    with duckdb.connect() as connection:
        limit = TimeLimit(connection, 5)
        with limit.running():
            connection.execute("select 1")
        left = limit.seconds_left
        time.sleep(0.2)
        with limit.running():
            connection.execute("select 1")
        assert left - limit.seconds_left < 0.2


def test_blocks_add_up() -> None:
    with duckdb.connect() as connection:
        limit = TimeLimit(connection, 0.3)
        with limit.running():
            time.sleep(0.2)
        with pytest.raises(TimedOut), limit.running():
            time.sleep(0.2)


def test_zero_is_no_limit() -> None:
    with duckdb.connect() as connection, TimeLimit(connection, 0).running():
        assert connection.execute("select 1").fetchone() == (1,)


def test_other_errors_pass() -> None:
    with (
        duckdb.connect() as connection,
        pytest.raises(duckdb.CatalogException),
        TimeLimit(connection, 5).running(),
    ):
        connection.execute("from nowhere")
