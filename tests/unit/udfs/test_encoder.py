"""The fast encoder gives the ids of the reference, or does not run."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
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
from trajhouse.udfs.sampling import Sample
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER, LoadedTokenizer, load_tokenizer

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


class Fixed:
    """Stands for gigatoken: gives the same ids for every text."""

    def __init__(self, ids: list[int]) -> None:
        self._ids = np.array(ids, dtype=np.uint32)

    def encode_batch(self, texts: ak.Array, parallel: bool) -> ak.Array:
        bounds = np.arange(len(texts) + 1) * len(self._ids)
        content = ak.contents.NumpyArray(np.tile(self._ids, len(texts)))
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
    encoder = GigatokenEncoder(qwen3.backend, lambda: Scripted(qwen3.backend, wrong=text))
    assert same(encode(encoder, [text]), encode(ReferenceEncoder(qwen3.backend), [text]))


def test_a_character_on_which_they_differ_is_left_to_the_reference(qwen3: LoadedTokenizer) -> None:
    encoder = GigatokenEncoder(qwen3.backend, lambda: Scripted(qwen3.backend, wrong="é"))
    texts = ["an é in it", "none"]
    assert same(encode(encoder, texts), encode(ReferenceEncoder(qwen3.backend), texts))


def test_a_difference_on_the_sample_is_an_error(qwen3: LoadedTokenizer) -> None:
    encoder = GigatokenEncoder(
        qwen3.backend, lambda: Scripted(qwen3.backend, wrong="several words")
    )
    with pytest.raises(TrajhouseError, match="different ids"):
        encode(encoder, ["fine", "several words that differ"])


TURN = "<|im_start|>user\n" + "many words and \n" * 100 + "<|im_end|>\n"


@pytest.mark.parametrize(
    "text",
    [TURN * 40, "<think>" + TURN[12:-11] * 40, "no token that was added " * 1_000],
    ids=["of many turns", "of one turn", "of plain words"],
)
def test_long_texts_are_checked_in_part(qwen3: LoadedTokenizer, text: str) -> None:
    ids = qwen3.backend.encode(text, add_special_tokens=False).ids
    encoder = checking_all(qwen3, ids)
    for _ in range(20):
        assert encode(encoder, [text])[0].tolist() == ids
    with pytest.raises(TrajhouseError, match="different ids"):
        encode(checking_all(qwen3, [token + 1 for token in ids]), [text])


def test_what_is_checked_moves_through_the_texts(qwen3: LoadedTokenizer) -> None:
    """A difference in one of forty turns is found after some texts, not in the first."""
    text = TURN * 40
    ids = qwen3.backend.encode(text, add_special_tokens=False).ids
    ids[len(ids) // 2] += 1
    encoder = checking_all(qwen3, ids)
    encode(encoder, [text])
    with pytest.raises(TrajhouseError, match="different ids"):
        encode(encoder, [text] * 40)


def checking_all(tokenizer: LoadedTokenizer, ids: list[int]) -> GigatokenEncoder:
    encoder = GigatokenEncoder(tokenizer.backend, lambda: Fixed(ids))
    encoder._sample = Sample(every=1)
    return encoder


def test_a_forked_process_encodes(qwen3: LoadedTokenizer) -> None:
    """Threads that ran before the fork are not there after it."""
    encode(qwen3.encoder, [TURN] * 64)
    with multiprocessing.get_context("fork").Pool(1) as forked:
        given = forked.apply_async(_ids_in_fork, (TURN,))
        assert given.get(timeout=60) == encode(qwen3.encoder, [TURN])[0].tolist()


def test_callers_at_once_have_tokenizers_of_their_own(qwen3: LoadedTokenizer) -> None:
    """Each waits in its own until both are in; with one for both the second would not come in."""
    both = Barrier(2)

    class Waiting(Scripted):
        def encode_batch(self, texts: ak.Array, parallel: bool) -> ak.Array:
            both.wait(timeout=60)
            return super().encode_batch(texts, parallel)

    made: list[Waiting] = []

    def make() -> Waiting:
        made.append(Waiting(qwen3.backend, wrong="nothing"))
        return made[-1]

    encoder = GigatokenEncoder(qwen3.backend, make)
    texts = FlatTexts.of([TURN])
    with ThreadPoolExecutor(2) as threads:
        for _ in range(3):
            found = list(threads.map(encoder.encode_unchecked, [texts, texts]))
            assert same(*found)
    assert len(made) == 2


def test_what_callers_need_is_made_ahead(qwen3: LoadedTokenizer) -> None:
    made: list[int] = []

    def make() -> Fixed:
        made.append(len(made))
        return Fixed([0])

    encoder = GigatokenEncoder(qwen3.backend, make)
    encoder.prepare(3)
    encoder.prepare(2)
    assert made == [0, 1, 2]
    encoder.encode_unchecked(FlatTexts.of(["a"]))
    assert made == [0, 1, 2]


def _ids_in_fork(text: str) -> list[int]:
    found: list[int] = encode(load_tokenizer(DEFAULT_TOKENIZER).encoder, [text] * 64)[0].tolist()
    return found


def test_an_encoder_that_fails_the_probe_is_not_taken(
    qwen3: LoadedTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(backend: Any) -> GigatokenEncoder:
        return GigatokenEncoder(backend, lambda: Scripted(backend, wrong="probe"))

    monkeypatch.setattr("trajhouse.udfs.encoder._load_gigatoken", load)
    encoder: Encoder = make_encoder(qwen3.backend, "a probe")
    assert encoder.name == "tokenizers"
    with pytest.raises(UsageFault, match="cannot be used"):
        make_encoder(qwen3.backend, "a probe", "gigatoken")


def test_the_reference_runs_on_request(qwen3: LoadedTokenizer) -> None:
    assert make_encoder(qwen3.backend, "a probe", "tokenizers").name == "tokenizers"
    with pytest.raises(UsageFault, match="is no encoder"):
        make_encoder(qwen3.backend, "a probe", "fastest")
