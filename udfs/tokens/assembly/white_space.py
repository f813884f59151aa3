"""White space at the edges of texts, which templates may take away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled

Bytes = NDArray[np.uint8]

_NEWLINE = 0x0A
_N_CODES = 0x3001
"""No character from here on is white space."""
_IS_SPACE = np.array([chr(code).isspace() for code in range(_N_CODES)], dtype=np.bool_)


@compiled
def is_blank(data: Bytes, start: int, end: int) -> bool:
    """Whether a text is white space alone; an empty one is not."""
    place = start
    while place < end:
        n_bytes = space_at(data, place, end)
        if n_bytes == 0:
            return False
        place += n_bytes
    return start < end


@compiled
def space_at(data: Bytes, place: int, end: int) -> int:
    """How many bytes the character that begins at a place has, if it is white space; else 0."""
    first = int(data[place])
    if first < 0x80:
        return int(_IS_SPACE[first])
    if first < 0xE0 and place + 1 < end:
        code = (first & 0x1F) << 6 | int(data[place + 1]) & 0x3F
        return 2 * int(_IS_SPACE[code])
    if first < 0xF0 and place + 2 < end:
        middle, last = int(data[place + 1]) & 0x3F, int(data[place + 2]) & 0x3F
        code = (first & 0x0F) << 12 | middle << 6 | last
        return 3 if code < _N_CODES and _IS_SPACE[code] else 0
    return 0


@compiled
def lead_until(data: Bytes, start: int, end: int, newlines_only: bool) -> int:
    """Where the white space of ASCII that a text begins with ends."""
    place = start
    while place < end and _is_plain_space(data[place], newlines_only):
        place += 1
    return place


@compiled
def trail_from(data: Bytes, start: int, end: int, newlines_only: bool) -> int:
    """Where the white space of ASCII that a text ends with begins."""
    place = end
    while place > start and _is_plain_space(data[place - 1], newlines_only):
        place -= 1
    return place


@compiled
def ends_in_foreign_space(data: Bytes, start: int, end: int) -> bool:
    """Whether the last character of a text is white space beyond ASCII."""
    if start >= end or data[end - 1] < 0x80:
        return False
    place = end - 1
    while place > start and data[place] & 0xC0 == 0x80:
        place -= 1
    return space_at(data, place, end) > 0


@compiled
def _is_plain_space(byte: int, newlines_only: bool) -> bool:
    if newlines_only:
        return byte == _NEWLINE
    return byte < 0x80 and bool(_IS_SPACE[byte])
