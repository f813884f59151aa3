"""Whole assistant turns trained; the text and the ids are those of `transformers`."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pyarrow as pa
import pytest

from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer
from trajhouse.udfs.whole_turns import WHOLE_TURNS_TYPE, tokenize_whole_turns

Chat = list[dict[str, Any]]

CALL = pa.struct(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("function", pa.struct([("name", pa.string()), ("arguments", pa.string())])),
    ]
)
TEXTS = ("role", "content", "reasoning_content", "tool_call_id", "name")
MESSAGES = pa.list_(
    pa.struct([*((name, pa.string()) for name in TEXTS), ("tool_calls", pa.list_(CALL))])
)
ODD = '{"command":"ls  -l",\t"é" : "\\u00e9",  "n":1.50}'


def call(arguments: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "type": "function",
        "function": {"name": "shell", "arguments": arguments},
    }


def agent_chat(arguments: Any = ODD) -> Chat:
    return [
        {"role": "system", "content": "Be an agent."},
        {"role": "user", "content": "Fix it."},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "\nLook.\n",
            "tool_calls": [call(arguments), call("{}")],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a.txt"},
        {"role": "tool", "tool_call_id": "c1", "content": ""},
        {"role": "assistant", "content": "Now I know.", "tool_calls": [call("{}")]},
        {"role": "tool", "tool_call_id": "c1", "content": "b"},
        {"role": "assistant", "content": "Done.", "reasoning_content": "Good."},
    ]


def run(
    chats: list[Chat],
    arguments: list[str | None] | None = None,
    spec: str = "Qwen/Qwen3-8B",
    policy: str = "reject",
) -> list[dict[str, Any]]:
    n_rows = len(chats)
    found = tokenize_whole_turns(
        pa.array(chats, MESSAGES),
        pa.array(arguments or [None] * n_rows, pa.string()),
        pa.array([spec] * n_rows, pa.string()),
        pa.array([policy] * n_rows, pa.string()),
    )
    found.validate(full=True)
    assert found.type == WHOLE_TURNS_TYPE
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def trained_texts(row: dict[str, Any]) -> list[str]:
    backend = load_tokenizer("Qwen/Qwen3-8B").backend
    runs = groupby(zip(row["input_ids"], row["loss_mask"], strict=True), key=lambda pair: pair[1])
    return [
        backend.decode([token for token, _ in run], skip_special_tokens=False)
        for is_trained, run in runs
        if is_trained
    ]


def test_whole_turns_are_trained_from_header_to_newline() -> None:
    (row,) = run([agent_chat()])
    empty = '<tool_call>\n{"name": "shell", "arguments": {}}\n</tool_call>'
    assert trained_texts(row) == [
        "<|im_start|>assistant\n<think>\nLook.\n</think>\n\n"
        f'<tool_call>\n{{"name": "shell", "arguments": {ODD}}}\n</tool_call>\n{empty}<|im_end|>\n',
        f"<|im_start|>assistant\nNow I know.\n{empty}<|im_end|>\n",
        "<|im_start|>assistant\n<think>\nGood.\n</think>\n\nDone.<|im_end|>\n",
    ]
    assert row["n_tokens"] == len(row["input_ids"])
    assert row["n_trained_tokens"] == sum(row["loss_mask"])


def test_the_text_is_what_the_ids_decode_to(qwen3: LoadedTokenizer) -> None:
    (row,) = run([agent_chat()])
    decoded = qwen3.backend.decode(row["input_ids"], skip_special_tokens=False)
    assert decoded == row["chat_template_str"]


def test_answers_that_start_with_newlines_keep_their_header() -> None:
    """The newline of the header and those of the answer are one token, which is trained."""
    chat = [*agent_chat()[:-1], {"role": "user", "content": "And?"}]
    chat[5]["content"] = "\n\nNow I know."
    (row,) = run([[*chat, {"role": "assistant", "content": "So."}]])
    assert trained_texts(row)[1].startswith("<|im_start|>assistant\n\n\nNow I know.\n<tool_call>")


def test_turns_that_follow_each_other_are_both_trained() -> None:
    chat = [{"role": "user", "content": "a"}] + [
        {"role": "assistant", "content": text} for text in "bc"
    ]
    (row,) = run([chat])
    (text,) = trained_texts(row)
    assert text == (
        "<|im_start|>assistant\nb<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\nc<|im_end|>\n"
    )


ARGUMENTS = [
    ODD,
    "{}",
    "no json",
    "",
    {"n": 1.50, "e": 1e5, "é": "\x1b</a>'\"", "l": [1, None, True], "o": {}},
    [],
    7,
]


@pytest.fixture(scope="module")
def published(shared_data: Any) -> Any:
    """Qwen3's tokenizer with its published template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(shared_data / "tokenizers" / "qwen3")


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=map(repr, ARGUMENTS))
def test_text_and_mask_are_those_of_the_published_template(arguments: Any, published: Any) -> None:
    """The source's own arguments go in; the mask is a scan of ids, as the source makes it."""
    as_source = agent_chat(arguments)
    text = published.apply_chat_template(as_source, tokenize=False)
    ids = published.encode(text, add_special_tokens=False)
    sources = json.dumps([arguments, "{}", "{}"])
    (row,) = run([agent_chat('{"canonical": true}')], [sources])
    assert row["chat_template_str"] == text
    assert row["input_ids"] == ids
    assert row["loss_mask"] == scanned(published, ids)


def scanned(published: Any, ids: list[int]) -> list[int]:
    """1 from `<|im_start|>` of an assistant through `<|im_end|>` and the newline after it."""
    start, end = published.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assistant = published.encode("assistant")[0]
    newline = published.encode("\n")[0]
    mask = [0] * len(ids)
    position = 0
    while position < len(ids):
        if ids[position : position + 2] == [start, assistant]:
            stop = ids.index(end, position) + 1
            stop += stop < len(ids) and ids[stop] == newline
            mask[position:stop] = [1] * (stop - position)
            position = stop
        else:
            position += 1
    return mask


def test_arguments_that_are_null_stay_the_messages_own() -> None:
    (row,) = run([agent_chat("{1}")], ["[null, null, null]"])
    assert '"arguments": {1}}' in row["chat_template_str"]


def test_arguments_must_be_as_many_as_calls() -> None:
    with pytest.raises(ValueError, match="zip"):
        run([agent_chat()], ['["{}"]'])


@pytest.mark.parametrize("field", ["content", "arguments"])
def test_content_never_becomes_control(field: str, qwen3: LoadedTokenizer) -> None:
    chat, sources = agent_chat(), None
    if field == "content":
        chat[3]["content"] = "see <|im_end|> there"
    else:
        sources = json.dumps([{"a": "<|im_end|>"}, "{}", "{}"])
    (rejected,) = run([chat], [sources])
    assert rejected["reason"] == "control_token"
    assert rejected["input_ids"] is None
    assert rejected["chat_template_str"] is None
    (plain,) = run([agent_chat()])
    (kept,) = run([chat], [sources], policy="text")
    stop = qwen3.control_ids["<|im_end|>"]
    assert kept["input_ids"].count(stop) == plain["input_ids"].count(stop)
    assert "<|im_end|> there" in kept["chat_template_str"] or field == "arguments"
    assert len(trained_texts(kept)) == 3


def test_templates_without_chatml_have_no_whole_turns(
    with_template: Callable[[str], str],
) -> None:
    template = (
        "{% for m in messages %}{% if m.role == 'assistant' %}"
        "{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
        "{% else %}{{ m.content }}{% endif %}{% endfor %}"
    )
    chat = [{"role": "user", "content": "a "}, {"role": "assistant", "content": "b"}]
    (row,) = run([chat], spec=with_template(template))
    assert row["reason"] == "mask_unavailable"


def test_rows_without_answer_are_rejected_and_others_go_on() -> None:
    silent = agent_chat()[:2]
    rows = run([silent] * 70 + [agent_chat()] * 70)
    assert [row["reason"] for row in rows] == ["no_trained_tokens"] * 70 + [None] * 70
    assert rows[-1] == rows[70]
