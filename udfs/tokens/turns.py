"""Where the assistant's turns are in a render of stand-ins.

A template with `{% generation %}` marks says it. Otherwise a turn begins after the header that the
template writes as its generation prompt, and ends with what it writes after an answer whether or
not anything follows: the stop token, and white space after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trajhouse.udfs.tokens.stand_ins import Slot

CharSpan = tuple[int, int]


class MaskError(Exception):
    """No mask can be proven for the conversation; the message says why."""


@dataclass(frozen=True)
class TurnShape:
    """How a template begins and ends a turn of the assistant.

    Attributes:
        header: What stands before the model's own tokens; None where it cannot be told.
        end: What ends a turn, with the stop token in it; None where no token does.
    """

    header: str | None
    end: str | None


@dataclass(frozen=True)
class Turn:
    """A turn of the assistant in a render, in characters.

    Attributes:
        header: Where its role header starts; `start` where there is none before it.
        start: Where what is trained starts.
        end: Where it ends.
    """

    header: int
    start: int
    end: int


def marked_turns(
    text: str, generated: Sequence[CharSpan], n_answers: int, shape: TurnShape
) -> list[Turn]:
    """The turns that the template marks as generated.

    Args:
        text: The render.
        generated: The marked spans, in order.
        n_answers: The number of assistant messages.
        shape: How the template begins turns.

    Raises:
        MaskError: The spans are not as many as the assistant messages, are empty or overlap.
    """
    if len(generated) != n_answers:
        raise MaskError(f"{len(generated)} marked spans for {n_answers} assistant messages")
    turns = []
    reached = 0
    for start, end in generated:
        if start < reached or end <= start:
            raise MaskError(f"a marked span at character {start} is empty or overlaps")
        turns.append(Turn(start - _header_length(text, start, shape.header), start, end))
        reached = end
    return turns


def derived_turns(
    text: str,
    slot_spans: Sequence[tuple[int, int, Slot]],
    roles: Sequence[str],
    shape: TurnShape,
) -> list[Turn]:
    """The turns of a template without marks, one an assistant message.

    Args:
        text: The render of stand-ins.
        slot_spans: Start, end and slot of every stand-in in it, in order.
        roles: The role of each message.
        shape: How the template begins and ends turns.

    Raises:
        MaskError: A turn has no header or no end of its own.
    """
    header, end = shape.header, shape.end
    if header is None:
        raise MaskError("the template has no generation marks, and no generation prompt it keeps")
    if end is None:
        raise MaskError("the template has no generation marks, and writes no stop token")
    turns = []
    reached = 0
    for position in (i for i, role in enumerate(roles) if role == "assistant"):
        own = [k for k, (_, _, slot) in enumerate(slot_spans) if slot.message == position]
        if not own:
            raise MaskError(f"nothing of the assistant's message {position + 1} is in the render")
        first, last = own[0], own[-1]
        before = max(slot_spans[first - 1][1] if first else 0, reached)
        gap = text[before : slot_spans[first][0]]
        if gap.count(header) != 1:
            raise MaskError(f"message {position + 1} does not follow one header {header!r}")
        header_start = before + gap.index(header)
        after = slot_spans[last + 1][0] if last + 1 < len(slot_spans) else len(text)
        stop = text.find(end, slot_spans[last][1], after)
        if stop < 0:
            raise MaskError(f"message {position + 1} does not end with {end!r}")
        reached = stop + len(end)
        turns.append(Turn(header_start, header_start + len(header), reached))
    return turns


def common_start(first: str, second: str, control: re.Pattern[str]) -> str:
    """What two texts start with, cut so that no control token of either is cut."""
    n = next(
        (k for k, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    for text in (first, second):
        for match in control.finditer(text):
            if match.start() < n < match.end():
                n = match.start()
    return first[:n]


def _header_length(text: str, start: int, header: str | None) -> int:
    """How much of the header, or of its beginning, stands before a marked span that lacks it."""
    if header is None or text.startswith(header, start):
        return 0
    lengths = range(len(header), 0, -1)
    return next((n for n in lengths if text.endswith(header[:n], 0, start)), 0)
