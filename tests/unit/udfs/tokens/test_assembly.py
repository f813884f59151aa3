"""Assembled renders are the template's own, whatever it does around and with its texts."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.udfs.tokens.generated import conversation
from tests.unit.udfs.tokens.published import PUBLISHED
from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.udfs import tokenizer
from trajhouse.udfs.tokens.assembly.assembler import RENDERER_VARIABLE, assembler_of
from trajhouse.udfs.tokens.by_jinja import tokenize_by_jinja
from trajhouse.udfs.tokens.examples import CHAT_TYPE, Examples
from trajhouse.udfs.tokens.policy import Policy, RejectedError, RoleHeader
from trajhouse.udfs.tokens.results import TokenizedRows
from trajhouse.udfs.tokens.template import ChatTemplate, learn_template
from trajhouse.udfs.tokens.tokenizing import tokenize_rows

Load = Callable[[str], str]
Chat = list[dict[str, Any]]

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content TRIM }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QWEN3 = PUBLISHED["qwen3"]
ROW = [
    {"role": "user", "content": "  a question\n"},
    {"role": "assistant", "content": "\n\n an answer \n"},
]


def template_of(with_tiny_vocabulary: Load, source: str) -> ChatTemplate:
    return learn_template(tokenizer.load_tokenizer(with_tiny_vocabulary(source)))


def examples(chats: list[Chat], tools: list[str | None] | None = None) -> Examples:
    return Examples(pa.array(chats, CHAT_TYPE), tools or [None] * len(chats), [0] * len(chats))


def require_same(found: TokenizedRows, expected: TokenizedRows) -> None:
    assert len(found) == len(expected)
    for k in range(len(found)):
        row, wanted = found.row(k), expected.row(k)
        if isinstance(row, RejectedError) or isinstance(wanted, RejectedError):
            assert isinstance(row, RejectedError)
            assert isinstance(wanted, RejectedError)
            assert (row.reason, row.detail) == (wanted.reason, wanted.detail)
            continue
        assert row.text == wanted.text
        assert np.array_equal(row.ids, wanted.ids)
        assert np.array_equal(row.mask, wanted.mask)
        assert np.array_equal(row.turn_ends, wanted.turn_ends)


def check(template: ChatTemplate, rows: Examples, policy: Policy | None = None) -> TokenizedRows:
    """Tokenize, twice so that all is learnt, and compare with the template's own renders."""
    policy = policy or Policy()
    expected = tokenize_by_jinja(template, rows.conversations(range(len(rows))), policy)
    for _ in range(2):
        found = tokenize_rows(template, rows, policy)
        require_same(found, expected)
    return found


@pytest.mark.parametrize("role_header", list(RoleHeader))
def test_generated_conversations(qwen3: tokenizer.LoadedTokenizer, role_header: RoleHeader) -> None:
    rng = random.Random(7)
    chats = [conversation(rng, QWEN3)[0] for _ in range(300)]
    found = check(learn_template(qwen3), examples(chats), Policy(role_header=role_header))
    assert found.renderers.count("assembly") > 60, "half of them hold a text of white space alone"


@pytest.mark.parametrize("trim", ["", "| trim", ".strip()", ".strip('\\n')", ".lstrip('\\n')"])
def test_white_space_is_trimmed_as_the_template_does(with_tiny_vocabulary: Load, trim: str) -> None:
    template = template_of(with_tiny_vocabulary, CHATML.replace("TRIM", trim))
    edges = ["", " ", "\n", "\n\n", "\n \n", "\t", "\u2003", "\r\n", " \n\n", "x"]
    chats = [
        [
            {"role": "user", "content": f"{lead}question{trail}"},
            {"role": "assistant", "content": f"{trail}answer é{lead}"},
        ]
        for lead in edges
        for trail in edges
    ]
    assert check(template, examples(chats)).renderers.count("assembly") > 70


def test_a_text_of_white_space_alone(with_tiny_vocabulary: Load) -> None:
    template = template_of(with_tiny_vocabulary, CHATML.replace("TRIM", "| trim"))
    blank = [ROW[0], {"role": "assistant", "content": " \n"}, *ROW]
    found = check(template, examples([ROW, blank, ROW]))
    assert list(found.renderers)[1] == "jinja"


def test_empty_outputs_and_their_neighbours(qwen3: tokenizer.LoadedTokenizer) -> None:
    def call(number: int) -> dict[str, Any]:
        function = {"name": "look_up", "arguments": '{"q": 1}'}
        return {"id": f"call{number:05d}", "type": "function", "function": function}

    def chat(outputs: list[str]) -> Chat:
        calls = [call(number) for number in range(len(outputs))]
        answered = [
            {"role": "tool", "content": text, "tool_call_id": one["id"]}
            for one, text in zip(calls, outputs, strict=True)
        ]
        asked = {"role": "assistant", "content": "", "tool_calls": calls}
        return [ROW[0], asked, *answered, {"role": "assistant", "content": "done"}]

    shapes = [
        ["a"],
        [""],
        ["a", ""],
        ["", "a"],
        ["", ""],
        ["", "", "a"],
        ["a", "", ""],
        ["", "b", ""],
    ]
    found = check(learn_template(qwen3), examples([chat(shape) for shape in shapes * 20]))
    assert list(found.renderers)[20:].count("assembly") > 100


def test_tools_are_those_of_the_row(qwen3: tokenizer.LoadedTokenizer) -> None:
    def tools(name: str) -> str:
        return f'[{{"type": "function", "function": {{"name": "{name}", "description": "d"}}}}]'

    names = [tools(f"tool{number % 3}") if number % 4 else None for number in range(120)]
    found = check(learn_template(qwen3), examples([ROW] * 120, names))
    assert found.renderers.count("assembly") > 80
    row = found.row(1)
    assert not isinstance(row, RejectedError)
    assert '"tool1"' in row.text


def test_as_many_tools_as_rows_are_left_to_the_template(qwen3: tokenizer.LoadedTokenizer) -> None:
    names = [f'[{{"type": "function", "function": {{"name": "f{n}"}}}}]' for n in range(300)]
    found = tokenize_rows(learn_template(qwen3), examples([ROW] * 300, list(names)), Policy())
    assert found.renderers.count("jinja") > 100
    for k in range(300):
        row = found.row(k)
        assert not isinstance(row, RejectedError)
        assert f'"f{k}"' in row.text


def test_a_template_that_numbers_its_turns_is_not_assembled(with_tiny_vocabulary: Load) -> None:
    numbered = CHATML.replace("{{ m.role }}\n", "{{ m.role }}\n{{ loop.index }}. ")
    template = template_of(with_tiny_vocabulary, numbered.replace("TRIM", ""))
    policy = Policy()
    assert assembler_of(template, policy) is None
    found = tokenize_rows(template, examples([ROW * 3]), policy)
    row = found.row(0)
    assert not isinstance(row, RejectedError)
    assert "<|im_start|>user\n5. " in row.text


def test_texts_that_the_template_looks_into_are_left_to_it(with_tiny_vocabulary: Load) -> None:
    looking = CHATML.replace("TRIM", ".split('SECRET')[-1]")
    template = template_of(with_tiny_vocabulary, looking)
    secret = [{"role": "user", "content": "hidden SECRET seen"}, ROW[1]]
    found = check(template, examples([ROW] * 20 + [secret]))
    assert list(found.renderers)[-2:-1] == ["assembly"]
    assert len(found.refused) == 1


def test_what_context_does_not_tell_stops_the_build(with_tiny_vocabulary: Load) -> None:
    counting = "{{ '!' if m.content | length == 60 else '' }}{{ m.content TRIM }}"
    counted = CHATML.replace("{{ m.content TRIM }}", counting).replace("TRIM", "")
    template = template_of(with_tiny_vocabulary, counted)
    sixty = [{"role": "user", "content": "word" * 15}, ROW[1]]
    with pytest.raises(TrajhouseError, match="differs from the chat template's render"):
        tokenize_rows(template, examples([ROW, sixty]), Policy())


@pytest.mark.parametrize("cutting", ["[:300]", "| truncate(300)", "| lower"])
def test_a_template_that_changes_texts_is_not_assembled(
    with_tiny_vocabulary: Load, cutting: str
) -> None:
    template = template_of(with_tiny_vocabulary, CHATML.replace("TRIM", cutting))
    short = [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]
    long = [{"role": "user", "content": "Word " * 100}, short[1]]
    found = check(template, examples([short] * 20 + [long]))
    assert set(found.renderers) == {"jinja"}
    assert list(found.refused) == [20]


def test_jinja_is_taken_where_it_is_asked_for(
    with_tiny_vocabulary: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = template_of(with_tiny_vocabulary, CHATML.replace("TRIM", ""))
    monkeypatch.setenv(RENDERER_VARIABLE, "jinja")
    assert set(tokenize_rows(template, examples([ROW] * 40), Policy()).renderers) == {"jinja"}
    monkeypatch.setenv(RENDERER_VARIABLE, "paper")
    with pytest.raises(UsageFault, match="'paper' is no renderer"):
        tokenize_rows(template, examples([ROW]), Policy())


def test_only_later_turns_are_trained(qwen3: tokenizer.LoadedTokenizer) -> None:
    rows = Examples(pa.array([ROW * 3] * 30, CHAT_TYPE), [None] * 30, [k % 6 for k in range(30)])
    found = check(learn_template(qwen3), rows)
    assert found.renderers.count("assembly") > 20
    turns = [len(found.row(k).turn_ends) for k in range(6)]  # type: ignore[union-attr]
    assert turns == [3, 3, 2, 2, 1, 1]
