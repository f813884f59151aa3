"""Patterns over a corpus: each document once, the first ones, in linear time."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest

from trajhouse.udfs.regex_search import regex_search

DOCUMENTS = pa.list_(pa.struct([("doc_id", pa.string()), ("text", pa.string())]))


def search(
    patterns: list[str], texts: list[str], flags: str = "im", top_k: int = 5, width: int = 80
) -> list[dict[str, Any]]:
    documents = [{"doc_id": f"d{number}", "text": text} for number, text in enumerate(texts)]
    found = regex_search(
        pa.array([patterns], pa.list_(pa.string())),
        pa.array([documents], DOCUMENTS),
        pa.array([flags]),
        pa.array([top_k], pa.int32()),
        pa.array([width], pa.int32()),
    )
    rows: list[dict[str, Any]] = found[0].as_py()
    return rows


def ids(found: dict[str, Any]) -> list[str]:
    return [match["doc_id"] for match in found["matches"]]


def test_the_first_documents_are_found_across_slices() -> None:
    texts = ["a bee" if number in (3, 300, 900) else "none" for number in range(1000)]
    found = search(["bee", "none"], texts, top_k=2)
    assert [ids(row) for row in found] == [["d3", "d300"], ["d0", "d1"]]
    assert [row["pattern"] for row in found] == ["bee", "none"]


@pytest.mark.parametrize(
    ("flags", "expected"), [("", []), ("i", ["d0"]), ("im", ["d0", "d1"]), ("ims", ["d0", "d1"])]
)
def test_flags_hold_for_the_whole_pattern(flags: str, expected: list[str]) -> None:
    assert ids(search(["zz|^be"], ["Bee", "a\nBee"], flags)[0]) == expected


def test_context_is_counted_in_characters() -> None:
    found = search(["x"], ["éééxéé"], width=2)[0]
    assert found["matches"] == [{"doc_id": "d0", "context": "ééxé"}]


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [("(a", "invalid"), ("a(?=b)", "unsupported"), (r"(a)\1", "unsupported"), ("a", None)],
)
def test_faults_of_patterns_are_told_apart(pattern: str, fault: str | None) -> None:
    assert search([pattern], ["ab"])[0]["fault"] == fault


@pytest.mark.parametrize(
    ("pattern", "text", "fault"),
    [
        (r"\pL", "ab", "invalid"),
        (r"\z", "ab", "invalid"),
        ("a{,2}", "ab", "unsupported"),
        (r"\w+", "ab", None),
        (r"\w+", "é", "unsupported"),
        (r"\bé", "é", "unsupported"),
        (r"a\\w", "é", None),
        (r"[\d]", "é", "unsupported"),
    ],
)
def test_what_python_takes_otherwise_is_not_searched_for(
    pattern: str, text: str, fault: str | None
) -> None:
    assert search([pattern], [text])[0]["fault"] == fault


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    started = time.perf_counter()
    assert ids(search(["(a+)+$"], ["a" * 5000 + "b"])[0]) == []
    assert time.perf_counter() - started < 2


def test_an_empty_corpus_and_no_corpus() -> None:
    assert search(["a"], []) == [{"pattern": "a", "fault": None, "matches": []}]
    nothing = pa.array([None], DOCUMENTS)
    one = pa.array([1], pa.int32())
    patterns = pa.array([["a"]], pa.list_(pa.string()))
    assert regex_search(patterns, nothing, pa.array(["i"]), one, one).to_pylist() == [None]
