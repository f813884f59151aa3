"""The pieces of many rows, laid end to end in memory as the encoder and numpy take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import FlatTexts, Int, Texts
from trajhouse.udfs.tokens.outline import Piece


@dataclass(frozen=True)
class FlatPieces:
    """The pieces of rows, laid end to end.

    Attributes:
        texts: The render of each row.
        ends: Where each piece ends in the renders, laid end to end, in bytes; pieces.
        is_content: Whether each piece is content; pieces.
        parts: `Part` of each piece; pieces.
        row_pieces: Where the pieces of each row start, and their number; rows + 1.
    """

    texts: Texts
    ends: Int
    is_content: NDArray[np.bool_]
    parts: NDArray[np.int8]
    row_pieces: Int

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.row_pieces) - 1


def flat_pieces(rows: Sequence[Sequence[Piece]]) -> FlatPieces:
    """The pieces of rows, laid end to end."""
    pieces = [piece for row in rows for piece in row]
    texts = FlatTexts.of([piece.text for piece in pieces])
    row_pieces = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return FlatPieces(
        FlatTexts(texts.data, texts.bounds[row_pieces]),
        texts.bounds[1:],
        np.array([piece.slot >= 0 for piece in pieces], dtype=np.bool_),
        np.array([piece.part for piece in pieces], dtype=np.int8),
        row_pieces,
    )
