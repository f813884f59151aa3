"""The rollouts of the rlvr card at its row counts: every figure of its Statistics table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trajhouse.cli.sampling.request import Length
from trajhouse.cli.sampling.rlvr.rows import (
    ENVIRONMENTS,
    CorpusPlan,
    Document,
    Environment,
    Form,
    Question,
    Rollout,
    Row,
)

N_DOCUMENTS = 200
FORMS: tuple[Form, ...] = ("plain", "plain", "list", "object")

CARD = [
    ("Rows", "49,696", "54,033", "52,652"),
    ("Completed", "48,175 (96.9%)", "50,850 (94.1%)", "46,772 (88.8%)"),
    ("Completed (forced)", "1,521 (3.1%)", "3,183 (5.9%)", "5,880 (11.2%)"),
    ("GT seen in search", "47,236 (95.0%)", "49,111 (90.9%)", "38,242 (72.6%)"),
    ("GT opened", "43,696 (87.9%)", "47,183 (87.3%)", "32,138 (61.0%)"),
    ("GT cited", "38,983 (78.4%)", "42,868 (79.3%)", "27,028 (51.3%)"),
    ("Avg searches/row", "16.2", "19.3", "21.3"),
    ("Avg opens/row", "7.5", "4.7", "4.5"),
    ("Avg tool actions/row", "23.9", "24.2", "25.8"),
]

REJECTED = ("unfinished", "missing_reasoning", "parallel_calls", "malformed_call")
"""Raw rollouts that no mart holds, each a hundredth of the rows; the failed ones and the dropped
twins come to another hundredth each."""
MENDED = {7: "wrong_open_output", 17: "wrong_regex_output", 27: "foreign_snippet"}
"""Of each 50 rollouts the ones with an output to mend, which the marts hold."""


def rows(scale: int) -> Iterator[Row]:
    """The plan of every record, at 1:`scale` of the card's counts."""
    for environment in ENVIRONMENTS:
        yield from _environment_rows(environment, scale)


def expected(scale: int) -> dict[str, list[tuple[object, ...]]]:
    """By query: the card's table, or what it is of the quotas at 1:`scale`."""
    query = "select metric, nvdocs, search_py, search_js from marts.stats_rlvr order by position"
    if scale == 1:
        return {query: list(CARD)}
    columns = [_column(environment, scale) for environment in ENVIRONMENTS]
    metrics = [row[0] for row in CARD]
    return {query: list(zip(metrics, *columns, strict=True))}


def _column(environment: Environment, scale: int) -> list[str]:
    """One environment's column of the table, from its quotas."""
    n_rows, n_forced, n_seen, n_opened, n_cited = _quotas(environment, scale)
    counts = [n_rows - n_forced, n_forced, n_seen, n_opened, n_cited]
    n_searches = environment.searches * n_rows // 10
    n_opens = environment.opens * n_rows // 10
    n_others = environment.others * n_rows // 10
    averages = [n_searches, n_opens, n_searches + n_opens + n_others]
    return [
        f"{n_rows:,}",
        *(f"{count:,} ({100 * count / n_rows:.1f}%)" for count in counts),
        *(f"{total / n_rows:.1f}" for total in averages),
    ]


def _quotas(environment: Environment, scale: int) -> tuple[int, int, int, int, int]:
    """Rows, and of them those forced, seen, opened and cited.

    Each is part of the one before, but for the forced ones.
    """
    return (
        round(environment.n_rows / scale),
        round(environment.n_forced / scale),
        round(environment.n_seen / scale),
        round(environment.n_opened / scale),
        round(environment.n_cited / scale),
    )


def _environment_rows(environment: Environment, scale: int) -> Iterator[Row]:
    corpus = CorpusPlan(environment.name, N_DOCUMENTS, Length.SHORT)
    for number in range(N_DOCUMENTS):
        yield Document(corpus, number)
    n_rows, n_forced, n_seen, n_opened, n_cited = _quotas(environment, scale)
    seen = opened = 0
    for index in range(n_rows):
        question = Question(corpus, index)
        is_seen = _falls(index, n_seen, n_rows)
        is_opened = is_seen and _falls(seen, n_opened, n_seen)
        is_cited = is_opened and _falls(opened, n_cited, n_opened)
        seen, opened = seen + is_seen, opened + is_opened
        plan = Rollout(
            question,
            index,
            FORMS[index % len(FORMS)],
            _falls(index, n_forced, n_rows),
            _share(index, environment.searches, 10),
            _share(index, environment.opens, 10),
            _share(index, environment.others, 10),
            is_seen,
            is_opened,
            is_cited,
            has_commentary=index % 7 == 0,
            fault=MENDED.get(index % 50),
        )
        yield question
        if index % 100 == 33 and not plan.is_forced:
            yield replace(plan, is_forced=True, is_dropped=True, fault=None)
        yield plan
        if index % 100 < len(REJECTED):
            yield replace(plan, fault=REJECTED[index % 100])
        if index % 100 == 50:
            other = Question(corpus, n_rows + index)
            yield other
            yield replace(plan, question=other, fault="failed")


def _share(index: int, part: int, whole: int) -> int:
    """How much of `part` falls to one of `whole`, dealt out as evenly as whole numbers allow."""
    return (index + 1) * part // whole - index * part // whole


def _falls(index: int, part: int, whole: int) -> bool:
    return _share(index, part, whole) == 1
