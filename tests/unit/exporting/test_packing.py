"""Best-fit decreasing against the rule, computed the slow way, and against first fit."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.cli.exporting.packing import OpenPacks, best_fit_decreasing

ROOM = 40
lengths_of_rows = st.lists(st.integers(1, ROOM), max_size=80)


def pack(lengths: list[int], room: int = ROOM) -> list[list[int]]:
    """The lengths in each pack, as they were given."""
    chosen = best_fit_decreasing(np.array(lengths, dtype=np.int64), OpenPacks(room)).tolist()
    packs: list[list[int]] = [[] for _ in set(chosen)]
    for length, number in zip(lengths, chosen, strict=True):
        packs[number].append(length)
    return packs


def slow_best_fit(lengths: list[int], room: int = ROOM) -> list[int]:
    """The fills of the packs, by the rule's words: look at every pack for every length."""
    fills: list[int] = []
    for length in sorted(lengths, reverse=True):
        fitting = [place for place, fill in enumerate(fills) if fill + length <= room]
        if fitting:
            fills[max(fitting, key=lambda place: fills[place])] += length
        else:
            fills.append(length)
    return fills


def first_fit(lengths: list[int], room: int = ROOM) -> int:
    """How many packs first-fit decreasing opens."""
    fills: list[int] = []
    for length in sorted(lengths, reverse=True):
        for place, fill in enumerate(fills):
            if fill + length <= room:
                fills[place] += length
                break
        else:
            fills.append(length)
    return len(fills)


@pytest.mark.parametrize(
    ("lengths", "room", "expected"),
    [
        pytest.param([], 10, [], id="nothing"),
        pytest.param([10, 10], 10, [[10], [10]], id="full ones"),
        pytest.param([6, 3, 5, 2, 4], 10, [[6, 4], [3, 5, 2]], id="two full packs"),
        pytest.param([3, 2, 8, 7], 10, [[2, 8], [3, 7]], id="the least room, not the first"),
        pytest.param([1] * 7, 3, [[1, 1, 1], [1, 1, 1], [1]], id="equal ones"),
    ],
)
def test_by_hand(lengths: list[int], room: int, expected: list[list[int]]) -> None:
    assert pack(lengths, room) == expected


@given(lengths_of_rows)
def test_follows_the_rule(lengths: list[int]) -> None:
    assert sorted(map(sum, pack(lengths))) == sorted(slow_best_fit(lengths))


@given(lengths_of_rows)
def test_every_length_is_in_one_pack_and_none_is_too_full(lengths: list[int]) -> None:
    packs = pack(lengths)
    assert sorted(length for part in packs for length in part) == sorted(lengths)
    assert all(0 < sum(part) <= ROOM for part in packs)


@given(lengths_of_rows, st.randoms())
def test_the_order_of_rows_does_not_matter(lengths: list[int], random: object) -> None:
    shuffled = list(lengths)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(map(sorted, pack(shuffled))) == sorted(map(sorted, pack(lengths)))


@given(lengths_of_rows)
def test_is_near_first_fit_and_no_two_packs_would_go_in_one(lengths: list[int]) -> None:
    """Both are proven to open at most 11/9 of the fewest packs and 2/3 of one."""
    packs = pack(lengths)
    assert len(packs) <= first_fit(lengths) * 11 / 9 + 2 / 3
    fills = sorted(map(sum, packs))
    assert len(fills) < 2 or fills[0] + fills[1] > ROOM


def test_is_no_worse_than_first_fit_on_lengths_as_trajectories_have_them() -> None:
    random = np.random.default_rng(3)
    lengths = np.clip(random.lognormal(9, 0.8, 2000), 100, 32_768).astype(int).tolist()
    assert len(pack(lengths, 32_768)) <= first_fit(lengths, 32_768)


@pytest.mark.serial
def test_a_hundred_thousand_rows_take_less_than_two_seconds() -> None:
    lengths = np.random.default_rng(3).integers(1, 32_769, 100_000)
    started = time.perf_counter()
    best_fit_decreasing(lengths, OpenPacks(32_768))
    assert time.perf_counter() - started < 2
