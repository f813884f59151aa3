"""Random conversations, the same for the same seed."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.unit.udfs.tokens.published import Published

Message = dict[str, Any]

_WORDS = """
the quick brown fox looks up 42 files in /usr/lib and returns -1.5e3 of them, doesn't it?
def f(x): return {x} x == 'y' "quoted" C:\\temp\\new \\n \\u00e9 \\\\ $HOME \x1b[31m
é ü ß 中文 日本語 한국어 🧪 👩\u200d💻 naïve Ünïcode
<b> </b> <tools> </div> <parameter=x> &amp; & < > {{ x }} {% if y %} {# z #} ``` ```json
[INST] [gMask] <|x|> <| |> zq00000qz zq00001qz None True null
""".split()  # noqa: SIM905
_SPACES = (" ", " ", " ", " ", "\n", "\n\n", "  ", "\t", "", "\r\n", "\u00a0", "\u2028", "\u3000")
_EDGES = ("", "", "", "", "", " ", "\n", "\n\n", "\t", " \n ", "\u00a0")
_NAMES = ("look_up", "run-bash", "search.web", "größe", "f", "name", "python")
_KEYS = ("q", "path", "type", "max results", "é", "n", 'a"b', "object", "content")


def words(rng: random.Random, most: int, is_some: bool = False) -> str:
    """A text of up to so many words, with white space about it as it comes."""
    n_words = rng.randint(1 if is_some else 0, most)
    text = "".join(rng.choice(_WORDS) + rng.choice(_SPACES) for _ in range(n_words))
    if is_some and not text.strip():
        text = "word"
    return rng.choice(_EDGES) + text + rng.choice(_EDGES)


def json_value(rng: random.Random, depth: int = 0) -> Any:
    """A JSON value."""
    kind = rng.random()
    if kind < 0.5 or depth > 2:
        return words(rng, 6)
    if kind < 0.6:
        return rng.choice([0, 7, -13, 10**18, 0.5, -2.25, 1e-7, 1e22])
    if kind < 0.7:
        return rng.choice([True, False, None])
    if kind < 0.85:
        return [json_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(_KEYS): json_value(rng, depth + 1) for _ in range(rng.randint(0, 3))}


def arguments_text(rng: random.Random) -> str:
    """Arguments of a call as JSON text, in several ways to write it."""
    arguments = {rng.choice(_KEYS): json_value(rng) for _ in range(rng.randint(0, 3))}
    if rng.random() < 0.7:
        return json.dumps(arguments, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.5:
        return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(arguments, ensure_ascii=False, indent=2)


def tools_text(rng: random.Random) -> str:
    """Declared tools as JSON text."""
    tools = []
    for name in rng.sample(_NAMES, rng.randint(1, 2)):
        properties: dict[str, Any] = {
            "q": {"type": "string", "description": words(rng, 5, is_some=True)},
            "n": {"type": "integer", "default": 3, "description": "How many."},
            "kind": {"type": "string", "enum": ["file", "name", words(rng, 2, is_some=True)]},
            "deep": {
                "type": "array",
                "items": {"type": "object", "properties": {"x y": {"type": "number"}}},
            },
        }
        kept = {key: properties[key] for key in rng.sample(sorted(properties), rng.randint(0, 4))}
        parameters = {"type": "object", "properties": kept, "required": list(kept)[:1]}
        function = {
            "name": name,
            "description": words(rng, 8, is_some=True),
            "parameters": parameters,
        }
        tools.append({"type": "function", "function": function})
    return json.dumps(tools, ensure_ascii=rng.random() < 0.5)


def conversation(rng: random.Random, published: Published) -> tuple[list[Message], str | None]:
    """Messages and declared tools, of what a template renders.

    As often as not, the system prompt and the tools are those of many others.
    """
    chat: list[Message] = []
    own = random.Random(rng.randrange(3)) if rng.random() < 0.5 else rng
    if rng.random() < 0.5:
        chat.append({"role": "system", "content": words(own, 10 if own is rng else 150)})
    tools = tools_text(own) if published.max_calls and rng.random() < 0.3 else None
    calling_left = published.n_calling
    is_reasoning = rng.random() < 0.5
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        chat.append({"role": "user", "content": words(rng, 10)})
        while published.max_calls and calling_left != 0 and rng.random() < 0.45:
            calling_left -= 1
            chat += _calling(rng, published, is_reasoning)
        chat.append(_assistant(rng, words(rng, 10, is_some=rng.random() < 0.9), is_reasoning))
    return chat, tools


def wild_conversation(rng: random.Random, published: Published) -> tuple[list[Message], str | None]:
    """Messages in an order that templates refuse as often as not, some with control tokens."""
    control = f"{published.control} <think> </think> <tool_call>".split()
    chat, tools = conversation(rng, published)
    if rng.random() < 0.5:
        chat = [message for _ in range(rng.randint(2, 7)) for message in _any_messages(rng)]
    if rng.random() < 0.3:
        message = rng.choice(chat)
        fields = [field for field in message if field in ("content", "reasoning_content")]
        field, spelled = rng.choice(fields), rng.choice(control)
        cut = rng.randint(0, len(message[field]))
        message[field] = message[field][:cut] + spelled + message[field][cut:]
    return chat, tools


def _any_messages(rng: random.Random) -> list[Message]:
    role = rng.choice(("system", "user", "user", "assistant", "assistant", "calling", "tool"))
    if role == "calling":
        return _calling(rng, Published("", ""), is_reasoning=True)
    if role == "assistant":
        return [_assistant(rng, words(rng, 4), is_reasoning=True)]
    return [{"role": role, "content": words(rng, 4)}]


def _calling(rng: random.Random, published: Published, is_reasoning: bool) -> list[Message]:
    """A message of calls and their outputs."""
    is_alone = published.is_call_alone or rng.random() < 0.5
    content = rng.choice(("", "", "\n")) if is_alone else words(rng, 6)
    message = _assistant(rng, content, is_reasoning)
    n_calls = rng.randint(1, published.max_calls)
    calls = [
        {
            "id": f"call{number:05d}",
            "type": "function",
            "function": {"name": rng.choice(_NAMES), "arguments": arguments_text(rng)},
        }
        for number in range(n_calls)
    ]
    outputs = []
    for call in calls[: n_calls if rng.random() < 0.9 else 1]:
        output = {"role": "tool", "content": words(rng, 8), "tool_call_id": call["id"]}
        if rng.random() < 0.5:
            output["name"] = call["function"]["name"]  # type: ignore[index]
        outputs.append(output)
    return [message | {"tool_calls": calls}, *outputs]


def _assistant(rng: random.Random, content: str, is_reasoning: bool) -> Message:
    message: Message = {"role": "assistant", "content": content}
    if is_reasoning and rng.random() < 0.8:
        message["reasoning_content"] = words(rng, 10)
    return message
