"""The pieces of many rows, laid end to end in memory as the encoder and numpy take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.tokens.outline import Piece

Int = NDArray[np.int64]


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

    @property
    def row_bytes(self) -> Int:
        """Where the text of each row starts in `data`, and its length; rows + 1."""
        return np.concatenate([np.zeros(1, np.int64), self.ends])[self.row_pieces]

    def text(self, row: int) -> str:
        """The render of a row."""
        start, end = self.row_bytes[row : row + 2]
        return self.data[start:end].tobytes().decode()

    def row(self, row: int) -> FlatPieces:
        """One row alone."""
        first, last = self.row_pieces[row : row + 2]
        start, end = self.row_bytes[row : row + 2]
        return FlatPieces(
            self.data[start:end],
            self.ends[first:last] - start,
            self.is_content[first:last],
            self.parts[first:last],
            np.array([0, last - first]),
        )


def flat_pieces(rows: Sequence[Sequence[Piece]]) -> FlatPieces:
    """The pieces of rows, laid end to end."""
    pieces = [piece for row in rows for piece in row]
    texts = pa.array([piece.text for piece in pieces], pa.large_string())
    return FlatPieces(
        text_bytes(texts),
        text_offsets(texts)[1:],
        np.array([piece.slot >= 0 for piece in pieces], dtype=np.bool_),
        np.array([piece.part for piece in pieces], dtype=np.int8),
        np.cumsum([0, *map(len, rows)]),
    )


def text_offsets(texts: pa.LargeStringArray) -> Int:
    """Where each text of an array without offset starts, and the length of all; texts + 1."""
    if len(texts) == 0:
        return np.zeros(1, np.int64)
    return np.frombuffer(texts.buffers()[1], np.int64)[: len(texts) + 1]


def text_bytes(texts: pa.LargeStringArray) -> NDArray[np.uint8]:
    """The bytes of an array of texts, end to end."""
    buffer = texts.buffers()[2]
    data = np.frombuffer(buffer, np.uint8) if buffer else np.zeros(0, np.uint8)
    return data[: text_offsets(texts)[-1]]
