"""Tokens at places: what is found beside control tokens is what a search among all finds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.udfs.tokens.placed import Placed
from trajhouse.udfs.tokens.vocabulary import Vocabulary

SIZES = st.lists(st.integers(1, 4), max_size=40)


def placed(sizes: list[int], controls: list[int]) -> Placed:
    ids, ends = np.zeros(len(sizes), np.int32), np.cumsum(sizes, dtype=np.int32)
    bounds = np.array([0, len(sizes)], dtype=np.int64)
    return Placed(ids, np.array(controls, dtype=np.int64), ends, None, bounds, {})


@given(SIZES, st.data())
def test_tokens_at_every_place(sizes: list[int], data: st.DataObject) -> None:
    """Counted one by one: those that end by a place, and those that start before it."""
    every = range(len(sizes))
    controls = sorted(data.draw(st.sets(st.sampled_from(every)))) if sizes else []
    places = np.arange(sum(sizes) + 1)
    tokens = placed(sizes, controls)
    ends = [sum(sizes[: k + 1]) for k in every]
    ending = tokens.ending_by(places)
    assert ending.tolist() == [sum(end <= place for end in ends) for place in places]
    starting = tokens.starting_before(places, ending)
    starts = [end - size for end, size in zip(ends, sizes, strict=True)]
    assert starting.tolist() == [sum(start < place for start in starts) for place in places]


@pytest.mark.parametrize("control", [{0, 1, 2}, {6, 8, 9}, {0, 9}, {4}, set()])
def test_control_tokens_wherever_they_lie_in_the_vocabulary(control: set[int]) -> None:
    is_control = np.array([number in control for number in range(10)])
    vocabulary = Vocabulary(pa.array([1] * 10), is_control, is_control, is_control)
    ids = np.array([3, 9, 0, 6, 4, 8, 2, 5], dtype=np.int32)
    expected = [place for place, number in enumerate(ids.tolist()) if number in control]
    assert vocabulary.controls(ids).tolist() == expected
    for beyond in (10, 2**31 - 1, -1):
        with pytest.raises(IndexError):
            vocabulary.controls(np.array([3, beyond], dtype=np.int32))
