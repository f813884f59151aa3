"""From pieces and ids to a mask that is proven token by token.

Every token has a place in the render, so every claim about the mask is a claim about places: no
control token touches content, no token before a turn is trained, each turn ends with its stop token.
Where an answer starts with white space, the end of the header and its beginning may be one token:
that token is trained, as `transformers` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.tokens.flat import FlatPieces, Int

_BLANK = np.array([b in b" \t\n\r\x0b\x0c" for b in range(256)], dtype=np.bool_)


@dataclass(frozen=True)
class Placed:
    """The tokens of rows, laid end to end.

    Attributes:
        ids: n.
        starts, ends: Where each token lies in the bytes of the pieces; n.
        row_tokens: Where the tokens of each row start, and their number; rows + 1.
    """

    ids: NDArray[np.int32]
    starts: Int
    ends: Int
    row_tokens: Int


@dataclass(frozen=True)
class TokenParts:
    """What was found out of the tokens of rows.

    Attributes:
        parts: `Part` of each token; n.
        faults: By row, why its mask is not proven.
    """

    parts: NDArray[np.int8]
    faults: dict[int, str]


def control_faults(
    pieces: FlatPieces, tokens: Placed, is_control: NDArray[np.bool_]
) -> dict[int, tuple[int, int]]:
    """By row, the first control token that touches content, and the piece it touches."""
    control = np.flatnonzero(is_control[tokens.ids])
    first = np.searchsorted(pieces.ends, tokens.starts[control], side="right")
    last = np.searchsorted(pieces.ends, np.maximum(tokens.ends[control] - 1, 0), side="right")
    last = np.minimum(np.maximum(last, first), len(pieces.ends) - 1)
    n_content = np.concatenate([[0], np.cumsum(pieces.is_content)])
    touching = np.flatnonzero(n_content[last + 1] > n_content[first])
    rows = np.searchsorted(tokens.row_tokens, control[touching], side="right") - 1
    found: dict[int, tuple[int, int]] = {}
    for row, k in zip(rows.tolist(), touching.tolist(), strict=True):
        content = first[k] + int(np.argmax(pieces.is_content[first[k] : last[k] + 1]))
        found.setdefault(row, (int(tokens.ids[control[k]]), int(content)))
    return found


def parts_of_tokens(
    pieces: FlatPieces, tokens: Placed, is_control: NDArray[np.bool_]
) -> TokenParts:
    """The part of every token.

    A token over the end of a context goes with what follows, if nothing but white space of it lies
    before; over the end of a turn it is context; inside a turn it goes with its first byte.
    """
    starts = np.concatenate([[0], pieces.ends[:-1]])
    is_row_start = np.zeros(len(pieces.ends) + 1, dtype=np.bool_)
    is_row_start[pieces.row_pieces] = True
    changes = np.flatnonzero(
        is_row_start[:-1] | (pieces.parts != np.concatenate([[-1], pieces.parts[:-1]]))
    )
    places, parts = starts[changes], pieces.parts[changes]
    before = np.where(is_row_start[changes], 0, np.concatenate([[0], parts[:-1]]))
    by_end = np.searchsorted(tokens.ends, places, side="right")
    by_start = np.searchsorted(tokens.starts, places, side="left")
    firsts = np.where((before > 0) & (parts > 0), by_start, by_end)
    firsts = np.minimum(firsts, len(tokens.ids))
    bounds = np.append(firsts, len(tokens.ids))
    token_parts = np.repeat(parts, np.diff(np.maximum.accumulate(bounds)))
    faults = _edge_faults(pieces, tokens, places, parts, before, firsts)
    faults |= _stop_faults(pieces, tokens, token_parts, is_control)
    return TokenParts(token_parts, faults)


def _edge_faults(
    pieces: FlatPieces,
    tokens: Placed,
    places: Int,
    parts: NDArray[np.int8],
    before: NDArray[np.int8],
    firsts: Int,
) -> dict[int, str]:
    """Turns whose first token holds more than white space of the context before it."""
    opening = np.flatnonzero((before == 0) & (parts > 0))
    inside = opening[firsts[opening] < len(tokens.ids)]
    over = inside[tokens.starts[firsts[inside]] < places[inside]]
    faults = {}
    for k in over.tolist():
        shared = pieces.data[tokens.starts[firsts[k]] : places[k]]
        if not _BLANK[shared].all():
            row = int(np.searchsorted(tokens.row_tokens, firsts[k], side="right")) - 1
            faults[row] = "a turn begins within a token"
    return faults


def _stop_faults(
    pieces: FlatPieces,
    tokens: Placed,
    parts: NDArray[np.int8],
    is_control: NDArray[np.bool_],
) -> dict[int, str]:
    """Turns that do not end with a control token and white space after it."""
    is_trained = np.concatenate([[False], parts > 0, [False]])
    is_end = is_trained[:-1] & ~is_trained[1:]
    row_ends = tokens.row_tokens[1:]
    is_end[row_ends] |= is_trained[row_ends]
    last = np.flatnonzero(is_end) - 1
    is_open = np.ones(len(last), dtype=np.bool_)
    for back in range(3):
        token = np.maximum(last - back, 0)
        is_open &= ~(is_control[tokens.ids[token]] & is_trained[token + 1])
        blank = np.array(
            [
                bool(_BLANK[pieces.data[tokens.starts[t] : tokens.ends[t]]].all())
                for t in token[is_open]
            ],
            dtype=np.bool_,
        )
        waiting = np.flatnonzero(is_open)
        if not len(waiting) or not blank.any():
            break
    rows = np.searchsorted(tokens.row_tokens, last[is_open], side="right") - 1
    return dict.fromkeys(rows.tolist(), "a trained turn does not end with a stop token")
