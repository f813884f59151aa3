"""Whether a final answer is the expected one: equal, different, or unknown rather than guessed.

Each method judges only what it is made for, in this order: the text itself, the letter of a choice,
yes or no, a number with its unit, a formula.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from trajhouse.udfs.answer_math import has_operator, is_formula, mathematician
from trajhouse.udfs.answer_quantity import compare, quantities
from trajhouse.udfs.answer_text import choice, is_choice, plain, truth_value, undress, without_lead

_NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|cannot|\w+n't)\b", re.IGNORECASE)
_MAX_CHARS = 2000
"""A longer answer is an essay, which nothing here can judge."""

CHECK_TYPE = pa.struct([("verdict", pa.string()), ("method", pa.string())])


class Outcome(StrEnum):
    """What a check finds."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Check(NamedTuple):
    """What is found, and by which method; `none` where no method applies."""

    verdict: Outcome
    method: str


@lru_cache(maxsize=10_000)
def check_answer(answer: str | None, truth: str | None) -> Check:
    r"""Compare one answer with the expected one.

    >>> check_answer("600 watts of power are dissipated", "600 W")
    Check(verdict=<Outcome.EQUAL: 'equal'>, method='number')
    """
    if not (answer or "").strip() or not (truth or "").strip():
        return Check(Outcome.UNKNOWN, "missing")
    if len(answer or "") > _MAX_CHARS or len(truth or "") > _MAX_CHARS:
        return Check(Outcome.UNKNOWN, "long")
    said, wanted = undress(answer or ""), undress(truth or "")
    if plain(said) == plain(wanted) != "":
        return Check(Outcome.EQUAL, "text")
    if is_choice(wanted):
        return _check("choice", _choices_agree(said, wanted))
    wanted_value = truth_value(wanted)
    if wanted_value is not None and len(wanted.split()) == 1:
        said_value = truth_value(said)
        agree = None if said_value is None else said_value == wanted_value
        return _check("yes_or_no", agree)
    numbers_agree = _numbers_agree(said, wanted)
    if numbers_agree is not None:
        return _check("number", numbers_agree)
    said, wanted = without_lead(said), without_lead(wanted)
    if is_formula(said) and is_formula(wanted) and (has_operator(said) or has_operator(wanted)):
        return _check("formula", mathematician().compare(said, wanted))
    return Check(Outcome.UNKNOWN, "none")


def _check(method: str, agree: bool | None) -> Check:
    if agree is None:
        return Check(Outcome.UNKNOWN, method)
    return Check(Outcome.EQUAL if agree else Outcome.DIFFERENT, method)


def _choices_agree(said: str, wanted: str) -> bool | None:
    letter = choice(said)
    return None if letter is None else letter == choice(wanted)


def _numbers_agree(said: str, wanted: str) -> bool | None:
    """Compares where the truth is one quantity and the answer holds one; None elsewhere."""
    truths, answers = quantities(without_lead(wanted)), quantities(without_lead(said))
    if len(truths) != 1 or not truths[0].is_whole or len(answers) != 1:
        return None
    if not answers[0].is_whole and (has_operator(said) or _NEGATION.search(said)):
        return None
    return compare(answers[0], truths[0])


def check_answers(
    answers: pa.Array | pa.ChunkedArray, truths: pa.Array | pa.ChunkedArray
) -> pa.StructArray:
    """Compare answers with what was expected.

    Args:
        answers: string, n rows.
        truths: string, n rows.

    Returns:
        struct<verdict: string, method: string>, n rows; verdict is equal, different or unknown.
    """
    checks = [
        check_answer(answer, truth)
        for answer, truth in zip(answers.to_pylist(), truths.to_pylist(), strict=True)
    ]
    return pa.StructArray.from_arrays(
        [
            pa.array([str(check.verdict) for check in checks], pa.string()),
            pa.array([check.method for check in checks], pa.string()),
        ],
        fields=list(CHECK_TYPE),
    )
