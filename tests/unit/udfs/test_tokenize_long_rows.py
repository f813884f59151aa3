from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., list[dict[str, Any]]]


def long_chat(n_turns: int, n_words: int) -> list[dict[str, Any]]:
    answer = {"role": "assistant", "content": "step " * n_words}
    output = {"role": "tool", "content": "out " * n_words}
    return [{"role": "user", "content": "go"}, *([answer, output] * n_turns)]


@pytest.mark.slow
def test_a_row_of_a_million_tokens_passes(run_tokenize: Run) -> None:
    row = run_tokenize([long_chat(500, 1000)])[0]
    assert row["reason"] is None
    assert row["n_tokens"] > 1_000_000


@pytest.mark.slow
def test_time_is_linear_in_the_number_of_turns(run_tokenize: Run) -> None:
    def seconds(n_turns: int) -> float:
        started = time.process_time()
        assert run_tokenize([long_chat(n_turns, 20)])[0]["reason"] is None
        return time.process_time() - started

    seconds(100)
    assert min(seconds(8000), seconds(8000)) < 8 * min(seconds(2000), seconds(2000))
