"""Rows become packs whose sequences keep apart, however the rows arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from trajhouse.cli.errors import ChecksFailed
from trajhouse.cli.exporting.pack_rows import SLOT, packed_schema, packed_tables, sequences
from trajhouse.cli.exporting.packs import Packing, lay_out

Row = dict[str, Any]

ROWS = [
    {"key": "a", "input_ids": [11, 12, 13], "labels": [11, -100, 13], "loss_mask": [1, 0, 1]},
    {"key": "b", "input_ids": [21] * 12, "labels": [-100] * 12, "loss_mask": [0] * 12},
    {"key": "c", "input_ids": [31, 32], "labels": [-100, 32], "loss_mask": [0, 1]},
]
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("loss_mask", pa.list_(pa.int8())),
    ]
)
# Rows a and c share a pack. Of row b 8 tokens fill one but for 2, and the other 4 go to a and c.
PACKS = [
    {
        "input_ids": [11, 12, 13, 21, 21, 21, 21, 31, 32],
        "labels": [-100, -100, 13, -100, -100, -100, -100, -100, 32],
        "loss_mask": [0, 0, 1, 0, 0, 0, 0, 0, 1],
        "position_ids": [0, 1, 2, 0, 1, 2, 3, 0, 1],
        "seq_lengths": [3, 4, 2],
        "seq_starts": [0, 8, 0],
        "keys": ["a", "b", "c"],
    },
    {
        "input_ids": [21] * 8,
        "labels": [-100] * 8,
        "loss_mask": [0] * 8,
        "position_ids": [*range(8)],
        "seq_lengths": [8],
        "seq_starts": [0],
        "keys": ["b"],
    },
]


def packing(keys: list[str], lengths: list[int], ends: dict[int, Any]) -> Packing:
    splits = np.zeros(len(lengths), dtype=np.int64)
    packs = lay_out(np.array(lengths), splits, ["train"], 10, ends)
    columns = ("input_ids", "labels", "loss_mask")
    return Packing(packs, pa.table({"key": keys}), columns, {"key": "keys"}, has_starts=True)


BY_HAND = packing(["a", "b", "c"], [3, 12, 2], {1: np.array([8])})


def batches(rows: list[Row], size: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(rows), size):
        yield pa.RecordBatch.from_pylist(rows[start : start + size], SCHEMA)


def packs(rows: list[Row], plan: Packing, arriving: int, reading: int) -> list[Row]:
    cut = pa.Table.from_batches(sequences(batches(rows, arriving), plan, ["key"]))
    ordered = cut.sort_by(SLOT).combine_chunks()
    pieces = (ordered.slice(start, reading) for start in range(0, ordered.num_rows, reading))
    tables = [table.drop_columns("__split") for table in packed_tables(pieces, plan)]
    assert all(table.schema == packed_schema(SCHEMA, plan) for table in tables)
    return [row for table in tables for row in table.to_pylist()]


@pytest.mark.parametrize("arriving", [1, 3])
@pytest.mark.parametrize("reading", [1, 2, 9])
@pytest.mark.parametrize("rows", [ROWS, ROWS[::-1]], ids=["in order", "backwards"])
def test_by_hand(rows: list[Row], arriving: int, reading: int) -> None:
    assert packs(rows, BY_HAND, arriving, reading) == PACKS


def test_rows_of_one_key_are_each_written() -> None:
    twice = [ROWS[0], ROWS[0]]
    (pack,) = packs(twice, packing(["a", "a"], [3, 3], {}), 1, 1)
    assert pack["input_ids"] == [11, 12, 13, 11, 12, 13]
    assert pack["keys"] == ["a", "a"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"key": "x"}, "there was no row", id="another key"),
        pytest.param({"labels": [11]}, "a list in labels", id="another length"),
        pytest.param({"labels": None}, "a list in labels", id="no list"),
    ],
)
def test_other_rows_than_were_planned_are_refused(change: Row, complaint: str) -> None:
    rows = [ROWS[0] | change, *ROWS[1:]]
    with pytest.raises(ChecksFailed) as raised:
        packs(rows, BY_HAND, 3, 3)
    assert complaint in raised.value.why
