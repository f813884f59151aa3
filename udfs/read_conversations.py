"""Conversations out of DuckDB, a bounded number of messages at a time.

DuckDB hands over 2,048 rows in one piece, and copies it twice on the way. With long conversations
such a piece has hundreds of megabytes. So rows are asked for by message: of a piece that has been
read only small ones are copied. They are asked for by stretches of the table, since one query that
goes on still holds its last piece while it reads the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.sums import sums_before

if TYPE_CHECKING:
    import duckdb

ROWS_AT_ONCE = 2048
"""So many rows DuckDB reads and writes in one piece."""
_MESSAGES_AT_ONCE = 512
_BYTES = 4 * 2**20


def read_conversations(
    conversations: duckdb.DuckDBPyRelation, size: int = _BYTES
) -> Iterator[pa.RecordBatch]:
    """All rows of a relation, in order.

    Args:
        conversations: list<struct> `chat_messages`; `row_place`, the place of a row in its table;
            and any others.
        size: So many bytes, or somewhat more, are given at a time; a row is never divided.

    Yields:
        The columns but `row_place`.

    Raises:
        AssertionError: DuckDB gives other rows or messages than the relation has.
    """
    n_rows, last = conversations.aggregate("count(*), max(row_place)").fetchall()[0]
    n_given = 0
    for first in range(0, last + 1 if n_rows else 0, ROWS_AT_ONCE):
        stretch = f"row_place between {first} and {first + ROWS_AT_ONCE - 1}"
        for given in _grouped(_messages(conversations.filter(stretch)), size):
            n_given += given.num_rows
            yield given
    if n_given != n_rows:
        raise AssertionError(f"{n_given} of {n_rows} conversations were read")


def _messages(conversations: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    """The messages of conversations, and with the first of each what else its row holds.

    `row_place` is among it, though nobody needs it: without it DuckDB holds another piece.
    """
    others = [f'"{name}"' for name in conversations.columns if name != "chat_messages"]
    once = [f"case when _number = 0 then {name} end as {name}" for name in others]
    # A list that is shorter than another gets nulls: an empty conversation has a row as well.
    messages = conversations.select(f"""
        {", ".join(others)},
        coalesce(len(chat_messages), 0) as _n_messages,
        unnest(chat_messages) as _message,
        unnest(range(greatest(coalesce(len(chat_messages), 0), 1))) as _number
    """)
    yield from messages.select(
        f"_message, _number, _n_messages, {', '.join(once)}"
    ).to_arrow_reader(_MESSAGES_AT_ONCE)


def _grouped(messages: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Conversations out of messages, the first of which tells about its conversation."""
    held: list[pa.RecordBatch] = []
    n_bytes = 0
    for batch in messages:
        starts = _starts(batch.column("_number"))
        n_bytes += batch.nbytes
        if n_bytes >= size and len(starts):
            before = [*held, batch.slice(0, starts[-1])]
            if any(piece.num_rows for piece in before):
                yield _conversations(before)
            batch = batch.slice(starts[-1])
            held, n_bytes = [], batch.nbytes
        held.append(batch)
    if held:
        yield _conversations(held)


def _conversations(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    names = pieces[0].schema.names
    columns = {name: pa.concat_arrays([piece.column(name) for piece in pieces]) for name in names}
    messages, number, _ = (columns.pop(name) for name in ("_message", "_number", "row_place"))
    starts = _starts(number)
    rows = {name: column.take(pa.array(starts)) for name, column in columns.items()}
    counts = np.asarray(rows.pop("_n_messages"))
    given = np.maximum(counts, 1)
    if not np.array_equal(np.append(starts, len(messages)), sums_before(given)):
        raise AssertionError("DuckDB gave other messages than its rows have")
    if not counts.all():
        messages = messages.filter(pa.array(np.repeat(counts > 0, given)))
    bounds = pa.array(sums_before(counts), pa.int32())
    rows["chat_messages"] = pa.ListArray.from_arrays(bounds, messages)
    return pa.RecordBatch.from_pydict(rows)


def _starts(number: pa.Array) -> NDArray[np.int64]:
    """Where conversations start: at their message 0."""
    return np.flatnonzero(np.asarray(number) == 0)
