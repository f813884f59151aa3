"""Items made in another thread arrive in order, with its errors, and it ends when told."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing

import pytest

from trajhouse.cli.prefetch import prefetched


def numbers(count: int) -> Generator[int]:
    yield from range(count)


def test_keeps_the_order() -> None:
    assert list(prefetched(numbers(100))) == list(range(100))


def test_raises_what_was_raised_there() -> None:
    def failing() -> Generator[int]:
        yield 1
        raise ValueError("there")

    items = prefetched(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="there"):
        next(items)


def test_closing_ends_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def endless() -> Generator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    before = threading.active_count()
    with closing(prefetched(endless())) as items:
        assert next(items) == 0
    assert closed.is_set()
    assert threading.active_count() == before
