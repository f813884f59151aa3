"""Small numbers for large ones, looked up many at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FIRST_SLOTS = 256


class Numbering:
    """Numbers from 1 on for pairs of numbers, the same for the same pair as long as it lives.

    Args:
        most: How many pairs are numbered. All further ones are `most` + 1.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: dict[tuple[int, int], int] = {}
        self.slots = np.zeros((_FIRST_SLOTS, 3), np.int64)

    def find(self, left: Int, right: Int) -> Int:
        """The number of each of n pairs; 0 where it has none."""
        found = np.empty(len(left), np.int64)
        _fill_found(self.slots, left, right, found)
        return found

    def numbers(self, left: Int, right: Int) -> Int:
        """The number of each of n pairs, new ones included."""
        found = self.find(left, right)
        for place in np.flatnonzero(found == 0).tolist():
            found[place] = self.add(int(left[place]), int(right[place]))
        return found

    def add(self, left: int, right: int) -> int:
        """The number of a pair that may be new."""
        number = self._known.get((left, right), len(self._known) + 1)
        if number > len(self._known) and number <= self.most:
            self._known[left, right] = number
            if 2 * len(self._known) > len(self.slots):
                self.slots = np.zeros((2 * len(self.slots), 3), np.int64)
                for known, its in self._known.items():
                    _put(self.slots, *known, its)
            else:
                _put(self.slots, left, right, number)
        return number


@compiled
def _fill_found(slots: NDArray[np.int64], left: Int, right: Int, found: Int) -> None:
    for k in range(len(found)):
        found[k] = slots[slot_of(slots, left[k], right[k]), 2]


@compiled
def _put(slots: NDArray[np.int64], left: int, right: int, number: int) -> None:
    slot = slot_of(slots, left, right)
    slots[slot, 0], slots[slot, 1], slots[slot, 2] = left, right, number


@compiled
def slot_of(slots: NDArray[np.int64], left: int, right: int) -> np.uint64:
    """Where a pair and its number are, or would be; a number of 0 marks a free slot."""
    last = np.uint64(len(slots) - 1)
    digest = (np.uint64(left) * _PRIME ^ np.uint64(right)) * _PRIME
    slot = (digest ^ digest >> np.uint64(32)) & last
    while slots[slot, 2] != 0 and (slots[slot, 0] != left or slots[slot, 1] != right):
        slot = (slot + np.uint64(1)) & last
    return slot
