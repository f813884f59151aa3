"""What holds for all tests: that interrupts arrive, and in which order they run."""

from __future__ import annotations

import signal

import pytest


def pytest_configure() -> None:
    """Take interrupts: a shell that starts the tests in the background lets them ignore these.

    The processes that tests start inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with one; then the slow ones."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("long"):
        return 0
    return 1 if item.get_closest_marker("slow") else 2
