"""Encoding the renders of rows, and the place of every token in the bytes of its render.

Ids are those of the whole render. Where content spells a control token and is to stay text, the
text between the template's own control tokens is encoded without added tokens, as the encoder
itself does after it has cut a text at them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import FlatIds, FlatTexts, Int, Texts
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.outline import Piece
from trajhouse.udfs.tokens.placed import Placed
from trajhouse.udfs.tokens.template import ChatTemplate
from trajhouse.udfs.tokens.token_places import ListedPlaces, SummedPlaces
from trajhouse.udfs.tokens.vocabulary import Vocabulary, vocabulary_of

_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
"""The only marks that are common, since emoji have them; none composes or changes its place."""


class PlaceError(Exception):
    """The tokens of a text have no known places in it."""


def encode_placed(tokenizer: LoadedTokenizer, texts: Texts) -> Placed:
    """Ids of whole renders and the bytes that each stands for."""
    found = tokenizer.encoder.encode(texts)
    vocabulary = vocabulary_of(tokenizer)
    if vocabulary.n_bytes is not None:
        places = SummedPlaces(found.ids, vocabulary.n_bytes, vocabulary.is_control)
        is_full = np.array_equal(places.starts(found.bounds), texts.bounds)
        if is_full and not _normalised_otherwise(texts.parts):
            return Placed(
                found.ids,
                places.controls,
                places.control_starts,
                places.control_ends,
                places,
                found.bounds,
                {},
            )
    return _placed_by_offsets(tokenizer, texts, found)


def _placed_by_offsets(tokenizer: LoadedTokenizer, texts: Texts, found: FlatIds) -> Placed:
    """Places as the reference encoder tells them, row by row."""
    starts = np.zeros(len(found.ids), np.int64)
    ends = np.zeros(len(found.ids), np.int64)
    unplaced: dict[int, str] = {}
    for row, text in enumerate(texts):
        span = slice(*found.bounds[row : row + 2])
        starts[span] = ends[span] = texts.bounds[row]
        encoding = tokenizer.backend.encode_batch([text], add_special_tokens=False)[0]
        if encoding.ids == found[row].tolist():
            inside = _bytes_of(text, encoding.offsets)
            starts[span] += inside[:, 0]
            ends[span] += inside[:, 1]
        else:
            unplaced[row] = "the encoder gives other ids when it keeps offsets"
    return _listed(found, starts, ends, vocabulary_of(tokenizer), unplaced)


def encode_as_text(template: ChatTemplate, pieces: Sequence[Piece]) -> Placed:
    """Ids of one row cut at the control tokens that the template wrote, and their places.

    Raises:
        PlaceError: The tokenizer does not encode a text in such segments as it does whole.
    """
    unspelled = _without_spellings(template.control, pieces)
    whole = "".join(piece.text for piece in unspelled)
    expected = template.tokenizer.backend.encode(whole, add_special_tokens=False).ids
    if _in_segments(template, unspelled).ids.tolist() != expected:
        raise PlaceError("this tokenizer encodes a text otherwise whole than in pieces")
    return _in_segments(template, pieces)


def _in_segments(template: ChatTemplate, pieces: Sequence[Piece]) -> Placed:
    """Ids where only what the template wrote can be a control token, and their places."""
    segments: list[str] = [""]
    for is_content, run in groupby(pieces, key=lambda piece: piece.slot >= 0):
        text = "".join(piece.text for piece in run)
        cut = [text] if is_content else re.split(f"({template.control.pattern})", text)
        segments[-1] += cut[0]
        segments += cut[1:]
    tokenizer = template.tokenizer
    plain = tokenizer.plain_backend.encode_batch(segments[::2], add_special_tokens=False)
    ids: list[NDArray[np.int32]] = []
    places: list[Int] = []
    n_bytes = 0
    for k, segment in enumerate(segments):
        size = len(segment.encode())
        if k % 2:
            ids.append(np.array([tokenizer.control_ids[segment]], dtype=np.int32))
            places.append(np.array([[0, size]], dtype=np.int64) + n_bytes)
        else:
            ids.append(np.array(plain[k // 2].ids, dtype=np.int32))
            places.append(_bytes_of(segment, plain[k // 2].offsets) + n_bytes)
        n_bytes += size
    found, (starts, ends) = np.concatenate(ids), np.concatenate(places).T.copy()
    flat = FlatIds(found, np.array([0, len(found)], dtype=np.int64))
    return _listed(flat, starts, ends, vocabulary_of(tokenizer), {})


def _listed(
    found: FlatIds, starts: Int, ends: Int, vocabulary: Vocabulary, unplaced: dict[int, str]
) -> Placed:
    """Tokens of which it is known where each starts and ends."""
    controls = vocabulary.controls(found.ids)
    return Placed(
        found.ids,
        controls,
        starts[controls],
        ends[controls],
        ListedPlaces(starts, ends),
        found.bounds,
        unplaced,
    )


def _without_spellings(control: re.Pattern[str], pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with a letter inside each control token that content is part of."""
    contents: list[tuple[int, int]] = []
    n_chars = 0
    for piece in pieces:
        if piece.slot >= 0:
            contents.append((n_chars, n_chars + len(piece.text)))
        n_chars += len(piece.text)
    matches = control.finditer("".join(piece.text for piece in pieces))
    cuts = [
        match.start() + 1
        for match in matches
        if any(start < match.end() and match.start() < end for start, end in contents)
    ]
    broken = []
    n_chars = 0
    for piece in pieces:
        end = n_chars + len(piece.text)
        text = piece.text
        for cut in reversed([cut - n_chars for cut in cuts if n_chars < cut <= end]):
            text = f"{text[:cut]}x{text[cut:]}"
        broken.append(piece._replace(text=text))
        n_chars = end
    return broken


def _normalised_otherwise(texts: FlatTexts) -> list[int]:
    """The texts that normalisation may change, so that ids stand for other bytes than the text's.

    All but a few characters are stable wherever they stand; only texts with others are looked at.
    """
    codes = texts.foreign_characters
    found = np.unique(codes)
    unstable = found[[not _is_stable(code) for code in found.tolist()]]
    if not len(unstable):
        return []
    rows = texts.rows_with(np.isin(codes, unstable))
    return [row for row in rows if not unicodedata.is_normalized("NFC", texts[row])]


@lru_cache(maxsize=65536)
def _is_stable(code: int) -> bool:
    """Whether a character is the same in NFC whatever stands around it; false where in doubt."""
    char = chr(code)
    is_jamo = 0x1100 <= code < 0x1200
    is_mark = unicodedata.category(char).startswith("M") and code not in _VARIATION_SELECTORS
    is_new = unicodedata.category(char) == "Cn"
    return not (is_jamo or is_mark or is_new) and unicodedata.normalize("NFC", char) == char


def _bytes_of(text: str, offsets: Sequence[tuple[int, int]]) -> Int:
    """Places in characters as places in UTF-8; (n, 2)."""
    places = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    if text.isascii():
        return places
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    sizes = 1 + (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF)
    return sums_before(sizes)[places]
