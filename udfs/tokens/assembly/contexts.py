"""The context of each message: all of its kind and its neighbours' that a template may look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.assembly.columns import FULL, ROLES, MessageColumns

_USER, _ASSISTANT = ROLES.index("user"), ROLES.index("assistant")
_MOST_CALLS = 100
_BITS_OF_KIND = 14


@dataclass(frozen=True)
class Contexts:
    """The context of each message.

    Attributes:
        keys: A number that is equal for equal contexts; messages.
        is_odd: Whether a row cannot be told by contexts; rows.
    """

    keys: Int
    is_odd: NDArray[np.bool_]


class Contextualizer:
    """Numbers contexts, the same number for the same context as long as it lives."""

    def __init__(self) -> None:
        self._kinds: dict[int, int] = {}
        self._tools: dict[str | None, int] = {None: 0}
        self._chains: dict[tuple[int, int, int], int] = {}

    def contexts(
        self, columns: MessageColumns, tools: Sequence[str | None], trained_from: Sequence[int]
    ) -> Contexts:
        """The context of each message.

        It is the kind of the message (role, which of its texts are absent, empty or full, how many
        calls) and of those before and after it; where it stands relative to the last user's
        message, and whether it is the first user's, or the first or last assistant's; whether it
        and the message before it may be trained; the declared tools, by their text around the
        places where templates print them. The context of a message after ones without any text
        takes in theirs, since all that the template writes around those comes before its texts.

        Args:
            columns: The messages.
            tools: The declared tools of each row.
            trained_from: The first message of each row that may be trained.
        """
        own, is_odd_message = self._own_kinds(columns)
        rows = columns.rows_of_messages()
        starts, ends = columns.row_messages[:-1][rows], columns.row_messages[1:][rows]
        position = np.arange(len(rows))
        is_first, is_last = position == starts, position == ends - 1
        before = np.where(is_first, 0, np.roll(own, 1))
        after = np.where(is_last, 0, np.roll(own, -1))
        last_user = _last(columns, _USER)[rows]
        to_last_user = np.where(last_user < 0, 3, 1 + np.sign(position - last_user))
        is_user = position == _first(columns, _USER)[rows]
        trained = np.asarray(trained_from, dtype=np.int64)[rows] + starts
        flags = to_last_user
        for flag in (
            is_user,
            position == _first(columns, _ASSISTANT)[rows],
            position == _last(columns, _ASSISTANT)[rows],
            position >= trained,
            position - 1 >= trained,
            np.array([text is not None for text in tools], dtype=np.bool_)[rows],
        ):
            flags = flags << 1 | flag
        numbers = np.array([self._number_of_tools(text) for text in tools], dtype=np.int64)[rows]
        near_tools = (position - starts < 2) | is_user | (position == last_user)
        numbers = np.where(near_tools, numbers, 0)
        keys = own
        for bits, value in ((_BITS_OF_KIND, before), (_BITS_OF_KIND, after), (8, flags)):
            keys = keys << bits | value
        keys = self._chained(keys * 2, own, columns, is_first, numbers)
        is_odd = columns.is_odd.copy()
        is_odd[rows[is_odd_message | (own >= 1 << _BITS_OF_KIND)]] = True
        return Contexts(keys, is_odd)

    def _own_kinds(self, columns: MessageColumns) -> tuple[Int, NDArray[np.bool_]]:
        """A number from 1 for the kind of each message, and whether calls of it are uneven."""
        kinds = columns.roles
        for field in ("content", "reasoning_content", "name", "tool_call_id"):
            kinds = kinds << 2 | columns.kinds[field]
        n_calls = np.diff(columns.message_calls)
        ids = np.concatenate([columns.kinds["call_id"], np.zeros(1, np.int64)])
        first = np.where(n_calls > 0, ids[np.minimum(columns.message_calls[:-1], len(ids) - 1)], 0)
        is_uneven = n_calls > _MOST_CALLS
        calls = np.repeat(np.arange(len(n_calls)), n_calls)
        is_uneven[calls[ids[:-1] != first[calls]]] = True
        kinds = ((kinds << 2 | first) << 8 | np.minimum(n_calls, 255)) << 1 | columns.has_calls
        values, inverse = np.unique(kinds, return_inverse=True)
        numbers = [self._kinds.setdefault(value, len(self._kinds) + 1) for value in values.tolist()]
        return np.array(numbers, dtype=np.int64)[inverse], is_uneven

    def _number_of_tools(self, text: str | None) -> int:
        return self._tools.setdefault(text, len(self._tools))

    def _chained(
        self,
        keys: Int,
        own: Int,
        columns: MessageColumns,
        is_first: NDArray[np.bool_],
        tools: Int,
    ) -> Int:
        """Keys with the tools and with the contexts of text-less messages just before taken in."""
        keys = keys.copy()
        is_full = (columns.kinds["content"] == FULL) | (columns.kinds["reasoning_content"] == FULL)
        is_full |= np.diff(columns.message_calls) > 0
        follows = ~is_first & ~np.roll(is_full, 1)
        for place in np.flatnonzero((tools > 0) | follows).tolist():
            previous = int(keys[place - 1]) if follows[place] else 0
            context = (int(keys[place]), int(tools[place]), previous)
            keys[place] = self._chains.setdefault(context, 2 * len(self._chains) + 1)
        return keys


def _first(columns: MessageColumns, role: int) -> Int:
    """Where the first message of a role is in each row; -1 where none is."""
    places = np.flatnonzero(columns.roles == role)
    at = np.searchsorted(places, columns.row_messages[:-1])
    return _within(columns, places, at)


def _last(columns: MessageColumns, role: int) -> Int:
    """Where the last message of a role is in each row; -1 where none is."""
    places = np.flatnonzero(columns.roles == role)
    at = np.searchsorted(places, columns.row_messages[1:]) - 1
    return _within(columns, places, at)


def _within(columns: MessageColumns, places: Int, at: Int) -> Int:
    found = np.append(places, -1)[np.where((at < 0) | (at >= len(places)), len(places), at)]
    starts, ends = columns.row_messages[:-1], columns.row_messages[1:]
    return np.where((found >= starts) & (found < ends), found, -1)
