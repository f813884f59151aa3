"""Plans drawn at random, distributed as the dataset card says, with faults on top."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Final

from trajhouse.cli.sampling.ipw.rows import (
    MALFORMED_CALLS,
    SFT,
    STRAY_FORMS,
    UNREADABLE_FORMS,
    WITH_OPUS,
    Row,
    Teacher,
    duplicate,
    left_out_of_both,
    rejected,
)
from trajhouse.cli.sampling.request import SampleRequest

FAULTS: Final = {
    "failed": 0.2,
    "regraded": 0.017,
    "regraded_wrong": 0.02,
    "verdicts_disagree": 0.005,
    "verdict_missing": 0.002,
    "opus_failed": 0.013,
    "other_run": 0.04,
    "other_teacher": 0.03,
    "stray_form": 0.05,
    "malformed_call": 0.01,
    "unreadable": 0.01,
    "misgraded": 0.01,
    "cut_line": 0.002,
}

TOP_CATEGORIES: Final = {
    "High School Math": 13245,
    "Math Olympiads": 4041,
    "Medical Exams": 3915,
    "Open Conversations": 2962,
    "Text Classification": 1551,
    "Explanation": 1447,
    "Closed Question Answering": 1229,
    "AIME Math": 1174,
    "General Math": 884,
    "General Question Answering": 740,
}
"""The card's ten largest categories."""

N_OTHER_CATEGORIES: Final = 2112
N_IN_OTHER_CATEGORIES: Final = 13113
_TURNS: Final = {1: 0.85, 2: 0.11, 3: 0.03, 4: 0.01}
"""Shares of trajectories by assistant turns; 1.2 on average."""
_OPUS_SHARE: Final = 10 / 44301

Planner = Callable[[Row, random.Random], Iterator[Row]]


def other_category(number: int) -> str:
    """One of the many small categories, by its number from 0."""
    return f"Special Topic {number + 1}"


def draw(request: SampleRequest) -> Iterator[Row]:
    """The rows of a sample: `request.rows` solved tasks, then what each fault adds."""
    chance = random.Random(f"ipw/{request.seed}")
    numbers = count(1)
    for _ in range(request.rows):
        yield _solved(next(numbers), chance, request)
    for fault in FAULTS:
        for _ in range(request.n_faulty(fault)):
            yield from _PLANNERS[fault](_solved(next(numbers), chance, request), chance)


def _solved(number: int, chance: random.Random, request: SampleRequest) -> Row:
    teacher = Teacher.OPUS if chance.random() < _OPUS_SHARE else Teacher.KIMI
    turns = chance.choices(list(_TURNS), list(_TURNS.values()))[0]
    names = [*TOP_CATEGORIES, ""]
    weights = [*TOP_CATEGORIES.values(), N_IN_OTHER_CATEGORIES]
    category = chance.choices(names, weights)[0] or other_category(
        chance.randrange(N_OTHER_CATEGORIES)
    )
    return Row(number, teacher, category, turns - 1, length=request.length, seed=request.seed)


def failed(row: Row, *, verdicts: tuple[bool | None, ...] = ()) -> Row:
    """The row with a wrong answer that no verdict saves."""
    outcome: dict[str, Any] = left_out_of_both("not_correct")
    return replace(row, success=False, verdicts=verdicts, **outcome)


def regraded(row: Row) -> Row:
    """The row as Claude Sonnet solved it: recorded as wrong, and found correct by a grader."""
    return replace(row, teacher=Teacher.SONNET, success=False, verdicts=(True,), is_misgraded=True)


def opus_failed(row: Row) -> Row:
    """The row as Claude Opus failed it: the second mart alone holds it."""
    return replace(
        row,
        teacher=Teacher.OPUS,
        success=False,
        marts=(WITH_OPUS,),
        left_out={SFT: "not_correct"},
    )


def opus_second(row: Row) -> Row:
    """Claude Opus's correct trajectory of a sample that another teacher's stands for."""
    return replace(row, teacher=Teacher.OPUS, marts=(WITH_OPUS,), left_out={SFT: "same_sample"})


def sonnet_second(row: Row) -> Row:
    """Claude Sonnet's correct trajectory of a sample that Kimi-K2's stands for."""
    outcome: dict[str, Any] = left_out_of_both("same_sample")
    return replace(row, teacher=Teacher.SONNET, **outcome)


def runs(row: Row, *, is_first_wrong: bool) -> tuple[Row, Row]:
    """The row in two runs: the correct one is kept, the first of two correct ones."""
    dropped: dict[str, Any] = duplicate()
    first, second = row, replace(row, run=2)
    if is_first_wrong:
        return replace(first, success=False, **dropped), second
    return first, replace(second, **dropped)


def unreadable(row: Row, form: str, reason: str) -> Row:
    """The row in a form that cannot be read."""
    outcome: dict[str, Any] = rejected(reason)
    n_calls = max(1, row.n_calls) if form in MALFORMED_CALLS else row.n_calls
    return replace(row, form=form, n_calls=n_calls, **outcome)


def _in_stray_form(row: Row, chance: random.Random) -> Row:
    return replace(row, form=chance.choice(STRAY_FORMS), n_calls=max(1, row.n_calls))


def _other_teacher(row: Row, chance: random.Random) -> Iterator[Row]:
    yield replace(row, teacher=Teacher.KIMI)
    yield sonnet_second(row) if chance.random() < 0.5 else opus_second(row)


def _one(plan: Callable[[Row, random.Random], Row]) -> Planner:
    def planned(row: Row, chance: random.Random) -> Iterator[Row]:
        yield plan(row, chance)

    return planned


_PLANNERS: Final[dict[str, Planner]] = {
    "failed": _one(lambda row, _: failed(replace(row, teacher=Teacher.KIMI))),
    "regraded": _one(lambda row, _: regraded(row)),
    "regraded_wrong": _one(
        lambda row, _: failed(replace(row, teacher=Teacher.SONNET), verdicts=(False,))
    ),
    "verdicts_disagree": _one(
        lambda row, _: failed(replace(row, teacher=Teacher.SONNET), verdicts=(True, False))
    ),
    "verdict_missing": _one(
        lambda row, _: failed(replace(row, teacher=Teacher.SONNET), verdicts=(None,))
    ),
    "opus_failed": _one(lambda row, _: opus_failed(row)),
    "other_run": lambda row, chance: iter(
        runs(replace(row, teacher=Teacher.KIMI), is_first_wrong=chance.random() < 0.5)
    ),
    "other_teacher": _other_teacher,
    "stray_form": _one(_in_stray_form),
    "malformed_call": _one(
        lambda row, chance: unreadable(row, *chance.choice(list(MALFORMED_CALLS.items())))
    ),
    "unreadable": _one(
        lambda row, chance: unreadable(row, *chance.choice(list(UNREADABLE_FORMS.items())))
    ),
    "misgraded": _one(lambda row, _: replace(row, is_misgraded=True)),
    "cut_line": _one(lambda row, _: unreadable(row, "cut", "truncated_json")),
}
