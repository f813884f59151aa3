"""Arrow rows of OpenAI messages, as the plain dictionaries that chat templates read."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa

Message = dict[str, Any]
TextMap = Callable[[str], str]

_TEXT_FIELDS = ("content", "reasoning_content", "tool_call_id", "name")


def chats_of(messages: pa.ListArray) -> list[list[Message]]:
    """One list of messages a row, as `transformers` would get them.

    A field that is null is left out, which templates take better than None; content that is null
    becomes "". A null row is an empty list.

    Args:
        messages: list<struct>, n rows.
    """
    chats: list[list[Message]] = _python_values(messages)
    for chat in chats:
        for message in chat or ():
            message.setdefault("content", "")
    return [chat or [] for chat in chats]


@lru_cache(maxsize=256)
def parse_tools(tools: str | None) -> list[dict[str, Any]] | None:
    """The declared tools; None where none are declared.

    Raises:
        ValueError: The text is not JSON, or is not a list of objects.
    """
    if tools is None:
        return None
    try:
        parsed = json.loads(tools)
    except RecursionError:
        raise ValueError("tools are nested too deep") from None
    if parsed is None:
        return None
    if not isinstance(parsed, list) or not all(isinstance(tool, dict) for tool in parsed):
        raise ValueError("tools are not a JSON list of objects")
    return parsed


def map_texts(message: Message, change: TextMap, change_arguments: TextMap) -> Message:
    """A copy of a message with every text that is data rewritten; role and type stay.

    Args:
        message: A message as `chats_of` gives it.
        change: Rewrites a text.
        change_arguments: Rewrites a call's arguments, which are JSON text.
    """
    changed = dict(message)
    for field in _TEXT_FIELDS:
        if isinstance(changed.get(field), str):
            changed[field] = change(changed[field])
    if changed.get("tool_calls"):
        changed["tool_calls"] = [
            _map_call(call, change, change_arguments) for call in changed["tool_calls"]
        ]
    return changed


def map_strings(value: Any, change: TextMap) -> Any:
    """A nest of lists and dictionaries with every string rewritten, keys as well."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): map_strings(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [map_strings(item, change) for item in value]
    return value


def _map_call(call: Message, change: TextMap, change_arguments: TextMap) -> Message:
    changed = dict(call)
    if isinstance(changed.get("id"), str):
        changed["id"] = change(changed["id"])
    if changed.get("function"):
        changes = {"name": change, "arguments": change_arguments}
        changed["function"] = {
            key: changes[key](value) if key in changes else value
            for key, value in changed["function"].items()
        }
    return changed


def _python_values(array: pa.Array) -> list[Any]:
    """`array.to_pylist()`, column by column, and without the fields of a struct that are null."""
    if pa.types.is_struct(array.type):
        names = [field.name for field in array.type]
        columns = [_python_values(column) for column in array.flatten()]
        rows = [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in zip(*columns, strict=True)
        ]
        return _with_nulls(array, rows)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        values = iter(_python_values(array.flatten()))
        lengths = array.value_lengths().to_pylist()
        return [None if n is None else [next(values) for _ in range(n)] for n in lengths]
    return array.to_pylist()  # type: ignore[no-any-return]


def _with_nulls(array: pa.Array, rows: list[Any]) -> list[Any]:
    if array.null_count == 0:
        return rows
    valid = array.is_valid().to_pylist()
    return [row if is_valid else None for row, is_valid in zip(rows, valid, strict=True)]
