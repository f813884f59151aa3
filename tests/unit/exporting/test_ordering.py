"""Rows come out in the order of their key, from memory or from runs on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trajhouse.cli.exporting.ordering import (
    OutOfOrder,
    are_ascending,
    ascending_tables,
    sorted_tables,
)

SCHEMA = pa.schema([("a", pa.string()), ("b", pa.int64()), ("payload", pa.list_(pa.int32()))])
KEYS = ["a", "b"]

keys = st.lists(
    st.tuples(st.none() | st.text(max_size=3), st.none() | st.integers(-5, 5)),
    unique=True,
    max_size=40,
)


def batches(rows: list[tuple[Any, Any]], size: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        columns = [[a for a, _ in part], [b for _, b in part], [[start, len(part)] for _ in part]]
        arrays = [
            pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def expected(rows: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Nulls last, text by code point."""
    return sorted(rows, key=lambda row: tuple((value is None, value) for value in row))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(keys, st.integers(1, 7), st.sampled_from([1, 200, 10**9]))
def test_sorts(tmp_path: Path, rows: list[Any], size: int, run_bytes: int) -> None:
    tables = list(sorted_tables(batches(rows, size), KEYS, tmp_path, run_bytes))
    found = [(row["a"], row["b"]) for table in tables for row in table.to_pylist()]
    assert found == expected(rows)
    assert all(table.num_rows for table in tables)
    assert not list(tmp_path.iterdir()), "a run outlived its use"


def test_a_row_keeps_its_payload(tmp_path: Path) -> None:
    rows = [(f"{(number * 37) % 101:03d}", number) for number in range(101)]
    before = {
        (row["a"], row["b"]): row["payload"]
        for part in batches(rows, 9)
        for row in part.to_pylist()
    }
    for table in sorted_tables(batches(rows, 9), KEYS, tmp_path, 300):
        for row in table.to_pylist():
            assert row["payload"] == before[row["a"], row["b"]]


@pytest.mark.parametrize(
    ("rows", "is_ascending"),
    [
        pytest.param([], True, id="none"),
        pytest.param([("a", 1)], True, id="one"),
        pytest.param([("a", 1), ("a", 2), ("b", 1)], True, id="ascending"),
        pytest.param([("a", 2), ("b", 1), ("a", 3)], False, id="first key falls"),
        pytest.param([("a", 2), ("a", 1)], False, id="second key falls"),
        pytest.param([("a", 1), ("a", 1)], False, id="a key twice"),
        pytest.param([("a", 1), (None, 1)], False, id="a null"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 9])
def test_knows_ascending_rows(rows: list[Any], is_ascending: bool, size: int) -> None:
    assert are_ascending(batches(rows, size), KEYS) is is_ascending


def test_looks_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trajhouse.cli.exporting.ordering.PIECE_BYTES", 1)
    tables = ascending_tables(batches([("a", 1), ("b", 1), ("a", 2)], 1), KEYS)
    assert next(tables).num_rows == 1
    assert next(tables).num_rows == 1
    with pytest.raises(OutOfOrder):
        next(tables)
