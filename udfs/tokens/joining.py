"""Rows whose beginnings were encoded once become whole again."""

from __future__ import annotations

import numpy as np

from trajhouse.udfs.flat_texts import FlatTexts, Int
from trajhouse.udfs.laid import laid
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokens.policy import Reason
from trajhouse.udfs.tokens.results import LossRuns, TokenizedRows


def joined_texts(texts: FlatTexts, beginnings: Int) -> FlatTexts:
    """Whole texts.

    Args:
        texts: Beginnings, and then the rest of each row.
        beginnings: By row, which of these it begins with.
    """
    data, bounds = laid(texts.data, texts.bounds, _in_turn(len(texts), beginnings))
    return FlatTexts(data, bounds[::2])


def joined_rows(parted: TokenizedRows, beginnings: Int) -> TokenizedRows:
    """Whole rows; one is refused where the rest of it is, or its beginning for more than no mask.

    Args:
        parted: Beginnings, of which nothing is trained, and then the rest of each row.
        beginnings: By row, which of these it begins with.
    """
    n_rows = len(beginnings)
    first = len(parted) - n_rows
    order = _in_turn(len(parted), beginnings)
    ids, bounds = laid(parted.ids, parted.row_tokens, order)
    lengths, row_runs = laid(parted.runs.lengths, parted.runs.row_runs, order)
    weights, _ = laid(parted.runs.weights, parted.runs.row_runs, order)
    runs = LossRuns.merged(sums_before(lengths), weights, row_runs[::2])
    row_turns = parted.row_turns[first:]
    n_before = np.diff(parted.row_tokens)[beginnings]
    turn_ends = parted.turn_ends[row_turns[0] :] + np.repeat(n_before, np.diff(row_turns))
    wrong = {
        text: error
        for text, error in parted.refused.items()
        if text >= first or error.reason is not Reason.NO_TRAINED_TOKENS
    }
    texts = zip(beginnings.tolist(), range(first, len(parted)), strict=True)
    refused = {
        row: wrong[begins if begins in wrong else rest]
        for row, (begins, rest) in enumerate(texts)
        if begins in wrong or rest in wrong
    }
    return TokenizedRows(
        ids,
        bounds[::2],
        runs,
        turn_ends.astype(np.int32),
        row_turns - row_turns[0],
        lambda row: parted.render_of(int(beginnings[row])) + parted.render_of(first + row),
        parted.renderers[first:],
        refused,
    )


def _in_turn(n_texts: int, beginnings: Int) -> Int:
    """The beginning and the rest of each row, one after the other."""
    rests = np.arange(n_texts - len(beginnings), n_texts)
    return np.column_stack([beginnings, rests]).ravel()
