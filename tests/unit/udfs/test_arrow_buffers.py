"""What is read of Arrow's buffers is what Arrow itself says, wherever an array begins."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.arrow_buffers import as_strings, bytes_of, list_bounds, offsets_of, valid_flags

TYPES = [pa.string(), pa.large_string(), pa.string_view()]
LISTS = [pa.list_(pa.int8()), pa.large_list(pa.int8())]


def sliced(values: st.SearchStrategy[list[object]]) -> st.SearchStrategy[tuple[list[object], int]]:
    """Values, and how many of them lie before the array that is read."""
    return st.tuples(values, st.integers(0, 20))


@pytest.mark.parametrize("type_", TYPES, ids=str)
@settings(deadline=None)
@given(sliced(st.lists(st.none() | st.text(max_size=4), max_size=40)))
def test_texts_are_where_their_offsets_say(
    type_: pa.DataType, given_: tuple[list[str | None], int]
) -> None:
    texts, first = given_
    array = pa.array(texts, type_).slice(first)
    strings = as_strings(array)
    data, offsets = bytes_of(strings), offsets_of(strings)
    flags = valid_flags(array)
    assert flags.tolist() == [text is not None for text in texts[first:]]
    found = [data[offsets[k] : offsets[k + 1]].tobytes().decode() for k in range(len(array))]
    assert [text if flags[k] else None for k, text in enumerate(found)] == texts[first:]
    assert offsets.dtype == np.int64
    assert not offsets.flags.writeable


@pytest.mark.parametrize("type_", LISTS, ids=str)
@settings(deadline=None)
@given(sliced(st.lists(st.none() | st.lists(st.just(1), max_size=3), max_size=40)))
def test_lists_have_their_own_number_of_values(
    type_: pa.DataType, given_: tuple[list[list[int] | None], int]
) -> None:
    lists, first = given_
    array = pa.array(lists, type_).slice(first)
    bounds = list_bounds(array)
    assert np.diff(bounds).tolist() == [len(one or []) for one in lists[first:]]
    assert bounds[-1] == len(array.flatten())


def test_a_null_list_may_hide_values() -> None:
    hidden = pa.ListArray.from_arrays([0, 2, 3], [1, 2, 3], mask=pa.array([True, False]))
    assert list_bounds(hidden).tolist() == [0, 0, 1]
    assert pc.sum(hidden.flatten()).as_py() == 3


def test_a_column_of_no_type_is_null_throughout() -> None:
    assert valid_flags(pa.nulls(11)).tolist() == [False] * 11
