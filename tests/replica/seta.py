"""The plan of raw trials whose build gives the counts of seta's dataset card exactly.

Of 1,605 trial directories 117 have no test report: 99 of tasks that were run again in a later pass,
18 of tasks that failed for good. The other 1,488 are the published rows. Every row's tokens are
planned: what a row's frame takes is measured, and its reasoning and outputs are made so long that
the row has what was planned.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pyarrow as pa

from trajhouse.cli.sampling.seta import Report, Row, Verdict
from trajhouse.cli.sampling.seta.conversations import messages_of
from trajhouse.udfs.whole_turns import tokenize_whole_turns

CARD = {
    "rows": "1,488",
    "total tokens": "15,688,749",
    "trainable tokens": "7,787,881 (49.6%)",
    "tokens / row (mean)": "10544",
    "tokens / row (median)": "8884",
    "tokens / row (max)": "28,937",
    "reward = 1.0 rows": "1,112 (74.7%)",
    "reward (mean)": "0.932",
}
TRIALS, ROWS, RETRIED, FAILED, PERFECT = 1_605, 1_488, 99, 18, 1_112
TOKENS, TRAINED, MEDIAN, LONGEST, SHORTEST = 15_688_749, 7_787_881, 8_884, 28_937, 2_000
IMPERFECT = ((0, 5, 24), (4, 5, 245), (3, 4, 97), (3, 5, 10))
"""Passed, of tests, in so many rows; with the perfect rows their mean is 0.932."""

SMALL_ROWS, SMALL_RETRIED, SMALL_FAILED, SMALL_PERFECT = 14, 1, 1, 10
"""The same shape at 1:100, with rows of 600, 640, … tokens of which 250, 270, … are trained."""

_STEP_TOKENS = 450
_PASSES = 5
_REPORTS = (Report.CTRF_SECONDS, Report.CTRF_MILLISECONDS)
_CALLS = pa.list_(
    pa.struct(
        [
            ("id", pa.string()),
            ("type", pa.string()),
            ("function", pa.struct([("name", pa.string()), ("arguments", pa.string())])),
        ]
    )
)
_CHATS = pa.list_(
    pa.struct(
        [
            ("role", pa.string()),
            ("content", pa.string()),
            ("reasoning_content", pa.string()),
            ("tool_calls", _CALLS),
            ("tool_call_id", pa.string()),
            ("name", pa.string()),
        ]
    )
)


@dataclass(frozen=True)
class Quota:
    """What one published row adds up to."""

    tokens: int
    trained: int
    passed: int
    tests: int


def rows(scale: int) -> Iterator[Row]:
    """Every trial directory, as the sample generator writes it."""
    planned = quotas(scale)
    retried, failed = _unverified_counts(scale)
    frames = [_frame(number, quota, number < retried) for number, quota in enumerate(planned)]
    for frame, quota, (tokens, trained) in zip(frames, planned, _measure(frames), strict=True):
        spare = quota.trained - trained
        others = quota.tokens - quota.trained - (tokens - trained)
        assert spare >= 0, quota
        assert others >= 0, quota
        yield replace(
            frame,
            reasoning_tokens=frame.reasoning_tokens + spare,
            output_tokens=frame.output_tokens + others,
        )
    for number in range(retried):
        yield _lost(frames[number].task, attempt=1, place=number % _PASSES // 2)
    for number in range(failed):
        yield _lost(f"lost-task-{number:05d}", attempt=0, place=_PASSES - 1)


def expected(scale: int) -> dict[str, list[tuple[Any, ...]]]:
    """Queries over the build, and the rows that each must give."""
    planned = quotas(scale)
    retried, failed = _unverified_counts(scale)
    card = CARD if scale == 1 else _table(planned)
    return {
        "select statistic, value from marts.stats_seta order by position": list(card.items()),
        "select count(*) from raw.files where family = 'seta'": [
            (len(planned) + retried + failed,)
        ],
        "select reason, count(*) from marts.rejections where family = 'seta' group by all": [
            ("verdict_missing", retried + failed)
        ],
        "select count(*) from marts.seta_sft_nothink": [(len(planned),)],
    }


@cache
def quotas(scale: int) -> tuple[Quota, ...]:
    """The published rows, in no order."""
    if scale == 1:
        totals = _totals()
        trained = _trained(totals)
        verdicts = [(5, 5)] * PERFECT
        for passed, tests, count in IMPERFECT:
            verdicts += [(passed, tests)] * count
    elif scale == 100:
        totals = [600 + 40 * number for number in range(SMALL_ROWS)]
        trained = [250 + 20 * number for number in range(SMALL_ROWS)]
        verdicts = [(5, 5)] * SMALL_PERFECT + [(4, 5)] * (SMALL_ROWS - SMALL_PERFECT)
    else:
        raise ValueError(f"there is no plan for 1:{scale}")
    random.Random(1).shuffle(verdicts)
    found = zip(totals, trained, verdicts, strict=True)
    planned = [Quota(total, part, *verdict) for total, part, verdict in found]
    random.Random(2).shuffle(planned)
    return tuple(planned)


def _unverified_counts(scale: int) -> tuple[int, int]:
    return (RETRIED, FAILED) if scale == 1 else (SMALL_RETRIED, SMALL_FAILED)


def _totals() -> list[int]:
    """1,488 lengths with the card's sum, median and maximum, ascending."""
    half = ROWS // 2
    steps = [number / (half - 1) for number in range(half)]
    lower = [round(SHORTEST + (MEDIAN - SHORTEST) * step) for step in steps]
    upper = [round(MEDIAN + (LONGEST - MEDIAN) * step**2) for step in steps]
    missing = TOKENS - sum(lower) - sum(upper)
    inner = range(1, half * 3 // 4)
    for position in inner:
        upper[position] += missing // len(inner) + (position <= missing % len(inner))
    return lower + upper


def _trained(totals: Sequence[int]) -> list[int]:
    """A trained part of each length, with the card's sum; from 44 to 56 in a hundred."""
    chance = random.Random(3)
    parts = [round(total * chance.uniform(0.44, 0.56)) for total in totals]
    missing = TRAINED - sum(parts)
    step = 1 if missing > 0 else -1
    for number in range(abs(missing)):
        parts[number % ROWS] += step
    return parts


def _frame(number: int, quota: Quota, is_retried: bool) -> Row:
    """A trial as short as its steps allow."""
    steps = max(2, quota.tokens // _STEP_TOKENS)
    return Row(
        task=f"task-{number:05d}",
        attempt=0,
        place=_PASSES - 1 if is_retried else number % (_PASSES - 1),
        steps=steps,
        reasoning_tokens=steps + 1,
        output_tokens=steps,
        verdict=Verdict(quota.passed, quota.tests, _REPORTS[number % 2]),
        n_snapshots=2,
    )


def _lost(task: str, attempt: int, place: int) -> Row:
    """A trial that ended before it was verified."""
    return Row(
        task=task,
        attempt=attempt,
        place=place,
        steps=1,
        reasoning_tokens=2,
        output_tokens=1,
        verdict=None,
        n_snapshots=1,
        fate="rejected",
        reason="verdict_missing",
    )


def _measure(frames: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Tokens and trained tokens of each trial."""
    for start in range(0, len(frames), 64):
        some = frames[start : start + 64]
        tokenized = tokenize_whole_turns(
            pa.array([messages_of(frame) for frame in some], _CHATS),
            pa.nulls(len(some), pa.string()),
            pa.array(["Qwen/Qwen3-8B"] * len(some), pa.string()),
            pa.array(["reject"] * len(some), pa.string()),
        )
        for row in tokenized.to_pylist():
            yield row["n_tokens"], row["n_trained_tokens"]


def _table(planned: Sequence[Quota]) -> dict[str, str]:
    """The Statistics table by arithmetic over the quotas."""
    totals = sorted(quota.tokens for quota in planned)
    n_rows, total = len(totals), sum(totals)
    trained = sum(quota.trained for quota in planned)
    perfect = sum(quota.passed == quota.tests for quota in planned)
    median = (totals[n_rows // 2] + totals[(n_rows - 1) // 2]) / 2
    reward = sum(quota.passed / quota.tests for quota in planned) / n_rows
    return {
        "rows": f"{n_rows:,}",
        "total tokens": f"{total:,}",
        "trainable tokens": f"{trained:,} ({100 * trained / total:.1f}%)",
        "tokens / row (mean)": f"{total / n_rows:.0f}",
        "tokens / row (median)": f"{median:.0f}",
        "tokens / row (max)": f"{totals[-1]:,}",
        "reward = 1.0 rows": f"{perfect:,} ({100 * perfect / n_rows:.1f}%)",
        "reward (mean)": f"{reward:.3f}",
    }
