"""Every output format, byte for byte, and what is said beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Run

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ["table", "json", "jsonl", "csv", "markdown"]


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("name", ["query", "values"])
def test_output_is_golden(run: Run, name: str, output_format: str) -> None:
    done = run("query", "--file", GOLDEN / f"{name}.sql", "--format", output_format)
    assert done.code == 0
    assert done.out == (GOLDEN / f"{name}.{output_format}").read_bytes()


def test_default_is_table_when_piped(run: Run) -> None:
    done = run("query", "--file", GOLDEN / "query.sql")
    assert done.out == (GOLDEN / "query.table").read_bytes()


def test_json_option_is_the_format(run: Run) -> None:
    done = run("query", "--file", GOLDEN / "query.sql", "--json")
    assert done.out == (GOLDEN / "query.json").read_bytes()


def test_output_is_utf8_in_any_locale(run: Run) -> None:
    sql = "select messages[6].content as c from trajectories where trajectory_id = 'airline/a-1'"
    done = run("query", sql, "--format", "jsonl", env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    assert json.loads(done.out) == {"c": "Found: 日本 ✈"}


@pytest.mark.parametrize(
    ("output_format", "expected"),
    [
        ("table", b"a\n-\n"),
        ("json", b"[]\n"),
        ("jsonl", b""),
        ("csv", b"a\r\n"),
        ("markdown", b"| a |\n| ---: |\n"),
    ],
)
def test_no_rows(run: Run, output_format: str, expected: bytes) -> None:
    done = run("query", "select 1 as a where false", "--format", output_format)
    assert (done.code, done.out) == (0, expected)


def test_nan_as_null_is_said(run: Run) -> None:
    done = run("query", "select unnest([1.0::double, 'nan', '-inf']) as x", "--json")
    assert [row["x"] for row in json.loads(done.out)] == [1.0, None, None]
    assert "NaN or infinite, and null here: 2" in done.err


def test_equal_column_names_stay_apart(run: Run) -> None:
    done = run("query", "select 1 as a, 2 as a", "--json")
    assert list(json.loads(done.out)[0].values()) == [1, 2]


def test_every_type_is_json(run: Run) -> None:
    done = run("query", "from test_all_types()", "--json")
    rows = json.loads(done.out)
    assert len(rows) == 3
    assert rows[1]["hugeint"] == 2**127 - 1
    assert rows[1]["timestamp_ns"] == "2262-04-11T23:47:16.854775806"
    assert rows[1]["interval"] == "83 years 3 months 999 days 00:16:39.999999"


@pytest.mark.parametrize(
    ("options", "n_rows", "is_cut"),
    [
        ([], 1000, True),
        (["--limit", "7"], 7, True),
        (["--limit", "1500"], 1500, False),
        (["--limit", "0"], 1500, False),
    ],
    ids=["default", "fewer", "exactly", "all"],
)
def test_limit_says_when_it_cut(run: Run, options: list[str], n_rows: int, is_cut: bool) -> None:
    done = run("query", "from range(1500)", "--format", "jsonl", *options)
    assert done.text.count("\n") == n_rows
    assert done.err == (f"cut at {n_rows:,} rows; --limit 0 gives all\n" if is_cut else "")


def test_order_survives_limit_and_casts(run: Run) -> None:
    sql = (
        "select i, timestamp '2026-01-01' + to_seconds(i) as at from range(50000) r(i) order by -i"
    )
    done = run("query", sql, "--format", "jsonl", "--limit", "0")
    values = [json.loads(line)["i"] for line in done.text.splitlines()]
    assert values == list(range(49999, -1, -1))


def test_explain_prints_the_plan(run: Run) -> None:
    done = run("query", "explain from trajectories")
    assert done.code == 0
    assert "\\n" not in done.text
    assert len(done.text.splitlines()) > 3
