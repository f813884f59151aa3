"""The context of each message: all of its kind and its neighbours' that a template may look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.assembly.columns import MessageColumns
from trajhouse.udfs.tokens.assembly.message_facts import message_facts
from trajhouse.udfs.tokens.assembly.numbering import Numbering, slot_of

_TOO_MANY = -1
_BITS_OF_KIND = 14
_BITS_OF_PLACE = 18
_BITS_OF_LOCAL = 16
"""Of the number of a kind and place. With those of two neighbours it makes a key of 47 bits."""
_MOST_TOOLS = 1024
_MOST_CHAINS = 2**18


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
        self._kinds = Numbering(2**_BITS_OF_KIND - 1)
        self._locals = Numbering(2**_BITS_OF_LOCAL - 1)
        self._near = Numbering(_MOST_CHAINS)
        self._chains = Numbering(_MOST_CHAINS)
        self._tools: dict[str | None, int] = {None: 0}

    def contexts(
        self, columns: MessageColumns, tools: Sequence[str | None], trained_from: Sequence[int]
    ) -> Contexts:
        """The context of each message.

        It is the kind of the message (role, which of its texts are absent, empty or full, how many
        calls) and of those before and after it, and its place: which classes of messages
        (`class_of`) there are before it and after it, those of the first and the last message, how
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
        found = message_facts(columns, tools, trained_from)
        own = self._kinds.numbers(found.kind, np.zeros_like(found.kind))
        local = self._locals.numbers(own, found.place)
        keys, follows = np.empty_like(own), np.empty(len(own), np.bool_)
        neighbours = (found.is_new, found.may_train, found.has_text)
        _fill_keys(columns.row_messages, own, local, neighbours, keys, follows)
        number, rows = self._numbers_of_tools(tools), columns.rows_of_messages()
        self._take_in_tools(keys, found.near_tools, number[rows])
        self._chain(keys, np.flatnonzero(follows))
        is_odd_message = found.is_uneven | (keys < 0)
        is_odd_message |= (own > self._kinds.most) | (local > self._locals.most)
        is_odd = columns.is_odd | (number < 0)
        is_odd[rows[is_odd_message]] = True
        return Contexts(keys, found.near_tools, is_odd)

    def _numbers_of_tools(self, tools: Sequence[str | None]) -> Int:
        """A number for the text of each row; -1 where too many are known already."""
        numbers = list(map(self._tools.get, tools))
        if None in numbers:
            for text in tools:
                if len(self._tools) < _MOST_TOOLS:
                    self._tools.setdefault(text, len(self._tools))
            numbers = [self._tools.get(text, -1) for text in tools]
        return np.array(numbers, dtype=np.int64)

    def _take_in_tools(self, keys: Int, near_tools: NDArray[np.bool_], tools: Int) -> None:
        """Make the tools that are near part of the keys, which become negative if too many are."""
        near = np.flatnonzero(near_tools & (tools > 0))
        number = self._near.numbers(keys[near], tools[near])
        keys <<= 2
        keys[near] = np.where(number > self._near.most, _TOO_MANY, number << 2 | 1)

    def _chain(self, keys: Int, places: Int) -> None:
        """Make the contexts of text-less messages just before part of the keys.

        Reasoning does not count as text, since many templates leave it out. A key becomes negative
        where too many are known already.

        Args:
            keys: One a message.
            places: The messages that follow such ones; ascending.
        """
        chained = 0
        while True:
            chained = _chain_known(self._chains.slots, keys, places, chained)
            if chained == len(places):
                return
            place = places[chained]
            number = self._chains.add(int(keys[place]), int(keys[place - 1]))
            keys[place] = _chained(number) if number <= self._chains.most else _TOO_MANY
            chained += 1


@compiled
def _chained(number: int) -> int:
    return number << 2 | 3


@compiled
def _chain_known(slots: NDArray[np.int64], keys: Int, places: Int, chained: int) -> int:
    """Chain messages from the one of a number on, up to one that is new: the number of that."""
    while chained < len(places):
        key, before = keys[places[chained]], keys[places[chained] - 1]
        number = slots[slot_of(slots, key, before), 2]
        if key < 0 or before < 0:
            keys[places[chained]] = _TOO_MANY
        elif number == 0:
            break
        else:
            keys[places[chained]] = _chained(number)
        chained += 1
    return chained


@compiled
def _fill_keys(
    row_messages: Int,
    own: Int,
    local: Int,
    neighbours: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    keys: Int,
    follows: NDArray[np.bool_],
) -> None:
    """Keys of messages and their neighbours, and whether each comes after one without text."""
    is_new, may_train, has_text = neighbours
    for row in range(len(row_messages) - 1):
        start, end = row_messages[row], row_messages[row + 1]
        for message in range(start, end):
            before = after = np.int64(0)
            if message > start:
                flags = np.int64(is_new[message - 1]) << 1 | np.int64(may_train[message - 1])
                before = own[message - 1] << 2 | flags
            if message + 1 < end:
                after = own[message + 1]
            keys[message] = (local[message] << 2 + _BITS_OF_KIND | before) << _BITS_OF_KIND | after
            follows[message] = message > start and not has_text[message - 1]
