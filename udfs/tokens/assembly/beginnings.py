"""Rows that begin alike: what they begin with is to be laid out and encoded once.

The rows of one agent begin with the same system prompt and the same tools, which are a large part
of a short conversation. Rows are cut behind the first separator that follows content.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.assembly.learned import ItemTable
from trajhouse.udfs.tokens.assembly.spans import Spans
from trajhouse.udfs.tokens.assembly.white_space import Bytes

_WORTH_IT = 8
"""Beginnings are looked for, and told apart from rests, where that saves one byte in so many."""
_N_PLACES, _N_LAST, _PRIME = 4, 32, np.uint64(0x100000001B3)
_MOST_TRIES = 8
_BLOCK = 512


@dataclass(frozen=True)
class Beginnings:
    """Where rows are cut, and which begin alike.

    Attributes:
        cuts: Where in the renders each is cut; its start where it is not; rows.
        cut_pieces: The piece that this is in; rows.
        first: The first row that has the same bytes before its cut; rows.
        is_worth_it: Whether they are worth to be told apart from the rests.
    """

    cuts: Int
    cut_pieces: Int
    first: Int
    is_worth_it: bool


def beginnings_of(
    spans: Spans, places: Int, table: ItemTable, data: tuple[Bytes, ...]
) -> Beginnings:
    """What rows begin with; the arguments are those of `lay_out`."""
    starts, row_pieces = places[spans.row_pieces[:-1]], spans.row_pieces[:-1]
    cuts, cut_pieces, rows = starts.copy(), row_pieces.copy(), np.arange(len(row_pieces))
    is_cut = (table.is_content, table.cut)
    _fill_cuts(spans.item, spans.row_pieces, places, is_cut, (cuts, cut_pieces))
    sizes, first = cuts - starts, rows.copy()
    if sizes.sum() * _WORTH_IT >= places[-1]:
        slots = np.zeros(1 << (2 * len(rows)).bit_length(), np.int64)
        sources = (spans.source, spans.starts, places)
        _fill_first_alike(data, sources, row_pieces, (cuts, cut_pieces), slots, first)
    saved = sizes[first != rows].sum()
    return Beginnings(cuts, cut_pieces, first, bool(saved * _WORTH_IT >= places[-1] > 0))


@compiled
def _fill_cuts(
    items: Int,
    row_pieces: Int,
    places: Int,
    table: tuple[NDArray[np.bool_], Int],
    found: tuple[Int, Int],
) -> None:
    """Where each row is cut, and in which piece; those without such a place stay at their start."""
    is_content, cut = table
    cuts, cut_pieces = found
    for row in range(len(cuts)):
        has_content = False
        for piece in range(row_pieces[row], row_pieces[row + 1]):
            item = items[piece]
            if has_content and cut[item] > 0:
                cuts[row], cut_pieces[row] = places[piece] + cut[item], piece
                break
            has_content |= is_content[item]


@compiled
def _fill_first_alike(
    data: tuple[Bytes, ...],
    sources: tuple[NDArray[np.int8], Int, Int],
    row_pieces: Int,
    cut_at: tuple[Int, Int],
    slots: Int,
    first: Int,
) -> None:
    """Of each row the first that is cut into the same pieces, and has the same bytes before.

    Args:
        data: The bytes of each source.
        sources: The source of each piece, where it starts in there, and in the renders.
        row_pieces: Where the pieces of each row start; rows.
        cut_at: Where each row is cut, and in which piece; rows.
        slots: Zeros, a power of two of them.
        first: Takes what is found; rows, which is each row itself.
    """
    places, (cuts, cut_pieces) = sources[2], cut_at
    last_slot = np.uint64(len(slots) - 1)
    for row in range(len(first)):
        start, n_pieces = row_pieces[row], cut_pieces[row] - row_pieces[row]
        if n_pieces == 0:
            continue
        digest = np.uint64(0)
        for piece in range(start, start + n_pieces + 1):
            digest = _digest(_bytes_until(data, sources, piece, cuts[row]), digest)
        slot = digest & last_slot
        for _ in range(_MOST_TRIES):
            other = slots[slot] - 1
            if other < 0:
                slots[slot] = row + 1
                break
            shift = row_pieces[other] - start
            is_alike = cut_pieces[other] - row_pieces[other] == n_pieces
            is_alike &= cuts[other] - places[start + shift] == cuts[row] - places[start]
            for piece in range(start, start + n_pieces + 1):
                is_alike = is_alike and _is_same(
                    _bytes_until(data, sources, piece, cuts[row]),
                    _bytes_until(data, sources, piece + shift, cuts[other]),
                )
            if is_alike:
                first[row] = other
                break
            slot = (slot + np.uint64(1)) & last_slot


@compiled
def _bytes_until(
    data: tuple[Bytes, ...], sources: tuple[NDArray[np.int8], Int, Int], piece: int, end: int
) -> Bytes:
    """The bytes of a piece, as far as they lie before a place."""
    source, starts, places = sources
    size = min(places[piece + 1], end) - places[piece]
    text: Bytes = data[source[piece]][starts[piece] : starts[piece] + size]
    return text


@compiled
def _digest(text: Bytes, before: np.uint64) -> np.uint64:
    """A number that is equal for equal texts, made of some of their bytes."""
    found = (before ^ np.uint64(len(text))) * _PRIME
    for k in range(0, len(text), len(text) // _N_PLACES + 1):
        found = (found ^ np.uint64(text[k])) * _PRIME
    for k in range(max(len(text) - _N_LAST, 0), len(text)):
        found = (found ^ np.uint64(text[k])) * _PRIME
    return found ^ found >> np.uint64(32)


@compiled
def _is_same(left: Bytes, right: Bytes) -> bool:
    """Whether two texts have the same bytes, looked at a block at a time."""
    if len(left) != len(right):
        return False
    for start in range(0, len(left), _BLOCK):
        if _differ(left[start : start + _BLOCK], right[start : start + _BLOCK]):
            return False
    return True


@compiled
def _differ(left: Bytes, right: Bytes) -> bool:
    found = False
    for k in range(len(left)):
        found |= left[k] != right[k]
    return found
