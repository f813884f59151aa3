"""The plan of one record: who solved what, how well, in which form, and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trajhouse.cli.sampling.request import Length

SFT = "ipw_sft"
WITH_OPUS = "ipw_sft_with_opus"
BOTH = (SFT, WITH_OPUS)


class Teacher(StrEnum):
    """A teacher, by its `teacher_model`."""

    KIMI = "vllm:kimi-k2@8001"
    SONNET = "anthropic:claude-sonnet-4"
    OPUS = "anthropic:claude-opus-4"

    @property
    def slug(self) -> str:
        """Its name in a file's name."""
        return {"KIMI": "kimi-k2", "SONNET": "claude-sonnet", "OPUS": "claude-opus"}[self.name]


STRAY_FORMS = (
    "from_value",
    "one_line",
    "bold",
    "bold_line",
    "thought_lines",
    "lower_case",
    "spaced_answer",
    "answer_lines",
    "missing_tool",
    "two_tools",
    "parallel",
)
"""Forms of the protocol that real text takes; each can be read."""

UNREADABLE_FORMS = {
    "no_keyword": "protocol_missing",
    "thought_only": "action_missing",
    "empty_answer": "answer_empty",
}
"""Forms that cannot be read, with the reason."""

MALFORMED_CALLS = {"nameless_tool": "tool_unnamed", "lost_output": "outputs_missing"}
"""Calls that cannot be read, with the reason."""


@dataclass(frozen=True)
class Row:
    """The plan of one record of a generation run, with the verdicts on it.

    Args:
        sample: The number of its task; rows of one number share the `sample_id`.
        teacher: Who solved it.
        run: The number of the generation run, which is the file it is in.
        category: Category of the task.
        n_calls: Tool calls; the trajectory has one turn more.
        success: Whether the run recorded it as correct.
        verdicts: What graders say about it; None is a grader's record without a verdict.
        form: `plain`, or one of the stray, unreadable and malformed forms, or `cut` for a line that
            ends in its midst.
        is_misgraded: Whether the recorded success contradicts the answer.
        fate: accepted, rejected or duplicate.
        reason: Why it is rejected, or the rule of the duplicate.
        marts: The published marts that hold it.
        left_out: Why others do not.
        length: How long its texts are.
        seed: Of its texts.
    """

    sample: int
    teacher: Teacher
    category: str
    n_calls: int
    run: int = 1
    success: bool = True
    verdicts: tuple[bool | None, ...] = ()
    form: str = "plain"
    is_misgraded: bool = False
    fate: str = "accepted"
    reason: str | None = None
    marts: tuple[str, ...] = BOTH
    left_out: Mapping[str, str] = field(default_factory=dict)
    length: Length = Length.REALISTIC
    seed: int = 0

    @property
    def sample_id(self) -> str:
        """Its task's id: eight hexadecimal digits, other ones for every number below 2**32."""
        return f"traj_{self.sample * 2654435761 % 2**32:08x}"

    @property
    def path(self) -> str:
        """The file it is in."""
        return f"runs/{self.teacher.slug}-{self.run}.jsonl"


def left_out_of_both(reason: str) -> dict[str, object]:
    """What a row says that no mart holds, for the same reason."""
    return {"marts": (), "left_out": dict.fromkeys(BOTH, reason)}


def rejected(reason: str) -> dict[str, object]:
    """What a row says that is rejected."""
    return {"fate": "rejected", "reason": reason, "marts": ()}


def duplicate() -> dict[str, object]:
    """What a row says that is dropped for another run of the same teacher on the same sample."""
    return {"fate": "duplicate", "reason": "same_id", "marts": ()}
