"""Where the assistant's turns are in a render of stand-ins.

A template with `{% generation %}` marks says it. Otherwise a turn begins after the header that the
template writes as its generation prompt, and ends with what it writes after an answer whether or
not anything follows: the stop token, and white space after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from trajhouse.udfs.tokens.stand_ins import Slot
from trajhouse.udfs.word_patterns import any_of

CharSpan = tuple[int, int]


class MaskError(Exception):
    """No mask can be proven for the conversation; the message says why."""


@dataclass(frozen=True)
class TurnShape:
    """How a template begins and ends a turn of the assistant.

    Attributes:
        header: What stands before the model's own tokens; None where it cannot be told.
        end: What ends a turn, with the stop token in it; None where no token does.
        other_ends: What ends some turns instead, as the last one or one of calls.
        after_outputs: The control token after which an answer to outputs goes on without header.
    """

    header: str | None
    end: str | None
    other_ends: tuple[str, ...] = ()
    after_outputs: str | None = None

    @cached_property
    def opening(self) -> re.Pattern[str]:
        """Matches what a turn begins after."""
        return any_of([self.header, self.after_outputs])

    @cached_property
    def closing(self) -> re.Pattern[str]:
        """Matches what a turn ends with."""
        return any_of([self.end, *self.other_ends])


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

    Where the marks take in the role header, the turn starts after it all the same: whether headers
    are trained is for the policy to say.

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
        if shape.header is not None and text.startswith(shape.header, start, end):
            turns.append(Turn(start, start + len(shape.header), end))
        else:
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
    if shape.header is None:
        raise MaskError("the template has no generation marks, and no generation prompt it keeps")
    if shape.end is None:
        raise MaskError("the template has no generation marks, and writes no stop token")
    walk = _Walk(text, _first_spans(slot_spans), slot_spans, roles, shape)
    return [walk.next_turn(i) for i, role in enumerate(roles) if role == "assistant"]


class _Walk:
    """A walk over a render, from one turn of the assistant to the next.

    Between two texts of other messages stand the headers of those turns only that have no text of
    their own; more of them belong to the turn that is written in several pieces.
    """

    def __init__(
        self,
        text: str,
        own_spans: dict[int, CharSpan],
        spans: Sequence[tuple[int, int, Slot]],
        roles: Sequence[str],
        shape: TurnShape,
    ) -> None:
        self._text = text
        self._own_spans = own_spans
        self._spans = spans
        self._shape = shape
        self._n_answers = [0]
        for role in roles:
            self._n_answers.append(self._n_answers[-1] + (role == "assistant"))
        self._reached = 0
        self._k = 0

    def next_turn(self, position: int) -> Turn:
        """The turn of the assistant's message at a position, the next after those before."""
        own = self._own_spans.get(position)
        header = self._header(position, own)
        start, last = header.end(), own[1] if own else header.end()
        stop = self._stop(position, last)
        self._reached = stop
        has_header = header[0] == self._shape.header
        return Turn(header.start() if has_header else start, start, stop)

    def _header(self, position: int, own: CharSpan | None) -> re.Match[str]:
        lower = self._reached
        while self._k < len(self._spans) and self._is_before(position, own):
            lower = max(lower, self._spans[self._k][1])
            self._k += 1
        limit, n_next = (own[0], 0) if own else self._bound(position)
        found = list(self._shape.opening.finditer(self._text, lower, limit))
        if not found or (not own and len(found) != 1 + n_next):
            raise MaskError(f"message {position + 1} does not follow one {self._shape.header!r}")
        return found[0]

    def _stop(self, position: int, last: int) -> int:
        while self._k < len(self._spans) and (
            self._spans[self._k][0] < last or self._spans[self._k][2].message == position
        ):
            self._k += 1
        bound, n_next = self._bound(position)
        headers = list(self._shape.opening.finditer(self._text, last, bound))
        n_own = len(headers) - n_next
        if n_own < 0 or (n_own and n_next):
            raise MaskError(f"the header of the answer after message {position + 1} is not known")
        begin = headers[n_own - 1].end() if n_own else last
        end = headers[n_own].start() if n_next else bound
        if (stop := self._shape.closing.search(self._text, begin, end)) is None:
            raise MaskError(f"message {position + 1} does not end with {self._shape.end!r}")
        return stop.end()

    def _is_before(self, position: int, own: CharSpan | None) -> bool:
        start, _, slot = self._spans[self._k]
        return start < own[0] if own else slot.message < position

    def _bound(self, position: int) -> tuple[int, int]:
        """Where the next text of another message starts, and how many answers start before it."""
        if self._k == len(self._spans):
            return len(self._text), self._n_answers[-1] - self._n_answers[position + 1]
        start, _, slot = self._spans[self._k]
        upto = max(slot.message, position)
        return start, self._n_answers[upto + 1] - self._n_answers[position + 1]


def _first_spans(spans: Sequence[tuple[int, int, Slot]]) -> dict[int, CharSpan]:
    """By message, from where to where its texts are; what is printed again later is not counted."""
    found: dict[int, CharSpan] = {}
    seen: set[int] = set()
    for start, end, slot in spans:
        if id(slot) not in seen:
            seen.add(id(slot))
            found[slot.message] = (found.get(slot.message, (start, end))[0], end)
    return found


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
