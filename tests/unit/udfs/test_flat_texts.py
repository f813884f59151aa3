"""Characters beyond ASCII are found in texts of any length, and in which texts they are."""

from __future__ import annotations

import numpy as np
import pytest

from trajhouse.udfs.flat_texts import FlatTexts


@pytest.mark.parametrize("n_before", range(18))
def test_foreign_characters_are_found_wherever_they_stand(n_before: int) -> None:
    texts = ["a" * n_before + "é中", "", "plain", "\U0001f9ea" + "b" * n_before]
    flat = FlatTexts.of(texts)
    codes = flat.foreign_characters
    assert codes.tolist() == [ord("é"), ord("中"), 0x1F9EA]
    assert flat.rows_with(codes > 0xFF) == [0, 3]
    assert flat.rows_with(codes > 0xFFFF) == [3]
    assert flat.rows_with(np.zeros(3, dtype=np.bool_)) == []


def test_texts_of_ascii_hold_none() -> None:
    assert FlatTexts.of(["a" * 100, ""]).foreign_characters.tolist() == []
    assert FlatTexts.of([]).foreign_characters.tolist() == []


@pytest.mark.parametrize("place", [0, 1, 510, 511, 512, 1_023, 1_024, 1_500, 1_599])
def test_a_foreign_character_is_found_in_any_block(place: int) -> None:
    flat = FlatTexts.of(["a" * place + "é" + "a" * (1_600 - place), "plain"])
    assert flat.foreign_characters.tolist() == [ord("é")]
    assert flat.rows_with(flat.foreign_characters > 0) == [0]
