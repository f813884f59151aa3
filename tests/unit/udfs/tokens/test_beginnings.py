"""Rows that begin alike have the tokens of each alone; their beginnings are encoded once."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.unit.udfs.tokens.generated import conversation
from tests.unit.udfs.tokens.published import PUBLISHED
from tests.unit.udfs.tokens.test_assembly import Chat, check, examples
from trajhouse.udfs.flat_texts import FlatTexts, Texts
from trajhouse.udfs.shared_texts import SharedTexts
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.assembly.assembler import assembler_of
from trajhouse.udfs.tokens.policy import Policy
from trajhouse.udfs.tokens.template import learn_template

TURN = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "I."}]
TOOLS = '[{"type": "function", "function": {"name": "look_up", "description": "a long one"}}]'
N_ROWS = 40
N_LEARNT = 5
"""After so many rows all that these have is known to the assembler."""


def told(prompt: str, number: int) -> Chat:
    return [{"role": "system", "content": prompt}, *TURN, {"role": "user", "content": f"{number}?"},
            {"role": "assistant", "content": f"é {number}"}]  # fmt: skip


def laid_out(tokenizer: LoadedTokenizer, chats: list[Chat], tools: list[str | None]) -> Texts:
    """The renders of these rows, after all that they have was learnt."""
    template, policy = learn_template(tokenizer), Policy()
    assembler = assembler_of(template, policy)
    assert assembler is not None
    assembler.render(examples(chats[:N_LEARNT], tools[:N_LEARNT]))
    found = assembler.render(examples(chats, tools))
    assert found is not None
    return found.pieces.texts


def shared(tokenizer: LoadedTokenizer, chats: list[Chat], tools: list[str | None]) -> list[str]:
    """The beginnings that are encoded for these rows."""
    texts = laid_out(tokenizer, chats, tools)
    if not isinstance(texts, SharedTexts):
        return []
    return [texts.parts[k] for k in range(len(texts.parts) - len(texts))]


def test_a_prompt_that_all_have_is_encoded_once(qwen3: LoadedTokenizer) -> None:
    prompt = "You are helpful, 中文 too. " * 40
    chats = [told(prompt, number) for number in range(N_ROWS)]
    check(learn_template(qwen3), examples(chats))
    (beginning,) = shared(qwen3, chats, [None] * N_ROWS)
    assert beginning == f"<|im_start|>system\n{prompt}<|im_end|>"


def test_prompts_that_differ_in_a_letter_are_told_apart(qwen3: LoadedTokenizer) -> None:
    """More of them than are looked through have one length, one end and one start."""
    prompts = ["a" * 500 + chr(ord("a") + number) + "b" * 500 for number in range(20)]
    chats = [told(prompts[number % 20], number) for number in range(N_ROWS)]
    check(learn_template(qwen3), examples(chats))
    beginnings = shared(qwen3, chats, [None] * N_ROWS)
    assert {one[19:-10] for one in beginnings} == set(prompts)
    assert len(beginnings) < N_ROWS


def test_tools_are_part_of_a_beginning(qwen3: LoadedTokenizer) -> None:
    chats = [told("Short.", number) for number in range(N_ROWS)]
    tools = [TOOLS if number % 2 else None for number in range(N_ROWS)]
    check(learn_template(qwen3), examples(chats, tools))
    beginnings = shared(qwen3, chats, tools)
    assert len(beginnings) == 2
    assert sum("look_up" in one for one in beginnings) == 1


def test_beginnings_that_save_little_are_left_where_they_are(qwen3: LoadedTokenizer) -> None:
    chats = [told("Short.", number) for number in range(N_ROWS)]
    chats = [[*chat, {"role": "user", "content": "words " * 500}, TURN[1]] for chat in chats]
    check(learn_template(qwen3), examples(chats))
    assert shared(qwen3, chats, [None] * N_ROWS) == []


def test_rows_without_a_prompt_and_with_one(qwen3: LoadedTokenizer) -> None:
    prompts = ["Be brief. " * 50, "Be long. " * 50]
    chats = [told(prompts[number % 2], number)[number % 3 == 0 :] for number in range(N_ROWS)]
    check(learn_template(qwen3), examples(chats))


@pytest.mark.parametrize("n_letters", [1, 300, 511, 512, 2_000])
def test_foreign_characters_of_what_is_laid_out(qwen3: LoadedTokenizer, n_letters: int) -> None:
    prompts = ["a" * n_letters + "é", "b" * n_letters + "中"]
    chats = [told(prompts[number % 2], number) for number in range(N_ROWS)]
    parts = laid_out(qwen3, chats, [None] * N_ROWS).parts
    anew = FlatTexts.of(list(parts))
    assert parts.foreign_characters.tolist() == anew.foreign_characters.tolist()
    assert set(parts.foreign_characters.tolist()) == {ord("é"), ord("中")}


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_under_published_templates(name: str, load_tiny: Callable[[str], LoadedTokenizer]) -> None:
    """Three of four rows have one of three prompts, mixed with rows that have their own."""
    given = [conversation(random.Random(n), PUBLISHED[name]) for n in range(150)]
    chats, tools = [], []
    for number, (chat, declared) in enumerate(given):
        prompt = {"role": "system", "content": f"Prompt é {number % 3}. " * 60}
        has_prompt = chat[0]["role"] == "system"
        chats.append([prompt, *chat[has_prompt:]] if number % 4 else chat)
        tools.append(declared)
    check(learn_template(load_tiny(name)), examples(chats, tools))
