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

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.flat import FlatPieces
from trajhouse.udfs.tokens.placing import Placed
from trajhouse.udfs.tokens.vocabulary import Vocabulary

_BLANK = np.array([b in b" \t\n\r\x0b\x0c" for b in range(256)], dtype=np.bool_)
_MOST_BLANKS_AFTER_STOP = 2


@dataclass(frozen=True)
class TokenParts:
    """What was found out of the tokens of rows.

    Attributes:
        parts: `Part` of each token; n.
        turn_ends: The tokens after the last of each assistant turn; turns.
        row_turns: Where the turns of each row start, and their number; rows + 1.
        faults: By row, why its mask is not proven.
    """

    parts: NDArray[np.int8]
    turn_ends: Int
    row_turns: Int
    faults: dict[int, str]


def control_faults(
    pieces: FlatPieces, tokens: Placed, vocabulary: Vocabulary
) -> dict[int, tuple[int, int]]:
    """By row, the first control token that touches content, and the piece it touches."""
    control = np.flatnonzero(vocabulary.is_control[tokens.ids])
    first = np.searchsorted(pieces.ends, tokens.starts[control], side="right")
    last = np.searchsorted(pieces.ends, np.maximum(tokens.ends[control] - 1, 0), side="right")
    last = np.minimum(np.maximum(last, first), len(pieces.ends) - 1)
    n_content = np.concatenate([np.zeros(1, np.int64), np.cumsum(pieces.is_content)])
    touching = np.flatnonzero(n_content[last + 1] > n_content[np.minimum(first, last)])
    rows = np.searchsorted(tokens.row_tokens, control[touching], side="right") - 1
    found: dict[int, tuple[int, int]] = {}
    for row, k in zip(rows.tolist(), touching.tolist(), strict=True):
        content = first[k] + int(np.argmax(pieces.is_content[first[k] : last[k] + 1]))
        found.setdefault(row, (int(tokens.ids[control[k]]), int(content)))
    return found


def parts_of_tokens(pieces: FlatPieces, tokens: Placed, vocabulary: Vocabulary) -> TokenParts:
    """The part of every token.

    A token over the end of a context goes with what follows, if nothing but white space of it lies
    before; over the end of a turn it is context; inside a turn it goes with its first byte.
    """
    starts = np.concatenate([np.zeros(1, np.int64), pieces.ends[:-1]])
    opens_row = np.zeros(len(pieces.ends) + 1, dtype=np.bool_)
    opens_row[pieces.row_pieces] = True
    differs = np.concatenate([[True], pieces.parts[1:] != pieces.parts[:-1]])
    runs = np.flatnonzero(opens_row[:-1] | differs) if len(pieces.ends) else np.zeros(0, np.int64)
    places, parts, opens_row = starts[runs], pieces.parts[runs], opens_row[runs]
    before = np.concatenate([np.zeros(1, np.int8), parts])[: len(parts)]
    is_inner = (before > 0) & (parts > 0) & ~opens_row
    by_end = np.searchsorted(tokens.ends, places, side="right")
    by_start = np.searchsorted(tokens.starts, places, side="left")
    firsts = np.minimum(np.where(is_inner, by_start, by_end), len(tokens.ids))
    firsts = np.maximum.accumulate(firsts)
    token_parts = np.repeat(parts, np.diff(np.append(firsts, len(tokens.ids))))
    opening = np.flatnonzero((parts > 0) & ~is_inner)
    closing = (before > 0) & ((parts == 0) | opens_row)
    turn_ends = firsts[closing]
    if len(parts) and parts[-1] > 0:
        turn_ends = np.append(turn_ends, len(tokens.ids))
    faults = _edge_faults(pieces, tokens, places[opening], firsts[opening], turn_ends)
    faults |= _stop_faults(tokens, firsts[opening], turn_ends, vocabulary)
    row_turns = np.searchsorted(turn_ends, tokens.row_tokens, side="right")
    return TokenParts(token_parts, turn_ends, row_turns, faults)


def _edge_faults(
    pieces: FlatPieces, tokens: Placed, places: Int, firsts: Int, turn_ends: Int
) -> dict[int, str]:
    """Turns without tokens, or whose first holds more than white space of the context before."""
    empty = firsts >= turn_ends
    rows = _rows_of(tokens, np.maximum(turn_ends[empty] - 1, 0))
    faults = dict.fromkeys(rows, "a trained turn holds no token")
    inside = np.flatnonzero(~empty)
    over = inside[tokens.starts[firsts[inside]] < places[inside]]
    for turn in over.tolist():
        shared = pieces.data[tokens.starts[firsts[turn]] : places[turn]]
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
