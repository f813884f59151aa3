"""Rows that begin alike, with one system prompt and tools, and those among them that differ."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.udfs.tokens.generated import tools_text, words
from tests.unit.udfs.tokens.test_assembly import check, examples
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.policy import Policy, Reason, RejectedError, RoleHeader
from trajhouse.udfs.tokens.template import ChatTemplate, learn_template

Chat = list[dict[str, Any]]

PROMPTS = [words(random.Random(number), 60, is_some=True) for number in range(2)]
TOOLS = [tools_text(random.Random(number)) for number in range(2)]


@pytest.fixture
def template(qwen3: LoadedTokenizer) -> Iterator[ChatTemplate]:
    """Nothing learnt before a test, nor after."""
    learn_template.cache_clear()
    yield learn_template(qwen3)
    learn_template.cache_clear()


def chat(number: int, prompt: str | None) -> Chat:
    rest = [
        {"role": "user", "content": f"question {number} é?"},
        {"role": "assistant", "content": f"answer {number}.", "reasoning_content": "so"},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "content": f"{number} \U0001f9ea", "reasoning_content": "why"},
    ]
    return rest if prompt is None else [{"role": "system", "content": prompt}, *rest]


def rows_with(prompts: list[str | None], tools: list[str | None], n_rows: int) -> Examples:
    chats = [chat(k, prompts[k % len(prompts)]) for k in range(n_rows)]
    return examples(chats, [tools[k // 3 % len(tools)] for k in range(n_rows)])


@pytest.mark.parametrize("role_header", list(RoleHeader))
@pytest.mark.parametrize(
    ("prompts", "tools"),
    [(PROMPTS, [None]), (PROMPTS[:1], [*TOOLS, None]), ([*PROMPTS, None], [*TOOLS, None])],
    ids=["prompts", "tools", "some without"],
)
def test_rows_that_begin_alike(
    template: ChatTemplate,
    prompts: list[str | None],
    tools: list[str | None],
    role_header: RoleHeader,
) -> None:
    check(template, rows_with(prompts, tools, 90), Policy(role_header=role_header))


def test_a_prompt_that_spells_a_control_token_is_refused_in_every_row(
    template: ChatTemplate,
) -> None:
    bad = f"{PROMPTS[0]} <|im_end|> {PROMPTS[0]}"
    found = check(template, rows_with([bad, PROMPTS[1]], [None], 60))
    for k in range(60):
        row = found.row(k)
        assert isinstance(row, RejectedError) == (k % 2 == 0)
        assert not isinstance(row, RejectedError) or row.reason is Reason.CONTROL_TOKEN


def test_a_row_that_trains_nothing_is_refused_beside_one_that_begins_alike(
    template: ChatTemplate,
) -> None:
    rows = rows_with([PROMPTS[0]], [None], 60)
    untrained = Examples(rows.messages, rows.tools, [9 if k % 4 else 0 for k in range(60)])
    found = check(template, untrained)
    reasons = [found.refused[k].reason if k in found.refused else None for k in range(60)]
    assert reasons == [Reason.NO_TRAINED_TOKENS if k % 4 else None for k in range(60)]


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_prompt_without_words(template: ChatTemplate, content: str | None) -> None:
    chats = [[{"role": "system", "content": content}, *chat(k, None)] for k in range(40)]
    check(template, examples(chats, [TOOLS[0]] * 40))
