"""Tokenizers are loaded ahead, once, and what cannot be loaded is told by whoever needs it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import Any

import pyarrow as pa
import pytest

from trajhouse.cli.errors import CannotOpen
from trajhouse.udfs import preloading, tokenizer
from trajhouse.udfs.made_once import made_once
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER
from trajhouse.udfs.tokens import tokenizing
from trajhouse.udfs.tokens.assembly import assembler
from trajhouse.udfs.tokens.policy import parse_policy
from trajhouse.udfs.tokens.results import TokenizedRows
from trajhouse.udfs.tokens.template import learn_template

HEADER_IN = '{"role_header": "in"}'


def loaded_after(*pairs: tuple[str, str]) -> pa.Array:
    """What the call returns, after all that it began has ended."""
    columns = [pa.array(column) for column in zip(*pairs, strict=True)]
    found = preloading.preload_tokenizer(*columns)
    for thread in threading.enumerate():
        if thread.name == preloading.THREAD:
            thread.join()
    return found


def test_what_tokenizing_needs_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded_after((DEFAULT_TOKENIZER, "{}"), (DEFAULT_TOKENIZER, HEADER_IN))
    assert found.to_pylist() == [True, True]

    def made_again(*_: object) -> None:
        raise AssertionError

    for module, name in ((tokenizer, "find_reference"), (assembler, "Assembler")):
        monkeypatch.setattr(module, name, made_again)
    template = learn_template(tokenizer.load_tokenizer(DEFAULT_TOKENIZER))
    for policy in ("{}", HEADER_IN):
        assert assembler.assembler_of(template, parse_policy(policy)) is not None


def test_loops_are_loaded_by_use(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    original = tokenizing.proven_rows

    def proven_rows(*args: Any) -> TokenizedRows:
        found = original(*args)
        used.append(len(found))
        return found

    monkeypatch.setattr(tokenizing, "proven_rows", proven_rows)
    loaded_after((DEFAULT_TOKENIZER, "{}"))
    assert used == [1]


@pytest.mark.parametrize(("n_cores", "n_prepared"), [(1, 1), (3, 3), (64, 4)])
def test_threads_find_what_encodes(
    n_cores: int, n_prepared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[int] = []
    loaded = tokenizer.load_tokenizer(DEFAULT_TOKENIZER)
    monkeypatch.setattr(loaded.encoder, "prepare", prepared.append)
    monkeypatch.setattr(preloading, "count_cores", lambda: n_cores)
    loaded_after((DEFAULT_TOKENIZER, "{}"))
    assert prepared == [n_prepared]


def test_what_cannot_be_loaded_is_told_by_whoever_needs_it() -> None:
    assert loaded_after(("no/such", "{}"), (DEFAULT_TOKENIZER, "{}")).to_pylist() == [
        True,
        True,
    ]
    with pytest.raises(CannotOpen):
        preloading.load_whole("no/such", "{}")


def test_threads_that_ask_at_a_time_get_one_value() -> None:
    made: list[int] = []
    together = Barrier(4)

    @made_once(maxsize=2)
    def make(number: int) -> list[int]:
        made.append(number)
        sleep(0.05)
        return [number]

    def ask(_: int) -> list[int]:
        together.wait()
        return make(7)

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(ask, range(4))
    assert made == [7]
    assert all(other is first for other in others)


def test_what_fails_is_tried_again() -> None:
    tries: list[int] = []

    @made_once(maxsize=2)
    def make(number: int) -> int:
        tries.append(number)
        if len(tries) == 1:
            raise ValueError("not yet")
        return number

    with pytest.raises(ValueError, match="not yet"):
        make(1)
    assert (make(1), tries) == (1, [1, 1])
