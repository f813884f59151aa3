"""What the builders of the corpus share: sound records, lines, and the list of builders."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Files = dict[str, bytes]
BUILDERS: dict[str, Callable[[], Files]] = {}


def builder(function: Callable[[], Files]) -> Callable[[], Files]:
    """Register the builder of a case."""
    BUILDERS[function.__name__] = function
    return function


def chat(key: Any, **extra: Any) -> dict[str, Any]:
    """A sound record: a question with a number in it and its answer."""
    messages = [
        {"role": "user", "content": f"What is {key} doubled?"},
        {"role": "assistant", "content": f"Twice {key}."},
    ]
    return {"id": key, "messages": messages} | extra


def line(value: Any) -> bytes:
    """A value as one line of JSON."""
    return json.dumps(value).encode() + b"\n"


def with_bad(bad: bytes, name: str = "bad.jsonl") -> Files:
    """A file whose second line of three is bad."""
    return {name: line(chat("first")) + bad + b"\n" + line(chat("third"))}
