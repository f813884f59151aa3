"""The messages of examples as flat columns of numpy and Arrow, without Python objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled, read_only
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import list_bounds
from trajhouse.udfs.tokens.assembly.white_space import is_blank

ROLES = ("system", "user", "assistant", "tool")
MESSAGE_FIELDS = ("content", "reasoning_content", "name", "tool_call_id")
CALL_FIELDS = ("call_id", "call_name", "arguments")
FIELDS = (*MESSAGE_FIELDS, *CALL_FIELDS)
NAME_FIELDS = ("name", "call_name")

ABSENT, EMPTY, FULL = 0, 1, 2
_ROLES = pa.array(ROLES)


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
    kinds: dict[str, NDArray[np.int8]]
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
    row_messages = list_bounds(messages)
    of_messages = _fields(messages.flatten())
    call_lists = of_messages["tool_calls"]
    message_calls = list_bounds(call_lists)
    of_calls = _fields(call_lists.flatten())
    of_functions = _fields(of_calls["function"])
    sources = {field: of_messages[field] for field in MESSAGE_FIELDS}
    sources |= {
        "call_id": of_calls["id"],
        "call_name": of_functions["name"],
        "arguments": of_functions["arguments"],
    }
    texts, kinds = {}, {}
    is_odd_message = np.zeros(row_messages[-1], dtype=np.bool_)
    is_odd_call = np.zeros(message_calls[-1], dtype=np.bool_)
    for field, source in sources.items():
        texts[field] = source.cast(pa.large_string())
        kinds[field] = np.empty(len(source), np.int8)
        is_odd = is_odd_call if field in CALL_FIELDS else is_odd_message
        data, offsets = bytes_of(texts[field]), offsets_of(texts[field])
        _fill_kinds(data, offsets, _is_valid(source), kinds[field], is_odd)
    kinds["content"] = np.maximum(kinds["content"], np.int8(EMPTY))
    roles = pc.index_in(of_messages["role"], _ROLES).fill_null(len(ROLES))
    roles = roles.to_numpy().astype(np.int64)
    is_odd_message |= roles == len(ROLES)
    is_odd_call |= (kinds["call_name"] != FULL) | (kinds["arguments"] != FULL)
    is_function = pc.equal(of_calls["type"], "function").fill_null(False)
    is_odd_call |= ~is_function.to_numpy(zero_copy_only=False)
    columns = MessageColumns(
        texts,
        kinds,
        roles,
        row_messages,
        message_calls,
        _is_valid(call_lists),
        np.diff(row_messages) == 0,
    )
    rows = columns.rows_of_messages()
    columns.is_odd[rows[is_odd_message]] = True
    call_messages = np.repeat(np.arange(len(rows)), np.diff(message_calls))
    columns.is_odd[rows[call_messages[is_odd_call]]] = True
    return columns


def distinct(values: Int) -> tuple[list[int], NDArray[np.integer]]:
    """The distinct values, and which of them each value is."""
    encoded = pa.array(values).dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()


def offsets_of(texts: pa.LargeStringArray) -> Int:
    """Where each text starts in `bytes_of`, and where the last ends; texts + 1."""
    if len(texts) == 0:
        return read_only(np.zeros(1, np.int64))
    offsets = np.frombuffer(texts.buffers()[1], np.int64)
    return read_only(offsets[texts.offset :][: len(texts) + 1])


def bytes_of(texts: pa.LargeStringArray) -> NDArray[np.uint8]:
    """The buffer that the texts lie in."""
    buffer = texts.buffers()[2]
    return read_only(np.frombuffer(buffer or b"", np.uint8))


def _fields(structs: pa.StructArray) -> dict[str, pa.Array]:
    """The fields of structs, null where these are."""
    return dict(zip((field.name for field in structs.type), structs.flatten(), strict=True))


def _is_valid(values: pa.Array) -> NDArray[np.bool_]:
    """Whether each is not null."""
    if not values.null_count:
        return np.ones(len(values), dtype=np.bool_)
    flags: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False)
    return flags


@compiled
def _fill_kinds(
    data: NDArray[np.uint8],
    offsets: Int,
    is_valid: NDArray[np.bool_],
    kinds: NDArray[np.int8],
    is_odd: NDArray[np.bool_],
) -> None:
    """The kind of each text; those of white space alone are odd."""
    for k in range(len(kinds)):
        if not is_valid[k]:
            kinds[k] = ABSENT
        elif offsets[k] == offsets[k + 1]:
            kinds[k] = EMPTY
        else:
            kinds[k] = FULL
            is_odd[k] |= is_blank(data, offsets[k], offsets[k + 1])
