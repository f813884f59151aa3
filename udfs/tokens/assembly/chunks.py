"""Learning from one conversation what a template writes for each of its messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import count

from trajhouse.udfs.conversations import Message
from trajhouse.udfs.tokens.assembly.columns import FIELDS
from trajhouse.udfs.tokens.outline import Piece
from trajhouse.udfs.tokens.policy import Part, Policy
from trajhouse.udfs.tokens.rows import Conversation, pieces_of
from trajhouse.udfs.tokens.stand_ins import TOOLS, Slot, neutral_chat
from trajhouse.udfs.tokens.template import ChatTemplate

_MOST_NEWLINES = 5
"""More than a template writes of its own before or after a text."""
_N_LEAD, _N_TRAIL = 2 * _MOST_NEWLINES + 1, _MOST_NEWLINES
"""Newlines around a probe, so many that their sum tells which of two neighbours lost its own."""
_LEAD, _TRAIL = "\n" * _N_LEAD + "\v\n", "\n\v" + "\n" * _N_TRAIL
"""White space around the texts of a probe: what is left of it tells how a template trims."""
_CORE = "0123456789 \"\\<é>&'{}|  Ab.\t\r\n\n\nC, d"
"""What a template would change that escapes, folds case, splits, or replaces white space."""
_BETWEEN = re.compile(r"\n\v(\n*)\v")


class Trim(IntEnum):
    """What a template takes away at one edge of a text."""

    NOTHING = 0
    NEWLINES = 1
    SPACE = 2


_LEADS = {_LEAD: Trim.NOTHING, "\v\n": Trim.NEWLINES, "": Trim.SPACE}
_TRAILS = {_TRAIL: Trim.NOTHING, "\n\v": Trim.NEWLINES, "": Trim.SPACE}


@dataclass(frozen=True)
class Item:
    """A piece of what is written for a message: words of the template, or one of its texts.

    Attributes:
        text: The words; "" for a text of the message.
        field: Position in FIELDS of a text of the message; -1 for words.
        call: The position of its call; 0 outside calls.
        is_content: Whether it is content; words are where they come from declared tools.
        part: What it counts as.
        lead, trail: What is trimmed off a text.
        lead_part, trail_part: What the white space that is left there counts as.
    """

    text: str
    field: int
    call: int
    is_content: bool
    part: Part
    lead: Trim = Trim.NOTHING
    trail: Trim = Trim.NOTHING
    lead_part: Part = Part.CONTEXT
    trail_part: Part = Part.CONTEXT


class UnlearnableError(Exception):
    """The template does more with this conversation than to print its texts in order."""


def in_probes(word: str) -> bool:
    """Whether a word occurs in what templates are learnt from."""
    return word in _probe_text(0)


def learn_chunks(template: ChatTemplate, row: Conversation, policy: Policy) -> list[list[Item]]:
    """What the template writes for each message of a conversation, and at its end.

    Args:
        template: The template.
        row: The conversation; only which of its texts there are is looked at, not their words.
        policy: What is trained.

    Returns:
        Items by message, and those after the last text; messages + 1.

    Raises:
        RejectedError: The template or the policy refuses such a conversation.
        UnlearnableError: Its pieces are not those texts in that order.
    """
    probe = replace(row, chat=_probe(row.chat))
    pieces = _joined(pieces_of(template, probe, policy), policy)
    slots = neutral_chat(probe.chat, probe.tools).slots
    chunks: list[list[Item]] = [[] for _ in range(len(probe.chat) + 1)]
    reached, pending = 0, list[Item]()
    for item, slot in _items(pieces, slots):
        pending.append(item)
        if slot is None:
            continue
        if slot.message < reached:
            raise UnlearnableError(f"message {slot.message + 1} is printed late")
        reached = slot.message
        chunks[reached] += pending
        pending = []
    chunks[-1] = pending
    return chunks


def _joined(pieces: Sequence[Piece], policy: Policy) -> list[Piece]:
    """The pieces, parts of one weight taken for one, and words of one part for one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        part = policy.stands_for(piece.part)
        before = joined[-1] if joined else None
        if before is not None and before.slot < 0 and piece.slot < 0 and before.part == part:
            joined[-1] = before._replace(text=before.text + piece.text)
        else:
            joined.append(piece._replace(part=part))
    return joined


def require_tools_near(chunks: Sequence[Sequence[Item]], near_tools: Sequence[bool]) -> None:
    """Make sure that declared tools are printed only where they are part of the context.

    Args:
        chunks: As of `learn_chunks`.
        near_tools: Of each message, whether they are.

    Raises:
        UnlearnableError: They are printed elsewhere.
    """
    for chunk, is_near in zip(chunks, [*near_tools, *near_tools[-1:]], strict=True):
        if not is_near and any(item.is_content and item.field < 0 for item in chunk):
            raise UnlearnableError("declared tools are printed far from where they are looked for")


def _probe(chat: Sequence[Message]) -> list[Message]:
    """The conversation with words of its own kind for each text that is not empty."""
    numbers = count()

    def word(text: str) -> str:
        return _probe_text(next(numbers)) if text else text

    probed = []
    for message in chat:
        changed = {
            field: word(value) if isinstance(value, str) and field != "role" else value
            for field, value in message.items()
        }
        if message.get("tool_calls"):
            changed["tool_calls"] = [_probe_call(call, word) for call in message["tool_calls"]]
        probed.append(changed)
    return probed


def _probe_text(number: int) -> str:
    return f"{_LEAD}w{number} {_CORE}{_TRAIL}"


def _probe_call(call: Message, word: Callable[[str], str]) -> Message:
    function = {name: word(text) for name, text in call["function"].items()}
    changed = call | {"function": function}
    return changed | {"id": word(call["id"])} if isinstance(call.get("id"), str) else changed


def _items(pieces: Sequence[Piece], slots: Sequence[Slot]) -> Iterator[tuple[Item, Slot | None]]:
    """Items in order, with the slot of those that are texts of a message.

    Raises:
        UnlearnableError: A text is not printed as it is.
    """
    words = [[piece.text, piece] for piece in pieces]
    trims: dict[int, tuple[Trim, Part, Trim, Part]] = {}
    for k, piece in enumerate(pieces):
        if piece.slot < 0 or slots[piece.slot].message == TOOLS:
            continue
        if piece.text != slots[piece.slot].text:
            raise UnlearnableError("a text is not printed as it is")
        lead, lead_part = Trim.SPACE, piece.part
        trail, trail_part = Trim.SPACE, piece.part
        if k and pieces[k - 1].slot < 0:
            before = "".join(str(text) for text, _ in words[max(k - 3, 0) : k])
            lead, space = _lead_of(before)
            words[k - 1][0] = _without(str(words[k - 1][0]), space, is_lead=True)
            lead_part = pieces[k - 1].part
        if k + 1 < len(pieces) and pieces[k + 1].slot < 0:
            after = "".join(piece.text for piece in pieces[k + 1 : k + 4])
            trail, space = _trail_of(after)
            words[k + 1][0] = _without(str(words[k + 1][0]), space, is_lead=False)
            trail_part = pieces[k + 1].part
        trims[k] = (lead, lead_part, trail, trail_part)
    for k, piece in enumerate(pieces):
        if k not in trims:
            if "\v" in str(words[k][0]):
                raise UnlearnableError("white space of a text is not told from the template's")
            if words[k][0] or not piece.text:
                yield Item(str(words[k][0]), -1, 0, piece.slot >= 0, piece.part), None
            continue
        slot = slots[piece.slot]
        lead, lead_part, trail, trail_part = trims[k]
        field = FIELDS.index(slot.field)
        call = max(slot.call, 0)
        yield Item("", field, call, True, piece.part, lead, trail, lead_part, trail_part), slot


def _lead_of(words: str) -> tuple[Trim, str]:
    """How a text after these words was trimmed, and the white space of it that they end with."""
    for space, trim in _LEADS.items():
        if words.endswith(space):
            return trim, space
    raise AssertionError("every text ends with nothing")


def _trail_of(words: str) -> tuple[Trim, str]:
    """How a text before these words was trimmed, and the white space of it that they start with."""
    between = _BETWEEN.match(words)
    if between and _N_LEAD <= len(between[1]) < _N_LEAD + _MOST_NEWLINES:
        return Trim.NEWLINES, "\n\v"
    for space, trim in _TRAILS.items():
        if words.startswith(space):
            return trim, space
    raise AssertionError("every text starts with nothing")


def _without(words: str, space: str, is_lead: bool) -> str:
    """Words without the white space of the text beside them.

    Raises:
        UnlearnableError: It is cut in two.
    """
    rest = words.removesuffix(space) if is_lead else words.removeprefix(space)
    if len(rest) + len(space) != len(words):
        raise UnlearnableError("white space of a text is cut in two")
    return rest
