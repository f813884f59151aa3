"""Proven rows, laid end to end, and the rows that are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.laid import laid
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokens.policy import RejectedError


@dataclass(frozen=True)
class Tokens:
    """A proven row.

    Attributes:
        ids: n.
        mask: 1 where a token is trained, 0 elsewhere; n.
        weights: The weight of each token in the loss; n.
        turn_ends: The number of tokens up to the end of each of the assistant's turns.
        text: What the ids are of.
    """

    ids: NDArray[np.int32]
    mask: NDArray[np.int8]
    weights: NDArray[np.float32]
    turn_ends: NDArray[np.int32]
    text: str


@dataclass(frozen=True)
class LossRuns:
    """The weights of tokens in the loss, by runs of tokens that weigh the same.

    Attributes:
        lengths: The number of tokens of each run; runs.
        weights: The weight of each of its tokens, 0 where they are not trained; runs.
        row_runs: Where the runs of each row start, and their number; rows + 1.
    """

    lengths: NDArray[np.int32]
    weights: NDArray[np.float32]
    row_runs: Int

    @classmethod
    def merged(cls, bounds: Int, weights: NDArray[np.float32], row_runs: Int) -> LossRuns:
        """Runs of which neighbours that weigh the same become one, where they are of one row.

        Args:
            bounds: Where each run of tokens starts, and the number of tokens; n + 1.
            weights: The weight of each; n.
            row_runs: Where the runs of each row start, and their number; rows + 1.
        """
        merged = np.empty(len(weights), np.int32), np.empty(len(weights), np.float32)
        merged_runs = np.zeros_like(row_runs)
        _fill_merged(bounds, weights, row_runs, *merged, merged_runs)
        return cls(merged[0][: merged_runs[-1]], merged[1][: merged_runs[-1]], merged_runs)

    def token_mask(self) -> NDArray[np.int8]:
        """1 where a token is trained, 0 elsewhere; one element a token."""
        mask = np.empty(self.lengths.sum(dtype=np.int64), np.int8)
        _fill_mask(self.lengths, self.weights, mask)
        return mask

    def token_weights(self) -> NDArray[np.float32]:
        """The weight of each token."""
        return np.repeat(self.weights, self.lengths)

    @cached_property
    def row_tokens(self) -> Int:
        """Where the tokens of each row start, and their number; rows + 1."""
        return sums_before(self.lengths)[self.row_runs]

    @cached_property
    def n_trained(self) -> Int:
        """The number of trained tokens; rows."""
        trained = np.where(self.weights > 0, self.lengths, 0)
        return np.diff(sums_before(trained)[self.row_runs])

    def row(self, row: int) -> LossRuns:
        """Those of one row."""
        runs = slice(*self.row_runs[row : row + 2])
        bounds = np.array([0, runs.stop - runs.start])
        return LossRuns(self.lengths[runs], self.weights[runs], bounds)


@compiled
def _fill_merged(
    bounds: Int,
    weights: NDArray[np.float32],
    row_runs: Int,
    lengths: NDArray[np.int32],
    merged: NDArray[np.float32],
    merged_runs: Int,
) -> None:
    found = 0
    for row in range(len(row_runs) - 1):
        first = found
        for run in range(row_runs[row], row_runs[row + 1]):
            length = bounds[run + 1] - bounds[run]
            if length > 0 and found > first and merged[found - 1] == weights[run]:
                lengths[found - 1] += length
            elif length > 0:
                lengths[found], merged[found] = length, weights[run]
                found += 1
        merged_runs[row + 1] = found


@compiled
def _fill_mask(
    lengths: NDArray[np.int32], weights: NDArray[np.float32], mask: NDArray[np.int8]
) -> None:
    start = np.int64(0)
    for run in range(len(lengths)):
        end = start + lengths[run]
        mask[start:end] = weights[run] > 0
        start = end


@dataclass(frozen=True)
class TokenizedRows:
    """Rows, laid end to end.

    Attributes:
        ids: The ids of the proven rows; n. What refused rows have is of no meaning.
        row_tokens: Where the tokens of each row start, and their number; rows + 1.
        runs: Which of them are trained, and with which weight.
        turn_ends: The number of tokens of a row up to the end of each of its trained turns; turns.
        row_turns: Where the turns of each row start, and their number; rows + 1.
        render_of: Tells what the ids of a row are of.
        renderers: What rendered each; rows.
        refused: By row, why it is not proven.
    """

    ids: NDArray[np.int32]
    row_tokens: Int
    runs: LossRuns
    turn_ends: NDArray[np.int32]
    row_turns: Int
    render_of: Callable[[int], str]
    renderers: Sequence[str]
    refused: Mapping[int, RejectedError]

    def __len__(self) -> int:
        return len(self.row_tokens) - 1

    def row(self, row: int) -> Tokens | RejectedError:
        """One row."""
        if row in self.refused:
            return self.refused[row]
        ids = self.ids[slice(*self.row_tokens[row : row + 2])]
        turn_ends = self.turn_ends[slice(*self.row_turns[row : row + 2])]
        runs = self.runs.row(row)
        return Tokens(ids, runs.token_mask(), runs.token_weights(), turn_ends, self.render_of(row))


def select(parts: Sequence[TokenizedRows], rows: Sequence[tuple[int, int]]) -> TokenizedRows:
    """Rows of several parts, laid end to end anew; refused ones without tokens.

    Args:
        parts: At least one; each begins with the first row and ends with the last.
        rows: For each row its part and its number there.
    """
    refused = {
        number: parts[part].refused[row]
        for number, (part, row) in enumerate(rows)
        if row in parts[part].refused
    }
    n_before = sums_before(np.array([len(part) for part in parts]))
    places = [n_before[part] + row for part, row in rows]
    order = np.array(places, dtype=np.int64)
    order[list(refused)] = n_before[-1]

    def spans(values: Sequence[NDArray[Any]], bounds: Sequence[Int]) -> tuple[NDArray[Any], Int]:
        """What each row has of values, given those of each part and where those of its rows are."""
        firsts = sums_before(np.array(list(map(len, values))))
        starts = [first + bound[:-1] for first, bound in zip(firsts, bounds, strict=False)]
        nothing = firsts[[-1, -1]]
        return laid(np.concatenate(values), np.concatenate([*starts, nothing]), order)

    row_runs = [part.runs.row_runs for part in parts]
    ids, row_tokens = spans([part.ids for part in parts], [part.row_tokens for part in parts])
    lengths, bounds = spans([part.runs.lengths for part in parts], row_runs)
    weights, _ = spans([part.runs.weights for part in parts], row_runs)
    turns, row_turns = spans([part.turn_ends for part in parts], [part.row_turns for part in parts])
    return TokenizedRows(
        ids,
        row_tokens,
        LossRuns(lengths, weights, bounds),
        turns,
        row_turns,
        lambda number: parts[rows[number][0]].render_of(rows[number][1]),
        [parts[part].renderers[row] for part, row in rows],
        refused,
    )
