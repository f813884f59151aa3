"""Turns at the edges of rows: what is wrong with one is held against its own row."""

from __future__ import annotations

import numpy as np
import pytest

from trajhouse.udfs.flat_texts import FlatTexts
from trajhouse.udfs.tokens.flat import FlatPieces
from trajhouse.udfs.tokens.masking import TokenParts, parts_of_tokens
from trajhouse.udfs.tokens.placed import Placed
from trajhouse.udfs.tokens.token_places import SummedPlaces
from trajhouse.udfs.tokens.vocabulary import Vocabulary

TEXT, STOP = 0, 1
CONTEXT, ANSWER = 0, 4
EMPTY, MISSING = "a trained turn holds no token", "a trained turn does not end with a stop token"

Row = list[tuple[list[int], int]]
"""The tokens and the part of each piece; every token is one byte."""


def found_in(rows: list[Row]) -> TokenParts:
    pieces = [piece for row in rows for piece in row]
    ids = np.array([token for tokens, _ in pieces for token in tokens], dtype=np.int32)
    row_tokens = np.cumsum([0, *(sum(len(tokens) for tokens, _ in row) for row in rows)])
    is_control = np.array([False, True])
    vocabulary = Vocabulary(np.ones(2, np.uint8), is_control, is_control, np.zeros(2, np.bool_))
    places = SummedPlaces(ids, np.ones(2, np.uint8), is_control)
    placed = Placed(
        ids,
        places.controls,
        places.control_starts,
        places.control_ends,
        places,
        row_tokens,
        {},
    )
    flat = FlatPieces(
        FlatTexts(np.zeros(len(ids), np.uint8), row_tokens),
        np.cumsum([len(tokens) for tokens, _ in pieces], dtype=np.int64),
        np.zeros(len(pieces), np.bool_),
        np.array([part for _, part in pieces], dtype=np.int8),
        np.cumsum([0, *map(len, rows)]),
    )
    return parts_of_tokens(flat, placed, vocabulary)


GOOD: Row = [([TEXT], CONTEXT), ([TEXT, STOP], ANSWER)]
AT_ONCE: Row = [([TEXT, STOP], ANSWER), ([TEXT], CONTEXT), ([STOP], ANSWER)]
NOTHING_FIRST: Row = [([], ANSWER), ([TEXT], CONTEXT), ([STOP], ANSWER)]
NOTHING_LAST: Row = [([TEXT], CONTEXT), ([], ANSWER)]
UNSTOPPED: Row = [([TEXT], CONTEXT), ([STOP, TEXT], ANSWER)]


@pytest.mark.parametrize(
    ("rows", "faults", "turn_ends", "row_turns"),
    [
        ([GOOD, GOOD], {}, [3, 6], [0, 1, 2]),
        ([GOOD, AT_ONCE, GOOD], {}, [3, 5, 7, 10], [0, 1, 3, 4]),
        ([GOOD, NOTHING_FIRST], {1: EMPTY}, [3, 3, 5], [0, 1, 3]),
        ([NOTHING_LAST, GOOD], {0: EMPTY}, [1, 4], [0, 1, 2]),
        ([GOOD, NOTHING_LAST], {1: EMPTY}, [3, 4], [0, 1, 2]),
        ([UNSTOPPED, GOOD, UNSTOPPED], {0: MISSING, 2: MISSING}, [3, 6, 9], [0, 1, 2, 3]),
        ([GOOD, [], GOOD], {}, [3, 6], [0, 1, 1, 2]),
        ([], {}, [], [0]),
    ],
    ids=["good", "at once", "nothing first", "nothing", "nothing last", "unstopped", "none", "no"],
)
def test_turns_of_rows(
    rows: list[Row], faults: dict[int, str], turn_ends: list[int], row_turns: list[int]
) -> None:
    found = found_in(rows)
    assert found.faults == faults
    assert found.turn_ends.tolist() == turn_ends
    assert found.row_turns.tolist() == row_turns
