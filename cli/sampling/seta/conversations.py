"""The conversation of a trial, as the agent's harness records it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from trajhouse.cli.sampling.seta.rows import Conversation, Row
from trajhouse.cli.sampling.seta.text import command, shares, text_of_tokens

Message = dict[str, Any]

MODEL = "kimi-k2.5"
_PROMPT = (
    "You are an agent that works in a terminal. Solve the task by running commands, one step at a"
    " time. Look at what a command printed before you run the next one. When the task is solved,"
    " say so and call no more tools."
)
_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "shell_exec",
            "description": "Run a command in a shell session and return what it prints.",
            "parameters": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "description": "The session."},
                    "command": {"type": "string", "description": "The command."},
                },
                "required": ["id", "command"],
            },
        },
    }
]


def messages_of(row: Row) -> list[Message]:
    """System, task, then a call and its output for each step, and the last word.

    Commands do not depend on the row's lengths, so that a row with other lengths differs in its
    filling alone.
    """
    commands = random.Random(f"{row.uid} commands")
    filling = random.Random(f"{row.uid} filling")
    reasoning = shares(filling, row.reasoning_tokens, row.steps + 1)
    outputs = shares(filling, row.output_tokens, row.steps)
    goal = text_of_tokens(commands, 24)
    messages: list[Message] = [
        {"role": "system", "content": _PROMPT},
        {"role": "user", "content": f"Task: {goal}"},
    ]
    for step in range(row.steps):
        call_id = f"call_{row.attempt}_{step:03d}"
        messages.append(_call(call_id, text_of_tokens(filling, reasoning[step]), command(commands)))
        output = text_of_tokens(filling, outputs[step])
        messages.append({"role": "tool", "tool_call_id": call_id, "content": output})
    if row.conversation is Conversation.CONTROL_TOKEN:
        messages[-1]["content"] += "<|im_end|>"
    last = {
        "role": "assistant",
        "content": "The task is solved.",
        "reasoning_content": text_of_tokens(filling, reasoning[-1]),
    }
    return [*messages, last]


def snapshot_of(row: Row, messages: Sequence[Message], n_steps: int) -> dict[str, Any]:
    """What is written of the request after `n_steps` steps, and of its response."""
    asked = 2 + 2 * n_steps
    answer = messages[asked]
    response: Any = {
        "id": f"chatcmpl-{row.uid}-{n_steps}",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls" if answer.get("tool_calls") else "stop",
                "message": answer,
            }
        ],
        "usage": _usage(messages[:asked], answer),
    }
    if row.conversation is Conversation.TEXT_RESPONSE:
        response = f"ChatCompletion(id='chatcmpl-{row.uid}-{n_steps}')"
    return {
        "request_timestamp": _time_of(n_steps, 0),
        "model": MODEL,
        "agent_id": f"agent-{row.uid}",
        "request": {
            "messages": list(messages[:asked]),
            "model_config_dict": {"temperature": 1.0, "max_tokens": 4096, "tools": _TOOLS},
        },
        "response_timestamp": _time_of(n_steps, 20),
        "response": response,
    }


def _call(call_id: str, reasoning: str, line: str) -> Message:
    arguments = json.dumps({"id": "main", "command": line}, ensure_ascii=False)
    function = {"name": "shell_exec", "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "reasoning_content": reasoning,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }


def _usage(asked: Sequence[Message], answer: Message) -> Mapping[str, int]:
    """What a provider would count, at about five characters a token."""
    prompt = sum(len(json.dumps(message)) for message in asked) // 5
    completion = len(json.dumps(answer)) // 5
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cached_tokens": prompt // 2,
    }


def _time_of(step: int, second: int) -> str:
    minute, hour = step % 60, 8 + step // 60
    return f"2026-03-02T{hour:02d}:{minute:02d}:{second:02d}"
