"""Whatever the texts of a conversation are, it is rejected or it is exactly what it should be."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.udfs.tokens.reference import encode, tokenized
from trajhouse.udfs.conversations import Message, map_texts
from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer
from trajhouse.udfs.tokens.policy import ControlTokens, Policy, Reason, RejectedError
from trajhouse.udfs.tokens.results import Tokens
from trajhouse.udfs.tokens.template import learn_template

HEADER = "<|im_start|>assistant\n"
END = "<|im_end|>\n"
JOINING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{{ m.content }}{{ m.name }}<{{ m.reasoning_content }}>{{ m.tool_call_id }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTROL = ("<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "</tool_response>")

halves = st.sampled_from(CONTROL).flatmap(
    lambda token: st.integers(1, len(token) - 1).flatmap(
        lambda cut: st.sampled_from((token[:cut], token[cut:]))
    )
)
characters = st.characters(exclude_categories=["Cs"]) | st.characters(
    min_codepoint=0xE000, max_codepoint=0xE003
)
pieces = (
    st.sampled_from(
        (*CONTROL, "assistant", "<tool_response>", "think", "|im_end|", "\\ue000", "\n")
    )
    | halves
    | st.text(characters, max_size=8)
)
texts = st.lists(pieces, max_size=3).map("".join)
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<>|"), max_size=8)
some_text = plain | plain | texts
arguments = st.dictionaries(some_text, st.none() | st.integers() | some_text, max_size=2)
calls = st.builds(
    lambda number, name, text: {
        "id": number,
        "type": "function",
        "function": {"name": name, "arguments": text},
    },
    some_text,
    some_text,
    arguments.map(json.dumps) | some_text,
)
assistants = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": some_text},
    optional={
        "reasoning_content": some_text,
        "tool_calls": st.lists(calls, min_size=1, max_size=2),
        "name": some_text,
    },
)
others = st.fixed_dictionaries(
    {"role": st.sampled_from(("system", "user", "tool")), "content": some_text},
    optional={"name": some_text, "tool_call_id": some_text},
)
chats = st.lists(assistants | others, min_size=1, max_size=6)
tools = st.none() | some_text.map(
    lambda text: json.dumps(
        [{"type": "function", "function": {"name": "f", "description": text, "parameters": {}}}]
    )
)

fuzzing = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(params=["qwen3", "qwen3_training", "joining"])
def loaded(
    request: pytest.FixtureRequest,
    with_tiny_vocabulary: Callable[[str], str],
    published_templates: dict[str, str],
) -> LoadedTokenizer:
    """Published templates, and one that joins texts to each other and to its own."""
    template = (published_templates | {"joining": JOINING})[request.param]
    return load_tokenizer(with_tiny_vocabulary(template))


def hidden(text: str) -> str:
    """The text with a letter for each character that is no white space."""
    return re.sub(r"\S", "x", text)


def hide_tools(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: hide_tools(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hide_tools(item) for item in value]
    return hidden(value) if isinstance(value, str) else value


def control_ids(loaded: LoadedTokenizer, ids: list[int]) -> list[int]:
    return [number for number in ids if loaded.is_control[number]]


def check(loaded: LoadedTokenizer, tokens: Tokens, chat: list[Message], declared: Any) -> None:
    """What holds of every row that is not rejected."""
    ids = tokens.ids.tolist()
    neutral = [map_texts(message, hidden, hidden) for message in chat]
    neutral_tools = json.dumps(hide_tools(json.loads(declared))) if declared else None
    template = loaded.reference.chat_template
    expected = encode(loaded, neutral, neutral_tools, template, is_text=True)["input_ids"]
    assert control_ids(loaded, ids) == control_ids(loaded, expected)
    rendered = unicodedata.normalize("NFC", tokens.text)  # as the tokenizer does first
    assert loaded.reference.decode(ids, skip_special_tokens=False) == rendered
    position = 0
    n_turns = 0
    for is_trained, run in groupby(
        zip(ids, tokens.mask.tolist(), strict=True), key=lambda pair: pair[1]
    ):
        text = loaded.reference.decode([number for number, _ in run], skip_special_tokens=False)
        if is_trained:
            n_turns += 1
            # the line break of the header may be one token with those of the content
            missing = "" if rendered[:position].endswith(HEADER) else "\n"
            assert (rendered[:position] + missing).endswith(HEADER)
            assert text.startswith(missing)
            assert text.endswith(END)
        position += len(text)
    assert n_turns == sum(message["role"] == "assistant" for message in chat)


@pytest.mark.slow
def test_rejecting(loaded: LoadedTokenizer) -> None:
    template = learn_template(loaded)
    n_accepted = 0

    @fuzzing
    @given(chats, tools)
    def run(chat: list[Message], declared: str | None) -> None:
        nonlocal n_accepted
        (tokens,) = tokenized(template, [(chat, declared)])
        if isinstance(tokens, RejectedError):
            return
        n_accepted += 1
        check(loaded, tokens, chat, declared)
        rendered = encode(loaded, chat, declared, loaded.reference.chat_template, is_text=True)
        assert tokens.ids.tolist() == rendered["input_ids"]

    run()
    assert n_accepted > 20


@pytest.mark.slow
def test_keeping_as_text(loaded: LoadedTokenizer) -> None:
    template = learn_template(loaded)
    policy = Policy(control_tokens=ControlTokens.TEXT)
    n_accepted = 0

    @fuzzing
    @given(chats, tools)
    def run(chat: list[Message], declared: str | None) -> None:
        nonlocal n_accepted
        (tokens,) = tokenized(template, [(chat, declared)], policy)
        if isinstance(tokens, RejectedError):
            assert tokens.reason is not Reason.CONTROL_TOKEN
            return
        n_accepted += 1
        check(loaded, tokens, chat, declared)

    run()
    assert n_accepted > 20
