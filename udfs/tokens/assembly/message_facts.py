"""What a chat template may look at of each message and of those around it, as small numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.assembly.columns import (
    ABSENT,
    FULL,
    MESSAGE_FIELDS,
    ROLES,
    MessageColumns,
)

_USER, _ASSISTANT = ROLES.index("user"), ROLES.index("assistant")
_MOST_CALLS = 100
_FIRST_NEAR_TOOLS = 3
_N_CLASSES = 4


@dataclass(frozen=True)
class MessageFacts:
    """What a context is made of; one element a message.

    Attributes:
        kind: Of its role, which of its texts are absent, empty or full, and how many calls it has.
        place: Of the classes of messages around it, and where it is.
        is_new: Whether it is the first of its role.
        may_train: Whether it may be trained.
        near_tools: Whether the text of the declared tools is part of its context.
        has_text: Whether it has content or calls.
        is_uneven: Whether only some of its calls have an id, or there are too many.
    """

    kind: Int
    place: Int
    is_new: NDArray[np.bool_]
    may_train: NDArray[np.bool_]
    near_tools: NDArray[np.bool_]
    has_text: NDArray[np.bool_]
    is_uneven: NDArray[np.bool_]


def message_facts(
    columns: MessageColumns, tools: Sequence[str | None], trained_from: Sequence[int]
) -> MessageFacts:
    """The facts of each message; the arguments are those of `Contextualizer.contexts`."""
    n_messages = len(columns.roles)
    numbers = np.empty((2, n_messages), np.int64)
    flags = np.zeros((5, n_messages), np.bool_)
    kinds = np.stack([columns.kinds[field] for field in MESSAGE_FIELDS])
    _fill_kinds(
        columns.roles,
        kinds,
        columns.kinds["call_id"],
        columns.message_calls,
        columns.has_calls,
        numbers[0],
        flags[3],
        flags[4],
    )
    _fill_places(
        columns.roles,
        columns.row_messages,
        columns.message_calls,
        np.array(trained_from, dtype=np.int64),
        np.array([text is not None for text in tools], dtype=np.bool_),
        numbers[1],
        flags[:3],
    )
    return MessageFacts(*numbers, *flags)


@compiled
def _fill_kinds(
    roles: Int,
    kinds: NDArray[np.int8],
    call_ids: NDArray[np.int8],
    message_calls: Int,
    has_calls: NDArray[np.bool_],
    found: Int,
    has_text: NDArray[np.bool_],
    is_uneven: NDArray[np.bool_],
) -> None:
    for message in range(len(roles)):
        kind = roles[message]
        for field in range(len(kinds)):
            kind = kind << 2 | np.int64(kinds[field, message])
        ids = call_ids[message_calls[message] : message_calls[message + 1]]
        first = ids[0] if len(ids) else ABSENT
        for k in range(len(ids)):
            is_uneven[message] |= ids[k] != first
        is_uneven[message] |= len(ids) > _MOST_CALLS
        kind = (kind << 2 | np.int64(first)) << 8 | min(len(ids), 255)
        found[message] = kind << 1 | np.int64(has_calls[message])
        has_text[message] = kinds[0, message] == FULL or len(ids) > 0


@compiled
def _fill_places(
    roles: Int,
    row_messages: Int,
    message_calls: Int,
    trained_from: Int,
    has_tools: NDArray[np.bool_],
    places: Int,
    flags: NDArray[np.bool_],
) -> None:
    is_new, may_train, near_tools = flags
    for row in range(len(has_tools)):
        start, end = row_messages[row], row_messages[row + 1]
        seen_roles = classes = first_user = last_user = 0
        for message in range(start, end):
            role = 1 << roles[message]
            is_new[message] = not seen_roles & role
            seen_roles |= role
            if roles[message] == _USER:
                first_user = message if is_new[message] else first_user
                last_user = message
            places[message] = classes
            classes |= 1 << class_of(roles, message_calls, message)
        ends = class_of(roles, message_calls, start) << 3 if start < end else 0
        ends |= class_of(roles, message_calls, end - 1) if start < end else 0
        has_user = seen_roles & 1 << _USER != 0
        classes = 0
        for message in range(end - 1, start - 1, -1):
            around = ends
            for number in range(_N_CLASSES):
                around = around << 1 | places[message] >> number & 1
                around = around << 1 | classes >> number & 1
            classes |= 1 << class_of(roles, message_calls, message)
            position = message - start
            may_train[message] = position >= trained_from[row]
            place = around << 2 | min(position, 2)
            place = place << 1 | np.int64(may_train[message])
            places[message] = place << 1 | np.int64(has_tools[row])
            before = message - 1
            near_tools[message] = position < _FIRST_NEAR_TOOLS or (
                has_user
                and (message in (first_user, last_user) or before in (first_user, last_user))
            )


@compiled
def class_of(roles: Int, message_calls: Int, message: int) -> int:
    """System, user, assistant without and with calls; `_N_CLASSES` for others."""
    role = int(roles[message])
    if role == _ASSISTANT:
        return _ASSISTANT + int(message_calls[message + 1] > message_calls[message])
    return role if role < _ASSISTANT else _N_CLASSES
