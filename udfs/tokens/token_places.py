"""Where tokens lie in the bytes of what they are tokens of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int

_BLOCK = 64
"""So many tokens are summed in one go, and at most so many one by one to find a place."""


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
        first = np.uint32(is_control.argmax() if is_control.any() else len(is_control))
        controls = np.empty((len(ids), 3), np.int64)
        n_controls = _scan(self._ids, sizes, is_control, first, before, controls)
        if n_controls < 0:
            raise IndexError("an id is beyond the vocabulary")
        found = np.ascontiguousarray(controls[:n_controls].T)
        self.controls, self.control_starts, self.control_ends = found
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
def _sum(ids: NDArray[np.uint32], sizes: NDArray[np.unsignedinteger]) -> np.int64:
    """The sizes of some tokens, by four sums at once: each has to wait for its last addition."""
    a, b, c, d = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    for k in range(0, len(ids) - 3, 4):
        a += sizes[ids[k]]
        b += sizes[ids[k + 1]]
        c += sizes[ids[k + 2]]
        d += sizes[ids[k + 3]]
    for k in range(len(ids) // 4 * 4, len(ids)):
        a += sizes[ids[k]]
    return np.int64(a + b + c + d)


@compiled
def _most(ids: NDArray[np.uint32]) -> np.uint32:
    """The greatest of some ids."""
    most = np.uint32(0)
    for k in range(len(ids)):
        most = max(most, ids[k])
    return most


@compiled
def _scan(
    ids: NDArray[np.uint32],
    sizes: NDArray[np.unsignedinteger],
    is_control: NDArray[np.bool_],
    first: np.uint32,
    before: Int,
    controls: Int,
) -> int:
    """Sum the sizes by block, and list control tokens, of which `first` is the least id.

    Of each `controls` takes its number, where it starts and where it ends; n, 3.

    Returns:
        How many control tokens there are; -1 where an id is beyond the vocabulary.
    """
    found = 0
    reached = np.int64(0)
    for number in range(len(before) - 1):
        block = ids[number * _BLOCK : (number + 1) * _BLOCK]
        most = _most(block)
        if most >= len(sizes):
            return -1
        if most < first:
            reached += _sum(block, sizes)
        else:
            for k in range(len(block)):
                token = block[k]
                size = np.int64(sizes[token])
                if token >= first and is_control[token]:
                    controls[found, 0] = number * _BLOCK + k
                    controls[found, 1] = reached
                    controls[found, 2] = reached + size
                    found += 1
                reached += size
        before[number + 1] = reached
    return found


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
    control = 0
    for k in range(len(tokens)):
        first = tokens[k] // _BLOCK * _BLOCK
        reached = before[tokens[k] // _BLOCK]
        while control < len(controls) and controls[control] < tokens[k]:
            control += 1
        if control > 0 and first <= controls[control - 1]:
            first, reached = controls[control - 1] + 1, control_ends[control - 1]
        found[k] = reached + _sum(ids[first : tokens[k]], sizes)


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
    control = number = 0
    for k in range(len(places)):
        while number < len(before) - 1 and before[number + 1] <= places[k]:
            number += 1
        while control < len(controls) and control_ends[control] <= places[k]:
            control += 1
        first, reached = min(number * _BLOCK, len(ids)), before[number]
        if control > 0 and first <= controls[control - 1]:
            first, reached = controls[control - 1] + 1, control_ends[control - 1]
        following = ids[first : (number + 1) * _BLOCK]
        left = places[k] - reached
        n_ended = 0
        while n_ended < len(following) and sizes[following[n_ended]] <= left:
            left -= np.int64(sizes[following[n_ended]])
            n_ended += 1
        found[k] = first + n_ended
