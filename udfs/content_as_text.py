"""Encoding a conversation whose content spells control tokens, with that content kept as text.

The spellings are marked before rendering, so that what the render still matches as a control token
was written by the template. The render is split there, and the text between is encoded without
added tokens, as the encoder itself does after it has cut the text at added tokens.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.chat_render import Render, render_chat
from trajhouse.udfs.control_tokens import (
    choose_mark,
    control_pattern,
    mark_spellings,
    skeleton_control_ids,
)
from trajhouse.udfs.conversations import Message, parse_tools
from trajhouse.udfs.tokenizer import LoadedTokenizer


class ContentError(Exception):
    """The content cannot be proven to stay text; the message says why."""


@dataclass(frozen=True)
class TextEncoding:
    """An encoded conversation.

    Attributes:
        render: The render, still with marks in it.
        mark: The mark.
        text: The render without marks: what the ids decode to.
        ids: The ids of `text`, n.
        offsets: First character and end of each token in `text`, (n, 2).
    """

    render: Render
    mark: str
    text: str
    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def without_marks(self, position: int) -> int:
        """A position in the marked render, as a position in `text`."""
        return position - self.render.text.count(self.mark, 0, position)


def encode_content_as_text(
    tokenizer: LoadedTokenizer, chat: list[Message], tools: str | None
) -> TextEncoding:
    """Encode a conversation so that no control id arises from its content.

    Raises:
        ContentError: A control token still arises that the skeleton does not have, or encoding
            piece by piece differs from encoding whole for this tokenizer.
        RenderError: The template fails.
    """
    parsed = parse_tools(tools)
    mark = choose_mark(tokenizer, chat, parsed)
    if mark is None:
        raise ContentError("every private-use character occurs in the conversation")
    render = render_chat(tokenizer, *mark_spellings(tokenizer, chat, parsed, mark))
    if json.dumps(mark)[1:-1] in render.text:
        raise ContentError("the template escapes private-use characters")
    stand_in = render.text.replace(mark, "x")
    whole = tokenizer.backend.encode_batch_fast([stand_in], add_special_tokens=False)[0].ids
    if _encode_pieces(tokenizer, stand_in, "")[0].tolist() != whole:
        raise ContentError("this tokenizer encodes a text otherwise whole than in pieces")
    ids, offsets = _encode_pieces(tokenizer, render.text, mark)
    controls = ids[tokenizer.is_control[ids]]
    if not np.array_equal(controls, skeleton_control_ids(tokenizer, chat, tools)):
        raise ContentError("a control token arises where the template joins texts")
    return TextEncoding(render, mark, render.text.replace(mark, ""), ids, offsets)


def _encode_pieces(
    tokenizer: LoadedTokenizer, marked: str, mark: str
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Ids and offsets of a text cut at its control tokens; marks are left out of both."""
    pieces = re.split(f"({control_pattern(tokenizer).pattern})", marked)
    if mark:
        pieces = [piece.replace(mark, "") for piece in pieces]
    plain = tokenizer.plain_backend.encode_batch(pieces[::2], add_special_tokens=False)
    ids: list[NDArray[np.int32]] = []
    offsets: list[NDArray[np.int64]] = []
    n_chars = 0
    for k, piece in enumerate(pieces):
        if k % 2:
            ids.append(np.array([tokenizer.control_ids[piece]], dtype=np.int32))
            offsets.append(np.array([[0, len(piece)]], dtype=np.int64) + n_chars)
        else:
            encoding = plain[k // 2]
            ids.append(np.array(encoding.ids, dtype=np.int32))
            offsets.append(np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2) + n_chars)
        n_chars += len(piece)
    return np.concatenate(ids), np.concatenate(offsets)
