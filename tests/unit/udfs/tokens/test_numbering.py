"""Numbers that are looked up in compiled loops are those of a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.tokens.assembly.numbering import Numbering

NUMBERS = st.integers(-3, 3) | st.integers(-(2**62), 2**62)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30)


def columns(pairs: list[tuple[int, int]]) -> list[np.ndarray]:
    return list(np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy())


@settings(deadline=None)
@given(st.lists(PAIRS, max_size=4), st.integers(0, 40))
def test_pairs_have_the_numbers_they_came_in(
    batches: list[list[tuple[int, int]]], most: int
) -> None:
    numbering = Numbering(most)
    known: dict[tuple[int, int], int] = {}
    for pairs in batches:
        before = [known.get(pair, 0) for pair in pairs]
        assert numbering.find(*columns(pairs)).tolist() == before
        for pair in pairs:
            if len(known) < most:
                known.setdefault(pair, len(known) + 1)
        expected = [known.get(pair, most + 1) for pair in pairs]
        assert numbering.numbers(*columns(pairs)).tolist() == expected


def test_thousands_of_pairs_are_told_apart() -> None:
    numbering = Numbering(2**20)
    left, right = np.divmod(np.arange(5_000), 70)
    assert numbering.numbers(left, right).tolist() == list(range(1, 5_001))
    assert numbering.find(left, right).tolist() == list(range(1, 5_001))
    assert not numbering.find(left, right + 70).any()
