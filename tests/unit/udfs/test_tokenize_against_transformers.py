"""Ids and mask are those of `transformers`, on real and on generated conversations.

What `transformers` and trajhouse might both get wrong is expected by hand in
`test_tokenize_messages`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer

Chat = list[dict[str, Any]]
Run = Callable[..., list[dict[str, Any]]]

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "bash",
            "description": "Run a command; <b>é</b> & 'quotes'",
            "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
        },
    }
]


def mark_generation(published: str) -> str:
    """The published Qwen3 template with generation marks, for the mask `transformers` makes."""
    start, end = "{%- if loop.index0 > ns", '{%- elif message.role == "tool" %}'
    before, assistant = published.split(start, 1)
    assistant, after = assistant.split(end, 1)
    header = "'<|im_start|>' + message.role + '\\n"
    assert assistant.count(header) == 3
    assistant = assistant.replace(header + "<think>", "'<think>").replace(header + "' + ", "")
    opened = f"{{{{- {header}' }}}}{{%- generation %}}{start}"
    return f"{before}{opened}{assistant}{{%- endgeneration %}}{end}{after}"


def encode(
    loaded: LoadedTokenizer, chat: Chat, tools: Any, template: str | None, has_marks: bool = False
) -> tuple[list[int], list[int] | None]:
    """Ids and, where the template has marks, the mask, by `transformers` alone."""
    encoded = loaded.reference.apply_chat_template(
        chat,
        tools=tools,
        chat_template=template,
        tokenize=True,
        return_dict=True,
        return_assistant_tokens_mask=has_marks,
    )
    return encoded["input_ids"], encoded.get("assistant_masks")


@pytest.mark.slow
@pytest.mark.parametrize("tools", [None, TOOLS], ids=["no-tools", "tools"])
def test_real_data_under_the_published_template(
    tools: Any,
    run_tokenize: Run,
    shared_data: Any,
    published_templates: dict[str, str],
    real_conversations: list[Chat],
) -> None:
    spec = str(shared_data / "tokenizers" / "qwen3")
    loaded = load_tokenizer(spec)
    marked = mark_generation(published_templates["qwen3"])
    rows = run_tokenize(real_conversations, json.dumps(tools) if tools else None, spec)
    assert len(rows) == 104
    for chat, row in zip(real_conversations, rows, strict=True):
        ids, _ = encode(loaded, chat, tools, None)
        marked_ids, mask = encode(loaded, chat, tools, marked, has_marks=True)
        assert marked_ids == ids
        assert (row["input_ids"], row["loss_mask"]) == (ids, mask)


def test_real_data_under_our_template(
    run_tokenize: Run,
    qwen3: LoadedTokenizer,
    published_templates: dict[str, str],
    real_conversations: list[Chat],
) -> None:
    marked = mark_generation(published_templates["qwen3"])
    for chat, row in zip(real_conversations, run_tokenize(real_conversations), strict=True):
        assert (row["input_ids"], row["loss_mask"]) == encode(qwen3, chat, None, marked, True)


def with_objects(chat: Chat) -> Chat:
    """The conversation with parsed arguments, for templates that print them with `tojson`."""
    parsed: Chat = json.loads(json.dumps(chat))
    for function in (call["function"] for m in parsed for call in m.get("tool_calls") or ()):
        function["arguments"] = json.loads(function["arguments"])
    return parsed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "as_given"), [("qwen3_training", list), ("qwen2_5_training", with_objects)]
)
def test_real_data_under_training_templates(
    name: str,
    as_given: Callable[[Chat], Chat],
    run_tokenize: Run,
    with_template: Callable[[str], str],
    published_templates: dict[str, str],
    real_conversations: list[Chat],
) -> None:
    spec = with_template(published_templates[name])
    loaded = load_tokenizer(spec)
    for chat, row in zip(
        real_conversations, run_tokenize(real_conversations, spec=spec), strict=True
    ):
        assert (row["input_ids"], row["loss_mask"]) == encode(
            loaded, as_given(chat), None, None, True
        )


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<"), max_size=30)
arguments = st.dictionaries(texts, st.none() | st.integers() | texts, max_size=2).map(json.dumps)
calls = st.builds(
    lambda name, text: {
        "id": "c1",
        "type": "function",
        "function": {"name": name, "arguments": text},
    },
    texts,
    arguments,
)
assistants = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": texts | texts.map("\n{}".format)},
    optional={"reasoning_content": texts, "tool_calls": st.lists(calls, min_size=1, max_size=3)},
)
others = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "tool", "system"]), "content": texts}
)
chats = st.lists(st.one_of(assistants, others), min_size=1, max_size=9)


@pytest.mark.slow
def test_generated_conversations(
    run_tokenize: Run, qwen3: LoadedTokenizer, published_templates: dict[str, str]
) -> None:
    marked = mark_generation(published_templates["qwen3"])

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.lists(chats, min_size=1, max_size=8), st.sampled_from([None, TOOLS]))
    def check(rows: list[Chat], tools: Any) -> None:
        found = run_tokenize(rows, json.dumps(tools) if tools else None)
        for chat, row in zip(rows, found, strict=True):
            if not any(message["role"] == "assistant" for message in chat):
                assert row["reason"] == "no_trained_tokens"
                continue
            assert row["reason"] is None, (chat, row["detail"])
            assert (row["input_ids"], row["loss_mask"]) == encode(qwen3, chat, tools, marked, True)

    check()
