"""Long rows are cut where turns end, and nowhere else, and no token is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.cli.exporting.cutting import Pieces, TurnTooLong, cut_to_fill, trained_turn_ends

ROOM = 40


def cut(lengths: list[int], ends: dict[int, list[int]], room: int = ROOM) -> Pieces:
    stops = {row: np.array(places, dtype=np.int64) for row, places in ends.items()}
    return cut_to_fill(np.array(lengths, dtype=np.int64), stops, room)


def as_rows(pieces: Pieces) -> list[tuple[int, int, int, int]]:
    columns = (pieces.rows, pieces.starts, pieces.lengths, pieces.packs)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ([0, 1, 1, 0, 0, 1, 0], [3, 6]),
        ([0, 1, 1], []),
        ([1, 0], [1]),
        ([0, 0], []),
        ([], []),
    ],
)
def test_a_turn_ends_behind_its_last_trained_token(mask: list[int], expected: list[int]) -> None:
    assert trained_turn_ends(np.array(mask), None).tolist() == expected


@pytest.mark.parametrize(
    ("mask", "turns", "expected"),
    [
        pytest.param(
            [0, 1, 0, 1, 0, 1, 0], [4, 6], [4, 6], id="a part in the middle is not trained"
        ),
        pytest.param([0, 1, 0, 0, 0, 1, 0], [4, 6], [4, 6], id="a part at the end is not trained"),
        pytest.param([0, 0, 0, 0, 0, 1, 0], [2, 4, 6], [6], id="earlier turns are not trained"),
        pytest.param([0, 1, 0, 1], [2, 4], [2], id="the last turn ends the row"),
        pytest.param([0, 0], [2], [], id="nothing is trained"),
        pytest.param([0, 0], [], [], id="no turns"),
    ],
)
def test_a_turn_of_which_some_is_trained_ends_where_the_row_says(
    mask: list[int], turns: list[int], expected: list[int]
) -> None:
    ends = trained_turn_ends(np.array(mask), np.array(turns, dtype=np.int32))
    assert ends.tolist() == expected


def test_by_hand() -> None:
    """Row 0 leaves a room of 3. Of row 1 the first 9 fill a pack, 3 of the other 6 that room."""
    pieces = cut([7, 15], {1: [3, 6, 9, 12]}, room=10)
    assert as_rows(pieces) == [(0, 0, 7, 0), (1, 0, 9, 1), (1, 9, 3, 0), (1, 12, 3, 2)]


def test_what_is_left_of_a_row_stays_whole_where_it_fits() -> None:
    """10 of 15 fill a pack; the other 5 fit into the room that 4 leaves, and are not cut again."""
    pieces = cut([4, 15], {1: [10, 12]}, room=10)
    assert as_rows(pieces) == [(0, 0, 4, 0), (1, 0, 10, 1), (1, 10, 5, 0)]


def test_a_turn_that_is_longer_than_a_pack_is_an_error() -> None:
    with pytest.raises(TurnTooLong) as raised:
        cut([5, 30], {1: [4, 17]}, room=10)
    assert raised.value.row == 1


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[int], dict[int, list[int]]]:
    """Rows whose turns are shorter than a pack."""
    turns = draw(st.lists(st.lists(st.integers(1, 15), min_size=1, max_size=12), max_size=15))
    lengths = [sum(row) for row in turns]
    stops = {row: np.cumsum(sizes)[:-1].tolist() for row, sizes in enumerate(turns)}
    return lengths, {row: stops[row] for row, length in enumerate(lengths) if length > ROOM}


@given(rows())
def test_pieces_tile_their_rows_and_fit(drawn: tuple[list[int], dict[int, list[int]]]) -> None:
    lengths, ends = drawn
    pieces = as_rows(cut(lengths, ends))
    assert [row for row, start, _, _ in pieces if start == 0] == list(range(len(lengths)))
    for row, length in enumerate(lengths):
        own = [(start, size) for number, start, size, _ in pieces if number == row]
        stops = [start + size for start, size in own]
        assert [start for start, _ in own] == [0, *stops[:-1]]
        assert stops[-1] == length
        assert set(stops[:-1]) <= set(ends.get(row, []))
    fills = np.bincount([pack for *_, pack in pieces], [size for *_, size, _ in pieces])
    assert all(0 < fill <= ROOM for fill in fills)
