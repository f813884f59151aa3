"""What is trained, and what becomes of content that would turn into control tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any

from trajhouse.cli.errors import UsageFault
from trajhouse.udfs.made_once import made_once


class Reason(StrEnum):
    """Why a row has no tokens."""

    NO_TRAINED_TOKENS = "no_trained_tokens"
    CONTROL_TOKEN = "control_token"  # noqa: S105
    TEMPLATE_ERROR = "template_error"
    TEMPLATE_DROPS = "template_drops"
    REASONING_DROPPED = "reasoning_dropped"
    MASK_UNAVAILABLE = "mask_unavailable"


class RejectedError(Exception):
    """A row that is not given, with the code and the detail."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail

    @property
    def can_be_text(self) -> bool:
        """Whether control tokens spelled in content may be the cause."""
        return self.reason in (
            Reason.CONTROL_TOKEN,
            Reason.MASK_UNAVAILABLE,
            Reason.TEMPLATE_ERROR,
        )


class ControlTokens(StrEnum):
    """What happens to a row whose content spells a control token."""

    REJECT = "reject"
    TEXT = "text"


class RoleHeader(StrEnum):
    """Whether the header of an assistant's turn, such as `<|im_start|>assistant`, is trained."""

    OUT = "out"
    IN = "in"


class Thinking(StrEnum):
    """Which reasoning is in the context, and which turns are trained.

    `template`: as the template renders it, which often leaves out the history's. `keep`: a template
    that leaves any out is refused. `last`: only what follows the last user query is trained.
    `split`: an example for each user query, with what follows that query trained.
    """

    TEMPLATE = "template"
    KEEP = "keep"
    LAST = "last"
    SPLIT = "split"


class Part(IntEnum):
    """What a piece of a render is; all but CONTEXT can be trained."""

    CONTEXT = 0
    REASONING = 1
    COMMENTARY = 2
    TOOL_CALL = 3
    ANSWER = 4


PARTS = tuple(part.name.lower() for part in Part if part is not Part.CONTEXT)


@dataclass(frozen=True, eq=False)
class Policy:
    """How conversations become training examples.

    Attributes:
        control_tokens: What happens where content spells a control token.
        role_header: Whether role headers are trained.
        thinking: Which reasoning stays and which turns are trained.
        weights: The weight of each of PARTS in the loss; 0 means that it is not trained.
        is_weighted: Whether `loss_weight` is asked for.
        chat_template: A template's name or file instead of the tokenizer's own, as for
            `load_tokenizer`.
        template_date: The day that a template which prints the date takes for today.
    """

    control_tokens: ControlTokens = ControlTokens.REJECT
    role_header: RoleHeader = RoleHeader.OUT
    thinking: Thinking = Thinking.TEMPLATE
    weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 1.0))
    is_weighted: bool = False
    chat_template: str | None = None
    template_date: date | None = None

    def stands_for(self, part: Part) -> Part:
        """The first part that weighs the same; context stands for itself."""
        if part is Part.CONTEXT:
            return part
        weight = self.weights[part.name.lower()]
        return next(other for other in Part if other and self.weights[other.name.lower()] == weight)

    @cached_property
    def as_json(self) -> str:
        """The policy as one text, equal for equal policies.

        Template and date are left out: they are told by what is loaded with them.
        """
        return json.dumps(
            {
                "control_tokens": self.control_tokens,
                "role_header": self.role_header,
                "thinking": self.thinking,
                "weights": {part: self.weights[part] for part in PARTS},
                "is_weighted": self.is_weighted,
            }
        )


@made_once(maxsize=64)
def parse_policy(text: str) -> Policy:
    """A policy from a JSON object.

    Args:
        text: Any of `control_tokens`, `role_header`, `thinking`; `trained_parts`, a list of some of
            PARTS (default all); `loss_weights`, an object of weights by part (default 1), which
            also asks for `loss_weight`; `chat_template`, the path of a Jinja file; and
            `template_date`, an ISO date, the day that a template takes for today.

    Raises:
        UsageFault: A key, a choice or a part is unknown, a weight is negative or no number, or a
            date is none.
    """
    given: dict[str, Any] = json.loads(text)
    known = {
        "control_tokens",
        "role_header",
        "thinking",
        "trained_parts",
        "loss_weights",
        "chat_template",
        "template_date",
    }
    _require_known(given, known, "policy")
    trained = given.get("trained_parts")
    trained = PARTS if trained is None else trained
    loss_weights = given.get("loss_weights") or {}
    if not isinstance(trained, list | tuple):
        raise _unknown(f"trained_parts {trained!r}", "it is a list such as [reasoning, answer]")
    if not isinstance(loss_weights, dict):
        why = "it is an object such as {reasoning: 0.5}"
        raise _unknown(f"loss_weights {loss_weights!r}", why)
    _require_known(trained, PARTS, "trained part")
    _require_known(loss_weights, PARTS, "part to weight")
    for part, weight in loss_weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight >= 0:
            raise _unknown(f"the weight {weight!r} of {part}", "a weight is a number from 0 on")
    weights = {part: float(loss_weights.get(part, 1) if part in trained else 0) for part in PARTS}
    return Policy(
        _choice(ControlTokens, given, "control_tokens"),
        _choice(RoleHeader, given, "role_header"),
        _choice(Thinking, given, "thinking"),
        weights,
        bool(loss_weights),
        given.get("chat_template"),
        _date(given.get("template_date")),
    )


def _choice(choices: Any, given: Mapping[str, Any], name: str) -> Any:
    value = given.get(name)
    if value is None:
        return next(iter(choices)) if choices is not RoleHeader else RoleHeader.OUT
    if value not in list(choices):
        raise _unknown(f"{name} {value!r}", f"it is one of {', '.join(choices)}")
    return choices(value)


def _date(value: Any) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _unknown(f"template_date {value!r}", "it is a day such as 2026-01-31") from None


def _require_known(given: Any, known: Any, what: str) -> None:
    for name in given:
        if name not in known:
            raise _unknown(f"{what} {name!r}", f"known are {', '.join(sorted(known))}")


def _unknown(what: str, why: str) -> UsageFault:
    return UsageFault(f"unknown {what}", why, "see the vars of dbt_project.yml")
