"""Beginnings that rows share are encoded once, and every row is what the template makes of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.unit.udfs.tokens.generated import tools_text, words
from tests.unit.udfs.tokens.test_assembly import check, examples
from trajhouse.cli.errors import TrajhouseError
from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer
from trajhouse.udfs.tokens import joining, tokenizing
from trajhouse.udfs.tokens.assembly import beginnings
from trajhouse.udfs.tokens.assembly.assembler import assembler_of
from trajhouse.udfs.tokens.cuts import may_cut_before
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.policy import Policy, Reason, RejectedError, RoleHeader
from trajhouse.udfs.tokens.results import LossRuns, TokenizedRows
from trajhouse.udfs.tokens.template import ChatTemplate, learn_template
from trajhouse.udfs.tokens.tokenizing import tokenize_rows

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


def beginnings_of(template: ChatTemplate, rows: Examples, policy: Policy) -> np.ndarray | None:
    assembler = assembler_of(template, policy)
    assert assembler is not None
    rendered = assembler.render(rows)
    assert rendered is not None
    return rendered.beginnings


@pytest.mark.parametrize("role_header", list(RoleHeader))
@pytest.mark.parametrize(
    ("prompts", "tools", "n_shared"),
    [
        (PROMPTS, [None], 2),
        (PROMPTS[:1], [*TOOLS, None], 3),
        ([*PROMPTS, None], [*TOOLS, None], 6),
    ],
    ids=["prompts", "tools", "some without"],
)
def test_rows_that_begin_alike(
    template: ChatTemplate,
    prompts: list[str | None],
    tools: list[str | None],
    n_shared: int,
    role_header: RoleHeader,
) -> None:
    policy = Policy(role_header=role_header)
    rows = rows_with(prompts, tools, 90)
    check(template, rows, policy)
    found = beginnings_of(template, rows, policy)
    assert found is not None
    assert set(found) - {beginnings.NOTHING} == set(range(1, n_shared + 1))
    without = [k for k in range(90) if prompts[k % len(prompts)] is None]
    assert np.flatnonzero(found == beginnings.NOTHING).tolist() == without


def test_what_is_alike_is_encoded_once(
    template: ChatTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_with(list(PROMPTS), [None], 90)
    tokenize_rows(template, rows, Policy())
    encoded: list[str] = []
    encode = tokenizing.encode_placed
    monkeypatch.setattr(
        tokenizing,
        "encode_placed",
        lambda tokenizer, texts: encoded.extend(texts) or encode(tokenizer, texts),
    )
    tokenize_rows(template, rows, Policy())
    for prompt in PROMPTS:
        assert sum(prompt in text for text in encoded) == 1
    assert sum("question" in text for text in encoded) == 90


def test_beginnings_of_few_bytes_are_left_where_they_are(template: ChatTemplate) -> None:
    rows = rows_with(["Be brief."], [None], 90)
    long = [[*messages, {"role": "user", "content": "word " * 400}] for messages in rows.messages]
    assert beginnings_of(template, rows, Policy()) is not None
    assert beginnings_of(template, examples(long), Policy()) is None


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


def ends_as_they_were(parted: TokenizedRows, begins: Any) -> TokenizedRows:
    found = joining.joined_rows(parted, begins)
    first = len(parted) - len(begins)
    return replace(found, turn_ends=parted.turn_ends[parted.row_turns[first] :])


def beginnings_of_others(parted: TokenizedRows, begins: Any) -> TokenizedRows:
    return joining.joined_rows(parted, np.roll(begins, 1))


def trained_from_the_start(parted: TokenizedRows, begins: Any) -> TokenizedRows:
    runs = LossRuns(parted.runs.lengths, parted.runs.weights.copy(), parted.runs.row_runs)
    runs.weights[runs.row_runs[begins]] = 1
    return joining.joined_rows(replace(parted, runs=runs), begins)


@pytest.mark.parametrize("bug", [ends_as_they_were, beginnings_of_others, trained_from_the_start])
def test_a_bug_is_noticed_by_the_sample(
    template: ChatTemplate,
    monkeypatch: pytest.MonkeyPatch,
    bug: Callable[[TokenizedRows, Any], TokenizedRows],
) -> None:
    monkeypatch.setattr(tokenizing, "joined_rows", bug)
    with pytest.raises(TrajhouseError, match="differs from the chat template"):
        tokenize_rows(template, rows_with(list(PROMPTS), [None], 30), Policy())


def test_texts_are_cut_only_before_tokens_that_take_nothing_in(
    qwen3: LoadedTokenizer, with_tiny_vocabulary: Callable[[str], str], tmp_path: Any
) -> None:
    assert all(map(partial(may_cut_before, qwen3), ("<|im_start|>", "<|im_end|>", "<think>")))
    source = with_tiny_vocabulary("{{ messages[0].content }}")
    definition = json.loads(load_tokenizer(source).backend.to_str())
    changed = {
        "<|im_start|>": {"lstrip": True},
        "<think>": {"single_word": True},
        "<tool_call>": {"normalized": True},
    }
    for token in definition["added_tokens"]:
        token |= changed.get(token["content"], {})
    for number, content in enumerate(("x<|im_end|>", "USER:")):
        more = definition["added_tokens"][-1] | {"id": 200_000 + number, "content": content}
        definition["added_tokens"].append(more)
    (tmp_path / "tokenizer.json").write_text(json.dumps(definition), encoding="utf-8")
    (tmp_path / "chat_template.jinja").write_text("{{ messages[0].content }}", encoding="utf-8")
    may_cut = partial(may_cut_before, load_tokenizer(str(tmp_path / "tokenizer.json")))
    assert may_cut("</think>")
    refused = ("<|im_start|>", "<think>", "<tool_call>", "<|im_end|>", "USER:")
    assert not any(map(may_cut, refused))
