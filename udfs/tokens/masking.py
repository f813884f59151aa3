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

_BLANK = np.array([b in b" \t\n\r\x0b\x0c" for b in range(256)], dtype=np.bool_)
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
    _fill_touches(
        pieces.ends, pieces.is_content, tokens.control_starts, tokens.control_ends, first
    )
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
    n_pieces, n_tokens = len(pieces.ends), len(tokens.ids)
    starts = np.concatenate([np.zeros(1, np.int64), pieces.ends])
    opens_row = np.zeros(n_pieces + 1, dtype=np.bool_)
    opens_row[pieces.row_pieces] = True
    differs = np.ones(n_pieces, dtype=np.bool_)
    differs[1:] = pieces.parts[1:] != pieces.parts[:-1]
    runs = np.flatnonzero(opens_row[:-1] | differs)
    places, parts, opens_row = starts[runs], pieces.parts[runs], opens_row[runs]
    before = np.concatenate([np.zeros(1, np.int8), parts])[: len(parts)]
    is_inner = (before > 0) & (parts > 0) & ~opens_row
    firsts = tokens.places.ending_by(places)
    firsts[is_inner] = tokens.places.starting_before(places[is_inner])
    rows = np.searchsorted(pieces.row_pieces, runs[opens_row], side="right") - 1
    firsts[opens_row] = tokens.row_tokens[rows]
    firsts = np.maximum.accumulate(np.minimum(firsts, n_tokens))
    opening = np.flatnonzero((parts > 0) & ~is_inner)
    firsts[opening] += _reach_in(pieces, tokens, places[opening], firsts[opening], vocabulary)
    turn_ends = firsts[(before > 0) & ((parts == 0) | opens_row)]
    if len(parts) and parts[-1] > 0:
        turn_ends = np.append(turn_ends, n_tokens)
    faults = _edge_faults(pieces, tokens, places[opening], firsts[opening], turn_ends)
    faults |= _stop_faults(tokens, firsts[opening], turn_ends, vocabulary)
    return TokenParts(
        np.append(firsts, n_tokens),
        parts,
        np.searchsorted(runs, pieces.row_pieces),
        turn_ends,
        np.searchsorted(turn_ends, tokens.row_tokens, side="right"),
        faults,
    )


def _reach_in(
    pieces: FlatPieces, tokens: Placed, places: Int, firsts: Int, vocabulary: Vocabulary
) -> NDArray[np.bool_]:
    """Whether the first token of each turn is a control token before it that strips white space."""
    reaches = np.zeros(len(firsts), dtype=np.bool_)
    inside = np.flatnonzero(firsts < len(tokens.ids))
    first = firsts[inside]
    over = (tokens.places.starts(first) < places[inside]) & vocabulary.is_control[tokens.ids[first]]
    turns = inside[over]
    ends = tokens.places.ends(firsts[turns])
    for turn, start, end in zip(turns.tolist(), places[turns].tolist(), ends.tolist(), strict=True):
        reaches[turn] = _BLANK[pieces.data[start:end]].all()
    return reaches


def _edge_faults(
    pieces: FlatPieces, tokens: Placed, places: Int, firsts: Int, turn_ends: Int
) -> dict[int, str]:
    """Turns without tokens, or whose first holds more than white space of the context before."""
    empty = firsts >= turn_ends
    rows = _rows_of(tokens, np.maximum(turn_ends[empty] - 1, 0))
    faults = dict.fromkeys(rows, "a trained turn holds no token")
    inside = np.flatnonzero(~empty)
    begins = tokens.places.starts(firsts[inside])
    is_over = begins < places[inside]
    for turn, begin in zip(inside[is_over].tolist(), begins[is_over].tolist(), strict=True):
        shared = pieces.data[begin : places[turn]]
        if not _BLANK[shared].all():
            faults[_rows_of(tokens, firsts[[turn]])[0]] = "a turn begins within a token"
    return faults


def _stop_faults(
    tokens: Placed, firsts: Int, turn_ends: Int, vocabulary: Vocabulary
) -> dict[int, str]:
    """Turns that do not end with a stop token and at most a little white space after it."""
    last = turn_ends - 1
    is_open = firsts < turn_ends
    is_stopped = np.zeros(len(last), dtype=np.bool_)
    for _ in range(1 + _MOST_BLANKS_AFTER_STOP):
        is_open &= last >= firsts
        ids = tokens.ids[np.where(is_open, last, 0)] if len(tokens.ids) else last
        is_stopped |= is_open & vocabulary.can_stop[ids]
        is_open &= vocabulary.is_blank[ids] & ~is_stopped
        last = last - 1
    unstopped = np.flatnonzero(~is_stopped & (firsts < turn_ends))
    rows = _rows_of(tokens, firsts[unstopped])
    return dict.fromkeys(rows, "a trained turn does not end with a stop token")


def _rows_of(tokens: Placed, positions: Int) -> list[int]:
    rows = np.searchsorted(tokens.row_tokens, positions, side="right") - 1
    return [int(row) for row in rows]
