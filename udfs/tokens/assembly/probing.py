"""Whether a template writes the same around a message however long the conversation is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pyarrow as pa

from trajhouse.udfs.conversations import Message
from trajhouse.udfs.flat_texts import FlatTexts
from trajhouse.udfs.tokens.examples import CHAT_TYPE, Examples

Render = Callable[[Examples], FlatTexts | None]

_TOOLS = (
    '[{"type": "function", "function": {"name": "look_up", "description": "Looks up.",'
    ' "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}]'
)


def is_local(assembled: Render, expected: Render) -> bool:
    """Whether long conversations are assembled right from what short ones teach.

    A template that numbers its turns, say, is not.

    Args:
        assembled: Renders by assembly, learning as it goes; None where it cannot.
        expected: Renders by the template; None where it refuses.
    """
    for with_calls in (False, True):
        for with_system in (False, True):
            assembled(_example(with_system, with_calls, 3))
            for n_turns in (5, 8):
                example = _example(with_system, with_calls, n_turns)
                found = assembled(example)
                if found is None:
                    continue
                wanted = expected(example)
                if wanted is None or list(found) != list(wanted):
                    return False
    return True


def _example(with_system: bool, with_calls: bool, n_turns: int) -> Examples:
    numbers = count()

    def word() -> str:
        return f"word {next(numbers)}"

    chat: list[Message] = [{"role": "system", "content": word()}] if with_system else []
    for _ in range(n_turns):
        chat.append({"role": "user", "content": word()})
        for number in range(n_turns if with_calls else 0):
            chat += [_call(number, word), _output(number, word)]
        chat.append({"role": "assistant", "content": word(), "reasoning_content": word()})
    tools = _TOOLS if with_calls else None
    return Examples(pa.array([chat], CHAT_TYPE), [tools], [0])


def _call(number: int, word: Callable[[], str]) -> Message:
    function = {"name": "look_up", "arguments": f'{{"q": "{word()}"}}'}
    call: dict[str, Any] = {"id": f"call{number:05d}", "type": "function", "function": function}
    return {"role": "assistant", "content": word(), "tool_calls": [call]}


def _output(number: int, word: Callable[[], str]) -> Message:
    name = {"tool_call_id": f"call{number:05d}", "name": "look_up"}
    return {"role": "tool", "content": word()} | name
