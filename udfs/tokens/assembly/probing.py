"""Whether a template writes the same around a message however long the conversation is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from itertools import count
from typing import Any

import pyarrow as pa

from trajhouse.udfs.conversations import Message
from trajhouse.udfs.flat_texts import Texts
from trajhouse.udfs.tokens.examples import CHAT_TYPE, Examples

Render = Callable[[Examples], Texts | None]

_TOOLS = (
    '[{"type": "function", "function": {"name": "look_up", "description": "Looks up.",'
    ' "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}}]'
)

_LENGTHS = (0, 0, 3, 40, 0, 1500)
"""Words that are added to texts, in turn, of a few to thousands of characters."""


def is_local(assembled: Render, expected: Render) -> bool:
    """Whether long conversations are assembled right from what short ones teach.

    A template that numbers its turns or outputs, or cuts long texts, is not.

    Args:
        assembled: Renders by assembly, learning as it goes; None where it cannot.
        expected: Renders by the template; None where it refuses.
    """
    for calls in _Calls:
        for with_system in (False, True):
            assembled(_example(with_system, calls, 3))
            for n_turns in (5, 8):
                example = _example(with_system, calls, n_turns)
                found = assembled(example)
                if found is None:
                    continue
                wanted = expected(example)
                if wanted is None or list(found) != list(wanted):
                    return False
    return True


class _Calls(Enum):
    """Which calls a conversation of n turns has in a turn."""

    NONE = "none"
    ONE_BY_ONE = "n messages of one call"
    AT_ONCE = "one message of n calls"


def _example(with_system: bool, calls: _Calls, n_turns: int) -> Examples:
    numbers = count()

    def word() -> str:
        number = next(numbers)
        return f"Word {number}" + " and others" * _LENGTHS[number % len(_LENGTHS)]

    chat: list[Message] = [{"role": "system", "content": word()}] if with_system else []
    for _ in range(n_turns):
        chat.append({"role": "user", "content": word()})
        if calls is _Calls.ONE_BY_ONE:
            for number in range(n_turns):
                chat += [_call([number], word), _output(number, word)]
        elif calls is _Calls.AT_ONCE:
            together = range(n_turns)
            chat += [_call(together, word), *(_output(number, word) for number in together)]
        chat.append({"role": "assistant", "content": word(), "reasoning_content": word()})
    tools = _TOOLS if calls is not _Calls.NONE else None
    return Examples(pa.array([chat], CHAT_TYPE), [tools], [0])


def _call(numbers: Iterable[int], word: Callable[[], str]) -> Message:
    function = {"name": "look_up", "arguments": f'{{"q": "{word()}"}}'}
    calls: list[dict[str, Any]] = [
        {"id": f"call{number:05d}", "type": "function", "function": function} for number in numbers
    ]
    return {"role": "assistant", "content": word(), "tool_calls": calls}


def _output(number: int, word: Callable[[], str]) -> Message:
    name = {"tool_call_id": f"call{number:05d}", "name": "look_up"}
    return {"role": "tool", "content": word()} | name
