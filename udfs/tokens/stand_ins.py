"""Conversations whose texts are replaced by stand-ins, to learn what of a render is whose.

A stand-in is a short word that no template looks into. White space around a text stays, because
templates trim it; empty texts stay, because templates ask for them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from trajhouse.udfs.conversations import Message, map_strings, parse_tools

STAND_IN = re.compile(r"zq(\d{5,})qz")
TOOLS = -1
"""The message number of texts in the declared tools."""

_TEXT_FIELDS = ("reasoning_content", "content", "name", "tool_call_id")
_SCHEMA_WORDS = frozenset(
    """
    function type name description parameters properties required enum items default anyOf oneOf
    allOf not additionalProperties strict format title nullable minimum maximum minItems maxItems
    minLength maxLength pattern const examples $ref $defs definitions
    object array string number integer boolean null
    """.split()  # noqa: SIM905
)

Tools = list[dict[str, Any]] | None


class Slot(NamedTuple):
    """A text of a conversation that has a stand-in.

    Attributes:
        message: Position of the message from 0, or TOOLS.
        field: `content`, `reasoning_content`, `name`, `tool_call_id`; of a call `call_name`,
            `arguments`, `call_id`; or `tools`.
        call: Position of the call in the message; -1 outside calls.
        text: The text, without the white space around it.
    """

    message: int
    field: str
    call: int
    text: str


@dataclass(frozen=True)
class NeutralChat:
    """A conversation of stand-ins; stand-in number n stands for `slots[n]`."""

    chat: list[Message]
    tools: Tools
    slots: list[Slot]


def neutral_chat(chat: list[Message], tools: str | None) -> NeutralChat:
    """The conversation with a stand-in for every text of it and of its tools.

    Args:
        chat: The messages; arguments of calls are text or parsed JSON.
        tools: The declared tools as JSON text.
    """
    slots: list[Slot] = []
    neutral_tools = _neutral_tools(tools, slots)
    neutral = [_neutral_message(position, message, slots) for position, message in enumerate(chat)]
    return NeutralChat(neutral, neutral_tools, slots)


def stand_in(number: int) -> str:
    """The stand-in of a number."""
    return f"zq{number:05d}qz"


def _neutral_message(position: int, message: Message, slots: list[Slot]) -> Message:
    neutral = dict(message)
    for field in _TEXT_FIELDS:
        if isinstance(neutral.get(field), str):
            neutral[field] = _put(slots, position, field, -1, neutral[field])
    if neutral.get("tool_calls"):
        neutral["tool_calls"] = [
            _neutral_call(position, number, call, slots)
            for number, call in enumerate(neutral["tool_calls"])
        ]
    return neutral


def _neutral_call(position: int, number: int, call: Message, slots: list[Slot]) -> Message:
    neutral = dict(call)
    if isinstance(neutral.get("id"), str):
        neutral["id"] = _put(slots, position, "call_id", number, neutral["id"])
    if neutral.get("function"):
        function = dict(neutral["function"])
        if isinstance(function.get("name"), str):
            function["name"] = _put(slots, position, "call_name", number, function["name"])
        if "arguments" in function:

            def put(text: str) -> str:
                return _put(slots, position, "arguments", number, text)

            function["arguments"] = map_strings(function["arguments"], put)
        neutral["function"] = function
    return neutral


def _neutral_tools(tools: str | None, slots: list[Slot]) -> Tools:
    """Words of JSON schema stay; equal texts get one stand-in, so that names still match."""
    known: dict[str, str] = {}

    def put(text: str) -> str:
        if text in _SCHEMA_WORDS:
            return text
        if text not in known:
            known[text] = _put(slots, TOOLS, "tools", -1, text)
        return known[text]

    neutral: Tools = map_strings(parse_tools(tools), put)
    return neutral


def _put(slots: list[Slot], message: int, field: str, call: int, text: str) -> str:
    core = text.strip()
    if not core:
        return text
    word = stand_in(len(slots))
    slots.append(Slot(message, field, call, core))
    if len(core) == len(text):
        return word
    start = text.index(core)
    return f"{text[:start]}{word}{text[start + len(core) :]}"


@lru_cache(maxsize=4096)
def parse_arguments(arguments: str) -> Any:
    """The arguments of a call as an object.

    Raises:
        ValueError: The text is not JSON, or no object.
    """
    try:
        parsed = json.loads(arguments)
    except RecursionError:
        raise ValueError("arguments are nested too deep") from None
    if not isinstance(parsed, dict):
        raise ValueError("arguments are not an object")
    return parsed
