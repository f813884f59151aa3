"""Lists in another order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.laid import laid

lists_and_order = st.lists(st.lists(st.integers(-9, 9)), min_size=1).flatmap(
    lambda lists: st.tuples(st.just(lists), st.lists(st.sampled_from(range(len(lists)))))
)


@pytest.mark.parametrize("type_", [np.int8, np.int32, np.int64, np.float32])
@settings(deadline=None)
@given(asked=lists_and_order)
def test_lists_are_laid_as_asked_for(
    asked: tuple[list[list[int]], list[int]], type_: type[np.generic]
) -> None:
    lists, order = asked
    values = np.array([value for one in lists for value in one], dtype=type_)
    bounds = np.cumsum([0, *map(len, lists)])
    found, ends = laid(values, bounds, np.array(order, dtype=np.int64))
    assert found.dtype == type_
    assert [found[a:b].tolist() for a, b in pairwise(ends)] == [lists[k] for k in order]
