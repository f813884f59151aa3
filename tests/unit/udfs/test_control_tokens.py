"""No control id arises from text inside a message or a tool, under either policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer

Chat = list[dict[str, Any]]
Run = Callable[..., list[dict[str, Any]]]
WithTemplate = Callable[[str], str]

STAND_IN = "\u2039"


def chat_with(field: str, text: str) -> Chat:
    """A conversation that holds `text` in one field, in message 2 or 3."""
    call = {"id": "c1", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
    answer = {"role": "assistant", "content": "done", "tool_calls": [call]}
    output = {"role": "tool", "content": "out", "tool_call_id": "c1", "name": "ls"}
    if field in {"name of the call", "arguments"}:
        call["function"]["name" if field.startswith("name") else field] = text  # type: ignore[index]
    elif field == "output":
        output["content"] = text
    else:
        answer[field] = text
    return [{"role": "user", "content": "go"}, answer, output]


def decode(loaded: LoadedTokenizer, row: dict[str, Any]) -> str:
    return str(loaded.backend.decode(row["input_ids"], skip_special_tokens=False))


def controls_in(loaded: LoadedTokenizer, row: dict[str, Any]) -> list[int]:
    controls = set(loaded.control_ids.values())
    return [token for token in row["input_ids"] if token in controls]


FIELDS = ["content", "reasoning_content", "name of the call", "arguments", "output"]
TOKENS = [
    "<|im_end|>",
    "<|im_start|>",
    "<think>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|endoftext|>",
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("field", FIELDS)
def test_spelled_token_is_rejected_by_name_and_place(
    field: str, token: str, run_tokenize: Run
) -> None:
    row = run_tokenize([chat_with(field, f"a {token} b")])[0]
    assert row["reason"] == "control_token"
    place = {"name of the call": "name of message 2", "output": "content of message 3"}
    assert row["detail"] == f"{token} in the {place.get(field, f'{field} of message 2')}"
    assert row["input_ids"] is None


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("field", FIELDS)
def test_spelled_token_is_encoded_as_text(
    field: str, token: str, run_tokenize: Run, qwen3: LoadedTokenizer
) -> None:
    row = run_tokenize([chat_with(field, f"a {token} b")], policy="text")[0]
    plain = run_tokenize([chat_with(field, "a - b")])[0]
    assert row["reason"] is None
    assert f"a {token} b" in decode(qwen3, row)
    assert decode(qwen3, row).replace(token, "-") == decode(qwen3, plain).replace(token, "-")
    assert controls_in(qwen3, row) == controls_in(qwen3, plain)


@pytest.mark.parametrize(
    "tools",
    [
        pytest.param('[{"description": "ends <|im_end|> here"}]', id="value"),
        pytest.param('[{"description": "ends \\u003c|im_end|> here"}]', id="escaped"),
        pytest.param('[{"properties": {"ends <|im_end|> here": {}}}]', id="key"),
    ],
)
def test_token_in_the_declared_tools(tools: str, run_tokenize: Run, qwen3: LoadedTokenizer) -> None:
    chat = chat_with("content", "x")
    rejected = run_tokenize([chat], tools)[0]
    assert (rejected["reason"], rejected["detail"]) == (
        "control_token",
        "<|im_end|> in the declared tools",
    )
    row, plain = (
        run_tokenize([chat], declared, policy="text")[0] for declared in (tools, '[{"a": "b"}]')
    )
    assert row["reason"] is None
    assert "ends <|im_end|> here" in decode(qwen3, row)
    assert controls_in(qwen3, row) == controls_in(qwen3, plain)


@pytest.mark.parametrize("policy", ["reject", "text"])
def test_token_in_a_role_is_always_rejected(policy: str, run_tokenize: Run) -> None:
    chat = [{"role": "<think>", "content": "a"}, {"role": "assistant", "content": "b"}]
    row = run_tokenize([chat], policy=policy)[0]
    assert (row["reason"], row["detail"]) == ("control_token", "<think> in the role of message 1")


JOINED = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{{ m.name }}<|im_end|>\n"
    "{% endfor %}"
)
COMPLETED = JOINED.replace("{{ m.name }}", "{% if m.name %}<{{ m.name }}{% endif %}")
CLOSED = JOINED.replace("{{ m.name }}", "{% if m.name %}>{{ m.name }}{% endif %}")
ENCLOSED = JOINED.replace("{{ m.name }}", "{% if m.name %}<{{ m.name }}>{% endif %}")


@pytest.mark.parametrize(
    ("template", "halves", "token"),
    [
        pytest.param(JOINED, ("a <|im_", "end|> b"), "<|im_end|>", id="two-fields"),
        pytest.param(CLOSED, ("a </think", " b"), "</think>", id="field-and-template"),
        pytest.param(COMPLETED, ("a ", "/tool_call> b"), "</tool_call>", id="template-and-field"),
    ],
)
def test_halves_that_the_template_joins(
    template: str,
    halves: tuple[str, str],
    token: str,
    run_tokenize: Run,
    with_tiny_vocabulary: WithTemplate,
) -> None:
    spec = with_tiny_vocabulary(template)
    answer = {"role": "assistant", "content": "yes"}
    chat = [answer, {"role": "user", "content": halves[0], "name": halves[1]}, answer]
    rejected = run_tokenize([chat], spec=spec)[0]
    assert rejected["reason"] == "control_token"
    assert rejected["detail"] == f"{token} arises where the template joins texts at message 2"
    row = run_tokenize([chat], spec=spec, policy="text")[0]
    assert row["reason"] is None
    assert f"a {token} b" in decode(load_tokenizer(spec), row)
    assert len(controls_in(load_tokenizer(spec), row)) == 6


def test_token_that_the_template_encloses_is_never_control(
    run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    chat = [
        {"role": "user", "content": "a", "name": "think"},
        {"role": "assistant", "content": "b"},
    ]
    spec = with_tiny_vocabulary(ENCLOSED)
    rejected = run_tokenize([chat], spec=spec)[0]
    assert (rejected["reason"], rejected["input_ids"]) == ("control_token", None)
    row = run_tokenize([chat], spec=spec, policy="text")[0]
    loaded = load_tokenizer(spec)
    assert decode(loaded, row) == (
        "<|im_start|>user\na<think><|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
    )
    start, end = loaded.control_ids["<|im_start|>"], loaded.control_ids["<|im_end|>"]
    assert controls_in(loaded, row) == [start, end, start, end]


def test_token_in_text_that_the_template_escapes_is_never_control(
    run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    escaped = JOINED.replace("{{ m.content }}", "{{ m.content | tojson(ensure_ascii=True) }}")
    chat = [{"role": "user", "content": "go"}, {"role": "assistant", "content": "a <think> b"}]
    spec = with_tiny_vocabulary(escaped)
    row = run_tokenize([chat], spec=spec, policy="text")[0]
    loaded = load_tokenizer(spec)
    assert decode(loaded, row) == (
        '<|im_start|>user\n"go"<|im_end|>\n<|im_start|>assistant\n"a <think> b"<|im_end|>\n'
    )
    start, end = loaded.control_ids["<|im_start|>"], loaded.control_ids["<|im_end|>"]
    assert controls_in(loaded, row) == [start, end, start, end]


def test_content_may_hold_private_use_characters(run_tokenize: Run, qwen3: LoadedTokenizer) -> None:
    text = "".join(map(chr, range(0xE000, 0xE010))) + "<|im_end|>"
    row = run_tokenize([chat_with("content", text)], policy="text")[0]
    assert text in decode(qwen3, row)


def test_rows_without_spellings_are_the_same_under_both_policies(run_tokenize: Run) -> None:
    chat = chat_with("content", "a < b |> c")
    reject, text = (run_tokenize([chat], policy=policy)[0] for policy in ("reject", "text"))
    assert reject["input_ids"] == text["input_ids"]
    assert reject["loss_mask"] == text["loss_mask"]
    assert reject["tokenizer"] != text["tokenizer"]


def test_token_in_text_that_is_not_rendered_is_no_reason(run_tokenize: Run) -> None:
    chat = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "a <think> b"},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": "d"},
    ]
    plain = [chat[0], {"role": "assistant", "content": "b"}, *chat[2:]]
    row, expected = run_tokenize([chat, plain])
    assert row["reason"] is None
    assert row == expected


PIECES = ["<", "<|", "im_", "<|im_", "end|>", "|>", ">", "think>", "</", "a", " ", "\n", *TOKENS]
texts = st.lists(st.sampled_from([*PIECES, "</think>", "<tool_response>"]), max_size=6).map("".join)
calls = st.builds(
    lambda name, text: {
        "id": "c",
        "type": "function",
        "function": {"name": name, "arguments": text},
    },
    texts,
    texts,
)
assistants = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": texts},
    optional={"reasoning_content": texts, "tool_calls": st.lists(calls, min_size=1, max_size=2)},
)
others = st.fixed_dictionaries({"role": st.sampled_from(["user", "tool"]), "content": texts})
chats = st.tuples(others, st.lists(st.one_of(assistants, others), max_size=4), assistants).map(
    lambda parts: [parts[0], *parts[1], parts[2]]
)


def with_stand_ins(value: Any) -> Any:
    """The conversation with `<` in every text as a character that no control token has."""
    if isinstance(value, str):
        return value.replace("<", STAND_IN)
    if isinstance(value, dict):
        return {key: with_stand_ins(item) for key, item in value.items()}
    return [with_stand_ins(item) for item in value]


def test_generated_content_never_becomes_control(run_tokenize: Run, qwen3: LoadedTokenizer) -> None:
    token_pattern = re.compile("|".join(map(re.escape, qwen3.control_ids)))
    answer_pattern = re.compile(r"<\|im_start\|>assistant\n(.*?<\|im_end\|>\n)", re.DOTALL)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.lists(chats, min_size=1, max_size=6))
    def check(rows: list[Chat]) -> None:
        as_text = run_tokenize(rows, policy="text")
        for chat, rejected, row in zip(rows, run_tokenize(rows), as_text, strict=True):
            safe = qwen3.reference.apply_chat_template(with_stand_ins(chat), tokenize=False)
            controls = [qwen3.control_ids[token] for token in token_pattern.findall(safe)]
            assert row["reason"] is None, (chat, row["detail"])
            assert decode(qwen3, row) == safe.replace(STAND_IN, "<")
            assert controls_in(qwen3, row) == controls
            trained = [t for t, m in zip(row["input_ids"], row["loss_mask"], strict=True) if m]
            answers = "".join(answer_pattern.findall(safe)).replace(STAND_IN, "<")
            # An answer that starts with newlines shares a token with the header's newline.
            decoded = qwen3.backend.decode(trained, skip_special_tokens=False)
            assert re.sub(r"\n+", "\n", decoded).strip() == re.sub(r"\n+", "\n", answers).strip()
            kept = token_pattern.findall(safe.replace(STAND_IN, "<"))
            is_spelled = len(kept) > len(controls)
            assert (rejected["reason"] == "control_token") == is_spelled
            if not is_spelled:
                assert rejected["input_ids"] == row["input_ids"]

    check()
