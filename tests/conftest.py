"""The order of the tests, and which of them share a worker."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left alone with one; slow tests of a file together.

    Tests of a file share what their module's fixtures have built: on two workers it would be built
    twice. Two long tests of one file may go to two workers.
    """
    for item in items:
        is_placed = any(item.iter_markers("xdist_group")) or item.get_closest_marker("long")
        if item.get_closest_marker("slow") and not is_placed:
            item.add_marker(pytest.mark.xdist_group(item.location[0].replace("/", ".")))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("long"):
        return 0
    return 1 if item.get_closest_marker("slow") else 2
