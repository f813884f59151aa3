"""Patterns made of words."""

from __future__ import annotations

import re
from collections.abc import Iterable


def any_of(words: Iterable[str | None]) -> re.Pattern[str]:
    """Finds any of the words, of two that begin alike the longer one; nothing where none is given.

    Args:
        words: Empty and missing ones do not count.
    """
    longest_first = sorted((word for word in words if word), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
