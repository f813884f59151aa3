"""A cache that makes each value once, however many threads ask for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from threading import RLock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def made_once(maxsize: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Like `lru_cache`, which lets two threads make the same value at a time."""

    def decorate(make: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(maxsize)(make)
        one_at_a_time = RLock()

        @wraps(make)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            with one_at_a_time:
                return cached(*args, **kwargs)  # type: ignore[arg-type]

        return wrapper

    return decorate
