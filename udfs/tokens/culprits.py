"""Which text of a conversation made a control token arise, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from trajhouse.udfs.tokens.outline import Outline, described
from trajhouse.udfs.tokens.stand_ins import TOOLS, Slot


def spelled_in(control: re.Pattern[str], slots: Sequence[Slot]) -> str | None:
    """Where a text spells a control token whole; None where none does."""
    for slot in slots:
        if match := control.search(slot.text):
            return f"{match[0]} in {described(slot)}"
    return None


def arising_in(control: re.Pattern[str], outline: Outline) -> str | None:
    """Where content of a render is part of a control token; None where none is.

    Args:
        control: Matches any control token.
        outline: With the content of the render in its pieces.
    """
    ends = list(accumulate(len(piece.text) for piece in outline.pieces))
    for match in control.finditer("".join(piece.text for piece in outline.pieces)):
        for piece, end in zip(outline.pieces, ends, strict=True):
            start = end - len(piece.text)
            if piece.slot < 0 or end <= match.start() or match.end() <= start:
                continue
            slot = outline.slots[piece.slot]
            if start <= match.start() and match.end() <= end:
                return f"{match[0]} in {described(slot)}"
            is_tools = slot.message == TOOLS
            where = "of the declared tools" if is_tools else f"at message {slot.message + 1}"
            return f"{match[0]} arises where the template joins texts {where}"
    return None
