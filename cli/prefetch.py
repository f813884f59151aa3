"""Lets one thread make what another one uses."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.05


def prefetched(items: Generator[T], depth: int = 2) -> Generator[T]:
    """The same items, made ahead in a thread of their own, at most `depth` of them.

    What `items` raises is raised here. Closing this generator closes `items` and ends the thread.
    """
    ready: queue.Queue[T | BaseException | None] = queue.Queue(depth)
    is_closed = threading.Event()

    def offer(item: T | BaseException | None) -> None:
        while not is_closed.is_set():
            try:
                ready.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            break

    def produce() -> None:
        if is_closed.is_set():
            return
        try:
            with closing(items):
                for item in items:
                    offer(item)
                    if is_closed.is_set():
                        return
            offer(None)
        except BaseException as error:
            offer(error)

    thread = threading.Thread(target=produce, daemon=True)
    try:
        thread.start()
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        is_closed.set()
        if thread.is_alive():
            thread.join()
