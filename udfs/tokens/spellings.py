"""Marks inside texts that spell control tokens, so that no template acts on them."""

from __future__ import annotations

import json
import re
from typing import Any

from trajhouse.udfs.conversations import Message, map_strings, map_texts
from trajhouse.udfs.tokens.stand_ins import Tools

_PRIVATE_USE = range(0xE000, 0xF900)


def choose_mark(values: Any) -> str | None:
    """A private-use character that occurs nowhere in a nest of values; None where all do.

    Nor does the way JSON escapes it.
    """
    text = json.dumps(values, ensure_ascii=False)
    used = set(text)
    free = (chr(code) for code in _PRIVATE_USE if chr(code) not in used)
    return next((mark for mark in free if _escape(mark) not in text), None)


def mark_text(control: re.Pattern[str], text: str, mark: str) -> str:
    """The text with the mark after the first character of each control token that it spells."""
    return control.sub(lambda match: match[0][0] + mark + match[0][1:], text)


def mark_spellings(
    control: re.Pattern[str], chat: list[Message], tools: Tools, mark: str
) -> tuple[list[Message], Tools]:
    """The conversation with the mark inside every text that spells a control token.

    Args:
        control: Matches any control token.
        chat: The messages.
        tools: The declared tools.
        mark: A character that occurs nowhere in the conversation.
    """

    def change(value: Any) -> Any:
        return map_strings(value, lambda text: mark_text(control, text, mark))

    return [map_texts(message, change, change) for message in chat], change(tools)


def remove_mark(text: str, mark: str) -> str:
    """The text as it was; also where the template printed the mark as a JSON escape."""
    return text.replace(mark, "").replace(_escape(mark), "")


def _escape(mark: str) -> str:
    return json.dumps(mark)[1:-1]
