"""Content never becomes control: no control token arises from text inside a message or a tool.

Two guards, the second of which needs no list of cases:

1. A text that spells a control token is found before rendering.
2. The conversation is rendered once more with its texts neutralised, and must hold the same control
   tokens in the same order. So a token whose halves only the template joins is found as well.

Where content is to be kept as text, a private mark is put inside every such spelling, so that the
template renders it untouched and the split at control tokens passes over it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.chat_render import RenderError, render_chat
from trajhouse.udfs.conversations import Message, TextMap, map_texts, parse_tools, texts_of
from trajhouse.udfs.tokenizer import LoadedTokenizer

Tools = list[dict[str, Any]] | None

_PRIVATE_USE = range(0xE000, 0xF900)
_SCHEMA_TYPES = frozenset(
    ["function", "object", "array", "string", "number", "integer", "boolean", "null"]
)
_FIXED_FIELDS = ("role", "type")


@lru_cache(maxsize=8)
def control_pattern(tokenizer: LoadedTokenizer) -> re.Pattern[str]:
    """Matches any control token; of two that start at one place, the longer."""
    longest_first = sorted(tokenizer.control_ids, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def find_control_token(
    tokenizer: LoadedTokenizer, chat: list[Message], tools: str | None, only_fixed: bool = False
) -> str | None:
    """Where a text spells a control token, in words; None where none does.

    Args:
        tokenizer: Whose control tokens.
        chat: The messages.
        tools: The declared tools as JSON text.
        only_fixed: Look only at roles and types, which are never encoded as text.
    """
    pattern = control_pattern(tokenizer)
    if not only_fixed and (token := _token_in_tools(tokenizer, tools)) is not None:
        return f"{token} in the declared tools"
    for position, message in enumerate(chat, start=1):
        for field, text in texts_of(message):
            if (not only_fixed or field in _FIXED_FIELDS) and (match := pattern.search(text)):
                return f"{match[0]} in the {field} of message {position}"
    return None


def skeleton_control_ids(
    tokenizer: LoadedTokenizer, chat: list[Message], tools: str | None
) -> NDArray[np.int32]:
    """The control ids, in order, of the conversation with every text neutralised.

    Raises:
        RenderError: The template fails on neutral text.
    """
    neutral = [map_texts(message, _neutral_text, _neutral_arguments) for message in chat]
    return _control_ids_of_neutral(tokenizer, json.dumps(neutral), tools)


def find_joined_token(tokenizer: LoadedTokenizer, chat: list[Message], tools: str | None) -> str:
    """Which token arises at which message once rendered, in words.

    For a conversation that spells no control token itself and yet renders to others than its
    skeleton. Takes a number of renders that is logarithmic in the number of messages.
    """
    pattern = control_pattern(tokenizer)
    neutral = [map_texts(message, _neutral_text, _neutral_arguments) for message in chat]

    def tokens_from(first_kept: int) -> list[str]:
        mixed = [*neutral[:first_kept], *chat[first_kept:]]
        try:
            return pattern.findall(render_chat(tokenizer, mixed, _neutral_tools(tools)).text)
        except RenderError:
            return []

    expected = tokens_from(len(chat))
    found = pattern.findall(render_chat(tokenizer, chat, parse_tools(tools)).text)
    differing = (a for a, b in zip(found, [*expected, *[""] * len(found)], strict=False) if a != b)
    token = next(differing, "a control token")
    if tokens_from(0) == expected:
        return f"{token} arises where the template joins texts of the declared tools"
    clean, dirty = len(chat), 0
    while clean - dirty > 1:
        middle = (clean + dirty) // 2
        if tokens_from(middle) == expected:
            clean = middle
        else:
            dirty = middle
    return f"{token} arises where the template joins texts at message {clean}"


def choose_mark(tokenizer: LoadedTokenizer, chat: list[Message], tools: Tools) -> str | None:
    """A private-use character that occurs nowhere in the conversation; None where all do."""
    used = set(json.dumps([chat, tools, tokenizer.chat_template], ensure_ascii=False))
    return next((chr(code) for code in _PRIVATE_USE if chr(code) not in used), None)


def mark_spellings(
    tokenizer: LoadedTokenizer, chat: list[Message], tools: Tools, mark: str
) -> tuple[list[Message], Tools]:
    """The conversation with `mark` inside every text that spells a control token, or half of one.

    Args:
        tokenizer: Whose control tokens.
        chat: The messages.
        tools: The declared tools.
        mark: A character that occurs nowhere in the conversation.
    """
    change = _marker(tokenizer, mark)
    marked = [map_texts(message, change, change) for message in chat]
    return marked, _map_strings(tools, lambda text, _: change(text))


def _marker(tokenizer: LoadedTokenizer, mark: str) -> TextMap:
    pattern = control_pattern(tokenizer)
    tokens = tokenizer.control_ids
    heads = {token[:n] for token in tokens for n in range(1, len(token))}
    tails = {token[n:] for token in tokens for n in range(1, len(token))}
    longest = max(map(len, tokens), default=0)

    def change(text: str) -> str:
        text = pattern.sub(lambda match: match[0][0] + mark + match[0][1:], text)
        for n in range(min(longest, len(text)), 0, -1):
            if text[-n:] in heads:
                text = text[: len(text) - n + 1] + mark + text[len(text) - n + 1 :]
                break
        for n in range(min(longest, len(text)), 0, -1):
            if text[:n] in tails:
                return text[: n - 1] + mark + text[n - 1 :]
        return text

    return change


@lru_cache(maxsize=256)
def _token_in_tools(tokenizer: LoadedTokenizer, tools: str | None) -> str | None:
    pattern = control_pattern(tokenizer)
    matches = (pattern.search(text) for text in _strings_in(parse_tools(tools)))
    return next((match[0] for match in matches if match), None)


@lru_cache(maxsize=256)
def _control_ids_of_neutral(
    tokenizer: LoadedTokenizer, neutral: str, tools: str | None
) -> NDArray[np.int32]:
    text = render_chat(tokenizer, json.loads(neutral), _neutral_tools(tools)).text
    encoding = tokenizer.backend.encode_batch_fast([text], add_special_tokens=False)[0]
    ids = np.array(encoding.ids, dtype=np.int32)
    return ids[tokenizer.is_control[ids]]


@lru_cache(maxsize=256)
def _neutral_tools(tools: str | None) -> Tools:
    """Tools with the types of JSON schema and wordlike keys kept, every other text neutralised."""

    def change(text: str, is_key: bool) -> str:
        is_word = text.replace("$", "").replace("_", "").isalnum() and len(text) < 64
        return text if text in _SCHEMA_TYPES or (is_key and is_word) else _neutral_text(text)

    neutral: Tools = _map_strings(parse_tools(tools), change)
    return neutral


def _neutral_text(text: str) -> str:
    """Templates ask whether a text is empty or blank; nothing else of it may matter."""
    return text if not text or text.isspace() else "x"


def _neutral_arguments(text: str) -> str:
    return "{}" if text else text


def _map_strings(value: Any, change: Callable[[str, bool], str], is_key: bool = False) -> Any:
    """A nest of lists and dictionaries with every string rewritten, keys as well."""
    if isinstance(value, str):
        return change(value, is_key)
    if isinstance(value, dict):
        return {change(key, True): _map_strings(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_map_strings(item, change) for item in value]
    return value


def _strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings_in(item)
