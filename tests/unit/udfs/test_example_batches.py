"""Examples are beginnings of conversations, and come in batches of bounded size."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.udfs import example_batches as batching

MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
EXAMPLE = pa.struct(
    [("example_id", pa.string()), ("n_messages", pa.int32()), ("trained_from", pa.int32())]
)


def planned(chats: list[list[str]], lengths: list[list[int]]) -> pa.RecordBatch:
    """Conversations of the given contents, with an example of each of the given lengths."""
    messages = [[{"role": "user", "content": content} for content in chat] for chat in chats]
    examples = [
        [{"example_id": f"{i}#{n}", "n_messages": n, "trained_from": 0} for n in of_chat]
        for i, of_chat in enumerate(lengths)
    ]
    return pa.RecordBatch.from_pydict(
        {
            "record_id": pa.array([f"r{i}" for i in range(len(chats))]),
            "chat_messages": pa.array(messages, pa.list_(MESSAGE)),
            "examples": pa.array(examples, pa.list_(EXAMPLE)),
        }
    )


def rows_of(batches: list[pa.RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]


def contents(row: dict[str, Any]) -> list[str]:
    return [message["content"] for message in row["chat_messages"]]


def test_examples_are_beginnings_of_their_conversation() -> None:
    batch = planned([["a", "b", "c"], ["d"], ["e", "f"]], [[1, 3], [1], [2, 1, 0]])
    rows = rows_of(list(batching.example_batches(batch)))
    assert [(row["example_id"], row["record_id"], contents(row)) for row in rows] == [
        ("0#1", "r0", ["a"]),
        ("0#3", "r0", ["a", "b", "c"]),
        ("1#1", "r1", ["d"]),
        ("2#2", "r2", ["e", "f"]),
        ("2#1", "r2", ["e"]),
        ("2#0", "r2", []),
    ]


def test_a_slice_of_conversations_is_no_other_than_they_are() -> None:
    batch = planned([["a"], ["b", "c"], ["d"]], [[1], [2], [1]]).slice(1)
    rows = rows_of(list(batching.example_batches(batch)))
    assert [contents(row) for row in rows] == [["b", "c"], ["d"]]


def test_short_rows_are_divided_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_ROWS", 2)
    batch = planned([["a"]] * 5, [[1]] * 5)
    assert [b.num_rows for b in batching.example_batches(batch)] == [2, 3]


def test_long_rows_are_divided_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message of 96 characters has 100 bytes with its role: 900 in all, of which 250 are 4."""
    monkeypatch.setattr(batching, "BATCH_BYTES", 250)
    long = "x" * 96
    batch = planned([[long] * 3, [long], [long], [long]], [[1, 2, 3], [1], [1], [1]])
    batches = list(batching.example_batches(batch))
    assert [[len(contents(row)) for row in b.to_pylist()] for b in batches] == [
        [1],
        [2],
        [3],
        [1, 1, 1],
    ]


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(1, 30), st.integers(1, 10))
def test_no_batch_is_much_larger_or_empty(sizes: list[int], row_bytes: int, n_rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "BATCH_BYTES", n_rows * row_bytes)
        patch.setattr(batching, "BATCH_ROWS", n_rows)
        batch = planned([["x" * size] for size in sizes], [[1]] * len(sizes))
        batches = [rows_of([b]) for b in batching.example_batches(batch)]
    assert [len(contents(row)[0]) for rows in batches for row in rows] == sizes
    for rows in batches:
        n_bytes = [len(contents(row)[0]) + len("user") for row in rows]
        assert sum(n_bytes) - max(n_bytes) <= 1.5 * n_rows * row_bytes
        assert len(rows) - 1 <= 1.5 * n_rows
