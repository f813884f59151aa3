"""Texts whose beginnings are kept once are the texts, byte by byte and id by id."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.flat_texts import FlatIds, FlatTexts
from trajhouse.udfs.shared_texts import SharedTexts

BEGINNINGS = st.lists(st.text("aé中", max_size=5), min_size=1, max_size=4)


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, str]]]:
    """Beginnings, and which of them each text begins with, and its rest."""
    beginnings = draw(BEGINNINGS)
    one = st.tuples(st.sampled_from(range(len(beginnings))), st.text("bü", max_size=5))
    return beginnings, draw(st.lists(one, max_size=6))


@settings(deadline=None)
@given(rows())
def test_texts_are_beginnings_and_rests(given_: tuple[list[str], list[tuple[int, str]]]) -> None:
    beginnings, texts = given_
    whole = [beginnings[number] + rest for number, rest in texts]
    parts = FlatTexts.of([*beginnings, *(rest for _, rest in texts)])
    shared = SharedTexts(parts, np.array([number for number, _ in texts], dtype=np.int64))
    assert list(shared) == whole
    assert shared.bounds.tolist() == FlatTexts.of(whole).bounds.tolist()
    laid = "".join(whole).encode()
    for first, last in zip(shared.bounds, shared.bounds[1:], strict=False):
        for start in range(first, last):
            for end in range(start, last + 1):
                assert shared.between(start, end) == laid[start:end]
    # a byte stands for an id
    ids = shared.whole(FlatIds(parts.data.astype(np.int32), parts.bounds))
    assert bytes(ids.ids.astype(np.uint8)) == laid
    assert ids.bounds.tolist() == shared.bounds.tolist()
