"""What is trained, what is not, and which rows are not given; expected by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import pyarrow as pa
import pytest

from trajhouse.cli.errors import CannotOpen, UsageFault
from trajhouse.udfs import tokenize
from trajhouse.udfs.tokenize import tokenize_examples
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER, LoadedTokenizer, load_tokenizer
from trajhouse.udfs.tokens.token_columns import TOKENIZED_TYPE

Run = Callable[..., list[dict[str, Any]]]
WithTemplate = Callable[[str], str]

PLAIN_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
MARKED_WITH_HEADER = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}<|im_start|>assistant\n"
    "{{ m.content }}<|im_end|>\n{% endgeneration %}{% else %}<|im_start|>{{ m.role }}\n"
    "{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
)


def say(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}


CHAT = [
    say("user", "Which files are here?"),
    say("assistant", "I look.", reasoning_content="Use ls.", tool_calls=[call("ls", '{"a":1}')]),
    say("tool", "a.py", tool_call_id="c1"),
    say("assistant", "One: a.py", reasoning_content="Done."),
    say("user", "Thanks"),
]
PLAIN = [say("user", "Which files are here?"), say("assistant", "I look."), *CHAT[3:]]
# The last user turn is the latest question, so the reasoning before it is not shown.
TRAINED = [
    'I look.\n<tool_call>\n{"name": "ls", "arguments": {"a":1}}\n</tool_call><|im_end|>\n',
    "One: a.py<|im_end|>\n",
]
TRAINED_IN_CHATML = ["I look.<|im_end|>\n", "One: a.py<|im_end|>\n"]


def trained_texts(row: dict[str, Any], spec: str = DEFAULT_TOKENIZER) -> list[str]:
    """The text of each run of trained tokens."""
    assert row["reason"] is None
    backend = load_tokenizer(spec).backend
    runs = groupby(zip(row["input_ids"], row["loss_mask"], strict=True), key=lambda pair: pair[1])
    return [
        backend.decode([token for token, _ in run], skip_special_tokens=False)
        for is_trained, run in runs
        if is_trained
    ]


def check_by_hand(run: Run, chatml: str) -> None:
    ours, plain = run([CHAT])[0], run([PLAIN], spec=chatml)[0]
    assert trained_texts(ours) == TRAINED
    assert trained_texts(plain, chatml) == TRAINED_IN_CHATML
    for row in (ours, plain):
        assert row["n_tokens"] == len(row["input_ids"]) == len(row["loss_mask"])
        assert row["n_trained_tokens"] == sum(row["loss_mask"])
        assert row["reason"] is None
        assert row["detail"] is None


def test_what_the_assistant_produces_is_trained(
    run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    check_by_hand(run_tokenize, with_tiny_vocabulary(CHATML))


def test_reasoning_after_the_last_question_is_trained(
    run_tokenize: Run,
) -> None:
    row = run_tokenize([CHAT[:-1]])[0]
    assert trained_texts(row) == [
        "<think>\nUse ls.\n</think>\n\n" + TRAINED[0],
        "<think>\nDone.\n</think>\n\nOne: a.py<|im_end|>\n",
    ]


def test_newlines_that_merge_with_the_header_are_one_trained_token(
    run_tokenize: Run,
) -> None:
    chat = [say("user", "a"), say("assistant", "\n\nb"), say("user", "c")]
    assert trained_texts(run_tokenize([chat])[0]) == ["\n\n\nb<|im_end|>\n"]


@pytest.mark.parametrize("renderer", ["assembly", "jinja"])
def test_turns_that_touch_are_told_apart(
    renderer: str,
    run_tokenize: Run,
    with_tiny_vocabulary: WithTemplate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRAJHOUSE_RENDERER", renderer)
    spec = with_tiny_vocabulary(CHATML + "{# touching #}")
    chat = [say("user", "a"), say("assistant", "b"), say("assistant", "c"), say("user", "d")]
    row = run_tokenize([chat], spec=spec, role_header="in")[0]
    turns = ["<|im_start|>assistant\nb<|im_end|>\n", "<|im_start|>assistant\nc<|im_end|>\n"]
    assert trained_texts(row, spec) == ["".join(turns)]
    backend = load_tokenizer(spec).backend
    first, second = row["turn_ends"]
    ended = [
        backend.decode(row["input_ids"][:end], skip_special_tokens=False) for end in (first, second)
    ]
    before = "<|im_start|>user\na<|im_end|>\n"
    assert ended == [before + turns[0], before + "".join(turns)]


@pytest.mark.parametrize(
    ("role_header", "trained"),
    [("out", "{}<|im_end|>\n"), ("in", "<|im_start|>assistant\n{}<|im_end|>\n")],
)
def test_marks_that_take_in_headers_leave_them_to_the_policy(
    role_header: str, trained: str, run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    spec = with_tiny_vocabulary(MARKED_WITH_HEADER)
    row = run_tokenize([PLAIN], spec=spec, role_header=role_header)[0]
    answers = ("I look.", "One: a.py")
    expected = [trained.format(answer) for answer in answers]
    assert "".join(trained_texts(row, spec)) == "".join(expected)


def test_null_content_and_empty_content_are_alike(run_tokenize: Run) -> None:
    calls = {"tool_calls": [call("ls", "{}")]}
    null, empty = run_tokenize(
        [[say("user", "a"), {"role": "assistant", "content": c} | calls] for c in (None, "")]
    )
    assert null["reason"] is None
    assert null == empty


@pytest.mark.parametrize("renderer", ["assembly", "jinja"])
@pytest.mark.parametrize(
    ("content", "answer"), [("Yes.", "Yes."), ("", ""), (None, ""), (" \n ", " \n ")]
)
def test_a_block_that_the_template_writes_is_reasoning_before_any_answer(
    content: str | None,
    answer: str,
    renderer: str,
    run_tokenize: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRAJHOUSE_RENDERER", renderer)
    chat = [say("user", "Is it?"), {"role": "assistant", "content": content}]
    block, rest = "<think>\n\n</think>\n\n", f"{answer}<|im_end|>\n"
    for part, expected in (("answer", rest), ("reasoning", block)):
        (row,) = run_tokenize([chat], trained_parts=[part])
        assert trained_texts(row) == [expected]


def test_null_content_suits_templates_that_take_it_for_text(
    run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    template = CHATML.replace("{{ m.content }}", "{{ '' + m.content }}")
    chat = [{"role": "user", "content": None}, say("assistant", "b")]
    assert run_tokenize([chat], spec=with_tiny_vocabulary(template))[0]["reason"] is None


def test_tools_are_rendered(run_tokenize: Run, qwen3: LoadedTokenizer) -> None:
    tools = '[{"type": "function", "function": {"name": "look_up"}}]'
    row = run_tokenize([CHAT], tools)[0]
    text = qwen3.backend.decode(row["input_ids"], skip_special_tokens=False)
    assert '{"type": "function", "function": {"name": "look_up"}}\n</tools>' in text
    assert trained_texts(row) == TRAINED


@pytest.mark.parametrize(
    ("chat", "reason", "detail"),
    [
        pytest.param(None, "no_trained_tokens", "no assistant", id="null"),
        pytest.param([], "no_trained_tokens", "no assistant", id="empty"),
        pytest.param([say("user", "a")], "no_trained_tokens", "no assistant", id="user-only"),
    ],
)
def test_rows_with_nothing_to_train(chat: Any, reason: str, detail: str, run_tokenize: Run) -> None:
    good, row = run_tokenize([CHAT, chat])
    assert good["reason"] is None
    assert (row["reason"], detail in row["detail"]) == (reason, True)
    nulls = ("input_ids", "loss_mask", "n_tokens", "n_trained_tokens")
    assert all(row[name] is None for name in nulls)
    assert row["tokenizer"] == good["tokenizer"]


@pytest.mark.parametrize(
    ("template", "detail"),
    [
        pytest.param("{{ raise_exception('roles must alternate') }}", "must alternate", id="raise"),
        pytest.param("{{ messages[0].content + 1 }}", "TypeError", id="type"),
        pytest.param("{{ messages.__class__.mro() }}", "SecurityError", id="escape"),
        pytest.param("{% for m in messages %}", "TemplateSyntaxError", id="syntax"),
        pytest.param("{% for i in range(90000) %}{{ 'x' * 999 }}{% endfor %}", "wrote", id="flood"),
    ],
)
def test_template_that_fails(
    template: str, detail: str, run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    row = run_tokenize([CHAT], spec=with_tiny_vocabulary(template))[0]
    assert row["reason"] == "template_error"
    assert detail in row["detail"]


@pytest.mark.parametrize("tools", ["{", '{"name": "x"}', "[1]", '"ls"'])
def test_tools_that_are_no_tools(tools: str, run_tokenize: Run) -> None:
    row = run_tokenize([CHAT], tools)[0]
    assert row["reason"] == "template_error"
    assert "tools" in row["detail"]


MACRO = (
    "{% macro a(m) %}<|im_start|>assistant\n{% generation %}{{ m.content }}<|im_end|>\n"
    "{% endgeneration %}{% endmacro %}{% for m in messages %}{{ a(m) }}{% endfor %}"
)


@pytest.mark.parametrize(
    ("template", "detail"),
    [
        pytest.param(
            "{% for m in messages %}{{ m.content }}{% endfor %}", "no generation marks", id="plain"
        ),
        pytest.param(MACRO, "place is not known", id="marks-inside-a-macro"),
        pytest.param(
            CHATML.replace("{{ m.content }}", "{% generation %}{{ m.content }}{% endgeneration %}"),
            "4 marked spans for 2",
            id="every-role-marked",
        ),
        pytest.param(
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}"
            "{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}"
            "{% endif %}<|im_end|>\n{% endfor %}",
            "does not end with a stop token",
            id="stop-token-not-marked",
        ),
        pytest.param(
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}\n{% endfor %}",
            "writes no stop token",
            id="turns-without-end",
        ),
    ],
)
def test_mask_that_cannot_be_proven(
    template: str, detail: str, run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    row = run_tokenize([PLAIN], spec=with_tiny_vocabulary(template))[0]
    assert row["reason"] == "mask_unavailable"
    assert detail in row["detail"]


def test_tokenizer_that_cannot_be_loaded_is_not_a_reason(run_tokenize: Run) -> None:
    with pytest.raises(CannotOpen):
        run_tokenize([CHAT], spec="./nowhere")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"loss_weights": ["reasoning"]}, "it is an object"),
        ({"trained_parts": 3}, "it is a list"),
        ({"trained_parts": "answer"}, "it is a list"),
    ],
)
def test_a_setting_of_another_type_is_an_error(
    setting: dict[str, Any], message: str, run_tokenize: Run
) -> None:
    with pytest.raises(UsageFault, match=message):
        run_tokenize([PLAIN], **setting)


def test_unknown_policy_is_an_error(run_tokenize: Run) -> None:
    with pytest.raises(UsageFault, match="ignore"):
        run_tokenize([CHAT], policy="ignore")


def test_rows_keep_their_order_across_slices_chunks_and_settings(
    qwen3: LoadedTokenizer, with_tiny_vocabulary: WithTemplate
) -> None:
    chatml = with_tiny_vocabulary(CHATML)
    chats = [[say("user", f"q{i}"), say("assistant", f"number {i}")] for i in range(150)]
    specs = [qwen3.spec if i < 70 or i % 2 else chatml for i in range(150)]
    messages = pa.array([None, *chats], PLAIN_MESSAGES).slice(1)
    chunked = pa.chunked_array([messages.slice(0, 40), messages.slice(40)])
    found = tokenize_examples(
        pa.table(
            {
                "chat_messages": chunked,
                "tools": pa.nulls(150, pa.string()),
                "trained_from": pa.array([0] * 150, pa.int32()),
                "tokenizer": pa.array(specs),
                "policy": pa.array(["{}"] * 150),
            }
        )
    )
    assert found.type == TOKENIZED_TYPE
    for i, row in enumerate(found.to_pylist()):
        think = "<think>\n\n</think>\n\n" if specs[i] == qwen3.spec else ""
        assert trained_texts(row, specs[i]) == [f"{think}number {i}<|im_end|>\n"]


@pytest.mark.parametrize(
    ("n_rows", "most", "sizes"),
    [
        (3, 1, [1, 1, 1]),
        (32, 8, [8, 8, 8, 4, 2, 2]),
        (2, 16, [2]),
        (5, 24, [5]),
        (7, 12, [3, 4]),
        (0, 8, []),
    ],
)
def test_slices_shrink_and_none_is_empty(
    n_rows: int, most: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of what is left on two cores, at most so many rows, and a quarter of these at least."""
    monkeypatch.setattr(tokenize, "count_cores", lambda: 2)
    monkeypatch.setattr(tokenize, "_MOST_ROWS_PER_SLICE", most)
    rows = pa.table(
        {
            "chat_messages": pa.array([CHAT] * n_rows, PLAIN_MESSAGES),
            "tools": pa.nulls(n_rows, pa.string()),
            "trained_from": pa.array([0] * n_rows, pa.int32()),
            "tokenizer": [DEFAULT_TOKENIZER] * n_rows,
            "policy": ["{}"] * n_rows,
        }
    )
    assert [len(tokens) for _, tokens in tokenize.tokenize_batches([rows])] == sizes


def test_no_rows_give_no_rows() -> None:
    text = pa.array([], pa.string())
    columns = {"tools": text, "tokenizer": text, "policy": text}
    none = pa.table(
        {
            **columns,
            "chat_messages": pa.array([], PLAIN_MESSAGES),
            "trained_from": pa.array([], pa.int32()),
        }
    )
    found = tokenize_examples(none)
    assert (len(found), found.type) == (0, TOKENIZED_TYPE)
