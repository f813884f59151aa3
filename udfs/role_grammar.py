"""The role grammar: is the order of roles in a trajectory allowed, and if not, where and why not.

A trajectory's roles are a word, one letter a message: `s` system, `u` user, `r` reasoning,
`c` commentary, `t` tool_call, `o` tool_output, `a` answer. A grammar is a set of transitions
between roles (`seeds/role_transitions.csv`), some of which are open only while calls wait for
their output, or only while none does.

    strict    s u r (t o r)* a
    dialogue  s? then user turns, with parallel calls answered by as many outputs
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

ROLE_LETTERS: Mapping[str, str] = MappingProxyType(
    {
        "s": "system",
        "u": "user",
        "r": "reasoning",
        "c": "commentary",
        "t": "tool_call",
        "o": "tool_output",
        "a": "answer",
    }
)
VIOLATION_TYPE = pa.struct([("code", pa.string()), ("position", pa.int32())])

_TRANSITIONS_FILE = Path(__file__).resolve().parent.parent / "seeds" / "role_transitions.csv"
_PENDING_RULES = ("any", "some", "none")

Transitions = Mapping[tuple[str, str], str]
Violation = tuple["ViolationCode", int]


class ViolationCode(StrEnum):
    """Why a word is not in its grammar."""

    NO_MESSAGES = "no_messages"
    ROLE_UNKNOWN = "role_unknown"
    ROLE_START = "role_start"
    ROLE_TRANSITION = "role_transition"
    OUTPUTS_MISSING = "outputs_missing"
    OUTPUTS_SURPLUS = "outputs_surplus"
    ROLE_END = "role_end"


@lru_cache(maxsize=1)
def load_grammars() -> Mapping[str, Transitions]:
    """Every grammar by name: (from_role, to_role) to the rule on pending calls.

    Raises:
        ValueError: The table holds a rule that is none of any, some, none.
    """
    grammars: dict[str, dict[tuple[str, str], str]] = {}
    with _TRANSITIONS_FILE.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["calls_pending"] not in _PENDING_RULES:
                raise ValueError(f"{_TRANSITIONS_FILE.name}: calls_pending is {row!r}")
            transitions = grammars.setdefault(row["grammar"], {})
            transitions[row["from_role"], row["to_role"]] = row["calls_pending"]
    return grammars


def find_violation(word: str | None, grammar: str) -> Violation | None:
    """The first message of `word` that breaks `grammar`, or None where the word is in it.

    Args:
        word: One letter a message, as in `ROLE_LETTERS`; None counts as empty.
        grammar: A grammar of the transitions table.

    Returns:
        The code and the 1-based position of the message; len(word) + 1 where it ends too early.

    Raises:
        ValueError: The grammar is unknown.

    >>> find_violation("surtora", "strict")
    >>> find_violation("uto", "strict")
    (<ViolationCode.ROLE_START: 'role_start'>, 1)
    """
    grammars = load_grammars()
    if grammar not in grammars:
        known = ", ".join(sorted(grammars))
        raise ValueError(f"unknown role grammar {grammar!r}: expected one of {known}")
    transitions = grammars[grammar]
    if not word:
        return ViolationCode.NO_MESSAGES, 1
    role, n_pending = "start", 0
    for position, letter in enumerate(word, start=1):
        next_role = ROLE_LETTERS.get(letter)
        if next_role is None:
            return ViolationCode.ROLE_UNKNOWN, position
        if not _is_open(transitions, role, next_role, n_pending):
            return _classify(role, next_role, n_pending), position
        n_pending += (next_role == "tool_call") - (next_role == "tool_output")
        role = next_role
    if not _is_open(transitions, role, "end", n_pending):
        return _classify(role, "end", n_pending), len(word) + 1
    return None


def role_grammar_violations(
    role_path: pa.Array | pa.ChunkedArray, grammar: pa.Array | pa.ChunkedArray
) -> pa.StructArray:
    """The first violation of each role word.

    Args:
        role_path: string, n rows: one letter a message.
        grammar: string, n rows: which grammar the row is held to.

    Returns:
        struct<code: string, position: int32>, n rows; null where the word is in the grammar.

    Raises:
        ValueError: A grammar is unknown or null.
    """
    cases = list(zip(role_path.to_pylist(), grammar.to_pylist(), strict=True))
    known = {case: find_violation(*case) for case in set(cases)}
    violations = [known[case] for case in cases]
    return pa.StructArray.from_arrays(
        [
            pa.array([None if v is None else str(v[0]) for v in violations], pa.string()),
            pa.array([None if v is None else v[1] for v in violations], pa.int32()),
        ],
        fields=list(VIOLATION_TYPE),
        mask=pa.array([v is None for v in violations], pa.bool_()),
    )


def _is_open(transitions: Transitions, role: str, next_role: str, n_pending: int) -> bool:
    rule = transitions.get((role, next_role))
    return (
        rule == "any" or (rule == "some" and n_pending > 0) or (rule == "none" and n_pending == 0)
    )


def _classify(role: str, next_role: str, n_pending: int) -> ViolationCode:
    """Name a closed transition by what the data lacks, most telling first."""
    if role == "start":
        return ViolationCode.ROLE_START
    if next_role == "tool_output" and n_pending == 0:
        return ViolationCode.OUTPUTS_SURPLUS
    if next_role != "tool_output" and n_pending > 0:
        return ViolationCode.OUTPUTS_MISSING
    return ViolationCode.ROLE_END if next_role == "end" else ViolationCode.ROLE_TRANSITION
