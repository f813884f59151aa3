from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.cli.querying.statement import require_reading


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize(
    ("sql", "body"),
    [
        ("select 1", "select 1"),
        ("select 1;", "select 1"),
        ("select 1;;\n;", "select 1"),
        ("select 1; -- done;", "select 1"),
        ("select ';' as a; /* ; */", "select ';' as a"),
        ("select ';--'", "select ';--'"),
        ('select 1 as "a;b"', 'select 1 as "a;b"'),
        ("select $$;$$", "select $$;$$"),
        ("select 1 -- a; b", "select 1 -- a; b"),
        ("-- a; b\nselect 1;", "-- a; b\nselect 1"),
    ],
)
def test_semicolon_is_taken_off(connection: duckdb.DuckDBPyConnection, sql: str, body: str) -> None:
    assert require_reading(connection, sql).sql == body


@pytest.mark.parametrize("sql", ["", " ", ";", "-- x", "/* x */ ;"])
def test_nothing_is_usage(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(UsageFault):
        require_reading(connection, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "with x as (copy (select 1) to 'f') select * from x",
        "select * from (with x as (copy (select 1) to 'f') select * from x)",
        "select 1 union all (with x as (copy (select 1) to 'f') select 1)",
        "with y as (with x as (copy (select 1) to 'f') select 1) from y",
        "select (with x as (copy (select 1) to 'f') select 1)",
        "explain with x as (copy (select 1) to 'f') select 1",
        "explain analyze create table x as select 1",
        "from query('select 1')",
        "from \"QUERY\"('select 1')",
        "from python_arrow_scan(1)",
        "from checkpoint()",
    ],
)
def test_what_passes_for_a_select_is_refused(
    connection: duckdb.DuckDBPyConnection, sql: str
) -> None:
    with pytest.raises(TrajhouseError):
        require_reading(connection, sql)


@pytest.mark.parametrize(
    ("sql", "is_explain"),
    [
        ("explain select 1", True),
        ("EXPLAIN ANALYZE select 1", True),
        ("explain (analyze, format json) select 1", True),
        ("/* explain */ select 1", False),
        ("select 'explain'", False),
    ],
)
def test_explain(connection: duckdb.DuckDBPyConnection, sql: str, is_explain: bool) -> None:
    assert require_reading(connection, sql).is_explain is is_explain
