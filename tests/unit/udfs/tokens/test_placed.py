"""Tokens at places: what is summed by blocks is what is counted one by one."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.tokens.token_places import ListedPlaces, SummedPlaces, TokenPlaces
from trajhouse.udfs.tokens.vocabulary import Vocabulary

SIZES = st.lists(st.integers(1, 4), max_size=200)


def summed(sizes: list[int], controls: AbstractSet[int] = frozenset()) -> SummedPlaces:
    """Tokens each of which has an id of its own."""
    is_control = np.array([number in controls for number in range(len(sizes))], dtype=np.bool_)
    return SummedPlaces(np.arange(len(sizes), dtype=np.int32), np.uint8(sizes), is_control)


def listed(sizes: list[int]) -> ListedPlaces:
    ends = np.cumsum(sizes, dtype=np.int64)
    return ListedPlaces(ends - np.array(sizes, dtype=np.int64), ends)


@settings(deadline=None)  # The first call compiles.
@given(SIZES)
@pytest.mark.parametrize("places_of", [summed, listed])
def test_tokens_at_every_place(
    places_of: Callable[[list[int]], TokenPlaces], sizes: list[int]
) -> None:
    """Counted one by one: those that end by a place, and those that start before it."""
    every = range(len(sizes))
    tokens = places_of(sizes)
    places = np.arange(sum(sizes) + 1)
    ends = [sum(sizes[: k + 1]) for k in every]
    starts = [end - size for end, size in zip(ends, sizes, strict=True)]
    ending = tokens.ending_by(places)
    assert ending.tolist() == [sum(end <= place for end in ends) for place in places]
    starting = tokens.starting_before(places)
    assert starting.tolist() == [sum(start < place for start in starts) for place in places]
    assert tokens.ends(np.array(every, np.int64)).tolist() == ends
    assert tokens.starts(np.array(every, np.int64)).tolist() == starts


@settings(deadline=None)
@given(SIZES, st.data())
def test_control_tokens_and_their_places(sizes: list[int], data: st.DataObject) -> None:
    every = range(len(sizes))
    controls = data.draw(st.sets(st.sampled_from(every))) if sizes else set()
    tokens = summed(sizes, controls)
    assert tokens.controls.tolist() == sorted(controls)
    assert tokens.control_starts.tolist() == [sum(sizes[:k]) for k in sorted(controls)]
    assert tokens.control_ends.tolist() == [sum(sizes[: k + 1]) for k in sorted(controls)]


@pytest.mark.parametrize("control", [{0, 1, 2}, {6, 8, 9}, {0, 9}, {4}, set()])
def test_control_tokens_wherever_they_lie_in_the_vocabulary(control: set[int]) -> None:
    is_control = np.array([number in control for number in range(10)])
    sizes = np.ones(10, np.uint8)
    vocabulary = Vocabulary(sizes, is_control, is_control, is_control)
    ids = np.array([3, 9, 0, 6, 4, 8, 2, 5], dtype=np.int32)
    expected = [place for place, number in enumerate(ids.tolist()) if number in control]
    assert vocabulary.controls(ids).tolist() == expected
    assert SummedPlaces(ids, sizes, is_control).controls.tolist() == expected
    for beyond in (10, 2**31 - 1, -1):
        with pytest.raises(IndexError):
            vocabulary.controls(np.array([3, beyond], dtype=np.int32))
        with pytest.raises(IndexError):
            SummedPlaces(np.array([3, beyond], dtype=np.int32), sizes, is_control)
