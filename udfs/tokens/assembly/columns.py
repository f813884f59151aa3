"""The messages of examples as flat columns of numpy and Arrow, without Python objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import sums_before

ROLES = ("system", "user", "assistant", "tool")
MESSAGE_FIELDS = ("content", "reasoning_content", "name", "tool_call_id")
CALL_FIELDS = ("call_id", "call_name", "arguments")
FIELDS = (*MESSAGE_FIELDS, *CALL_FIELDS)
NAME_FIELDS = ("name", "call_name")

ABSENT, EMPTY, FULL = 0, 1, 2

_SPACE = np.array([chr(b).isspace() and b < 0x80 for b in range(256)], dtype=np.bool_)
MAY_BE_SPACE = _SPACE | (np.arange(256) > 0x7F)
"""Bytes that white space can begin or end with in UTF-8."""
_NEWLINE = np.array([b == 0x0A for b in range(256)], dtype=np.bool_)
_MOST_SPACE = 64


@dataclass(frozen=True)
class MessageColumns:
    """The messages of rows, laid end to end, and their calls.

    Attributes:
        texts: By field, its texts. Message fields have one a message, others one a call.
        kinds: By field, ABSENT, EMPTY or FULL of each text.
        roles: Position of the role in ROLES; their number where it is another; messages.
        row_messages: Where the messages of each row start, and their number; rows + 1.
        message_calls: Where the calls of each message start, and their number; messages + 1.
        has_calls: Whether the message has a list of calls, be it an empty one; messages.
        is_odd: Whether a row holds what only the template itself can be trusted with; rows.
    """

    texts: dict[str, pa.LargeStringArray]
    kinds: dict[str, NDArray[np.int64]]
    roles: Int
    row_messages: Int
    message_calls: Int
    has_calls: NDArray[np.bool_]
    is_odd: NDArray[np.bool_]

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.row_messages) - 1

    def rows_of_messages(self) -> Int:
        """The row of each message."""
        return np.repeat(np.arange(self.n_rows), np.diff(self.row_messages))


def has_known_fields(messages: pa.ListArray) -> bool:
    """Whether messages have the fields that `read_columns` reads, and no others."""
    names = {field.name for field in messages.type.value_type}
    return names == {"role", "tool_calls", *MESSAGE_FIELDS}


def read_columns(messages: pa.ListArray) -> MessageColumns:
    """The columns of rows of messages.

    Args:
        messages: list<struct> as in the mart sft_messages; rows. Null rows have no messages.
    """
    flat = messages.flatten()
    row_messages = _bounds(messages)
    call_lists = pc.struct_field(flat, "tool_calls")
    message_calls = _bounds(call_lists)
    calls = call_lists.flatten()
    functions = pc.struct_field(calls, "function")
    sources = {field: pc.struct_field(flat, field) for field in MESSAGE_FIELDS}
    sources |= {
        "call_id": pc.struct_field(calls, "id"),
        "call_name": pc.struct_field(functions, "name"),
        "arguments": pc.struct_field(functions, "arguments"),
    }
    texts, kinds, blank = {}, {}, {}
    for field, source in sources.items():
        texts[field] = source.cast(pa.large_string())
        kinds[field] = np.where(np.diff(offsets_of(texts[field])) > 0, FULL, EMPTY)
        if source.null_count:
            kinds[field][pc.is_null(source).to_numpy(zero_copy_only=False)] = ABSENT
        blank[field] = _is_blank(texts[field])
    kinds["content"] = np.maximum(kinds["content"], EMPTY)
    roles = pc.fill_null(pc.index_in(pc.struct_field(flat, "role"), pa.array(ROLES)), len(ROLES))
    roles = roles.to_numpy(zero_copy_only=False).astype(np.int64)
    is_odd_call = (kinds["call_name"] != FULL) | (kinds["arguments"] != FULL)
    is_odd_call |= pc.fill_null(pc.not_equal(pc.struct_field(calls, "type"), "function"), True)
    for field in CALL_FIELDS:
        is_odd_call |= blank[field]
    is_odd_message = roles == len(ROLES)
    for field in MESSAGE_FIELDS:
        is_odd_message |= blank[field]
    columns = MessageColumns(
        texts,
        kinds,
        roles,
        row_messages,
        message_calls,
        pc.is_valid(call_lists).to_numpy(zero_copy_only=False),
        np.diff(row_messages) == 0,
    )
    rows = columns.rows_of_messages()
    columns.is_odd[rows[is_odd_message]] = True
    call_messages = np.repeat(np.arange(len(rows)), np.diff(message_calls))
    columns.is_odd[rows[call_messages[np.asarray(is_odd_call)]]] = True
    return columns


def distinct(values: Int) -> tuple[list[int], NDArray[np.integer]]:
    """The distinct values, and which of them each value is."""
    encoded = pa.array(values).dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()


def offsets_of(texts: pa.LargeStringArray) -> Int:
    """Where each text starts in `bytes_of`, and where the last ends; texts + 1."""
    if len(texts) == 0:
        return np.zeros(1, np.int64)
    return np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]


def bytes_of(texts: pa.LargeStringArray) -> NDArray[np.uint8]:
    """The buffer that the texts lie in."""
    buffer = texts.buffers()[2]
    return np.frombuffer(buffer, np.uint8) if buffer else np.zeros(0, np.uint8)


@dataclass(frozen=True)
class Edges:
    """How much white space texts begin and end with, in bytes; one element a text.

    Attributes:
        lead_newlines, trail_newlines: Of newlines alone.
        lead, trail: Of any white space; at most as much as is looked for.
        is_unclear: Whether there is more, or some beyond ASCII.
    """

    lead_newlines: Int
    trail_newlines: Int
    lead: Int
    trail: Int
    is_unclear: NDArray[np.bool_]


def white_edges(data: NDArray[np.uint8], starts: Int, ends: Int) -> Edges:
    """The white space at the edges of texts that are not blank.

    Args:
        data: The buffer that they lie in.
        starts: Where each starts in it.
        ends: Where each ends in it.
    """
    lead = _run_length(data, starts, ends, _SPACE, 1)
    trail = _run_length(data, starts, ends, _SPACE, -1)
    first, last = starts + lead, ends - trail
    is_unclear = (lead >= _MOST_SPACE) | (trail >= _MOST_SPACE) | (first >= last)
    is_foreign = (_at(data, first) > 0x7F) | (_at(data, last - 1) > 0x7F)
    foreign = np.flatnonzero(~is_unclear & is_foreign)
    for k in foreign.tolist():
        head = data[first[k] : first[k] + 4].tobytes().decode(errors="ignore")
        tail = data[max(first[k], last[k] - 4) : last[k]].tobytes().decode(errors="ignore")
        is_unclear[k] = head[:1].isspace() or tail[-1:].isspace()
    return Edges(
        _run_length(data, starts, ends, _NEWLINE, 1),
        _run_length(data, starts, ends, _NEWLINE, -1),
        lead,
        trail,
        is_unclear,
    )


def _bounds(lists: pa.ListArray) -> Int:
    lengths = pc.fill_null(lists.value_lengths(), 0).to_numpy(zero_copy_only=False)
    return sums_before(lengths)


def _is_blank(texts: pa.LargeStringArray) -> NDArray[np.bool_]:
    """Whether each text holds white space alone; empty ones do not."""
    offsets, data = offsets_of(texts), bytes_of(texts)
    starts, ends = offsets[:-1], offsets[1:]
    is_blank = np.zeros(len(texts), dtype=np.bool_)
    maybe = np.flatnonzero(ends > starts)
    maybe = maybe[MAY_BE_SPACE[data[starts[maybe]]]]
    maybe = maybe[MAY_BE_SPACE[data[ends[maybe] - 1]]]
    if not len(maybe):
        return is_blank
    lead = _run_length(data, starts[maybe], ends[maybe], MAY_BE_SPACE, 1)
    is_long = lead == np.minimum(ends[maybe] - starts[maybe], _MOST_SPACE)
    for k in maybe[is_long].tolist():
        is_blank[k] = data[starts[k] : ends[k]].tobytes().decode().isspace()
    return is_blank


def _at(data: NDArray[np.uint8], places: Int) -> NDArray[np.uint8]:
    if not len(data):
        return np.zeros(places.shape, np.uint8)
    return data[np.clip(places, 0, len(data) - 1)]


def _run_length(
    data: NDArray[np.uint8], starts: Int, ends: Int, is_in: NDArray[np.bool_], step: int
) -> Int:
    """How many bytes from the start (step 1) or from the end (step -1) are in a set."""
    n = np.zeros(len(starts), dtype=np.int64)
    going = np.flatnonzero(is_in[_at(data, starts if step > 0 else ends - 1)] & (ends > starts))
    distances = np.arange(_MOST_SPACE)
    if step > 0:
        places = starts[going, None] + distances
        is_outside = places >= ends[going, None]
    else:
        places = ends[going, None] - 1 - distances
        is_outside = places < starts[going, None]
    stops = is_outside | ~is_in[_at(data, places)]
    n[going] = np.where(stops.any(axis=1), stops.argmax(axis=1), _MOST_SPACE)
    return n
