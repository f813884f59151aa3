"""Where tokens lie in the bytes of what they are tokens of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import sums_before

_BITS = 64


class TokenPlaces(Protocol):
    """The places of n tokens, in bytes from the start of the first render."""

    def starts(self, tokens: Int) -> Int:
        """Where some of the tokens start; token n where the last one ends."""

    def ends(self, tokens: Int) -> Int:
        """Where some of the tokens end."""

    def ending_by(self, places: Int) -> Int:
        """How many tokens end at or before each place."""

    def starting_before(self, places: Int) -> Int:
        """How many tokens start before each place."""


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

    A running sum over all tokens would be as long as four times their sizes, and does not fit a
    core's cache. Sums are kept of blocks of as many sizes as make a word of 64 bits, and a word is
    summed at once.

    Args:
        sizes: Bytes of each token, uint8, uint16 or uint32; n.
    """

    def __init__(self, sizes: NDArray[np.unsignedinteger]) -> None:
        width = 8 * sizes.itemsize
        self._n = len(sizes)
        self._per_word = _BITS // width
        self._shift = self._per_word.bit_length() - 1
        self._words = np.zeros(self._n // self._per_word + 1, dtype="<u8")
        self._sizes = self._words.view(sizes.dtype.newbyteorder("<"))
        self._sizes[: self._n] = sizes
        lanes = range(0, _BITS, 2 * width)
        self._width, self._last_lane = np.uint64(width), np.uint64(lanes[-1])
        self._every_other = np.uint64(sum((1 << width) - 1 << lane for lane in lanes))
        self._ones = np.uint64(sum(1 << lane for lane in lanes))
        firsts = [(1 << width * k) - 1 for k in range(self._per_word)]
        self._firsts = np.array(firsts, dtype=np.uint64)
        self._before = sums_before(self._summed(self._words[:-1]))

    def starts(self, tokens: Int) -> Int:
        """Where some of the tokens start; token n where the last one ends."""
        word = tokens >> self._shift
        found = self._summed(self._words[word] & self._firsts[tokens & self._per_word - 1])
        found += self._before[word]
        return found

    def ends(self, tokens: Int) -> Int:
        """Where some of the tokens end."""
        return self.starts(tokens + 1)

    def ending_by(self, places: Int) -> Int:
        """How many tokens end at or before each place."""
        word = np.searchsorted(self._before, places, side="right") - 1
        tokens, reached = word << self._shift, self._before[word]
        for _ in range(self._per_word):
            reached += self._sizes[tokens]
            tokens += (reached <= places) & (tokens < self._n)
        return tokens

    def starting_before(self, places: Int) -> Int:
        """How many tokens start before each place."""
        return np.where(places > 0, np.minimum(self.ending_by(places - 1) + 1, self._n), 0)

    def _summed(self, words: NDArray[np.uint64]) -> Int:
        """The sum of the sizes in each word: pairs first, so that no lane overflows."""
        pairs = words >> self._width
        pairs &= self._every_other
        pairs += words & self._every_other
        pairs *= self._ones
        pairs >>= self._last_lane
        return pairs.view(np.int64)
