"""A cache that makes each value once, however many threads ask for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, update_wrapper
from threading import RLock
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class MadeOnce(Generic[P, T]):
    """A function that makes a value while other threads wait; those of `lru_cache` do not wait."""

    def __init__(self, make: Callable[P, T], maxsize: int) -> None:
        self._cached = lru_cache(maxsize)(make)
        self._one_at_a_time = RLock()
        update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The value for these arguments."""
        with self._one_at_a_time:
            return self._cached(*args, **kwargs)  # type: ignore[arg-type]

    def cache_clear(self) -> None:
        """Forget all values."""
        self._cached.cache_clear()


def made_once(maxsize: int) -> Callable[[Callable[P, T]], MadeOnce[P, T]]:
    """Decorates a function, of which the last `maxsize` values are kept."""

    def decorate(make: Callable[P, T]) -> MadeOnce[P, T]:
        return MadeOnce(make, maxsize)

    return decorate
