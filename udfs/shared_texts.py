"""Many texts, equal beginnings of which are kept and encoded once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trajhouse.udfs.flat_texts import FlatIds, FlatTexts, Int
from trajhouse.udfs.laid import laid
from trajhouse.udfs.sums import sums_before


@dataclass(frozen=True)
class SharedTexts:
    """Texts each of which is a beginning, that others may have as well, and a rest of its own.

    Attributes:
        parts: The beginnings, and then the rest of each text. Encoded apart, they have the ids that
            they have within a text.
        beginnings: Which of the parts each text begins with; texts.
    """

    parts: FlatTexts
    beginnings: Int

    def __len__(self) -> int:
        return len(self.beginnings)

    def __getitem__(self, k: int) -> str:
        return self.parts[self.beginnings[k]] + self.parts[self._rests[k]]

    def __iter__(self) -> Iterator[str]:
        return (self[k] for k in range(len(self)))

    @cached_property
    def bounds(self) -> Int:
        """Where each text starts were they laid end to end, and where the last ends; texts + 1."""
        sizes = np.diff(self.parts.bounds)
        return sums_before(sizes[self.beginnings] + sizes[self._rests])

    def between(self, start: int, end: int) -> bytes:
        """The bytes from one place in `bounds` to another in the same text."""
        k = int(np.searchsorted(self.bounds, start, side="right")) - 1
        first, last = start - self.bounds[k], end - self.bounds[k]
        left, cut = self.parts.bounds[self.beginnings[k] :][:2]
        right, size = self.parts.bounds[self._rests[k]], cut - left
        beginning = self.parts.between(left + min(first, size), left + min(last, size))
        return beginning + self.parts.between(
            right + max(first - size, 0), right + max(last - size, 0)
        )

    def whole(self, found: FlatIds) -> FlatIds:
        """The ids of each text, given those of each part."""
        order = np.stack([self.beginnings, self._rests], axis=1)
        ids, bounds = laid(found.ids, found.bounds, order.ravel())
        return FlatIds(ids, bounds[::2].copy())

    @property
    def _rests(self) -> Int:
        """The part that each text ends with; texts."""
        return np.arange(len(self.parts) - len(self), len(self.parts))
