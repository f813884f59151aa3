"""The pieces of many rows, laid end to end in memory as the encoder and numpy take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import FlatTexts, Int
from trajhouse.udfs.tokens.outline import Piece


@dataclass(frozen=True)
class FlatPieces:
    """The pieces of rows, laid end to end.

    Attributes:
        data: UTF-8 of all of them, bytes.
        ends: Where each piece ends in `data`; pieces.
        is_content: Whether each piece is content; pieces.
        parts: `Part` of each piece; pieces.
        row_pieces: Where the pieces of each row start, and their number; rows + 1.
    """

    data: NDArray[np.uint8]
    ends: Int
    is_content: NDArray[np.bool_]
    parts: NDArray[np.int8]
    row_pieces: Int

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.row_pieces) - 1

    def texts(self) -> FlatTexts:
        """The render of each row."""
        starts = np.concatenate([np.zeros(1, np.int64), self.ends])
        return FlatTexts(self.data, starts[self.row_pieces])


def flat_pieces(rows: Sequence[Sequence[Piece]]) -> FlatPieces:
    """The pieces of rows, laid end to end."""
    pieces = [piece for row in rows for piece in row]
    texts = FlatTexts.of([piece.text for piece in pieces])
    return FlatPieces(
        texts.data,
        texts.bounds[1:],
        np.array([piece.slot >= 0 for piece in pieces], dtype=np.bool_),
        np.array([piece.part for piece in pieces], dtype=np.int8),
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
    )
