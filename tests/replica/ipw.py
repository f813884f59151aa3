"""The plan of the family ipw: what gives the figures of the dataset card, and what falls away.

At a scale above 1 the card's counts are divided by it; what is published still adds up.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle, repeat
from typing import Any

from trajhouse.cli.sampling.ipw.draw import (
    N_IN_OTHER_CATEGORIES,
    N_OTHER_CATEGORIES,
    TOP_CATEGORIES,
    failed,
    opus_failed,
    opus_second,
    other_category,
    regraded,
    runs,
    sonnet_second,
    unreadable,
)
from trajhouse.cli.sampling.ipw.rows import (
    MALFORMED_CALLS,
    STRAY_FORMS,
    UNREADABLE_FORMS,
    Row,
    Teacher,
)
from trajhouse.cli.sampling.request import Length

N_SONNET, N_OPUS = 735, 10
N_WITH_OPUS = 44_866
CARD_TOTALS = ("44,301", "44,866", "2,122", "1.2", "GeneralThought")
CARD_TEACHERS = ("43,556", "735", "10")
TURNS = (1,) * 17 + (2, 2, 3)
"""Turns of twenty trajectories in a row: 24."""
# What the marts do not hold.
N_FAILED, N_REGRADED_WRONG, N_DISAGREED = 6_000, 900, 100
N_OTHER_RUNS, N_OTHER_TEACHER, N_UNREADABLE = 2_000, 600, 300
N_STRAY = 2_000


def category_counts(scale: int) -> dict[str, int]:
    """The published trajectories of each category."""
    counts = {name: _scaled(count, scale) for name, count in TOP_CATEGORIES.items()}
    n_others = N_OTHER_CATEGORIES if scale == 1 else 2 * N_OTHER_CATEGORIES // scale
    share, rest = divmod(N_IN_OTHER_CATEGORIES // scale, n_others)
    return counts | {other_category(k): share + (k < rest) for k in range(n_others)}


def teacher_counts(scale: int) -> dict[str, int]:
    """The published trajectories of each teacher, as the card names them."""
    total = sum(category_counts(scale).values())
    n_sonnet, n_opus = _scaled(N_SONNET, scale), max(1, N_OPUS // scale)
    return {
        "Kimi-K2 (1T MoE)": total - n_sonnet - n_opus,
        "Claude Sonnet (regraded)": n_sonnet,
        "Claude Opus": n_opus,
    }


def n_more_opus(scale: int) -> int:
    """Claude Opus's trajectories beyond those of the first mart."""
    total = sum(category_counts(1).values())
    return _scaled(N_WITH_OPUS - total, scale)


def rows(scale: int) -> Iterator[Row]:
    """The plan of every record."""
    n_kimi, n_sonnet, n_opus = teacher_counts(scale).values()
    teachers = chain(repeat("kimi", n_kimi), repeat("sonnet", n_sonnet), repeat("opus", n_opus))
    categories = chain.from_iterable(
        repeat(name, count) for name, count in category_counts(scale).items()
    )
    n_two_runs, n_stray = _scaled(N_OTHER_RUNS, scale), _scaled(N_STRAY, scale)
    n_two_teachers = _scaled(N_OTHER_TEACHER, scale)
    n_opus_second = n_more_opus(scale) // 4
    for number, (teacher, category, turns) in enumerate(zip(teachers, categories, cycle(TURNS))):
        row = Row(number, Teacher.KIMI, category, turns - 1, length=Length.SHORT)
        if teacher == "sonnet":
            yield regraded(row)
        elif teacher == "opus":
            yield Row(number, Teacher.OPUS, category, turns - 1, length=Length.SHORT)
        elif number < n_two_runs:
            yield from runs(row, is_first_wrong=number % 2 == 0)
        elif number < n_two_runs + n_stray and row.n_calls:
            form = STRAY_FORMS[number % len(STRAY_FORMS)]
            yield Row(number, row.teacher, category, row.n_calls, form=form, length=row.length)
        else:
            yield row
            if number < n_two_runs + n_stray + n_two_teachers:
                yield sonnet_second(row)
            elif number < n_two_runs + n_stray + n_two_teachers + n_opus_second:
                yield opus_second(row)
    yield from _unpublished(scale, sum(category_counts(scale).values()))


def _unpublished(scale: int, number: int) -> Iterator[Row]:
    """What the first mart does not hold at all, of samples numbered from `number`."""

    def fresh(teacher: Teacher, n_calls: int = 0) -> Row:
        nonlocal number
        number += 1
        return Row(number, teacher, "Unsolved", n_calls, length=Length.SHORT)

    for _ in range(n_more_opus(scale) - n_more_opus(scale) // 4):
        yield opus_failed(fresh(Teacher.OPUS))
    for _ in range(_scaled(N_FAILED, scale)):
        yield failed(fresh(Teacher.KIMI))
    for _ in range(_scaled(N_REGRADED_WRONG, scale)):
        yield failed(fresh(Teacher.SONNET), verdicts=(False,))
    for _ in range(_scaled(N_DISAGREED, scale)):
        yield failed(fresh(Teacher.SONNET), verdicts=(True, False))
    reasons = list((UNREADABLE_FORMS | MALFORMED_CALLS).items())
    for k in range(_scaled(N_UNREADABLE, scale)):
        yield unreadable(fresh(Teacher.KIMI), *reasons[k % len(reasons)])


def expected(scale: int) -> dict[str, list[tuple[Any, ...]]]:
    """The card's tables: a query over each `stats_ipw_*` mart, and its rows."""
    categories = sorted(category_counts(scale).items(), key=lambda item: (-item[1], item[0]))
    total = sum(count for _, count in categories)
    n_turns = sum(turns for turns, _ in zip(cycle(TURNS), range(total)))
    if scale == 1:  # the plan is right before it is run
        printed = (f"{total:,}", f"{total + n_more_opus(1):,}", f"{len(categories):,}")
        assert (*printed, f"{n_turns / total:.1f}", "GeneralThought") == CARD_TOTALS
        assert tuple(f"{count:,}" for count in teacher_counts(1).values()) == CARD_TEACHERS
        assert categories[:10] == list(TOP_CATEGORIES.items())
    totals = {
        "Total trajectories (deduped, correct only)": total,
        "Total trajectories (with all opus)": total + n_more_opus(scale),
        "Categories": len(categories),
    }
    return {
        "select stat, value from marts.stats_ipw_totals order by position": [
            *((stat, f"{count:,}") for stat, count in totals.items()),
            ("Avg turns per trajectory", f"{n_turns / total:.1f}"),
            ("Source dataset", "GeneralThought"),
        ],
        "select teacher, value, number from marts.stats_ipw_teachers order by position": [
            (teacher, f"{count:,}", count) for teacher, count in teacher_counts(scale).items()
        ],
        "select category, value, number from marts.stats_ipw_categories order by position": [
            (name, f"{count:,}", count) for name, count in categories
        ],
        "select count(*) from marts.ipw_sft": [(total,)],
        "select count(*) from marts.ipw_sft_with_opus": [(total + n_more_opus(scale),)],
    }


def _scaled(count: int, scale: int) -> int:
    return max(1, round(count / scale))
