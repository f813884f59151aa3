"""Generated trials: text of exact length, trials that are what their plan says."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from trajhouse.cli.sampling.request import Length, SampleRequest
from trajhouse.cli.sampling.seta import FAULTS, draw, write
from trajhouse.cli.sampling.seta.text import ONE_TOKEN_WORDS, shares, text_of_tokens
from trajhouse.cli.sampling.writer import SampleWriter
from trajhouse.udfs.tokenizer import load_tokenizer


@pytest.fixture(scope="module")
def count(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], int]:
    """Counts the tokens of a text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        backend = load_tokenizer("Qwen/Qwen3-8B").backend
    return lambda text: len(backend.encode(text, add_special_tokens=False).ids)


def test_words_are_one_token_each_wherever_they_stand(count: Callable[[str], int]) -> None:
    for word in ONE_TOKEN_WORDS:
        assert (count(word), count(f" {word}"), count(f"\n{word}\n")) == (1, 1, 3), word


@pytest.mark.parametrize("n_tokens", [*range(1, 64), 1000])
def test_texts_have_the_tokens_asked_for(count: Callable[[str], int], n_tokens: int) -> None:
    text = text_of_tokens(random.Random(n_tokens), n_tokens)
    assert count(text) == n_tokens
    assert count(f"<think>\n{text}\n</think>") == n_tokens + 4
    assert text == text.strip()


def test_shares_add_up_and_leave_nobody_out() -> None:
    for seed in range(50):
        parts = shares(random.Random(seed), 100, 1 + seed)
        assert sum(parts) == 100
        assert min(parts) >= 1
        assert len(parts) == 1 + seed


def tree(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def make(out: Path, seed: int) -> dict[str, bytes]:
    request = SampleRequest(12, seed, dict(FAULTS), Length.SHORT)
    with SampleWriter(out) as writer:
        write(draw(request), writer)
    return tree(out)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = make(tmp_path / "a", 1)
    assert make(tmp_path / "b", 1) == first
    assert make(tmp_path / "c", 2).keys() != first.keys()


def test_every_trial_has_a_truth_and_a_directory(tmp_path: Path) -> None:
    make(tmp_path / "a", 3)
    lines = (tmp_path / "a" / "truth.jsonl").read_text().splitlines()
    told = [json.loads(line)["source_file"] for line in lines]
    assert len(set(told)) == len(told) == 12 + len(FAULTS)
    assert {str(path.relative_to(tmp_path / "a")) for path in (tmp_path / "a").glob("*/*")} == {
        *told
    }


def test_realistic_trials_are_as_long_as_the_card_says() -> None:
    """About half of some ten thousand tokens is reasoning and calls."""
    rows = list(draw(SampleRequest(400, 0)))
    mean = sum(row.reasoning_tokens + row.output_tokens + 53 * row.steps for row in rows) / 400
    assert 9_000 < mean < 12_000
    verdicts = [row.verdict for row in rows if row.verdict]
    assert 0.70 < sum(v.passed == v.tests for v in verdicts) / 400 < 0.80
    assert 0.90 < sum(v.passed / v.tests for v in verdicts) / 400 < 0.96


def test_a_trial_that_is_kept_comes_after_the_others_of_its_task() -> None:
    rows = list(draw(SampleRequest(9, 5, dict.fromkeys(FAULTS, 1.0), Length.SHORT)))
    for beaten in (row for row in rows if row.left_out):
        (kept,) = (
            row
            for row in rows
            if row.task == beaten.task and row.fate == "accepted" and not row.left_out
        )
        assert kept.verdict
        assert beaten.verdict
        assert kept.place > beaten.place
        assert kept.verdict.passed >= beaten.verdict.passed
