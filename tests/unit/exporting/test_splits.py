"""Which split a task goes to, against the rule computed apart."""

from __future__ import annotations

import hashlib

import duckdb
import pytest

from trajhouse.cli.exporting.request import parse_splits
from trajhouse.cli.exporting.splits import as_text, split_expression, upper_bounds


def place(task: str) -> float:
    """The rule as documented, in Python: the first 8 bytes of the hash over 2^64."""
    return int.from_bytes(hashlib.sha256(task.encode()).digest()[:8], "big") / 2**64


def assign(tasks: list[str], text: str) -> list[int]:
    expression = split_expression("task", parse_splits(text))
    query = f"select {expression} from (select unnest(?::varchar[]) as task)"
    return [row[0] for row in duckdb.connect().execute(query, [tasks]).fetchall()]


def test_agrees_with_the_rule() -> None:
    tasks = [f"task-{number}" for number in range(5000)] + ["", "ünï", "👋", "a'b"]
    expected = [0 if place(t) < 0.5 else 1 if place(t) < 0.8 else 2 for t in tasks]
    assert assign(tasks, "train=0.5,validation=0.3,test=0.2") == expected
    assert set(expected) == {0, 1, 2}


def test_shares_are_near_what_was_asked() -> None:
    positions = assign([f"task-{number}" for number in range(20_000)], "train=0.95,validation=0.05")
    # Four standard deviations of a binomial share of 20,000: 0.0062.
    assert positions.count(1) / 20_000 == pytest.approx(0.05, abs=0.0062)


def test_bounds_are_exact() -> None:
    assert upper_bounds(parse_splits("a=0.5,b=0.25,c=0.25")) == [2**63, 2**63 + 2**62]


def test_a_larger_training_share_takes_from_validation_only() -> None:
    tasks = [f"task-{number}" for number in range(2000)]
    before = assign(tasks, "train=0.8,validation=0.2")
    after = assign(tasks, "train=0.9,validation=0.1")
    assert all(new == 0 for old, new in zip(before, after, strict=True) if old == 0)


@pytest.mark.parametrize(
    ("share", "text"), [("1", "1"), ("0.050", "0.05"), ("0.0000001", "0.0000001")]
)
def test_fractions_as_text(share: str, text: str) -> None:
    rest = [] if share == "1" else [f"b={1 - float(share):.7f}"]
    assert as_text(parse_splits(",".join([f"a={share}", *rest]))[0].fraction) == text
