"""The loss mask: which tokens of an encoded conversation the model is to learn to produce.

Spans of characters come first, from the template's generation marks or, for templates written in
ChatML without marks, from the text: after `<|im_start|>assistant` and its newline, through
`<|im_end|>` and its newline. Ids follow: by a scan of the ids where every span has that shape, by
the characters of each token otherwise. Where an answer starts with newlines, the header's newline
and its own may be one token: that token is trained, as `transformers` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.chat_render import CharSpan, Render
from trajhouse.udfs.tokenizer import LoadedTokenizer

Ids = NDArray[np.int32]
Spans = NDArray[np.int64]

ROLE_HEADER = "<|im_start|>assistant"
HEADER = ROLE_HEADER + "\n"
STOP = "<|im_end|>"
TURN_END = STOP + "\n"


class MaskError(Exception):
    """No mask can be proven for the conversation; the message says why."""


@dataclass(frozen=True)
class ChatML:
    """The ids that stand around an assistant turn in ChatML."""

    header: tuple[int, ...]
    stop: int
    newline: int


@lru_cache(maxsize=8)
def chatml_of(tokenizer: LoadedTokenizer) -> ChatML | None:
    """How the tokenizer spells ChatML; None where its vocabulary does not have it."""
    stop = tokenizer.control_ids.get(STOP)
    if stop is None or "<|im_start|>" not in tokenizer.control_ids:
        return None
    header, turn_end = (
        tokenizer.backend.encode(text, add_special_tokens=False).ids for text in (HEADER, TURN_END)
    )
    if len(turn_end) != 2 or turn_end[0] != stop:
        return None
    return ChatML(tuple(header), stop, turn_end[1])


def trained_chars(tokenizer: LoadedTokenizer, render: Render, n_answers: int) -> list[CharSpan]:
    """The spans of characters to train, one per assistant message, in order.

    Args:
        tokenizer: What the conversation was rendered by.
        render: The conversation.
        n_answers: The number of assistant messages in the conversation.

    Raises:
        MaskError: The template neither marks generation nor writes ChatML; or the spans are
            not as many as the answers, overlap, or start elsewhere than after a role header.
    """
    is_chatml = chatml_of(tokenizer) is not None and ROLE_HEADER in render.text
    if render.has_marks:
        if render.generated is None:
            raise MaskError("the template marks generation where its place is not known")
        spans = render.generated
    elif is_chatml:
        spans = _spans_in_chatml(render.text)
    else:
        raise MaskError("the template has no generation marks and is not ChatML")
    if len(spans) != n_answers:
        raise MaskError(f"{len(spans)} trained spans for {n_answers} assistant messages")
    reached = 0
    for start, end in spans:
        if start < reached or end <= start:
            raise MaskError(f"a trained span at character {start} is empty or overlaps")
        if is_chatml and not _follows_header(render.text, start):
            raise MaskError(f"the span at character {start} follows no assistant header")
        reached = end
    return spans


def scan_chatml(ids: Ids, row_starts: NDArray[np.int64], chatml: ChatML) -> tuple[Spans, Spans]:
    """Every assistant turn in many conversations laid end to end.

    Args:
        ids: The ids of all rows, n.
        row_starts: Where each row starts, and n; rows + 1.
        chatml: How the tokenizer spells ChatML.

    Returns:
        The turns as (start, end) in `ids`, header out and newline in, (turns, 2); and for each row
        the range of its turns, as rows + 1 bounds. A turn without an end is left out.
    """
    n_header = len(chatml.header)
    is_header = np.ones(max(len(ids) - n_header + 1, 0), dtype=np.bool_)
    for k, token in enumerate(chatml.header):
        is_header &= ids[k : k + len(is_header)] == token
    starts = np.flatnonzero(is_header) + n_header
    stops = np.append(np.flatnonzero(ids == chatml.stop), len(ids))
    ends = stops[np.searchsorted(stops, starts)] + 1
    padded = np.append(ids, [-1, -1])
    ends += padded[ends] == chatml.newline
    rows = np.searchsorted(row_starts, starts - n_header, side="right")
    is_whole = ends <= row_starts[rows] if len(rows) else np.zeros(0, dtype=np.bool_)
    turns = np.stack([starts[is_whole], ends[is_whole]], axis=1).astype(np.int64)
    return turns, np.searchsorted(turns[:, 0], row_starts)


def can_scan(text: str, spans: Sequence[CharSpan]) -> bool:
    """Whether every span is a whole ChatML turn and no other turn is in the text."""
    return text.count(HEADER) == len(spans) and all(
        text.startswith(HEADER, start - len(HEADER))
        and text.find(STOP, start) == end - len(TURN_END)
        and text.startswith(TURN_END, end - len(TURN_END))
        for start, end in spans
    )


def spans_by_chars(
    offsets: NDArray[np.int64], spans: Sequence[CharSpan], text: str, is_control: NDArray[np.bool_]
) -> Spans:
    """The tokens of each span of characters.

    The first may begin in the white space before its span; none ends behind it.

    Args:
        offsets: First character and end of each token, (n, 2).
        spans: The spans of characters, in order.
        text: The text that both count in.
        is_control: Whether each token is a control token, n.

    Returns:
        (start, end) in tokens for each span.

    Raises:
        MaskError: A span shares its first token with more than white space before it, or does not
            end with a stop token.
    """
    found = []
    for start, end in spans:
        first = int(np.searchsorted(offsets[:, 1], start, side="right"))
        if first == len(offsets) or text[offsets[first, 0] : start].strip():
            raise MaskError(f"the token at character {start} began before the span")
        last = int(np.searchsorted(offsets[:, 1], end, side="right"))
        controls = np.flatnonzero(is_control[first:last])
        if len(controls) == 0 or text[offsets[first + controls[-1], 1] : end].strip():
            raise MaskError(f"the span at character {start} does not end with a stop token")
        found.append((first, last))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def mask_of(n_tokens: int, spans: Spans) -> NDArray[np.int8]:
    """1 inside the spans, 0 elsewhere; n_tokens long."""
    steps = np.zeros(n_tokens + 1, dtype=np.int8)
    steps[spans[:, 0]] += 1
    steps[spans[:, 1]] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8)


def _spans_in_chatml(text: str) -> list[CharSpan]:
    spans = []
    start = text.find(HEADER)
    while start >= 0:
        start += len(HEADER)
        stop = text.find(STOP, start)
        if stop < 0:
            raise MaskError("an assistant turn has no end")
        end = stop + len(STOP)
        end += text.startswith("\n", end)
        spans.append((start, end))
        start = text.find(HEADER, end)
    return spans


def _follows_header(text: str, start: int) -> bool:
    before = text[max(0, start - len(HEADER)) : start]
    return before == HEADER or before.endswith(ROLE_HEADER)
