"""The context of each message: all of its kind and its neighbours' that a template may look at."""

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
    distinct,
)

_TOO_MANY = -1
_USER, _ASSISTANT = ROLES.index("user"), ROLES.index("assistant")
_MOST_CALLS = 100
_BITS_OF_KIND = 14
_BITS_OF_PLACE = 18
_BITS_OF_LOCAL = 16
"""Of the number of a kind and place. With those of two neighbours it makes a key of 47 bits."""
_FIRST_NEAR_TOOLS = 3
_BITS_OF_TOOLS = 10
_MOST_TOOLS = 2**_BITS_OF_TOOLS
_MOST_CHAINS = 2**18
_N_CLASSES = 4


@dataclass(frozen=True)
class Contexts:
    """The context of each message.

    Attributes:
        keys: A number that is equal for equal contexts; messages.
        near_tools: Whether the text of the declared tools is part of the context; messages.
        is_odd: Whether a row cannot be told by contexts; rows.
    """

    keys: Int
    near_tools: NDArray[np.bool_]
    is_odd: NDArray[np.bool_]


class Contextualizer:
    """Numbers contexts, the same number for the same context as long as it lives."""

    def __init__(self) -> None:
        self._kinds: dict[int, int] = {}
        self._locals: dict[int, int] = {}
        self._tools: dict[str | None, int] = {None: 0}
        self._near: dict[int, int] = {}
        self._chains: dict[tuple[int, int], int] = {}

    def contexts(
        self, columns: MessageColumns, tools: Sequence[str | None], trained_from: Sequence[int]
    ) -> Contexts:
        """The context of each message.

        It is the kind of the message (role, which of its texts are absent, empty or full, how many
        calls) and of those before and after it, and its place: which classes of messages
        (`_class_of`) there are before it and after it, those of the first and the last message, how
        near the first is, whether it may be trained and whether tools are declared; of the message
        before it also whether it is the first of its role, and may be trained. To it come the
        declared tools, by their text around the places where templates print them. The context of a
        message after ones without any text takes in theirs, since all that the template writes
        around those comes before its texts.

        Args:
            columns: The messages.
            tools: The declared tools of each row.
            trained_from: The first message of each row that may be trained.
        """
        found = _message_facts(columns, tools, trained_from)
        rows = columns.rows_of_messages()
        starts = columns.row_messages[:-1][rows]
        is_first = starts == np.arange(len(rows))
        own = _numbered(found.kind, self._kinds)
        local = _numbered(own << _BITS_OF_PLACE | found.place, self._locals)
        before = (own << 1 | found.is_new) << 1 | found.may_train
        before = np.where(is_first, 0, np.roll(before, 1))
        after = np.where(np.roll(is_first, -1), 0, np.roll(own, -1))
        keys = (local << 2 + _BITS_OF_KIND | before) << _BITS_OF_KIND | after
        number = np.array([self._number_of_tools(text) for text in tools], dtype=np.int64)
        keys = self._with_tools(keys, np.where(found.near_tools, number[rows], 0))
        keys = self._chained(keys, ~is_first & ~np.roll(found.has_text, 1))
        is_odd_message = found.is_uneven | (own >= 1 << _BITS_OF_KIND)
        is_odd_message |= (local >= 1 << _BITS_OF_LOCAL) | (keys < 0)
        is_odd = columns.is_odd | (number < 0)
        is_odd[rows[is_odd_message]] = True
        return Contexts(keys, found.near_tools, is_odd)

    def _number_of_tools(self, text: str | None) -> int:
        """A number for the text; -1 where too many are known already."""
        if len(self._tools) < _MOST_TOOLS:
            return self._tools.setdefault(text, len(self._tools))
        return self._tools.get(text, -1)

    def _with_tools(self, keys: Int, tools: Int) -> Int:
        """Keys with the number of the tools that are near taken in; negative where too many are."""
        found = keys << 2
        near = np.flatnonzero(tools > 0)
        number = _numbered(keys[near] << _BITS_OF_TOOLS | tools[near], self._near, _MOST_CHAINS)
        found[near] = np.where(number > _MOST_CHAINS, _TOO_MANY, number << 2 | 1)
        return found

    def _chained(self, keys: Int, follows: NDArray[np.bool_]) -> Int:
        """Keys with the contexts of text-less messages just before taken in.

        Reasoning does not count as text, since many templates leave it out. A key is negative where
        too many are known already.
        """
        for place in np.flatnonzero(follows).tolist():
            context = (int(keys[place]), int(keys[place - 1]))
            is_known = context in self._chains or len(self._chains) < _MOST_CHAINS
            if is_known and min(context) >= 0:
                keys[place] = self._chains.setdefault(context, len(self._chains)) << 2 | 3
            else:
                keys[place] = _TOO_MANY
        return keys


def _numbered(values: Int, numbers: dict[int, int], most: int = 2**62) -> Int:
    """A number from 1 for each distinct value, the same as before for known ones.

    A greater one than `most` for those that come when there are so many.
    """
    known, places = distinct(values)
    of_each = [
        numbers.setdefault(value, len(numbers) + 1)
        if len(numbers) < most
        else numbers.get(value, most + 1)
        for value in known
    ]
    found: Int = np.array(of_each, dtype=np.int64)[places]
    return found


@dataclass(frozen=True)
class _MessageFacts:
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


def _message_facts(
    columns: MessageColumns, tools: Sequence[str | None], trained_from: Sequence[int]
) -> _MessageFacts:
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
    return _MessageFacts(*numbers, *flags)


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
            classes |= 1 << _class_of(roles, message_calls, message)
        ends = _class_of(roles, message_calls, start) << 3 if start < end else 0
        ends |= _class_of(roles, message_calls, end - 1) if start < end else 0
        has_user = seen_roles & 1 << _USER != 0
        classes = 0
        for message in range(end - 1, start - 1, -1):
            around = ends
            for number in range(_N_CLASSES):
                around = around << 1 | places[message] >> number & 1
                around = around << 1 | classes >> number & 1
            classes |= 1 << _class_of(roles, message_calls, message)
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
def _class_of(roles: Int, message_calls: Int, message: int) -> int:
    """System, user, assistant without and with calls; `_N_CLASSES` for others."""
    role = int(roles[message])
    if role == _ASSISTANT:
        return _ASSISTANT + int(message_calls[message + 1] > message_calls[message])
    return role if role < _ASSISTANT else _N_CLASSES
