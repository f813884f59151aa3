from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.cli.querying.inert import (
    clip,
    display_width,
    inert_json,
    inert_line,
    inert_text,
    pad,
)
from trajhouse.cli.querying.output import fit

HOSTILE = "\x1b\x9b\r\x07\x7f\u202e\u2066\u200f\ufeff\u2028\u2029\xad\U000e0041"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202eabc", "\\u202eabc"),
        ("\U000e0041", "\\U000e0041"),
        ("日本 é 👩\u200d🚀", "日本 é 👩\u200d🚀"),
    ],
    ids=["plain", "named", "escape", "c1", "bidi", "tag", "letters"],
)
def test_line(text: str, shown: str) -> None:
    assert inert_line(text) == shown


def test_text_keeps_lines_and_tabs_only() -> None:
    assert inert_text("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"


@given(st.text(alphabet=st.sampled_from(HOSTILE + "ab\n\té日")))
def test_nothing_hostile_is_left(text: str) -> None:
    assert not set(inert_line(text)) & set(HOSTILE + "\n\t")
    assert not set(inert_text(text)) & set(HOSTILE)


@given(st.text())
def test_json_keeps_its_value(text: str) -> None:
    shown = inert_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    assert not set(shown) & set(HOSTILE)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0)])
def test_width(text: str, width: int) -> None:
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("", 3, ""),
    ],
)
def test_clip(text: str, width: int, shown: str) -> None:
    assert clip(text, width) == shown


@given(st.text(alphabet="ab日本é"), st.integers(1, 20))
def test_clip_never_exceeds_the_width(text: str, width: int) -> None:
    assert display_width(clip(text, width)) <= width


def test_pad_counts_columns() -> None:
    assert pad("日", 4, to_right=False) == "日  "
    assert pad("日", 4, to_right=True) == "  日"
    assert pad("long", 2, to_right=True) == "long"


@pytest.mark.parametrize(
    ("widths", "total", "expected"),
    [
        ([5, 5], 20, [5, 5]),
        ([5, 50], 32, [5, 25]),
        ([50, 50], 42, [20, 20]),
        ([50, 50, 50], 20, [8, 8, 8]),
        ([], 20, []),
    ],
    ids=["room", "one_cut", "both_cut", "never_below_8", "none"],
)
def test_fit(widths: list[int], total: int, expected: list[int]) -> None:
    assert fit(widths, total) == expected
