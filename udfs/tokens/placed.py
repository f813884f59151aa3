"""Tokens with their places in the bytes of the renders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int

_NEAR = 3
"""So many tokens between a control token and a place are near."""


@dataclass(frozen=True)
class Placed:
    """The tokens of rows, laid end to end.

    Attributes:
        ids: n.
        controls: Which of them are control tokens; ascending.
        ends: Where each token ends in the bytes of the renders; n. Those of control tokens ascend.
        gapped_starts: Where each token starts, n; None where each starts at the end of the one
            before it.
        row_tokens: Where the tokens of each row start, and their number; rows + 1.
        unplaced: By row, why its places are not known.
    """

    ids: NDArray[np.int32]
    controls: Int
    ends: NDArray[np.integer]
    gapped_starts: NDArray[np.integer] | None
    row_tokens: Int
    unplaced: dict[int, str]

    def starts(self, tokens: Int) -> Int:
        """Where some of the tokens start."""
        if self.gapped_starts is not None:
            return self.gapped_starts[tokens].astype(np.int64)
        return np.where(tokens > 0, self.ends[np.maximum(tokens - 1, 0)], 0).astype(np.int64)

    @cached_property
    def control_ends(self) -> NDArray[np.integer]:
        """Where each control token ends."""
        return self.ends[self.controls]

    def _ends_of(self, tokens: Int) -> NDArray[np.integer]:
        """Where some of the tokens end; one that is not there ends with the last."""
        return self.ends[np.minimum(tokens, len(self.ids) - 1)]

    def ending_by(self, places: Int) -> Int:
        """How many tokens end at or before each place.

        Most places are beside a control token, and are found from there: the ends of all tokens do
        not fit a core's cache.
        """
        if not len(self.ids):
            return np.zeros(len(places), np.int64)
        places = places.astype(self.ends.dtype)
        n_controls = np.searchsorted(self.control_ends, places, side="right")
        low = np.append(0, self.controls + 1)[n_controls]
        high = np.append(self.controls, len(self.ids))[n_controls]
        for _ in range(_NEAR):
            low += (low < high) & (self._ends_of(low) <= places)
            high -= (low < high) & (self._ends_of(high - 1) > places)
        is_low = (low == high) | (self._ends_of(low) > places)
        is_high = self._ends_of(high - 1) <= places
        found = np.where(is_low, low, high)
        far = np.flatnonzero(~is_low & ~is_high)
        found[far] = np.searchsorted(self.ends, places[far], side="right")
        return found

    def starting_before(self, places: Int, ending_by: Int) -> Int:
        """How many tokens start before each place, given how many end there or before."""
        if self.gapped_starts is not None:
            places = places.astype(self.gapped_starts.dtype)
            return np.searchsorted(self.gapped_starts, places, side="left")
        if not len(self.ids):
            return ending_by
        is_inside = (places > 0) & (self.starts(ending_by) < places)
        return np.minimum(ending_by + is_inside, len(self.ids))
