"""What a chat template does with agent trajectories, found out by rendering small conversations.

Published templates differ in what they leave out without a word: tool calls, tool outputs, the
reasoning of earlier turns. Each fact here is read off renders of conversations made of words that
occur nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from trajhouse.cli.errors import CannotOpen
from trajhouse.udfs.chat_render import Render, RenderError, render_chat
from trajhouse.udfs.conversations import Message
from trajhouse.udfs.tokenizer import LoadedTokenizer

_LOOKS_LIKE_CONTROL = re.compile(r"<[^<>\s]+>\s*\Z")
_ARGUMENTS = {"zqkey": 'a "quoted" word'}
_ARGUMENTS_TEXT = '{"zqkey":  "a \\"quoted\\" word"}'
_TOOL = {
    "type": "function",
    "function": {
        "name": "zqtool",
        "description": "Looks things up.",
        "parameters": {"type": "object", "properties": {"zqkey": {"type": "string"}}},
    },
}


class Fact(StrEnum):
    """Whether a template does something; ERROR where it refuses the conversation."""

    YES = "yes"
    NO = "no"
    ERROR = "error"


class Reasoning(StrEnum):
    """Of which turns a template renders the reasoning."""

    ALL = "all turns"
    LAST = "last turn"
    NONE = "none"


class Arguments(StrEnum):
    """In which form a template renders the arguments of a call as they are."""

    TEXT = "text"
    OBJECT = "object"
    BOTH = "text or object"
    NONE = "none"


class Stop(StrEnum):
    """Whether a template's generation marks take in the token that ends a turn."""

    TRAINED = "yes"
    LEFT_OUT = "no"
    NO_MARKS = "no marks"


@dataclass(frozen=True)
class TemplateAudit:
    """What a chat template does.

    Attributes:
        tools: Renders declared tools.
        tool_calls: Renders the names and arguments of calls.
        tool_outputs: Renders the outputs of calls.
        reasoning: The turns whose reasoning it renders.
        prefix_preserving: The render of a conversation that goes on begins with the render of what
            was there before; ERROR where no such conversation renders.
        trains_stop: Whether what it marks as generated ends with a control token.
        arguments: The form of arguments it renders as they are.
        prints_date: Writes the date of the day, so that ids depend on it.
    """

    tools: Fact
    tool_calls: Fact
    tool_outputs: Fact
    reasoning: Reasoning
    prefix_preserving: Fact
    trains_stop: Stop
    arguments: Arguments
    prints_date: Fact

    def dropped(self, chat: list[Message]) -> str | None:
        """What of a conversation the template leaves out without a word; None where nothing.

        Args:
            chat: The messages.
        """
        if self.tool_calls is Fact.NO and any(message.get("tool_calls") for message in chat):
            return "the template drops tool calls"
        if self.tool_outputs is Fact.NO and any(message.get("role") == "tool" for message in chat):
            return "the template drops tool outputs"
        return None


def require_template(tokenizer: LoadedTokenizer) -> None:
    """Make sure that there is something to audit.

    Raises:
        CannotOpen: The template renders not even a question and its answer.
    """
    try:
        render_chat(tokenizer, [_user("zqask"), _answer("zqend")], None)
    except RenderError as error:
        raise CannotOpen(
            f"the chat template cannot be audited with the tokenizer {tokenizer.spec}",
            f"it does not render a question and its answer: {' '.join(str(error).split())}",
            "mend the template",
        ) from None


@lru_cache(maxsize=32)
def audit_template(tokenizer: LoadedTokenizer) -> TemplateAudit:
    """Find out what the tokenizer's chat template does; ten small renders.

    Args:
        tokenizer: Whose template.
    """
    with_text = _renders(tokenizer, _episode(_ARGUMENTS_TEXT))
    with_object = _renders(tokenizer, _episode(_ARGUMENTS))
    dialogue = _renders(tokenizer, _DIALOGUE)
    arguments = _arguments(with_text[1], with_object[1])
    episode = with_object if arguments is Arguments.OBJECT else with_text
    return TemplateAudit(
        tools=_holds(_render(tokenizer, [_user("zqask"), _answer("zqend")], [_TOOL]), "zqtool"),
        tool_calls=_holds(_longest(episode), "zqtool", "zqkey"),
        tool_outputs=_holds(_longest(episode[1:]), "zqoutput"),
        reasoning=_reasoning(dialogue, episode),
        prefix_preserving=_prefix_preserving(dialogue, episode),
        trains_stop=_trains_stop(tokenizer, dialogue[0]),
        arguments=arguments,
        prints_date=_prints_date(tokenizer),
    )


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _answer(text: str, **fields: Any) -> Message:
    return {"role": "assistant", "content": text, **fields}


def _call(arguments: str | Mapping[str, str], **fields: Any) -> Message:
    function = {"name": "zqtool", "arguments": arguments}
    calls = [{"id": "zqcall001", "type": "function", "function": function}]
    return _answer("", tool_calls=calls, **fields)


def _output() -> Message:
    return {"role": "tool", "content": "zqoutput", "tool_call_id": "zqcall001", "name": "zqtool"}


_DIALOGUE = [
    _user("zqask"),
    _answer("zqone", reasoning_content="zqearly"),
    _user("zqmore"),
    _answer("zqtwo", reasoning_content="zqlate"),
]


def _episode(arguments: str | Mapping[str, str]) -> list[Message]:
    called = _call(arguments, reasoning_content="zqcalling")
    return [_user("zqask"), called, _output(), _answer("zqend")]


def _render(
    tokenizer: LoadedTokenizer, chat: list[Message], tools: list[dict[str, Any]] | None = None
) -> Render | None:
    """The render of a conversation; None where the template refuses it."""
    try:
        return render_chat(tokenizer, chat, tools)
    except RenderError:
        return None


def _renders(tokenizer: LoadedTokenizer, chat: list[Message]) -> list[Render | None]:
    """The renders of a conversation's beginnings: its first two messages, three, and so on."""
    return [_render(tokenizer, chat[:n]) for n in range(2, len(chat) + 1)]


def _longest(renders: list[Render | None]) -> Render | None:
    """As much of a conversation as the template takes."""
    return next((render for render in reversed(renders) if render is not None), None)


def _holds(render: Render | None, *words: str) -> Fact:
    if render is None:
        return Fact.ERROR
    return Fact.YES if all(word in render.text for word in words) else Fact.NO


def _arguments(with_text: Render | None, with_object: Render | None) -> Arguments:
    takes_text = with_text is not None and _ARGUMENTS_TEXT in with_text.text
    takes_object = with_object is not None and "zqkey" in with_object.text
    if takes_text:
        return Arguments.BOTH if takes_object else Arguments.TEXT
    return Arguments.OBJECT if takes_object else Arguments.NONE


def _reasoning(dialogue: list[Render | None], episode: list[Render | None]) -> Reasoning:
    """Of a first turn, and of a last one, which some templates treat otherwise beside a call."""
    if _holds(dialogue[-1], "zqearly") is Fact.YES:
        return Reasoning.ALL
    last_turns = [(dialogue[-1], "zqlate"), (dialogue[0], "zqearly"), (episode[0], "zqcalling")]
    is_last = any(_holds(render, word) is Fact.YES for render, word in last_turns)
    return Reasoning.LAST if is_last else Reasoning.NONE


def _prefix_preserving(*conversations: list[Render | None]) -> Fact:
    found = Fact.ERROR
    for renders in conversations:
        texts = [render.text for render in renders if render is not None]
        for shorter, longer in pairwise(texts):
            if not longer.startswith(shorter):
                return Fact.NO
            found = Fact.YES
    return found


def _trains_stop(tokenizer: LoadedTokenizer, render: Render | None) -> Stop:
    if render is None or not render.has_marks:
        return Stop.NO_MARKS
    ends = [render.text[:end] for _, end in render.generated or ()]
    stops = tuple(tokenizer.control_ids)
    is_trained = bool(ends) and all(
        text.rstrip().endswith(stops) or _LOOKS_LIKE_CONTROL.search(text) for text in ends
    )
    return Stop.TRAINED if is_trained else Stop.LEFT_OUT


def _prints_date(tokenizer: LoadedTokenizer) -> Fact:
    template = tokenizer.reference.get_chat_template(None, None)
    return Fact.YES if "strftime_now" in template else Fact.NO
