"""The context of each message: all of its kind and its neighbours' that a template may look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokens.assembly.columns import FULL, ROLES, MessageColumns, distinct

_USER, _ASSISTANT = ROLES.index("user"), ROLES.index("assistant")
_MOST_CALLS = 100
_BITS_OF_KIND = 14
_BITS_OF_PLACE = 18
_BITS_OF_LOCAL = 16
"""Of the number of a kind and place. With those of two neighbours it makes a key of 47 bits."""
_FIRST_NEAR_TOOLS = 3
_MOST_TOOLS = 1024
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
        self._chains: dict[tuple[int, int, int], int] = {}

    def contexts(
        self, columns: MessageColumns, tools: Sequence[str | None], trained_from: Sequence[int]
    ) -> Contexts:
        """The context of each message.

        It is the kind of the message (role, which of its texts are absent, empty or full, how many
        calls) and of those before and after it, and its place: which classes of messages
        (`_classes`) there are before it and after it, those of the first and the last message, how
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
        own, is_odd_message = self._own_kinds(columns)
        rows = columns.rows_of_messages()
        starts, ends = columns.row_messages[:-1][rows], columns.row_messages[1:][rows]
        position = np.arange(len(rows))
        is_first, is_last = position == starts, position == ends - 1
        trained = np.asarray(trained_from, dtype=np.int64)[rows] + starts
        place = _classes_around(columns, starts, ends)
        for bits, value in (
            (2, np.minimum(position - starts, 2)),
            (1, position >= trained),
            (1, np.array([text is not None for text in tools], dtype=np.bool_)[rows]),
        ):
            place = place << bits | value
        local = _numbered(own << _BITS_OF_PLACE | place, self._locals)
        is_new = _is_new(columns, starts)
        before = (own << 1 | is_new) << 1 | (position >= trained)
        before = np.where(is_first, 0, np.roll(before, 1))
        after = np.where(is_last, 0, np.roll(own, -1))
        keys = (local << 2 + _BITS_OF_KIND | before) << _BITS_OF_KIND | after
        is_user = columns.roles == _USER
        near_tools = is_user & (position == _first(columns, _USER)[rows])
        near_tools |= is_user & (position == _last(columns, _USER)[rows])
        near_tools |= ~is_first & np.roll(near_tools, 1)
        near_tools |= position - starts < _FIRST_NEAR_TOOLS
        number = np.array([self._number_of_tools(text) for text in tools], dtype=np.int64)
        numbers = np.where(near_tools, number[rows], 0)
        keys = self._chained(keys * 2, columns, is_first, numbers)
        is_odd_message |= (own >= 1 << _BITS_OF_KIND) | (local >= 1 << _BITS_OF_LOCAL) | (keys < 0)
        is_odd = columns.is_odd | (number < 0)
        is_odd[rows[is_odd_message]] = True
        return Contexts(keys, near_tools, is_odd)

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
        return _numbered(kinds, self._kinds), is_uneven

    def _number_of_tools(self, text: str | None) -> int:
        """A number for the text; -1 where too many are known already."""
        if len(self._tools) < _MOST_TOOLS:
            return self._tools.setdefault(text, len(self._tools))
        return self._tools.get(text, -1)

    def _chained(
        self,
        keys: Int,
        columns: MessageColumns,
        is_first: NDArray[np.bool_],
        tools: Int,
    ) -> Int:
        """Keys with the tools and with the contexts of text-less messages just before taken in.

        Reasoning does not count as text, since many templates leave it out. A key is negative where
        too many are known already.
        """
        keys = keys.copy()
        is_full = (columns.kinds["content"] == FULL) | (np.diff(columns.message_calls) > 0)
        follows = ~is_first & ~np.roll(is_full, 1)
        for place in np.flatnonzero((tools > 0) | follows).tolist():
            previous = int(keys[place - 1]) if follows[place] else 0
            context = (int(keys[place]), int(tools[place]), previous)
            if context in self._chains or len(self._chains) < _MOST_CHAINS:
                keys[place] = self._chains.setdefault(context, 2 * len(self._chains) + 1)
            else:
                keys[place] = -1
        return keys


def _numbered(values: Int, numbers: dict[int, int]) -> Int:
    """A number from 1 for each distinct value, the same as before for known ones."""
    known, places = distinct(values)
    of_each = [numbers.setdefault(value, len(numbers) + 1) for value in known]
    found: Int = np.array(of_each, dtype=np.int64)[places]
    return found


def _classes(columns: MessageColumns) -> Int:
    """System, user, assistant without and with calls; `_N_CLASSES` for others."""
    classes: Int = np.array([0, 1, 2, _N_CLASSES, _N_CLASSES])[columns.roles]
    classes += (columns.roles == _ASSISTANT) * (np.diff(columns.message_calls) > 0)
    return classes


def _is_new(columns: MessageColumns, starts: Int) -> NDArray[np.bool_]:
    """Whether no message of its role comes before each message."""
    is_new = np.zeros(len(starts), dtype=np.bool_)
    for number in range(len(ROLES) + 1):
        is_it = columns.roles == number
        n_until = sums_before(is_it)
        is_new |= is_it & (n_until[:-1] == n_until[starts])
    return is_new


def _classes_around(columns: MessageColumns, starts: Int, ends: Int) -> Int:
    """Of each message the classes that come before it and after it, and those at both ends."""
    classes = _classes(columns)
    position = np.arange(len(classes))
    around = classes[starts] << 3 | classes[ends - 1]
    for number in range(_N_CLASSES):
        n_until = sums_before(classes == number)
        around = around << 1 | (n_until[position] > n_until[starts])
        around = around << 1 | (n_until[ends] > n_until[position + 1])
    return around


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
