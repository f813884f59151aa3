"""Encoding conversations and masking them, with the proofs that each row has to pass.

The whole conversation is rendered once and encoded once; many are encoded in one call, which runs
on all cores. Ids are those of the whole text, so they equal the tokenizer's own. A row is given
only if its control tokens are those of its skeleton and its mask is proven (`loss_mask`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.chat_render import CharSpan, Render, RenderError, render_chat
from trajhouse.udfs.content_as_text import ContentError, encode_content_as_text
from trajhouse.udfs.control_tokens import (
    find_control_token,
    find_joined_token,
    skeleton_control_ids,
)
from trajhouse.udfs.conversations import Message, parse_tools
from trajhouse.udfs.loss_mask import (
    Ids,
    MaskError,
    Spans,
    can_scan,
    chatml_of,
    mask_of,
    scan_chatml,
    spans_by_chars,
    trained_chars,
)
from trajhouse.udfs.template_audit import audit_template
from trajhouse.udfs.tokenizer import LoadedTokenizer

_CHARS_PER_BATCH = 4_000_000


class Reason(StrEnum):
    """Why a row has no tokens."""

    NO_TRAINED_TOKENS = "no_trained_tokens"
    CONTROL_TOKEN = "control_token"  # noqa: S105
    TEMPLATE_ERROR = "template_error"
    TEMPLATE_DROPS = "template_drops"
    MASK_UNAVAILABLE = "mask_unavailable"


class ControlTokens(StrEnum):
    """What happens to a row whose content spells a control token."""

    REJECT = "reject"
    TEXT = "text"


@dataclass(frozen=True)
class Tokens:
    """The ids of a proven row, its mask of 0 and 1, of one length, and the text they are of."""

    ids: Ids
    mask: NDArray[np.int8]
    text: str


@dataclass(frozen=True)
class Conversation:
    """The messages of a row, and its declared tools as JSON text."""

    chat: list[Message]
    tools: str | None

    @property
    def n_answers(self) -> int:
        """The number of assistant messages."""
        return sum(message.get("role") == "assistant" for message in self.chat)


class RejectedError(Exception):
    """A row that is not given, with the code and the detail."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def tokenize_rows(
    tokenizer: LoadedTokenizer, rows: Sequence[Conversation], policy: ControlTokens
) -> list[Tokens | RejectedError]:
    """Tokens of each conversation, or why there are none; in order.

    Args:
        tokenizer: Encodes all of them.
        rows: The conversations.
        policy: What happens where content spells a control token.
    """
    results: dict[int, Tokens | RejectedError] = {}
    batch: dict[int, tuple[Conversation, Render]] = {}
    n_chars = 0
    for i, row in enumerate(rows):
        try:
            if _spells_control(tokenizer, row, policy):
                results[i] = _tokenize_as_text(tokenizer, row)
            else:
                batch[i] = row, render_chat(tokenizer, row.chat, parse_tools(row.tools))
                n_chars += len(batch[i][1].text)
        except (RejectedError, RenderError) as error:
            results[i] = _rejection(error)
        if n_chars >= _CHARS_PER_BATCH:
            results |= _tokenize_batch(tokenizer, batch, policy)
            batch, n_chars = {}, 0
    results |= _tokenize_batch(tokenizer, batch, policy)
    return [results[i] for i in range(len(rows))]


def _spells_control(tokenizer: LoadedTokenizer, row: Conversation, policy: ControlTokens) -> bool:
    """Whether content spells a control token and is to be encoded as text.

    Raises:
        RejectedError: It does and is not; or there is nothing to train; the tools are not tools;
            or the template drops calls or outputs.
    """
    if row.n_answers == 0:
        raise RejectedError(Reason.NO_TRAINED_TOKENS, "there is no assistant message")
    try:
        parse_tools(row.tools)
    except ValueError as error:
        raise RejectedError(Reason.TEMPLATE_ERROR, f"the declared tools: {error}") from None
    if (dropped := audit_template(tokenizer).dropped(row.chat)) is not None:
        raise RejectedError(Reason.TEMPLATE_DROPS, dropped)
    found = find_control_token(tokenizer, row.chat, row.tools)
    if found is None:
        return False
    fixed = find_control_token(tokenizer, row.chat, row.tools, only_fixed=True)
    if policy is ControlTokens.REJECT or fixed is not None:
        raise RejectedError(Reason.CONTROL_TOKEN, fixed or found)
    return True


def _tokenize_batch(
    tokenizer: LoadedTokenizer,
    batch: Mapping[int, tuple[Conversation, Render]],
    policy: ControlTokens,
) -> dict[int, Tokens | RejectedError]:
    """Encode many rendered conversations at once; results by the same keys."""
    texts = [render.text for _, render in batch.values()]
    ids = tokenizer.encoder.encode(texts)
    turns = _turns_of(tokenizer, ids)
    results: dict[int, Tokens | RejectedError] = {}
    for (i, (row, render)), row_ids, row_turns in zip(batch.items(), ids, turns, strict=True):
        try:
            if _is_as_skeleton(tokenizer, row, row_ids):
                results[i] = _masked(tokenizer, row, render, row_ids, row_turns)
            elif policy is ControlTokens.TEXT:
                results[i] = _tokenize_as_text(tokenizer, row)
            else:
                found = find_joined_token(tokenizer, row.chat, row.tools)
                results[i] = RejectedError(Reason.CONTROL_TOKEN, found)
        except (RejectedError, RenderError, MaskError) as error:
            results[i] = _rejection(error)
    return results


def _turns_of(tokenizer: LoadedTokenizer, ids: Sequence[Ids]) -> list[Spans | None]:
    """The assistant turns in the ids of each row; None where the tokenizer has no ChatML."""
    chatml = chatml_of(tokenizer)
    if chatml is None or not ids:
        return [None] * len(ids)
    row_starts = np.cumsum([0, *map(len, ids)], dtype=np.int64)
    turns, bounds = scan_chatml(np.concatenate(ids), row_starts, chatml)
    return [turns[a:b] - start for (a, b), start in zip(pairwise(bounds), row_starts, strict=False)]


def _masked(
    tokenizer: LoadedTokenizer, row: Conversation, render: Render, ids: Ids, turns: Spans | None
) -> Tokens:
    chars = trained_chars(tokenizer, render, row.n_answers)
    if turns is not None and len(turns) == len(chars) and can_scan(render.text, chars):
        return _proven(ids, turns, render.text)
    spans = _spans_with_offsets(tokenizer, render.text, ids, chars)
    return _proven(ids, spans, render.text)


def _tokenize_as_text(tokenizer: LoadedTokenizer, row: Conversation) -> Tokens:
    try:
        encoding = encode_content_as_text(tokenizer, row.chat, row.tools)
        chars = trained_chars(tokenizer, encoding.render, row.n_answers)
        chars = [(encoding.without_marks(a), encoding.without_marks(b)) for a, b in chars]
        is_control = tokenizer.is_control[encoding.ids]
        spans = spans_by_chars(encoding.offsets, chars, encoding.text, is_control)
    except ContentError as error:
        raise RejectedError(Reason.CONTROL_TOKEN, str(error)) from None
    except MaskError as error:
        raise RejectedError(Reason.MASK_UNAVAILABLE, str(error)) from None
    return _proven(encoding.ids, spans, encoding.text)


def _is_as_skeleton(tokenizer: LoadedTokenizer, row: Conversation, ids: Ids) -> bool:
    try:
        expected = skeleton_control_ids(tokenizer, row.chat, row.tools)
    except RenderError as error:
        raise MaskError(f"the template fails on neutral text: {error}") from None
    return np.array_equal(ids[tokenizer.is_control[ids]], expected)


def _spans_with_offsets(
    tokenizer: LoadedTokenizer, text: str, ids: Ids, chars: Sequence[CharSpan]
) -> Spans:
    encoding = tokenizer.backend.encode_batch([text], add_special_tokens=False)[0]
    if encoding.ids != ids.tolist():
        raise MaskError("the encoder gives other ids when it keeps offsets")
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    return spans_by_chars(offsets, chars, text, tokenizer.is_control[ids])


def _proven(ids: Ids, spans: Spans, text: str) -> Tokens:
    mask = mask_of(len(ids), spans)
    if len(mask) != len(ids) or np.any(spans[:, 0] >= spans[:, 1]):
        raise RejectedError(Reason.MASK_UNAVAILABLE, "a trained span holds no token")
    if not mask.any():
        raise RejectedError(Reason.NO_TRAINED_TOKENS, "no token is trained")
    return Tokens(ids, mask, text)


def _rejection(error: Exception) -> RejectedError:
    if isinstance(error, RejectedError):
        return error
    is_render = isinstance(error, RenderError)
    reason = Reason.TEMPLATE_ERROR if is_render else Reason.MASK_UNAVAILABLE
    return RejectedError(reason, str(error))
