"""Where each sequence is written, and what packs add up to."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.cli.exporting.packs import Packs, lay_out


def plan(lengths: list[int], splits: list[int], names: list[str], room: int) -> Packs:
    ends = {row: np.arange(1, length) for row, length in enumerate(lengths) if length > room}
    return lay_out(np.array(lengths), np.array(splits), names, room, ends)


def written(packs: Packs) -> list[tuple[int, list[tuple[int, int]]]]:
    """The split of each pack, and the row and the length of each of its sequences."""
    row_of = np.repeat(np.arange(len(packs.first_sequence) - 1), np.diff(packs.first_sequence))
    order = np.argsort(packs.slots).tolist()
    pairs = [(int(row_of[sequence]), int(packs.lengths[sequence])) for sequence in order]
    starts = [0, *packs.pack_ends.tolist()]
    return [
        (split, pairs[start:end])
        for split, start, end in zip(
            packs.pack_splits.tolist(), starts, packs.pack_ends.tolist(), strict=False
        )
    ]


def test_packs_are_in_the_order_of_their_first_rows() -> None:
    """10 = 8 + 2 = 7 + 3: rows 0 and 3 go together, and rows 1 and 2."""
    packs = plan([3, 8, 2, 7], [0, 0, 0, 0], ["train"], 10)
    assert written(packs) == [(0, [(0, 3), (3, 7)]), (0, [(1, 8), (2, 2)])]


def test_splits_are_never_mixed() -> None:
    packs = plan([5, 5, 5, 5], [1, 0, 1, 0], ["train", "test"], 10)
    assert written(packs) == [(0, [(1, 5), (3, 5)]), (1, [(0, 5), (2, 5)])]


def test_figures_by_hand() -> None:
    packs = plan([8, 25, 4], [0, 0, 1], ["train", "test"], 10)
    assert packs.as_dict() == {
        "max_length": 10,
        "method": "best-fit decreasing",
        "rows": 3,
        "cut_rows": 1,
        "sequences": 6,
        "packs": 5,
        "tokens": 37,
        "padding": 13,
        "fill_rate": 0.74,
        "splits": {
            "train": {
                "rows": 2,
                "cut_rows": 1,
                "sequences": 5,
                "packs": 4,
                "tokens": 33,
                "padding": 7,
                "fill_rate": 0.825,
            },
            "test": {
                "rows": 1,
                "cut_rows": 0,
                "sequences": 1,
                "packs": 1,
                "tokens": 4,
                "padding": 6,
                "fill_rate": 0.4,
            },
        },
    }


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 1)), max_size=40))
def test_every_token_has_one_place(rows: list[tuple[int, int]]) -> None:
    rows = [*rows, (3, 0), (3, 1)]
    lengths, splits = [length for length, _ in rows], [split for _, split in rows]
    packs = plan(lengths, splits, ["a", "b"], 20)
    assert sorted(packs.slots.tolist()) == list(range(len(packs.slots)))
    found = [0] * len(rows)
    for split, sequences in written(packs):
        assert 0 < sum(length for _, length in sequences) <= 20
        for row, length in sequences:
            assert splits[row] == split
            found[row] += length
    assert found == lengths
