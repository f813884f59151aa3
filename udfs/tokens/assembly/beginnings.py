"""Beginnings that many conversations share: the same system prompt under the same tools."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import ranges, sums_before
from trajhouse.udfs.tokens.assembly.columns import ROLES, MessageColumns
from trajhouse.udfs.tokens.assembly.learned import ItemTable

NOTHING = 0
"""The beginning of rows that share none; it has no pieces."""
_SYSTEM = ROLES.index("system")
LEAST_SAVED = 1 / 8
"""Of all bytes so many have to be saved: laying ids together again costs about a tenth as much."""


@dataclass(frozen=True)
class Beginnings:
    """What rows begin with, each beginning once.

    Attributes:
        of_row: The number of each row's beginning; rows.
        n_pieces: How many pieces of each row are its beginning; rows.
        rows: A row that has each beginning; NOTHING left out; beginnings - 1.
    """

    of_row: Int
    n_pieces: Int
    rows: Int

    def parted(self, row_pieces: Int) -> tuple[Int, Int]:
        """Which pieces to lay end to end, for every beginning and then for the rest of each row.

        Args:
            row_pieces: Where the pieces of each row start, and their number; rows + 1.

        Returns:
            The pieces, and where those of each of these texts start, and their number.
        """
        cuts = row_pieces[:-1] + self.n_pieces
        starts = np.concatenate([[0], row_pieces[self.rows], cuts])
        counts = np.concatenate([[0], self.n_pieces[self.rows], row_pieces[1:] - cuts])
        return ranges(starts, counts), sums_before(counts)


def shared_beginnings(columns: MessageColumns, chunks: Int, table: ItemTable) -> Beginnings:
    """The beginning of each row: all that is written up to where its second message opens.

    Args:
        columns: The messages; rows without messages are not taken.
        chunks: The chunk of each message.
        table: The items of the chunks.
    """
    of_row = np.full(columns.n_rows, NOTHING)
    n_pieces = np.zeros(columns.n_rows, dtype=np.int64)
    rows = np.flatnonzero(np.diff(columns.row_messages) > 1)
    first = columns.row_messages[:-1][rows]
    is_cut = (columns.roles[first] == _SYSTEM) & table.is_plain[chunks[first]]
    is_cut &= table.chunk_beginnings[chunks[first + 1]] >= 0
    rows, first = rows[is_cut], first[is_cut]
    if not len(rows):
        return Beginnings(of_row, n_pieces, rows)
    contents = columns.texts["content"].take(first).dictionary_encode(null_encoding="encode")
    keys = np.stack([contents.indices.to_numpy(), chunks[first], chunks[first + 1]])
    _, places, numbers = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    of_row[rows] = 1 + numbers
    n_pieces[rows] = np.diff(table.chunk_items)[chunks[first]]
    n_pieces[rows] += table.chunk_beginnings[chunks[first + 1]]
    return Beginnings(of_row, n_pieces, rows[places])


def save_enough(beginnings: Beginnings, row_pieces: Int, sizes: Int) -> bool:
    """Whether it is worth while to encode beginnings once.

    Args:
        beginnings: The beginnings.
        row_pieces: Where the pieces of each row start, and their number; rows + 1.
        sizes: Bytes of each piece.
    """
    reached = sums_before(sizes)
    firsts = row_pieces[:-1]
    spans = reached[firsts + beginnings.n_pieces] - reached[firsts]
    saved = spans.sum() - spans[beginnings.rows].sum()
    return bool(saved > LEAST_SAVED * reached[-1])
