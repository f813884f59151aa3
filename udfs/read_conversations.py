"""Conversations out of DuckDB, a bounded number of bytes at a time.

DuckDB hands over 2,048 rows in one piece, and copies it twice on the way. With long conversations
such a piece has hundreds of megabytes. So those are asked for by message: of a piece that has been
read only small ones are copied. All are asked for by stretches of the table, since one query that
goes on still holds its last piece while it reads the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.arrow_buffers import list_bounds
from trajhouse.udfs.sums import sums_before

if TYPE_CHECKING:
    import duckdb

ROWS_AT_ONCE = 2048
"""So many rows DuckDB reads and writes in one piece."""
_CONVERSATIONS_AT_ONCE, _MESSAGES_AT_ONCE = 256, 2048
_BYTES = 16 * 2**20
_MOST_WHOLE = 64 * 2**20
"""Of so many bytes of text a stretch is read by row, which is quicker."""


def read_conversations(
    conversations: duckdb.DuckDBPyRelation, size: int = _BYTES, most_whole: int = _MOST_WHOLE
) -> Iterator[pa.RecordBatch]:
    """All rows of a relation, in the order of their table.

    Args:
        conversations: list<struct> `chat_messages`; `n_bytes`, those of its texts; `row_place`, the
            place of a row in its table; and any others.
        size: So many bytes, or somewhat more, of long conversations are given at a time; a row is
            never divided.
        most_whole: Stretches of so many bytes of text are read by row.

    Yields:
        The columns but `n_bytes` and `row_place`; a conversation that is null has no messages.

    Raises:
        AssertionError: DuckDB gives other rows or messages than the relation has, or another order,
            as it may on several threads.
    """
    groups = f"row_place // {ROWS_AT_ONCE}, count(*), coalesce(sum(n_bytes), 0)"
    stretches = conversations.aggregate(groups, f"row_place // {ROWS_AT_ONCE}").fetchall()
    rows = conversations.select("* exclude (n_bytes)")
    reached = -1
    for number, n_rows, n_bytes in sorted(stretches):
        first = number * ROWS_AT_ONCE
        stretch = rows.filter(f"row_place between {first} and {first + ROWS_AT_ONCE - 1}")
        if n_bytes > most_whole:
            batches = _grouped(_messages(stretch), size)
        else:
            batches = map(_without_nulls, stretch.to_arrow_reader(_CONVERSATIONS_AT_ONCE))
        n_given = 0
        for batch in batches:
            places = np.append(reached, np.asarray(batch.column("row_place")))
            if (np.diff(places) <= 0).any():
                raise AssertionError("DuckDB gave conversations in another order")
            reached, n_given = places[-1], n_given + batch.num_rows
            yield batch.drop_columns(["row_place"])
        if n_given != n_rows:
            raise AssertionError(f"DuckDB gave {n_given} of {n_rows} conversations")


def _without_nulls(batch: pa.RecordBatch) -> pa.RecordBatch:
    chats = batch.column("chat_messages")
    bounds = pa.array(list_bounds(chats), pa.int32())
    chats = pa.ListArray.from_arrays(bounds, chats.flatten())
    place = batch.schema.get_field_index("chat_messages")
    return batch.set_column(place, "chat_messages", chats)


def _messages(conversations: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    """The messages of conversations, and with the first of each what else its row holds."""
    names = [name.replace('"', '""') for name in conversations.columns if name != "chat_messages"]
    once = [f'case when _number = 0 then "{name}" end as "{name}"' for name in names]
    # A list that is shorter than another gets nulls: an empty conversation has a row as well.
    messages = conversations.select(f"""
        {", ".join(f'"{name}"' for name in names)},
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
    messages, number = columns.pop("_message"), columns.pop("_number")
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
