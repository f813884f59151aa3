"""Numbers that are looked up in compiled loops are those of a dictionary, and so are chunks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.tokens.assembly.chunks import Item
from trajhouse.udfs.tokens.assembly.learned import UNKNOWN, LearnedChunks
from trajhouse.udfs.tokens.assembly.numbering import Numbering
from trajhouse.udfs.tokens.policy import Part
from trajhouse.udfs.word_patterns import any_of

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


def test_a_context_keeps_what_was_learnt_first() -> None:
    """In conversations of three messages: only the last one has a chunk after it."""
    learned = LearnedChunks(any_of([]))
    words = [[Item(f"{number}", -1, 0, False, Part.CONTEXT)] for number in range(4)]
    for first in range(0, 900, 3):
        learned.add([first, first + 1, first + 2], words)
        learned.add([first + 2, first], [words[3], words[3], words[3]])
    chunks, ends = learned.find(np.arange(901))
    table = learned.table()
    found = [int(table.chunk_items[k]) for k in chunks[:900]]
    assert [table.words[table.number[item]].as_py() for item in found] == ["0", "1", "2"] * 300
    counts = np.diff(table.chunk_items)
    assert [int(counts[k]) for k in ends[:900]] == [0, 0, 1] * 300
    assert (chunks[900], ends[900]) == (UNKNOWN, UNKNOWN)
    assert table.words.to_pylist() == ["3", "0", "1", "2"]
