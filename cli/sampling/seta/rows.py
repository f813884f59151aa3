"""The plan of each trial: its task, its place in the chain, its length, and what becomes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType

from trajhouse.cli.sampling.request import Length, SampleRequest
from trajhouse.cli.sampling.words import words

MARTS = ("seta_sft_thinking", "seta_sft_nothink")
FAULTS: Mapping[str, float] = MappingProxyType(
    {
        "missing_verdict": 0.07,
        "missing_conversation": 0.02,
        "broken_snapshot": 0.01,
        "control_token": 0.01,
        "text_response": 0.02,
        "unsound_run_info": 0.02,
        "retried_task": 0.05,
        "copied_trial": 0.01,
    }
)

_PASSES = 5
_MEDIAN_TOKENS, _SPREAD = 8_884, 0.585
_FEWEST_TOKENS, _MOST_TOKENS = 1_800, 28_900
_TOKENS_A_STEP = 450
_CALL_TOKENS, _OUTPUT_TOKENS, _PROMPT_TOKENS = 45, 8, 160
"""What a step's call, the frame of its output, and the prompts take beside the words drawn here."""


class Conversation(StrEnum):
    """How the largest snapshot is."""

    SOUND = "sound"
    MISSING = "missing"
    CUT = "cut"
    TEXT_RESPONSE = "text_response"
    CONTROL_TOKEN = "control_token"  # noqa: S105


class Report(StrEnum):
    """Where a verdict is written."""

    CTRF_SECONDS = "ctrf 0.3.5"
    CTRF_MILLISECONDS = "ctrf 0.6.1"
    HARBOR = "harbor"


@dataclass(frozen=True)
class Verdict:
    """What the verifier found: `passed` of `tests`, and where it says so."""

    passed: int
    tests: int
    report: Report = Report.CTRF_SECONDS


@dataclass(frozen=True)
class Row:
    """One trial directory, and what must become of it.

    Args:
        task: The task's name.
        attempt: Which attempt at the task it is, from 0.
        place: Which pass of the chain it is from, from 0.
        steps: How many calls the agent makes before its last word.
        reasoning_tokens: The length of all its reasoning, at least one for each turn.
        output_tokens: The length of all outputs, at least one for each call.
        verdict: None where the trial ended before it was verified.
        conversation: How its snapshot is.
        has_sound_run_info: Whether run_info.json is JSON.
        n_snapshots: How many snapshots there are, the complete one included.
        fate: As in `Truth`.
        reason: As in `Truth`.
        left_out: As in `Truth`.
        note: Written to run_info.json, to tell copies of a trial apart.
    """

    task: str
    attempt: int
    place: int
    steps: int
    reasoning_tokens: int
    output_tokens: int
    verdict: Verdict | None
    conversation: Conversation = Conversation.SOUND
    has_sound_run_info: bool = True
    n_snapshots: int = 2
    fate: str = "accepted"
    reason: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def uid(self) -> str:
        """The name of its directory."""
        digits = sha256(f"{self.task} {self.attempt}".encode()).hexdigest()[:6]
        return f"{self.task}_t{self.attempt}_{digits}"

    @property
    def folder(self) -> str:
        """Where it is in the sample."""
        return f"pass-{self.place}/{self.uid}"


def draw(request: SampleRequest) -> Iterator[Row]:
    """Trials that are sound, one a task, then those that faults add.

    Trials of one task are told apart by their attempt: the last is the one to keep.
    """
    for number in range(request.rows):
        yield _sound(request, number)
    losers = request.n_faulty("retried_task")
    for extra in range(request.n_faulty("missing_verdict")):
        if extra % 2:
            yield _unverified(_alone(request, "missing_verdict", extra))
        else:
            kept = _sound(request, _front(request, losers + extra // 2))
            yield _unverified(replace(kept, attempt=1, place=0))
    for extra in range(losers):
        yield _beaten(request, _sound(request, _front(request, extra)), extra)
    for extra in range(request.n_faulty("copied_trial")):
        kept = _sound(request, request.rows - 1 - extra)
        yield replace(kept, place=0, note="copied", fate="duplicate", reason="same_id")
    for extra in range(request.n_faulty("missing_conversation")):
        row = _alone(request, "missing_conversation", extra)
        missing = Conversation.MISSING
        yield replace(row, conversation=missing, fate="rejected", reason="conversation_missing")
    for extra in range(request.n_faulty("broken_snapshot")):
        row = _alone(request, "broken_snapshot", extra)
        yield replace(row, conversation=Conversation.CUT, fate="rejected", reason="truncated_json")
    for extra in range(request.n_faulty("control_token")):
        row = _alone(request, "control_token", extra)
        spelled = Conversation.CONTROL_TOKEN
        yield replace(row, conversation=spelled, fate="rejected", reason="control_token")
    for extra in range(request.n_faulty("text_response")):
        row = _alone(request, "text_response", extra)
        yield replace(row, conversation=Conversation.TEXT_RESPONSE)
    for extra in range(request.n_faulty("unsound_run_info")):
        yield replace(_alone(request, "unsound_run_info", extra), has_sound_run_info=False)


def _sound(request: SampleRequest, number: int) -> Row:
    """Trial `number`; where another pass has a trial of its task, it is not from the first pass."""
    row = _drawn(request, f"{request.seed} sound {number}", number)
    n_front = request.n_faulty("retried_task") + (request.n_faulty("missing_verdict") + 1) // 2
    is_again = number < n_front or number >= request.rows - request.n_faulty("copied_trial")
    return replace(row, place=max(1, row.place)) if is_again else row


def _front(request: SampleRequest, number: int) -> int:
    return number % request.rows


def _alone(request: SampleRequest, fault: str, number: int) -> Row:
    """A trial of a task of its own."""
    row = _drawn(request, f"{request.seed} {fault} {number}", number)
    return replace(row, task=f"{row.task}-{fault.replace('_', '-')}")


def _unverified(row: Row) -> Row:
    return replace(row, verdict=None, fate="rejected", reason="verdict_missing")


def _beaten(request: SampleRequest, kept: Row, number: int) -> Row:
    """An earlier trial of the same task, with at most the same reward."""
    if kept.verdict is None:
        raise ValueError(f"trial {kept} has no verdict to be beaten by")
    chance = random.Random(f"{request.seed} beaten {number}")
    verdict = replace(kept.verdict, passed=chance.randint(0, kept.verdict.passed))
    left_out = dict.fromkeys(MARTS, "better_trial")
    return replace(kept, attempt=2 + number, place=0, verdict=verdict, left_out=left_out)


def _drawn(request: SampleRequest, seed: str, number: int) -> Row:
    chance = random.Random(seed)
    steps, reasoning, output = _lengths(chance, request.length)
    return Row(
        task=f"{words(chance, 2).replace(' ', '-')}-{number:05d}",
        attempt=0,
        place=chance.choices(range(_PASSES), (80, 10, 5, 3, 2))[0],
        steps=steps,
        reasoning_tokens=reasoning,
        output_tokens=output,
        verdict=_verdict(chance),
        n_snapshots=min(steps + 1, chance.randint(1, 3)),
    )


def _lengths(chance: random.Random, length: Length) -> tuple[int, int, int]:
    """Steps, tokens of reasoning, tokens of outputs; about half of all tokens are trained."""
    if length is Length.SHORT:
        steps = chance.randint(1, 2)
        return steps, 2 * (steps + 1), 2 * steps
    drawn = _MEDIAN_TOKENS * chance.lognormvariate(0, _SPREAD)
    total = int(min(max(drawn, _FEWEST_TOKENS), _MOST_TOKENS))
    trained = int(total * chance.uniform(0.42, 0.57))
    steps = max(2, total // _TOKENS_A_STEP)
    reasoning = max(steps + 1, trained - _CALL_TOKENS * (steps + 1))
    output = max(steps, total - trained - _PROMPT_TOKENS - _OUTPUT_TOKENS * steps)
    return steps, reasoning, output


def _verdict(chance: random.Random) -> Verdict:
    report = chance.choices(list(Report), (45, 45, 10))[0]
    tests = chance.randint(3, 12)
    failed = chance.choices((0, chance.randint(1, tests // 3), tests), (75, 23, 2))[0]
    return Verdict(tests - failed, tests, report)
