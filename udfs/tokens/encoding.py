"""Encoding rows of pieces and proving their masks, many at once.

Ids are those of the whole render. Where content spells a control token, the row is refused, or the
text between the template's own control tokens is encoded without added tokens, as the encoder
itself does after it has cut a text at them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.flat import FlatPieces, Int, flat_pieces
from trajhouse.udfs.tokens.masking import Placed, control_faults, parts_of_tokens
from trajhouse.udfs.tokens.outline import Piece
from trajhouse.udfs.tokens.policy import PARTS, ControlTokens, Policy, Reason, RejectedError
from trajhouse.udfs.tokens.rows import Conversation, pieces_as_text, pieces_of
from trajhouse.udfs.tokens.template import ChatTemplate


@dataclass(frozen=True)
class Tokens:
    """A proven row.

    Attributes:
        ids: n.
        mask: 1 where a token is trained, 0 elsewhere; n.
        weights: The weight of each token in the loss; n.
        text: What the ids are of.
    """

    ids: NDArray[np.int32]
    mask: NDArray[np.int8]
    weights: NDArray[np.float32]
    text: str


def tokenize_rows(
    template: ChatTemplate, rows: Sequence[Conversation], policy: Policy
) -> list[Tokens | RejectedError]:
    """Tokens of each conversation, or why there are none; in order."""
    results: dict[int, Tokens | RejectedError] = {}
    rendered: dict[int, list[Piece]] = {}
    as_text: dict[int, list[Piece]] = {}
    for i, row in enumerate(rows):
        try:
            rendered[i] = pieces_of(template, row, policy)
        except RejectedError as error:
            if policy.control_tokens is ControlTokens.REJECT:
                results[i] = error
                continue
            try:
                as_text[i] = pieces_as_text(template, row, policy)
            except RejectedError as other:
                results[i] = other
    places = list(rendered)
    flat = flat_pieces(list(rendered.values()))
    tokens = _encode(template.tokenizer, flat)
    faults = control_faults(flat, tokens, template.tokenizer.is_control)
    for row, (token, piece) in faults.items():
        if policy.control_tokens is ControlTokens.TEXT:
            try:
                as_text[places[row]] = pieces_as_text(template, rows[places[row]], policy)
            except RejectedError as error:
                results[places[row]] = error
        else:
            results[places[row]] = _control_rejection(template, flat, token, piece)
    results |= _masked(template, flat, tokens, places, policy, set(results) | set(as_text))
    for i, pieces in as_text.items():
        one = flat_pieces([pieces])
        found = _masked(template, one, _encode_as_text(template, pieces), [i], policy, set())
        results |= found
    return [results[i] for i in range(len(rows))]


def _masked(
    template: ChatTemplate,
    flat: FlatPieces,
    tokens: Placed,
    places: Sequence[int],
    policy: Policy,
    leave_out: set[int],
) -> dict[int, Tokens | RejectedError]:
    found = parts_of_tokens(flat, tokens, template.tokenizer.is_control)
    table = np.array([0.0, *(policy.weights[part] for part in PARTS)], dtype=np.float32)
    weights = table[found.parts]
    results: dict[int, Tokens | RejectedError] = {}
    for row, place in enumerate(places):
        if place in leave_out:
            continue
        span = slice(*tokens.row_tokens[row : row + 2])
        mask = (weights[span] > 0).astype(np.int8)
        if (fault := found.faults.get(row)) is not None:
            results[place] = RejectedError(Reason.MASK_UNAVAILABLE, fault)
        elif not mask.any():
            results[place] = RejectedError(Reason.NO_TRAINED_TOKENS, "no token is trained")
        else:
            results[place] = Tokens(tokens.ids[span], mask, weights[span], flat.text(row))
    return results


def _control_rejection(
    template: ChatTemplate, flat: FlatPieces, token: int, piece: int
) -> RejectedError:
    spelled = template.tokenizer.reference.convert_ids_to_tokens(token)
    end = int(flat.ends[piece])
    start = int(flat.ends[piece - 1]) if piece else 0
    text = flat.data[start : min(end, start + 80)].tobytes().decode(errors="ignore")
    return RejectedError(Reason.CONTROL_TOKEN, f"{spelled} arises from content {text!r}")


def _encode(tokenizer: LoadedTokenizer, flat: FlatPieces) -> Placed:
    """Ids of whole rows and the bytes they stand for."""
    texts = [flat.text(row) for row in range(flat.n_rows)]
    ids = tokenizer.encoder.encode(texts)
    lengths = token_lengths(tokenizer)
    bounds = flat.row_bytes
    starts: list[Int] = []
    ends: list[Int] = []
    for row, (row_ids, text) in enumerate(zip(ids, texts, strict=True)):
        stop = np.cumsum(lengths[row_ids]) if lengths is not None else np.zeros(1, np.int64)
        if lengths is not None and len(stop) and stop[-1] == bounds[row + 1] - bounds[row]:
            start = stop - lengths[row_ids]
        else:
            start, stop = _reference_places(tokenizer, text, row_ids)
        starts.append(start + bounds[row])
        ends.append(stop + bounds[row])
    return _placed(ids, starts, ends)


def _encode_as_text(template: ChatTemplate, pieces: Sequence[Piece]) -> Placed:
    """Ids of a row cut at the control tokens that the template wrote."""
    segments: list[str] = [""]
    for is_content, run in groupby(pieces, key=lambda piece: piece.slot >= 0):
        text = "".join(piece.text for piece in run)
        cut = [text] if is_content else re.split(f"({template.control.pattern})", text)
        segments[-1] += cut[0]
        segments += cut[1:]
    tokenizer = template.tokenizer
    plain = tokenizer.plain_backend.encode_batch(segments[::2], add_special_tokens=False)
    ids: list[NDArray[np.int32]] = []
    starts: list[Int] = []
    ends: list[Int] = []
    n_bytes = 0
    for k, segment in enumerate(segments):
        if k % 2:
            segment_ids = np.array([tokenizer.control_ids[segment]], dtype=np.int32)
            places = np.array([[0, len(segment.encode())]], dtype=np.int64)
        else:
            segment_ids = np.array(plain[k // 2].ids, dtype=np.int32)
            places = _bytes_of(segment, plain[k // 2].offsets)
        ids.append(segment_ids)
        starts.append(places[:, 0] + n_bytes)
        ends.append(places[:, 1] + n_bytes)
        n_bytes += len(segment.encode())
    return _placed([np.concatenate(ids)], [np.concatenate(starts)], [np.concatenate(ends)])


def _placed(
    ids: Sequence[NDArray[np.int32]], starts: Sequence[Int], ends: Sequence[Int]
) -> Placed:
    empty = np.zeros(0, np.int64)
    return Placed(
        np.concatenate([np.zeros(0, np.int32), *ids]),
        np.concatenate([empty, *starts]),
        np.concatenate([empty, *ends]),
        np.cumsum([0, *map(len, ids)]),
    )


def _reference_places(
    tokenizer: LoadedTokenizer, text: str, ids: NDArray[np.int32]
) -> tuple[Int, Int]:
    encoding = tokenizer.backend.encode_batch([text], add_special_tokens=False)[0]
    if encoding.ids != ids.tolist():
        raise RejectedError(Reason.MASK_UNAVAILABLE, "the encoder gives other ids with offsets")
    places = _bytes_of(text, encoding.offsets)
    return places[:, 0], places[:, 1]


def _bytes_of(text: str, offsets: Sequence[tuple[int, int]]) -> Int:
    """Places in characters as places in UTF-8."""
    places = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    if text.isascii():
        return places
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    sizes = 1 + (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF)
    return np.concatenate([[0], np.cumsum(sizes)])[places]


@lru_cache(maxsize=16)
def token_lengths(tokenizer: LoadedTokenizer) -> Int | None:
    """How many bytes of text each id stands for; None where ids do not stand for bytes."""
    if '"ByteLevel"' not in tokenizer.plain_backend.decoder.__getstate__().decode():
        return None
    lengths = np.zeros(len(tokenizer.is_control), dtype=np.int64)
    for text, number in tokenizer.backend.get_vocab(with_added_tokens=False).items():
        lengths[number] = len(text)
    for number, token in tokenizer.backend.get_added_tokens_decoder().items():
        lengths[number] = len(token.content.encode())
    return lengths
