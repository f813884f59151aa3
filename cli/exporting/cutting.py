"""Cuts rows that are longer than a pack, where turns end, so that their pieces fill the packs.

Rows that fit are packed whole, by best fit decreasing. Of each longer row, longest first, pieces
that fill a pack of their own are cut off its front. What is then left goes whole where it leaves
the least room; where it fits nowhere, as much of it as fits fills the largest room there is, and so
on. Only rows that have to be cut are cut, and only behind a turn of the assistant of which some is
trained: a piece without a trained token teaches nothing.

>>> cut_to_fill(np.array([7, 15]), {1: np.array([3, 6, 9, 12])}, 10).lengths.tolist()
[7, 9, 3, 3]
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trajhouse.cli.exporting.packing import (
    Numbers,
    OpenPacks,
    best_fit_decreasing,
    longest_first,
)
from trajhouse.udfs.sums import sums_before

LEAST_SHARE = 16
"""Rooms below `max_length` / 16 are not filled by cutting: such a piece has no context."""


@dataclass(frozen=True)
class Pieces:
    """Rows whole or in pieces, ordered by row and start: P entries each.

    Args:
        rows: The row that a piece is of.
        starts: Where in its row it starts, in tokens.
        lengths: Its tokens.
        packs: The pack it goes to, from 0 without a gap.
    """

    rows: Numbers
    starts: Numbers
    lengths: Numbers
    packs: Numbers


class TurnTooLong(Exception):
    """No turn ends within `max_length` tokens; `row` says in which row."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def trained_turn_ends(
    loss_mask: npt.NDArray[np.generic], turn_ends: npt.NDArray[np.integer] | None
) -> Numbers:
    """Where a row may be cut: behind each turn that is trained but one that ends the row.

    Args:
        loss_mask: N values, nonzero where the token is trained.
        turn_ends: The number of tokens up to the end of each turn, ascending; without them, a turn
            is a span of trained tokens.

    Returns:
        Ascending positions in [1, N), each that of the first token after a turn.
    """
    trained = loss_mask != 0
    if turn_ends is None:
        turn_ends = np.flatnonzero(trained[:-1] & ~trained[1:]) + 1
    is_trained = np.diff(sums_before(trained)[turn_ends], prepend=0) > 0
    ends: Numbers = turn_ends[is_trained & (turn_ends < len(trained))].astype(np.int64)
    return ends


def cut_to_fill(lengths: Numbers, ends: Mapping[int, Numbers], max_length: int) -> Pieces:
    """Pack all rows, those longer than `max_length` in pieces.

    Args:
        lengths: N lengths in tokens, each at least 1.
        ends: The turn ends of each row that is longer than `max_length`.
        max_length: The tokens that a pack holds.

    Raises:
        TurnTooLong: A row cannot be cut into pieces that fit.
    """
    packs = OpenPacks(max_length)
    whole = np.flatnonzero(lengths <= max_length)
    chosen = best_fit_decreasing(lengths[whole], packs)
    pieces = [
        (row, 0, length, pack)
        for row, length, pack in zip(
            whole.tolist(), lengths[whole].tolist(), chosen.tolist(), strict=True
        )
    ]
    for row in longest_first(lengths)[: len(lengths) - len(whole)].tolist():
        stops = [*ends[row].tolist(), int(lengths[row])]
        for start, stop, pack in _cut(row, stops, packs, max_length):
            pieces.append((row, start, stop - start, pack))
    columns = np.array(sorted(pieces), dtype=np.int64).reshape(-1, 4).T
    return Pieces(*(np.ascontiguousarray(column) for column in columns))


def _cut(
    row: int, stops: list[int], packs: OpenPacks, max_length: int
) -> list[tuple[int, int, int]]:
    """Start, stop and pack of the pieces of a row that may end at `stops`, the last its length."""
    pieces = []
    start, length = 0, stops[-1]
    while length - start > max_length:
        stop = _last_stop(stops, start, max_length)
        if stop is None:
            raise TurnTooLong(row)
        pieces.append((start, stop, packs.open(stop - start)))
        start = stop
    while start < length:
        rest, room = length - start, packs.largest_room()
        is_cut = rest > room >= max_length // LEAST_SHARE
        stop = _last_stop(stops, start, room) if is_cut else None
        if stop is None:
            pieces.append((start, length, packs.put_best(rest)))
            break
        pieces.append((start, stop, packs.put(stop - start, room)))
        start = stop
    return pieces


def _last_stop(stops: list[int], start: int, room: int) -> int | None:
    """The last stop after `start` that is at most `room` tokens away."""
    place = bisect_right(stops, start + room) - 1
    return stops[place] if place >= 0 and stops[place] > start else None
