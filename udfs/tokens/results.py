"""Proven rows, laid end to end, and the rows that are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import FlatTexts, Int
from trajhouse.udfs.tokens.policy import RejectedError


@dataclass(frozen=True)
class Tokens:
    """A proven row.

    Attributes:
        ids: n.
        mask: 1 where a token is trained, 0 elsewhere; n.
        weights: The weight of each token in the loss, n; None where none are asked for.
        turn_ends: The number of tokens up to the end of each of the assistant's turns.
        text: What the ids are of.
    """

    ids: NDArray[np.int32]
    mask: NDArray[np.int8]
    weights: NDArray[np.float32] | None
    turn_ends: NDArray[np.int32]
    text: str


@dataclass(frozen=True)
class TokenizedRows:
    """Rows, laid end to end.

    Attributes:
        ids: The ids of the proven rows; n. What refused rows have is of no meaning.
        mask: 1 where a token is trained, 0 elsewhere; n.
        weights: The weight of each token in the loss, n; None where none are asked for.
        row_tokens: Where the tokens of each row start, and their number; rows + 1.
        turn_ends: The number of tokens of a row up to the end of each of its trained turns; turns.
        row_turns: Where the turns of each row start, and their number; rows + 1.
        n_trained: The number of trained tokens; rows.
        renders: What the ids are of; rows.
        renderers: What rendered each; rows.
        refused: By row, why it is not proven.
    """

    ids: NDArray[np.int32]
    mask: NDArray[np.int8]
    weights: NDArray[np.float32] | None
    row_tokens: Int
    turn_ends: NDArray[np.int32]
    row_turns: Int
    n_trained: Int
    renders: FlatTexts
    renderers: Sequence[str]
    refused: Mapping[int, RejectedError]

    def __len__(self) -> int:
        return len(self.row_tokens) - 1

    def row(self, row: int) -> Tokens | RejectedError:
        """One row."""
        if row in self.refused:
            return self.refused[row]
        span = slice(*self.row_tokens[row : row + 2])
        turns = slice(*self.row_turns[row : row + 2])
        weights = None if self.weights is None else self.weights[span]
        ids, mask, text = self.ids[span], self.mask[span], self.renders[row]
        return Tokens(ids, mask, weights, self.turn_ends[turns], text)


def select(parts: Sequence[TokenizedRows], rows: Sequence[tuple[int, int]]) -> TokenizedRows:
    """Rows of several parts, laid end to end anew; refused ones without tokens.

    Args:
        parts: At least one; all with weights or all without.
        rows: For each row its part and its number there.
    """
    proven = [(part, row) for part, row in rows if row not in parts[part].refused]
    refused = {
        number: parts[part].refused[row]
        for number, (part, row) in enumerate(rows)
        if row in parts[part].refused
    }

    def spans(name: str, bounds: str) -> tuple[NDArray[Any], Int]:
        arrays = [
            getattr(parts[part], name)[slice(*getattr(parts[part], bounds)[row : row + 2])]
            for part, row in proven
        ]
        sizes = np.zeros(len(rows), np.int64)
        sizes[[number for number in range(len(rows)) if number not in refused]] = [
            len(array) for array in arrays
        ]
        empty = getattr(parts[0], name)[:0]
        return np.concatenate([empty, *arrays]), np.concatenate([[0], np.cumsum(sizes)])

    ids, row_tokens = spans("ids", "row_tokens")
    turn_ends, row_turns = spans("turn_ends", "row_turns")
    is_weighted = parts[0].weights is not None
    return replace(
        parts[0],
        ids=ids,
        mask=spans("mask", "row_tokens")[0],
        weights=spans("weights", "row_tokens")[0] if is_weighted else None,
        row_tokens=row_tokens,
        turn_ends=turn_ends,
        row_turns=row_turns,
        n_trained=np.array([parts[part].n_trained[row] for part, row in rows], dtype=np.int64),
        renders=FlatTexts.joined([parts[part].renders.row(row) for part, row in rows]),
        renderers=[parts[part].renderers[row] for part, row in rows],
        refused=refused,
    )
