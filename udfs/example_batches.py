"""Examples out of conversations, a bounded number of bytes at a time.

>>> message = pa.struct([("role", pa.string())])
>>> def chat(*roles):
...     return [{"role": role} for role in roles]
>>> planned = pa.record_batch({
...     "chat_messages": pa.array([chat("user", "assistant", "user", "assistant")],
...                               pa.list_(message)),
...     "examples": [[{"example_id": "a#1", "n_messages": 2, "trained_from": 1},
...                   {"example_id": "a#2", "n_messages": 4, "trained_from": 3}]],
... })
>>> [batch["chat_messages"].value_lengths().to_pylist() for batch in example_batches(planned)]
[[2, 4]]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.arrow_buffers import list_bounds
from trajhouse.udfs.sums import ranges, sums_before

BATCH_BYTES = 4 * 2**20
BATCH_ROWS = 2048
"""A batch has about so many bytes; a short row counts as if BATCH_ROWS of it had as many."""

Numbers = NDArray[np.int64]


def example_batches(planned: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Each example of each conversation, with what the conversation's row holds.

    Args:
        planned: Conversations as in `int_trajectories_planned`: list<struct> `chat_messages`,
            list<struct> `examples`, and any others.

    Yields:
        Some examples at a time, about equally much each time: but for one example, at most one and
        a half times `BATCH_ROWS` and `BATCH_BYTES`. Every column of `planned` but `examples`, with
        `chat_messages` as long as the example, and the fields of `examples`.
    """
    planned = pa.RecordBatch.from_arrays(planned.columns, names=planned.schema.names)
    examples = planned.column("examples")
    fields = dict(
        zip([f.name for f in examples.type.value_type], examples.flatten().flatten(), strict=True)
    )
    rows = np.repeat(np.arange(planned.num_rows), np.asarray(examples.value_lengths()))
    chats = planned.column("chat_messages")
    firsts = np.asarray(chats.offsets).astype(np.int64)[:-1][rows]
    counts = np.asarray(fields["n_messages"]).astype(np.int64)
    ends = _byte_ends(chats.values)
    sizes = ends[firsts + counts] - ends[firsts]
    for start, stop in _stretches(sizes):
        taken = pa.array(rows[start:stop])
        batch = {
            name: planned.column(name).take(taken)
            for name in planned.schema.names
            if name not in ("chat_messages", "examples")
        }
        batch["chat_messages"] = _beginnings(chats, firsts[start:stop], counts[start:stop])
        batch |= {name: field.slice(start, stop - start) for name, field in fields.items()}
        yield pa.RecordBatch.from_pydict(batch)


def _stretches(sizes: Numbers) -> Iterator[tuple[int, int]]:
    """Stretches of about equal size, since a small one costs as many calls as a large one."""
    before = sums_before(np.maximum(sizes, BATCH_BYTES // BATCH_ROWS))
    count = max(1, round(before[-1] / BATCH_BYTES))
    cuts = np.searchsorted(before[1:], before[-1] * np.arange(1, count) / count)
    bounds = np.unique([0, *cuts, len(sizes)])
    return pairwise(bounds.tolist())


def _beginnings(chats: pa.ListArray, firsts: Numbers, counts: Numbers) -> pa.ListArray:
    """Lists of `counts` messages each, from place `firsts` of all messages of `chats` on."""
    bounds = sums_before(counts)
    if np.array_equal(firsts[1:], firsts[:-1] + counts[:-1]):
        messages = chats.values.slice(firsts[0] if len(firsts) else 0, bounds[-1])
    else:
        messages = chats.values.take(pa.array(ranges(firsts, counts)))
    return pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), messages)


def _byte_ends(array: pa.Array) -> Numbers:
    """Bytes of text up to each of n values; n + 1."""
    n = len(array)
    ends = np.zeros(n + 1, dtype=np.int64)
    if pa.types.is_struct(array.type):
        for field in array.flatten():
            ends += _byte_ends(field)
    elif pa.types.is_list(array.type):
        ends += _byte_ends(array.flatten())[list_bounds(array)]
    elif pa.types.is_string(array.type):
        offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + n + 1]
        ends += offsets - offsets[0]
    return ends
