"""Plans of a sample: how many calls, what becomes of the ground truth, and which faults."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from trajhouse.cli.sampling.request import Length, SampleRequest
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

FAULTS = {
    "wrong_open_output": 0.03,
    "wrong_regex_output": 0.03,
    "foreign_snippet": 0.02,
    "surplus_results": 0.01,
    "unknown_document": 0.01,
    "invalid_pattern": 0.01,
    "malformed_arguments": 0.01,
    "failed": 0.03,
    "question_missing": 0.01,
    "duplicate": 0.02,
    "better_duplicate": 0.02,
    "unfinished": 0.05,
    "malformed_call": 0.01,
    "parallel_calls": 0.02,
    "missing_reasoning": 0.02,
    "no_system": 0.01,
    "keyless": 0.01,
    "repeated_question": 0.01,
    "truthless_question": 0.01,
    "repeated_document": 0.01,
    "textless_document": 0.01,
}
"""What can be wrong, and in which share of the rows it usually is."""

_FORMS: tuple[Form, ...] = ("object", "list", "plain")


def draw(request: SampleRequest) -> Iterator[Row]:
    """The records of a sample: corpora, then sound rollouts with their questions, then faulty ones.

    Args:
        request: How many, how long, with which faults.
    """
    chance = random.Random(f"rlvr {request.seed}")
    size = min(2000, max(40, request.rows // 4))
    corpora = {
        environment.name: CorpusPlan(environment.name, size, request.length)
        for environment in ENVIRONMENTS
    }
    for plan in corpora.values():
        for number in range(size):
            yield Document(plan, number)
    numbers = dict.fromkeys(corpora, 0)
    for _ in range(request.rows):
        question, environment = _next_question(chance, corpora, numbers)
        yield question
        yield rollout(chance, environment, question)
    for fault in FAULTS:
        for _ in range(request.n_faulty(fault)):
            question, environment = _next_question(chance, corpora, numbers)
            yield from _faulty(chance, environment, question, fault)


def _next_question(
    chance: random.Random, corpora: dict[str, CorpusPlan], numbers: dict[str, int]
) -> tuple[Question, Environment]:
    weights = [environment.n_rows for environment in ENVIRONMENTS]
    environment = chance.choices(ENVIRONMENTS, weights)[0]
    numbers[environment.name] += 1
    return Question(corpora[environment.name], numbers[environment.name]), environment


def rollout(
    chance: random.Random, environment: Environment, question: Question, fault: str | None = None
) -> Rollout:
    """A rollout with calls and outcomes as often as the card has them."""
    is_seen = chance.random() < environment.n_seen / environment.n_rows
    is_opened = is_seen and chance.random() < environment.n_opened / environment.n_seen
    is_cited = is_opened and chance.random() < environment.n_cited / environment.n_opened
    scale = 10 if question.corpus.length is Length.REALISTIC else 40
    needs_two = fault is not None
    return Rollout(
        question,
        chance.getrandbits(32),
        chance.choices(_FORMS, (6, 2, 2))[0],
        chance.random() < environment.n_forced / environment.n_rows,
        max(1 + is_seen + needs_two, _around(chance, environment.searches / scale)),
        max(is_opened + needs_two, _around(chance, environment.opens / scale)),
        int(chance.random() < environment.others / 10),
        is_seen,
        is_opened,
        is_cited,
        has_commentary=chance.random() < 0.15,
        fault=fault,
    )


def _around(chance: random.Random, mean: float) -> int:
    """A whole number around a mean, with a spread of a third of it."""
    return max(0, round(chance.gauss(mean, mean / 3)))


def _faulty(
    chance: random.Random, environment: Environment, question: Question, fault: str
) -> Iterator[Row]:
    """The records of one fault."""
    if fault.endswith("_document") and fault != "unknown_document":
        number = chance.randrange(question.corpus.size)
        yield question
        yield rollout(chance, environment, question)
        yield Document(question.corpus, number, fault.removesuffix("_document"))
    elif fault.endswith("_question"):
        yield question
        yield rollout(chance, environment, question)
        yield Question(question.corpus, question.number, fault.removesuffix("_question"))
    elif fault in ("duplicate", "better_duplicate"):
        yield question
        yield from _twins(chance, environment, question, is_better_last=fault != "duplicate")
    else:
        if fault != "question_missing":
            yield question
        yield rollout(chance, environment, question, fault)


def _twins(
    chance: random.Random, environment: Environment, question: Question, is_better_last: bool
) -> Iterator[Rollout]:
    """Two rollouts of one question: the one that completed by itself is kept, else the first."""
    first = rollout(chance, environment, question)
    second = rollout(chance, environment, question)
    if is_better_last:
        yield replace(first, is_forced=True, is_dropped=True)
        yield replace(second, is_forced=False)
    else:
        yield replace(first, is_forced=False)
        yield replace(second, is_dropped=True)
