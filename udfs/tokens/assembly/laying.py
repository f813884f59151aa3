"""Laying the pieces of renders end to end, equal beginnings of which come once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import (
    FlatTexts,
    Int,
    Texts,
    find_foreign,
    nothing_known,
    whole_blocks,
)
from trajhouse.udfs.laid import copy_elements
from trajhouse.udfs.shared_texts import SharedTexts
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokens.assembly.beginnings import beginnings_of
from trajhouse.udfs.tokens.assembly.learned import ItemTable
from trajhouse.udfs.tokens.assembly.spans import Spans
from trajhouse.udfs.tokens.assembly.white_space import Bytes


def lay_out(spans: Spans, places: Int, table: ItemTable, data: tuple[Bytes, ...]) -> Texts:
    """The renders of rows.

    Args:
        spans: Their pieces.
        places: Where each piece starts in the renders, and where the last ends; pieces + 1.
        table: The items that the pieces are.
        data: The bytes of each source.
    """
    row_pieces, starts = spans.row_pieces[:-1], places[spans.row_pieces]
    sources = (spans.source, spans.starts, places)
    found = beginnings_of(spans, places, table, data)
    if not found.is_worth_it:
        return _copied(data, sources, (row_pieces, starts[:-1], starts[1:]))
    leaders, beginnings = np.unique(found.first, return_inverse=True)
    parts = (
        np.append(row_pieces[leaders], found.cut_pieces),
        np.append(starts[leaders], found.cuts),
        np.append(found.cuts[leaders], starts[1:]),
    )
    return SharedTexts(_copied(data, sources, parts), beginnings)


def _copied(
    data: tuple[Bytes, ...],
    sources: tuple[NDArray[np.int8], Int, Int],
    parts: tuple[Int, Int, Int],
) -> FlatTexts:
    """Parts of the renders, as `_copy` takes them."""
    _, starts, ends = parts
    bounds = sums_before(ends - starts)
    written = np.empty(bounds[-1], np.uint8)
    is_foreign = nothing_known(written)
    blocks = whole_blocks(written)
    _copy(data, sources, parts, written, blocks, is_foreign)
    return FlatTexts(written, bounds, is_foreign)


@compiled
def _copy(
    data: tuple[Bytes, ...],
    sources: tuple[NDArray[np.int8], Int, Int],
    parts: tuple[Int, Int, Int],
    written: Bytes,
    blocks: NDArray[np.uint64],
    is_foreign: NDArray[np.bool_],
) -> None:
    """Lay parts of the renders end to end, and look at the bytes while they are near.

    Args:
        data: The bytes of each source.
        sources: The source of each piece, where it starts in there, and in the renders.
        parts: The piece that each part starts in, where it starts, and where it ends.
        written: Takes the bytes.
        blocks: The same memory as blocks of words.
        is_foreign: Takes whether each has bytes beyond ASCII.
    """
    (source, starts, places), (pieces, begins, ends) = sources, parts
    end, block = 0, 0
    for part in range(len(pieces)):
        piece, place = pieces[part], begins[part]
        while place < ends[part]:
            size = min(places[piece + 1], ends[part]) - place
            start = starts[piece] + place - places[piece]
            text = data[source[piece]]
            copy_elements(text[start : start + size], written[end : end + size])
            end += size
            block = find_foreign(blocks, block, end, is_foreign)
            place += size
            piece += 1
