"""Which of a stream of items are checked against a slower reference.

>>> sample = Sample(every=1024)
>>> sample.places(5), sample.places(5)
([0, 1, 4], [])
>>> sample.places(10)
[6]
"""

from __future__ import annotations

from threading import Lock


class Sample:
    """The first items, then ever fewer: the powers of four, and at least every `every`th."""

    def __init__(self, every: int) -> None:
        powers = [1]
        while powers[-1] * 4 < every:
            powers.append(powers[-1] * 4)
        self._early = powers
        self._every = every
        self._n_seen = 0
        self._one_at_a_time = Lock()

    def places(self, n_items: int) -> list[int]:
        """Which of the next items to check; ascending."""
        with self._one_at_a_time:
            first, end = self._n_seen, self._n_seen + n_items
            self._n_seen = end
        early = [number - first for number in self._early if first <= number < end]
        regular = range(-first % self._every, n_items, self._every)
        return sorted([*early, *regular])
