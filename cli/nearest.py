"""The names that a user probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SUGGESTIONS = 3
_ALIKE = 0.6
_ALIKE_ENOUGH = 0.5


def nearest_few(
    name: str, candidates: Iterable[str], most: int = SUGGESTIONS, cutoff: float = _ALIKE
) -> list[str]:
    """The candidates most like `name`, best first; often none.

    Args:
        name: What the user wrote; its case does not count.
        candidates: The names there are.
        most: How many to return at most.
        cutoff: How alike they have to be, from 0 to 1.
    """
    by_folded: dict[str, str] = {}
    for candidate in candidates:
        by_folded.setdefault(candidate.lower(), candidate)
    found = difflib.get_close_matches(name.lower(), by_folded, n=most, cutoff=cutoff)
    return [by_folded[folded] for folded in found]


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, if any is."""
    return next(iter(nearest_few(name, candidates, 1, _ALIKE_ENOUGH)), None)
