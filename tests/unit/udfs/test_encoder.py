"""The fast encoder gives the ids of the reference, or does not run."""

from __future__ import annotations

import random
from typing import Any

import awkward as ak
import numpy as np
import pytest

from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.udfs.encoder import (
    Encoder,
    GigatokenEncoder,
    ReferenceEncoder,
    make_encoder,
)
from trajhouse.udfs.flat_texts import FlatIds, FlatTexts
from trajhouse.udfs.tokenizer import LoadedTokenizer

PIECES = (
    *("<|im_start|>", "<|im_end|>", "<think>", "</think>", "<tool_call>", "\n", "\n\n", " ", "\t"),
    *("\r\n", "é", "e\u0301", "\u200b", "\U0001f9ea", "中", "def", "123", "\ufb01", "\x00", "İ"),
)


def random_text(chance: random.Random) -> str:
    def piece() -> str:
        if chance.random() < 0.6:
            return chance.choice(PIECES)
        ranges = ((32, 126), (0xA0, 0x2FFF), (0x10000, 0x1FFFF))
        return chr(chance.randint(*chance.choice(ranges)))

    return "".join(piece() for _ in range(chance.randint(1, 40)))


def encode(encoder: Encoder, texts: list[str]) -> FlatIds:
    return encoder.encode(FlatTexts.of(texts))


def same(left: FlatIds, right: FlatIds) -> bool:
    return np.array_equal(left.ids, right.ids) and np.array_equal(left.bounds, right.bounds)


class Scripted:
    """Stands for gigatoken: gives the reference's ids, but other ones for texts with `wrong`."""

    def __init__(self, backend: Any, wrong: str) -> None:
        self._backend, self._wrong = backend, wrong

    def encode_batch(self, texts: ak.Array, parallel: bool) -> ak.Array:
        rows = []
        for text in texts.to_list():
            ids = self._backend.encode(text, add_special_tokens=False).ids
            rows.append([*ids, 0] if self._wrong in text else ids)
        bounds = np.cumsum([0, *map(len, rows)])
        content = ak.contents.NumpyArray(np.concatenate(rows).astype(np.uint32))
        return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(bounds), content))


def test_qwen3_is_encoded_by_gigatoken(qwen3: LoadedTokenizer) -> None:
    assert qwen3.encoder.name == "gigatoken"


def test_random_texts_have_the_ids_of_the_reference(qwen3: LoadedTokenizer) -> None:
    chance = random.Random(11)
    texts = [random_text(chance) for _ in range(5_000)]
    assert same(encode(qwen3.encoder, texts), encode(ReferenceEncoder(qwen3.backend), texts))


@pytest.mark.parametrize("text", ["a\u1ae9b", "\U0001651a", "\u0378"])
def test_characters_of_another_unicode_are_left_to_the_reference(
    qwen3: LoadedTokenizer, text: str
) -> None:
    encoder = GigatokenEncoder(qwen3.backend, Scripted(qwen3.backend, wrong=text))
    assert same(encode(encoder, [text]), encode(ReferenceEncoder(qwen3.backend), [text]))


def test_a_character_on_which_they_differ_is_left_to_the_reference(qwen3: LoadedTokenizer) -> None:
    encoder = GigatokenEncoder(qwen3.backend, Scripted(qwen3.backend, wrong="é"))
    texts = ["an é in it", "none"]
    assert same(encode(encoder, texts), encode(ReferenceEncoder(qwen3.backend), texts))


def test_a_difference_on_the_sample_is_an_error(qwen3: LoadedTokenizer) -> None:
    encoder = GigatokenEncoder(qwen3.backend, Scripted(qwen3.backend, wrong="several words"))
    with pytest.raises(TrajhouseError, match="different ids"):
        encode(encoder, ["fine", "several words that differ"])


def test_an_encoder_that_fails_the_probe_is_not_taken(
    qwen3: LoadedTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(backend: Any) -> Scripted:
        return Scripted(backend, wrong="probe")

    monkeypatch.setattr("trajhouse.udfs.encoder._load_gigatoken", load)
    encoder: Encoder = make_encoder(qwen3.backend, "a probe")
    assert encoder.name == "tokenizers"
    with pytest.raises(UsageFault, match="cannot be used"):
        make_encoder(qwen3.backend, "a probe", "gigatoken")


def test_the_reference_runs_on_request(qwen3: LoadedTokenizer) -> None:
    assert make_encoder(qwen3.backend, "a probe", "tokenizers").name == "tokenizers"
    with pytest.raises(UsageFault, match="is no encoder"):
        make_encoder(qwen3.backend, "a probe", "fastest")
