"""The messages of examples as flat columns of numpy and Arrow, without Python objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.arrow_buffers import (
    Strings,
    as_strings,
    bytes_of,
    list_bounds,
    offsets_of,
    valid_flags,
)
from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import FlatTexts, Int
from trajhouse.udfs.tokens.assembly.white_space import is_blank

ROLES = ("system", "user", "assistant", "tool")
MESSAGE_FIELDS = ("content", "reasoning_content", "name", "tool_call_id")
CALL_FIELDS = ("call_id", "call_name", "arguments")
FIELDS = (*MESSAGE_FIELDS, *CALL_FIELDS)
NAME_FIELDS = ("name", "call_name")

ABSENT, EMPTY, FULL = 0, 1, 2
_ROLES, _FUNCTION = FlatTexts.of(ROLES), FlatTexts.of(["function"])


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

    texts: dict[str, Strings]
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
        texts[field] = as_strings(source)
        kinds[field] = np.empty(len(source), np.int8)
        is_odd = is_odd_call if field in CALL_FIELDS else is_odd_message
        data, offsets = bytes_of(texts[field]), offsets_of(texts[field])
        _fill_kinds(data, offsets, valid_flags(source), kinds[field], is_odd)
    kinds["content"] = np.maximum(kinds["content"], np.int8(EMPTY))
    roles = _positions(of_messages["role"], _ROLES)
    is_odd_message |= roles == len(ROLES)
    is_odd_call |= (kinds["call_name"] != FULL) | (kinds["arguments"] != FULL)
    is_odd_call |= _positions(of_calls["type"], _FUNCTION) > 0
    columns = MessageColumns(
        texts,
        kinds,
        roles,
        row_messages,
        message_calls,
        call_lists.is_valid().to_numpy(zero_copy_only=False),
        np.diff(row_messages) == 0,
    )
    rows = columns.rows_of_messages()
    columns.is_odd[rows[is_odd_message]] = True
    call_messages = np.repeat(np.arange(len(rows)), np.diff(message_calls))
    columns.is_odd[rows[call_messages[is_odd_call]]] = True
    return columns


def _fields(structs: pa.StructArray) -> dict[str, pa.Array]:
    """The fields of structs, null where these are."""
    return dict(zip((field.name for field in structs.type), structs.flatten(), strict=True))


def _positions(texts: pa.Array, words: FlatTexts) -> Int:
    """Which of the words each text is; their number where it is null, or none of them."""
    strings = as_strings(texts)
    found = np.empty(len(texts), np.int64)
    data, offsets = bytes_of(strings), offsets_of(strings)
    _fill_positions(data, offsets, valid_flags(texts), words.data, words.bounds, found)
    return found


@compiled
def _fill_positions(
    data: NDArray[np.uint8],
    offsets: Int,
    is_valid: NDArray[np.bool_],
    words: NDArray[np.uint8],
    bounds: Int,
    found: Int,
) -> None:
    n_words = len(bounds) - 1
    for k in range(len(found)):
        found[k] = n_words
        start, size = offsets[k], offsets[k + 1] - offsets[k]
        for word in range(n_words if is_valid[k] else 0):
            first, same = bounds[word], 0
            if bounds[word + 1] - first == size:
                while same < size and data[start + same] == words[first + same]:
                    same += 1
                if same == size:
                    found[k] = word
                    break


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
