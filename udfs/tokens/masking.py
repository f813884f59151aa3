"""From pieces and ids to parts that are proven token by token.

Every token has a place in the render, so every claim about the mask is a claim about places: no
control token touches content, no token before a turn is trained, each turn ends with its stop
token. Where an answer starts with white space, the end of the header and its beginning may be one
token: that token is trained, as `transformers` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.flat import FlatPieces
from trajhouse.udfs.tokens.placed import Placed
from trajhouse.udfs.tokens.results import LossRuns
from trajhouse.udfs.tokens.vocabulary import Vocabulary

_BLANK = b" \t\n\r\x0b\x0c"
_MOST_BLANKS_AFTER_STOP = 2


@dataclass(frozen=True)
class TokenParts:
    """What was found out of the tokens of rows.

    Attributes:
        bounds: Where each run of tokens of one part starts, and the number of tokens; runs + 1.
        parts: `Part` of each run; a row begins with a run of its own; runs.
        row_runs: Where the runs of each row start, and their number; rows + 1.
        turn_ends: The number of tokens up to the end of each of the assistant's turns; turns.
        row_turns: Where the turns of each row start, and their number; rows + 1.
        faults: By row, why its mask is not proven.
    """

    bounds: Int
    parts: NDArray[np.int8]
    row_runs: Int
    turn_ends: Int
    row_turns: Int
    faults: dict[int, str]

    def runs(self, weight_of: NDArray[np.float32]) -> LossRuns:
        """The weight of every token, given that of each part."""
        return LossRuns.merged(self.bounds, weight_of[self.parts], self.row_runs)


def control_faults(pieces: FlatPieces, tokens: Placed) -> dict[int, tuple[int, int]]:
    """By row, the first control token that touches content, and the piece it touches."""
    first = np.full(len(pieces.ends), -1)
    _fill_touches(pieces.ends, pieces.is_content, tokens.control_starts, tokens.control_ends, first)
    touched = np.flatnonzero(first >= 0)
    rows = np.searchsorted(pieces.row_pieces, touched, side="right") - 1
    touching = tokens.controls[first[touched]]
    found: dict[int, tuple[int, int]] = {}
    for row, token, piece in zip(rows.tolist(), touching.tolist(), touched.tolist(), strict=True):
        found.setdefault(row, (int(tokens.ids[token]), piece))
    return found


@compiled
def _fill_touches(
    ends: Int, is_content: NDArray[np.bool_], control_starts: Int, control_ends: Int, first: Int
) -> None:
    """Of each piece that is content the first control token that is partly in it."""
    control = 0
    start = np.int64(0)
    for piece in range(len(ends)):
        if is_content[piece]:
            while control < len(control_ends) and control_ends[control] <= start:
                control += 1
            if control < len(control_starts) and control_starts[control] < ends[piece]:
                first[piece] = control
        start = ends[piece]


def parts_of_tokens(pieces: FlatPieces, tokens: Placed, vocabulary: Vocabulary) -> TokenParts:
    """The part of every token.

    A token over the end of a context goes with what follows, if nothing but white space of it lies
    before; a control token that takes in white space after it stays context. Over the end of a turn
    a token is context; inside a turn it goes with its first byte.
    """
    n_tokens = len(tokens.ids)
    places = np.empty(len(pieces.ends), np.int64)
    parts, is_inner = np.empty_like(pieces.parts), np.empty(len(places), np.bool_)
    row_runs = np.zeros_like(pieces.row_pieces)
    _fill_runs(pieces.ends, pieces.parts, pieces.row_pieces, places, parts, is_inner, row_runs)
    n_runs = row_runs[-1]
    places, parts, is_inner = places[:n_runs], parts[:n_runs], is_inner[:n_runs]
    firsts = tokens.places.ending_by(places)
    firsts[is_inner] = tokens.places.starting_before(places[is_inner])
    _settle(firsts, row_runs, tokens.row_tokens)
    opening = np.flatnonzero((parts > 0) & ~is_inner)
    rows = np.searchsorted(row_runs, opening, side="right") - 1
    closing = np.flatnonzero((parts[:-1] > 0) & ~is_inner[1:]) + 1
    turn_ends = np.append(firsts, n_tokens)[np.append(closing, n_runs)][: len(opening)]
    reached = firsts[opening] + _reach_in(
        pieces, tokens, places[opening], firsts[opening], vocabulary
    )
    firsts[opening] = np.minimum(reached, turn_ends)
    firsts = np.maximum.accumulate(firsts)
    turns = _Turns(rows, places[opening], firsts[opening], turn_ends)
    return TokenParts(
        np.append(firsts, n_tokens),
        parts,
        row_runs,
        turn_ends,
        np.searchsorted(rows, np.arange(len(row_runs))),
        _edge_faults(pieces, tokens, turns) | _stop_faults(tokens, turns, vocabulary),
    )


@dataclass(frozen=True)
class _Turns:
    """Trained turns: the row of each, where it starts, its first token, and the one behind it."""

    rows: Int
    places: Int
    firsts: Int
    ends: Int


@compiled
def _fill_runs(
    ends: Int,
    parts: NDArray[np.int8],
    row_pieces: Int,
    places: Int,
    run_parts: NDArray[np.int8],
    is_inner: NDArray[np.bool_],
    row_runs: Int,
) -> None:
    """Where pieces of one part begin, which it is, and whether another of the turn comes before."""
    run = 0
    start = np.int64(0)
    for row in range(len(row_pieces) - 1):
        before = -1
        for piece in range(row_pieces[row], row_pieces[row + 1]):
            if parts[piece] != before:
                places[run], run_parts[run] = start, parts[piece]
                is_inner[run] = before > 0 and parts[piece] > 0
                run += 1
            before = parts[piece]
            start = ends[piece]
        row_runs[row + 1] = run


@compiled
def _settle(firsts: Int, row_runs: Int, row_tokens: Int) -> None:
    """Make the first tokens of runs those of their row where they open it, and never descend."""
    least = np.int64(0)
    for row in range(len(row_tokens) - 1):
        for run in range(row_runs[row], row_runs[row + 1]):
            first = row_tokens[row] if run == row_runs[row] else firsts[run]
            least = max(least, min(first, row_tokens[-1]))
            firsts[run] = least


def _reach_in(
    pieces: FlatPieces, tokens: Placed, places: Int, firsts: Int, vocabulary: Vocabulary
) -> NDArray[np.bool_]:
    """Whether the first token of each turn is a control token before it that strips white space."""
    reaches = np.zeros(len(firsts), dtype=np.bool_)
    inside = np.flatnonzero(firsts < len(tokens.ids))
    turns = inside[vocabulary.is_control[tokens.ids[firsts[inside]]]]
    turns = turns[tokens.places.starts(firsts[turns]) < places[turns]]
    ends = tokens.places.ends(firsts[turns])
    for turn, start, end in zip(turns.tolist(), places[turns].tolist(), ends.tolist(), strict=True):
        reaches[turn] = not pieces.texts.between(start, end).strip(_BLANK)
    return reaches


def _edge_faults(pieces: FlatPieces, tokens: Placed, turns: _Turns) -> dict[int, str]:
    """Turns without tokens, or whose first holds more than white space of the context before."""
    is_empty = turns.firsts >= turns.ends
    faults = dict.fromkeys(turns.rows[is_empty].tolist(), "a trained turn holds no token")
    inside = np.flatnonzero(~is_empty)
    begins, places = tokens.places.starts(turns.firsts[inside]), turns.places[inside]
    is_over = begins < places
    over = zip(turns.rows[inside][is_over], begins[is_over], places[is_over], strict=True)
    for row, begin, place in over:
        if pieces.texts.between(begin, place).strip(_BLANK):
            faults[int(row)] = "a turn begins within a token"
    return faults


def _stop_faults(tokens: Placed, turns: _Turns, vocabulary: Vocabulary) -> dict[int, str]:
    """Turns that do not end with a stop token and at most a little white space after it."""
    is_stopped = np.empty(len(turns.rows), np.bool_)
    _fill_stopped(
        tokens.ids,
        turns.firsts,
        turns.ends,
        vocabulary.can_stop,
        vocabulary.is_blank,
        is_stopped,
    )
    rows = turns.rows[~is_stopped].tolist()
    return dict.fromkeys(rows, "a trained turn does not end with a stop token")


@compiled
def _fill_stopped(
    ids: NDArray[np.int32],
    firsts: Int,
    turn_ends: Int,
    can_stop: NDArray[np.bool_],
    is_blank: NDArray[np.bool_],
    is_stopped: NDArray[np.bool_],
) -> None:
    """Whether each turn ends so; one without tokens counts as one that does."""
    for turn in range(len(firsts)):
        last = turn_ends[turn] - 1
        least = max(firsts[turn], last - _MOST_BLANKS_AFTER_STOP)
        while last > least and is_blank[ids[last]] and not can_stop[ids[last]]:
            last -= 1
        is_stopped[turn] = last < firsts[turn] or can_stop[ids[last]]
