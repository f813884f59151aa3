"""A text is cut behind an added token only where its ids are those of both parts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trajhouse.udfs.encoder import ReferenceEncoder
from trajhouse.udfs.flat_texts import FlatIds, FlatTexts
from trajhouse.udfs.separators import separators
from trajhouse.udfs.tokenizer import LoadedTokenizer


def found_in(definition: dict[str, Any], added: list[str]) -> set[str]:
    """The separators among the added tokens of a tokenizer."""
    from tokenizers import Tokenizer

    encode = ReferenceEncoder(Tokenizer.from_str(json.dumps(definition))).encode
    pattern = separators(added, encode, encode)
    return {token for token in added if pattern.fullmatch(token)}


def changed(tokenizer: LoadedTokenizer, token: str, **flags: bool) -> dict[str, Any]:
    definition = json.loads(tokenizer.backend.to_str())
    for one in definition["added_tokens"]:
        if one["content"] == token:
            one.update(flags)
    return definition


def with_token(tokenizer: LoadedTokenizer, token: str) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(tokenizer.backend.to_str())
    added = definition["added_tokens"]
    added.append(added[-1] | {"content": token, "id": added[-1]["id"] + 1})
    return definition


def test_all_tokens_of_qwen3_are_separators(qwen3: LoadedTokenizer) -> None:
    pattern = qwen3.encoder.separators
    assert all(pattern.fullmatch(token) for token in qwen3.control_ids)
    assert not pattern.search("no token that was added")


@pytest.mark.parametrize("flag", ["rstrip", "single_word"])
def test_a_token_that_looks_behind_itself_is_none(qwen3: LoadedTokenizer, flag: str) -> None:
    added = ["<|im_end|>", "<|im_start|>"]
    definition = changed(qwen3, "<|im_end|>", **{flag: True})
    assert found_in(definition, added) == {"<|im_start|>"}


def test_a_token_that_another_goes_on_from_is_none(qwen3: LoadedTokenizer) -> None:
    added = ["<|im_end|>", "<|im_end|>x", "<|im_start|>"]
    assert found_in(with_token(qwen3, "<|im_end|>x"), added) == {"<|im_end|>x", "<|im_start|>"}


def test_a_token_that_another_runs_into_is_none(qwen3: LoadedTokenizer) -> None:
    added = ["<|im_end|>", "over<|im", "<think>"]
    assert found_in(with_token(qwen3, "over<|im"), added) == {"over<|im", "<think>"}


def test_there_are_none_where_a_space_is_put_before_every_text(qwen3: LoadedTokenizer) -> None:
    encode = ReferenceEncoder(qwen3.backend).encode

    def prepended(texts: FlatTexts) -> FlatIds:
        return encode(FlatTexts.of([f" {text}" for text in texts]))

    assert not separators(["<|im_end|>"], prepended, prepended).fullmatch("<|im_end|>")
