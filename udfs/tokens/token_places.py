"""Where tokens lie in the bytes of what they are tokens of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.prefetching import prefetch

_BLOCK = 64
"""So many tokens are summed in one go, and at most so many one by one to find a place."""

_TOKENS_A_CONTROL = 16
"""There is room for a control token in so many; where there are more, they are looked for again."""

_AHEAD, _TOKENS_A_LINE = 512, 16
"""So many tokens before it gets there a loop asks for memory, which comes in lines of so many."""


class TokenPlaces(Protocol):
    """The places of n tokens, in bytes from the start of the first render."""

    def starts(self, tokens: Int) -> Int:
        """Where some of the tokens start, ascending; token n where the last one ends."""

    def ends(self, tokens: Int) -> Int:
        """Where some of the tokens end; ascending."""

    def ending_by(self, places: Int) -> Int:
        """How many tokens end at or before each place; ascending."""

    def starting_before(self, places: Int) -> Int:
        """How many tokens start before each place; ascending."""


@dataclass(frozen=True)
class ListedPlaces:
    """Places of tokens that may have gaps between them, or overlap.

    Attributes:
        first: Where each token starts; n, none before the last one's.
        last: Where each token ends; n, none before the last one's.
    """

    first: Int
    last: Int

    def starts(self, tokens: Int) -> Int:
        """Where some of the tokens start; token n where the last one ends."""
        return np.append(self.first, self.last[-1:])[tokens]

    def ends(self, tokens: Int) -> Int:
        """Where some of the tokens end."""
        return self.last[tokens]

    def ending_by(self, places: Int) -> Int:
        """How many tokens end at or before each place."""
        return np.searchsorted(self.last, places, side="right")

    def starting_before(self, places: Int) -> Int:
        """How many tokens start before each place."""
        return np.searchsorted(self.first, places, side="left")


class SummedPlaces:
    """Places of tokens each of which starts where the one before it ends.

    A running sum over all tokens would take more memory than the tokens, so it is kept of blocks.

    Args:
        ids: The tokens; n.
        sizes: Bytes of text that each id stands for.
        is_control: Whether each id is that of a control token.

    Attributes:
        controls: Which of the tokens are control tokens; ascending.
        control_starts, control_ends: Where each of these starts and ends; ascending.

    Raises:
        IndexError: An id is beyond the vocabulary.
    """

    def __init__(
        self,
        ids: NDArray[np.int32],
        sizes: NDArray[np.unsignedinteger],
        is_control: NDArray[np.bool_],
    ) -> None:
        self._ids = np.ascontiguousarray(ids).view(np.uint32)
        before = np.zeros(-(-len(ids) // _BLOCK) + 1, np.int64)
        least = np.uint32(is_control.argmax() if is_control.any() else len(is_control))
        room = len(ids) // _TOKENS_A_CONTROL
        found = np.empty((3, room), np.int64)
        n_found = _scan(self._ids, sizes, is_control, least, before, found)
        if n_found > room:
            found = np.empty((3, n_found), np.int64)
            _scan(self._ids, sizes, is_control, least, before, found)
        if n_found < 0:
            raise IndexError("an id is beyond the vocabulary")
        self.controls, self.control_starts, self.control_ends = found[:, :n_found].copy()
        self._sums = self._ids, sizes, before, self.controls, self.control_ends

    def starts(self, tokens: Int) -> Int:
        """Where some of the tokens start; token n where the last one ends."""
        found = np.empty(len(tokens), np.int64)
        _fill_starts(*self._sums, tokens, found)
        return found

    def ends(self, tokens: Int) -> Int:
        """Where some of the tokens end."""
        return self.starts(tokens + 1)

    def ending_by(self, places: Int) -> Int:
        """How many tokens end at or before each place; ascending."""
        found = np.empty(len(places), np.int64)
        _fill_ending_by(*self._sums, places, found)
        return found

    def starting_before(self, places: Int) -> Int:
        """How many tokens start before each place; ascending."""
        following = np.minimum(self.ending_by(places - 1) + 1, len(self._ids))
        return np.where(places > 0, following, 0)


@compiled
def _scan(
    ids: NDArray[np.uint32],
    sizes: NDArray[np.unsignedinteger],
    is_control: NDArray[np.bool_],
    least: np.uint32,
    before: Int,
    controls: NDArray[np.int64],
) -> int:
    """Sum the sizes by block, and list control tokens, of which `least` is the least id.

    Args:
        ids: The tokens; n.
        sizes: Bytes of text that each id stands for.
        is_control: Whether each id is that of a control token.
        least: No id below it is that of a control token, or beyond the vocabulary.
        before: Takes the bytes before each block, and of all; blocks + 1.
        controls: Takes the number of each control token, where it starts and where it ends, as far
            as there is room; (3, m).

    Returns:
        How many control tokens there are; -1 where an id is beyond the vocabulary.
    """
    (numbers, starts, ends), room = controls, np.uint64(controls.shape[1])
    found = token = reached = np.uint64(0)
    n_tokens, n_ids = np.uint64(len(ids)), np.uint32(len(sizes))
    for block in range(1, len(before)):
        end = min(token + np.uint64(_BLOCK), n_tokens)
        for line in range(0, _BLOCK, _TOKENS_A_LINE):
            prefetch(ids, token + np.uint64(_AHEAD + line))
        while token < end:
            number = ids[token]
            if number >= least:
                if number >= n_ids:
                    return -1
                if is_control[number]:
                    if found < room:
                        numbers[found] = token
                        starts[found] = reached
                        ends[found] = reached + np.uint64(sizes[number])
                    found += np.uint64(1)
            reached += np.uint64(sizes[number])
            token += np.uint64(1)
        before[block] = reached
    return int(np.int64(found))


@compiled
def _fill_starts(
    ids: NDArray[np.uint32],
    sizes: NDArray[np.unsignedinteger],
    before: Int,
    controls: Int,
    control_ends: Int,
    tokens: Int,
    found: Int,
) -> None:
    """Where each of some tokens starts; ascending, and often just behind a control token."""
    control, n_controls = np.uint64(0), np.uint64(len(controls))
    for k in range(len(tokens)):
        token = min(np.uint64(tokens[k]), np.uint64(len(ids)))
        block = token // np.uint64(_BLOCK)
        reached, first = np.uint64(before[block]), block * np.uint64(_BLOCK)
        while control < n_controls and np.uint64(controls[control]) < token:
            control += np.uint64(1)
        if control > 0:
            nearest = np.uint64(controls[control - np.uint64(1)])
            if first <= nearest:
                first = nearest + np.uint64(1)
                reached = np.uint64(control_ends[control - np.uint64(1)])
        while first < token:
            reached += np.uint64(sizes[ids[first]])
            first += np.uint64(1)
        found[k] = reached


@compiled
def _fill_ending_by(
    ids: NDArray[np.uint32],
    sizes: NDArray[np.unsignedinteger],
    before: Int,
    controls: Int,
    control_ends: Int,
    places: Int,
    found: Int,
) -> None:
    """How many tokens end at or before each of some places; they ascend."""
    control, n_controls = np.uint64(0), np.uint64(len(controls))
    block, n_blocks = np.uint64(0), np.uint64(len(before) - 1)
    n_tokens = np.uint64(len(ids))
    for k in range(len(places)):
        place = places[k]
        while block < n_blocks and before[block + np.uint64(1)] <= place:
            block += np.uint64(1)
        while control < n_controls and control_ends[control] <= place:
            control += np.uint64(1)
        token, reached = min(block * np.uint64(_BLOCK), n_tokens), before[block]
        if control > 0:
            nearest = np.uint64(controls[control - np.uint64(1)])
            if token <= nearest:
                token = nearest + np.uint64(1)
                reached = control_ends[control - np.uint64(1)]
        while token < n_tokens:
            reached += np.int64(sizes[ids[token]])
            if reached > place:
                break
            token += np.uint64(1)
        found[k] = token
