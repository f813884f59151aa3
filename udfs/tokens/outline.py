"""The outline of a render: which pieces the template wrote, which are content, and of which part.

It is read off a render of stand-ins, and then laid beside the render of the conversation itself:
both have to agree to the last character, or no piece of the row is known.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trajhouse.udfs.conversations import Message
from trajhouse.udfs.tokens.policy import Part
from trajhouse.udfs.tokens.stand_ins import STAND_IN, NeutralChat, Slot
from trajhouse.udfs.tokens.turns import MaskError, Turn

SlotSpan = tuple[int, int, Slot]
"""Where a stand-in starts and ends in a render, and for what it stands."""

_CLOSING_TAG = re.compile(r"</[^<>\s]+>\n*")


class Piece(NamedTuple):
    """A piece of a render.

    Attributes:
        text: What it is; of a slot, the stand-in, or once aligned the content.
        slot: The number of the slot; -1 where the template wrote it.
        part: What it counts as in the loss; CONTEXT outside the assistant's turns.
    """

    text: str
    slot: int
    part: Part


@dataclass(frozen=True)
class Outline:
    """The pieces of a render, in order, and the slots that they name."""

    pieces: list[Piece]
    slots: Sequence[Slot]


class AlignError(Exception):
    """The template does more with a text than to print it; the message says with which."""


def slot_spans(text: str, neutral: NeutralChat) -> list[SlotSpan]:
    """Start, end and slot of every stand-in in a render, in order."""
    found = ((match.start(), match.end(), int(match[1])) for match in STAND_IN.finditer(text))
    slots = neutral.slots
    return [(start, end, slots[n]) for start, end, n in found if n < len(slots)]


def outline_of(
    text: str,
    spans: Sequence[SlotSpan],
    neutral: NeutralChat,
    turns: Sequence[Turn],
    control: re.Pattern[str],
    header_in: bool,
) -> Outline:
    """The outline of a render of stand-ins.

    Args:
        text: The render.
        spans: The stand-ins in it, as of `slot_spans`.
        neutral: What was rendered.
        turns: The assistant's turns in it.
        control: Matches control tokens.
        header_in: Whether the role header counts as part of its turn.

    Raises:
        MaskError: A turn holds content of another message than the assistant's.
    """
    cuts = {0: Part.CONTEXT}
    starts = [start for start, _, _ in spans]
    turn_starts = set()
    for turn in turns:
        inside = spans[bisect_left(starts, turn.start) : bisect_left(starts, turn.end)]
        for _, _, slot in inside:
            if slot.message < 0 or neutral.chat[slot.message].get("role") != "assistant":
                raise MaskError(f"a trained turn holds {described(slot)}")
        if not header_in:
            cuts[turn.header] = Part.CONTEXT
        start = turn.header if header_in else turn.start
        turn_starts.add(start)
        cuts |= _part_cuts(text, start, turn, inside, neutral.chat, control)
        cuts[turn.end] = Part.CONTEXT
    return Outline(list(_pieces(text, spans, turn_starts, cuts)), neutral.slots)


def align(outline: Outline, text: str) -> Outline:
    """The outline with the content of a render in its pieces.

    Args:
        outline: As read off the render of stand-ins.
        text: The render of the conversation itself.

    Raises:
        AlignError: They differ in more than the texts, or a text is neither printed as it is nor as
            the inside of a JSON or Python string.
    """
    pieces = []
    position = 0
    last = len(outline.pieces) - 1
    for k, piece in enumerate(outline.pieces):
        written, number, part = piece
        if number < 0:
            if not text.startswith(written, position):
                raise AlignError(_divergence(outline, k))
            position += len(written)
            pieces.append(piece)
            continue
        is_literal = k < last and outline.pieces[k + 1].slot < 0
        following = outline.pieces[k + 1].text if is_literal else ""
        for spelled in _spellings(outline.slots[number].text):
            end = position + len(spelled)
            if text.startswith(spelled, position) and text.startswith(following, end):
                break
        else:
            raise AlignError(f"the template changes {described(outline.slots[number])}")
        pieces.append(Piece(spelled, number, part))
        position = end
    if position != len(text):
        raise AlignError(_divergence(outline, len(outline.pieces)))
    return Outline(pieces, outline.slots)


def described(slot: Slot) -> str:
    """A slot in words."""
    if slot.message < 0:
        return "the declared tools"
    return f"the {slot.field.replace('call_name', 'name')} of message {slot.message + 1}"


def part_of(slot: Slot, message: Message) -> Part:
    """What content of an assistant's message counts as."""
    if slot.call >= 0:
        return Part.TOOL_CALL
    if slot.field == "reasoning_content":
        return Part.REASONING
    return Part.COMMENTARY if message.get("tool_calls") else Part.ANSWER


def _part_cuts(
    text: str,
    start: int,
    turn: Turn,
    inside: Sequence[SlotSpan],
    chat: Sequence[Message],
    control: re.Pattern[str],
) -> dict[int, Part]:
    """Where in a turn another part begins; what a template writes around a text goes with it."""
    parts = [part_of(slot, chat[slot.message]) for _, _, slot in inside] or [Part.ANSWER]
    cuts = {start: parts[0]}
    gap = text[turn.start : inside[0][0] if inside else turn.end]
    closed = turn.start + _after_closing(gap)
    if parts[0] is not Part.REASONING and turn.start < closed < turn.end:
        cuts = {start: Part.REASONING, closed: parts[0]}
    for k in range(1, len(inside)):
        if parts[k] is not parts[k - 1]:
            begin = inside[k - 1][1]
            gap = text[begin : inside[k][0]]
            cuts[begin + _cut_in(gap, parts[k], control)] = parts[k]
    return cuts


def _cut_in(gap: str, following: Part, control: re.Pattern[str]) -> int:
    """Where, between two texts of a turn, what belongs to the second begins."""
    closed = _after_closing(gap)
    if following is Part.TOOL_CALL:
        opening = [match.start() for match in control.finditer(gap) if match.start() >= closed]
        return opening[0] if opening else closed
    return closed


def _after_closing(gap: str) -> int:
    """Where the last closing tag of a text ends, with the newlines after it; 0 without one."""
    return max((match.end() for match in _CLOSING_TAG.finditer(gap)), default=0)


def _pieces(
    text: str,
    spans: Sequence[SlotSpan],
    turn_starts: set[int],
    cuts: dict[int, Part],
) -> Iterator[Piece]:
    """The pieces in order; an empty one of context stands between turns that touch."""
    part = Part.CONTEXT
    position = 0
    waiting = sorted(cuts.items(), reverse=True)
    for start, end, _ in [*spans, (len(text), len(text), None)]:
        while waiting and waiting[-1][0] <= start:
            cut, following = waiting.pop()
            if cut > position:
                yield Piece(text[position:cut], -1, part)
                position = cut
            if part is not Part.CONTEXT and cut in turn_starts:
                yield Piece("", -1, Part.CONTEXT)
            part = following
        if start > position:
            yield Piece(text[position:start], -1, part)
        if end > start:
            yield Piece(text[start:end], int(text[start + 2 : end - 2]), part)
        position = end


def _spellings(text: str) -> Iterator[str]:
    yield text
    for ascii_only in (False, True):
        yield json.dumps(text, ensure_ascii=ascii_only)[1:-1]
    yield repr(text)[1:-1]


def _divergence(outline: Outline, k: int) -> str:
    before = next((piece for piece in outline.pieces[:k][::-1] if piece.slot >= 0), None)
    where = described(outline.slots[before.slot]) if before else "its beginning"
    return f"the template decides by content, after {where}"
