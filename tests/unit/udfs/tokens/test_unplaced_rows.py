"""A row whose tokens have no known places is refused, and leaves the rows beside it alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from trajhouse.udfs.flat_texts import FlatIds, Texts
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.examples import CHAT_TYPE, Examples
from trajhouse.udfs.tokens.policy import Policy, Reason, RejectedError
from trajhouse.udfs.tokens.results import LossRuns, Tokens
from trajhouse.udfs.tokens.template import learn_template
from trajhouse.udfs.tokens.token_columns import TOKENIZED_TYPE, token_columns
from trajhouse.udfs.tokens.tokenizing import tokenize_rows

ANSWERS = ["One.", "Two words.", "Three whole words.", "Four."]


class WrongFor:
    """An encoder that gives a token too many for texts that hold a word."""

    name = "wrong"

    def __init__(self, tokenizer: LoadedTokenizer, word: str) -> None:
        self._encoder, self._word = tokenizer.encoder, word
        self.separators = tokenizer.encoder.separators

    def encode(self, texts: Texts) -> FlatIds:
        found = self._encoder.encode(texts)
        rows = [found[k] for k in range(len(found))]
        is_wrong = [self._word in text for text in texts]
        return FlatIds.of(
            [
                np.append(row, row[-1:]) if wrong else row
                for row, wrong in zip(rows, is_wrong, strict=True)
            ]
        )


def examples() -> Examples:
    chats = [
        [{"role": "user", "content": "Count."}, {"role": "assistant", "content": answer}]
        for answer in ANSWERS
    ]
    return Examples(pa.array(chats, CHAT_TYPE), [None] * len(chats), [0] * len(chats))


@pytest.mark.parametrize("wrong", range(len(ANSWERS)))
def test_rows_beside_an_unplaced_one_are_as_without_it(qwen3: LoadedTokenizer, wrong: int) -> None:
    expected = tokenize_rows(learn_template(qwen3), examples(), Policy())
    loaded = replace(qwen3, encoder=WrongFor(qwen3, ANSWERS[wrong]))
    found = tokenize_rows(learn_template(loaded), examples(), Policy())
    for row in range(len(ANSWERS)):
        tokens, others = found.row(row), expected.row(row)
        assert isinstance(others, Tokens)
        if row == wrong:
            assert isinstance(tokens, RejectedError)
            assert tokens.reason is Reason.MASK_UNAVAILABLE
            continue
        assert isinstance(tokens, Tokens)
        for name in ("ids", "mask", "weights", "turn_ends"):
            assert np.array_equal(getattr(tokens, name), getattr(others, name)), name
        assert found.runs.n_trained[row] == others.mask.sum()


def test_runs_that_are_not_as_long_as_tokens_are_not_written(qwen3: LoadedTokenizer) -> None:
    found = tokenize_rows(learn_template(qwen3), examples(), Policy())
    lengths = found.runs.lengths.copy()
    lengths[[0, -1]] += [1, -1]
    moved = replace(found, runs=LossRuns(lengths, found.runs.weights, found.runs.row_runs))
    token_columns(found, qwen3, Policy(), TOKENIZED_TYPE)
    with pytest.raises(AssertionError, match="not as long"):
        token_columns(moved, qwen3, Policy(), TOKENIZED_TYPE)
