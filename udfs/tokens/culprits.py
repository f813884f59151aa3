"""Which text of a conversation made a control token arise, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from trajhouse.udfs.conversations import Message, texts_of
from trajhouse.udfs.tokens.outline import Outline, described
from trajhouse.udfs.tokens.stand_ins import TOOLS, Tools


def spelled_in(control: re.Pattern[str], chat: Sequence[Message], tools: Tools) -> str | None:
    """Where a text spells a control token whole; None where none does."""
    for text in _strings_in(tools):
        if match := control.search(text):
            return f"{match[0]} in the declared tools"
    for position, message in enumerate(chat, start=1):
        for field, text in texts_of(message):
            if match := control.search(text):
                return f"{match[0]} in the {field} of message {position}"
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


def _strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings_in(item)
