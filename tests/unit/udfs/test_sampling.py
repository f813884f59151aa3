"""The first items are checked, and then ever fewer, in whatever portions they come."""

from __future__ import annotations

import pytest

from trajhouse.udfs.sampling import Sample

CHECKED = [0, 1, 4, 16, 64, 100, 200, 300]
"""By hand: powers of four below a hundred, and every hundredth."""


@pytest.mark.parametrize("portion", [1, 7, 100, 400])
def test_portions_make_no_difference(portion: int) -> None:
    sample = Sample(every=100)
    found = []
    for first in range(0, 400, portion):
        places = sample.places(min(portion, 400 - first))
        found += [first + place for place in places]
    assert found == CHECKED
