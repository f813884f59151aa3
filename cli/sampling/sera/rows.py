"""The plan of a SERA sample: which rollouts, how long they are, and what is odd in them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from trajhouse.cli.sampling.request import Length, SampleRequest

MOST_CALLS = 112
LEAST_CALLS = 13
MEAN_CALLS = 42.2

FAULT_SHARES = {
    "trailing_submits": 0.05,
    "mid_answer": 0.05,
    "mid_submit": 0.02,
    "empty_reasoning": 0.03,
    "demonstration": 0.02,
    "wrong_recall": 0.02,
    "duplicate": 0.02,
    "nested_answer": 0.02,
    "no_submit": 0.02,
    "limit_exit": 0.02,
    "bad_arguments": 0.01,
    "broken_line": 0.01,
}
"""Usual shares; those up to `wrong_recall` are accepted, and the others are not."""

REJECTED = {
    "nested_answer": "nested_answer",
    "no_submit": "not_submitted",
    "limit_exit": "not_submitted",
    "bad_arguments": "args_invalid",
    "broken_line": "truncated_json",
}
"""The reason with which a fault gets a record rejected."""


@dataclass(frozen=True)
class Source:
    """One source dataset; `rows` is its count on the card."""

    dataset: str
    pair: str
    rollout: str
    rows: int

    @property
    def is_second(self) -> bool:
        """Whether its rollouts reproduce the changes of a first one."""
        return self.rollout == "T2"


SOURCES = (
    Source("Sera-4.5A-Full-T1", "Sera-4.5A-Full", "T1", 72_118),
    Source("Sera-4.5A-Full-T2", "Sera-4.5A-Full", "T2", 66_337),
    Source("Sera-4.6-Lite-T1", "Sera-4.6-Lite", "T1", 36_825),
    Source("Sera-4.6-Lite-T2", "Sera-4.6-Lite", "T2", 36_083),
)


@dataclass(frozen=True)
class Row:
    """One rollout.

    Args:
        source: The dataset that it belongs to.
        number: Its instance; T1 and T2 rollouts of a pair with one number work on one instance.
        seed: With source and number it decides every text.
        n_calls: Tool calls, submits left out.
        length: How long its texts are.
        fault: What is odd in it, a key of `FAULT_SHARES`; None is nothing.
    """

    source: Source
    number: int
    seed: int = 0
    n_calls: int = 1
    length: Length = Length.SHORT
    fault: str | None = None

    @property
    def key(self) -> str:
        """What names the instance: equal for both rollouts of a pair."""
        return f"{self.seed}/{self.source.pair}/{self.number}"

    def chance(self, purpose: str) -> random.Random:
        """A random generator of its own for `purpose`."""
        return chance_of(f"{self.key}/{self.source.rollout}/{self.fault}/{purpose}")


def chance_of(key: str) -> random.Random:
    """A random generator that gives the same for the same key."""
    return random.Random(key)  # noqa: S311 - texts, no secrets


def draw(request: SampleRequest) -> Iterator[Row]:
    """The rows of a sample: sound ones by source as on the card, then the faulty ones."""
    counts = shares(request.rows)
    for source, count in zip(SOURCES, counts, strict=True):
        for number in range(count):
            yield planned(request, source, number)
    numbers = dict(zip(SOURCES, counts, strict=True))
    for fault in request.faults or {}:
        for place in range(request.n_faulty(fault)):
            source = _source(fault, place, counts)
            if fault == "duplicate":
                yield planned(request, source, place % numbers[source], fault)
                continue
            pair = [other for other in SOURCES if other.pair == source.pair]
            number = max(numbers[other] for other in pair)
            for other in pair:
                numbers[other] = number + 1
            yield planned(request, source, number, fault)


def planned(request: SampleRequest, source: Source, number: int, fault: str | None = None) -> Row:
    """One row of a sample, with as many calls as the request's length asks for."""
    row = Row(source, number, request.seed, 1, request.length, fault)
    if request.length is Length.SHORT:
        return row
    # a beta distribution over what the card gives as least and most, with the card's mean
    span = MOST_CALLS - LEAST_CALLS
    mean = (MEAN_CALLS - LEAST_CALLS) / span
    share = row.chance("calls").betavariate(2, 2 / mean - 2)
    return Row(
        source, number, request.seed, LEAST_CALLS + round(share * span), request.length, fault
    )


def shares(rows: int) -> list[int]:
    """`rows` dealt to the sources as on the card; a T2 rollout always has its T1 rollout."""
    total = sum(source.rows for source in SOURCES)
    exact = [source.rows * rows / total for source in SOURCES]
    counts = [int(share) for share in exact]
    by_rest = sorted(range(len(SOURCES)), key=lambda i: (counts[i] - exact[i], i))
    for position in by_rest[: rows - sum(counts)]:
        counts[position] += 1
    for first, second in ((0, 1), (2, 3)):
        if counts[second] > counts[first]:
            counts[first], counts[second] = counts[second], counts[first]
    return counts


def _source(fault: str, place: int, counts: list[int]) -> Source:
    """Where a faulty row goes: round and round over the sources that may have it."""
    fitting = [
        source
        for source, count in zip(SOURCES, counts, strict=True)
        if (source.is_second or fault != "wrong_recall") and (count or fault != "duplicate")
    ]
    return fitting[place % len(fitting)]
