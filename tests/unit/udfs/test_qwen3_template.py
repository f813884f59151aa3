"""Our Qwen3 template writes, byte for byte, what the published one writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.utils.chat_template_utils import render_jinja_template

from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokenizer_sources import _QWEN3_TEMPLATE

TEMPLATE = _QWEN3_TEMPLATE.read_text("utf-8")
HEADER = "<|im_start|>assistant\n"

texts = st.one_of(
    st.text(max_size=12),
    st.lists(
        st.sampled_from(
            ["\n", " ", "<think>", "</think>", "<tool_response>", "</tool_response>", "x", "é"]
        ),
        max_size=6,
    ).map("".join),
)
arguments = st.one_of(
    st.sampled_from(["", "{}", '{"a": 1}', "not json"]),
    st.dictionaries(
        st.text(max_size=4), st.one_of(st.none(), st.integers(), st.text(max_size=4)), max_size=3
    ),
)
functions = st.fixed_dictionaries({"name": st.text(max_size=6), "arguments": arguments})
calls = st.one_of(
    functions, st.fixed_dictionaries({"type": st.just("function"), "function": functions})
)
assistants = st.fixed_dictionaries(
    {"role": st.just("assistant")},
    optional={
        "content": texts,
        "reasoning_content": texts,
        "tool_calls": st.lists(calls, max_size=3),
    },
)
others = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "tool", "system"]), "content": texts}
)
chats = st.lists(st.one_of(assistants, others), min_size=1, max_size=8)
tool_lists = st.none() | st.lists(
    st.fixed_dictionaries({"type": st.just("function"), "function": functions}), max_size=2
)
switches = st.fixed_dictionaries(
    {"add_generation_prompt": st.booleans()}, optional={"enable_thinking": st.booleans()}
)


def render(template: str, chat: list[Any], tools: Any, **options: Any) -> str:
    rendered, _ = render_jinja_template([chat], tools=tools, chat_template=template, **options)
    return str(rendered[0])


def test_real_conversations_render_alike(
    qwen3: LoadedTokenizer,
    published_templates: dict[str, str],
    real_conversations: list[list[dict[str, Any]]],
) -> None:
    tools = [{"type": "function", "function": {"name": "bash", "description": "<a & b>"}}]
    for chat in real_conversations:
        for declared in (None, tools):
            ours = render(str(qwen3.chat_template), chat, declared)
            assert ours == render(published_templates["qwen3"], chat, declared)


@pytest.mark.slow
def test_generated_conversations_render_alike(
    qwen3: LoadedTokenizer, published_templates: dict[str, str]
) -> None:
    published = published_templates["qwen3"]

    @settings(max_examples=1500, deadline=None, derandomize=True)
    @given(chats, tool_lists, switches)
    def check(chat: list[Any], tools: Any, options: dict[str, bool]) -> None:
        ours = render(str(qwen3.chat_template), chat, tools, **options)
        assert ours == render(published, chat, tools, **options)

    check()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(chats, tool_lists)
def test_marks_enclose_what_the_assistant_produces(chat: list[Any], tools: Any) -> None:
    rendered, marks = render_jinja_template(
        [chat],
        tools=tools,
        chat_template=TEMPLATE,
        return_assistant_tokens_mask=True,
    )
    assert len(marks[0]) == sum(message["role"] == "assistant" for message in chat)
    for start, end in marks[0]:
        assert rendered[0].endswith(HEADER, 0, start)
        assert rendered[0].endswith("<|im_end|>\n", start, end)


def test_the_template_is_not_the_published_text(
    qwen3: LoadedTokenizer, published_templates: dict[str, str]
) -> None:
    published = {line.strip() for line in published_templates["qwen3"].splitlines()}
    ours = [line.strip() for line in str(qwen3.chat_template).splitlines()]
    structural = {"", "{%- endif %}", "{%- endfor %}", "{%- else %}"}
    assert not [line for line in ours if line in published - structural]
