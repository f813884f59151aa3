"""Chat templates compiled so that one which never ends, or multiplies without end, is stopped.

A template is somebody else's program. The sandbox of `transformers` keeps it from reaching out, but
lets nested loops run for years and `9 ** (9 ** 9)` be computed. So every loop and macro here begins
with a look at the clock, in the thread that renders: nothing has to be interrupted from outside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from jinja2 import Template, nodes, pass_context

SECONDS = 30.0
SECONDS_PER_CHARACTER = 1 / 50_000
LARGEST_PRODUCT = 10_000_000
"""Items of a repeated text or list; bits of a power or product."""
_CALLS_A_LOOK = 64


class Clock:
    """The processor time that the render in hand may take."""

    def __init__(self) -> None:
        self._seconds = self._end = 0.0
        self._n_calls = 0

    @contextmanager
    def running(self, n_characters: int) -> Iterator[None]:
        """Give a render its time.

        Args:
            n_characters: The size of the conversation.
        """
        self._seconds = SECONDS + SECONDS_PER_CHARACTER * n_characters
        self._end = time.thread_time() + self._seconds
        yield

    def check(self) -> None:
        """Look at the time, at every few calls.

        Raises:
            TimeoutError: The time is up.
        """
        self._n_calls += 1
        if self._n_calls % _CALLS_A_LOOK == 0 and time.thread_time() > self._end:
            raise TimeoutError(f"the template ran for more than {self._seconds:.0f} s")


CLOCK = Clock()
"""Of the one render at a time."""


@lru_cache(maxsize=64)
def compile_bounded(template: str) -> Template:
    """A chat template in the environment of `transformers`, its loops and macros on the clock.

    Args:
        template: Jinja text.

    Raises:
        jinja2.TemplateError: It is no template.
    """
    environment = _environment()
    tree = environment.parse(template)
    for node in tree.find_all((nodes.For, nodes.Macro)):
        look = nodes.Filter(nodes.Const(None), "check_clock", [], [], None, None)
        node.body.insert(0, nodes.ExprStmt(look, lineno=node.lineno))
        node.body[0].set_environment(environment)
    code = environment.compile(tree)
    return Template.from_code(environment, code, environment.make_globals(None))


@cache
def _environment() -> Any:
    """The environment that `transformers` compiles with, its products bounded.

    `transformers` makes one for each template; this is the one of the empty template.
    """
    from transformers.utils import chat_template_utils

    environment: Any = chat_template_utils._compile_jinja_template("").environment
    environment.filters["check_clock"] = _check_clock
    environment.intercepted_binops = frozenset({"*", "**"})
    environment.call_binop = _bounded
    return environment


@pass_context
def _check_clock(context: Any, value: None) -> None:
    """A filter, which unlike a function is called without the sandbox's own checks.

    What takes the context is not computed when the template is compiled.
    """
    CLOCK.check()


def _bounded(context: Any, operator: str, left: Any, right: Any) -> Any:
    """A product or power.

    Raises:
        OverflowError: It would be larger than LARGEST_PRODUCT.
    """
    if operator == "**":
        is_large = _bits(left) * abs(right) > LARGEST_PRODUCT
    elif isinstance(left, int) and isinstance(right, int):
        is_large = _bits(left) + _bits(right) > LARGEST_PRODUCT
    else:
        is_large = _items(left) * _items(right) > LARGEST_PRODUCT
    if is_large:
        raise OverflowError(f"{operator} makes more than {LARGEST_PRODUCT} items or bits")
    return left**right if operator == "**" else left * right


def _bits(number: Any) -> int:
    return number.bit_length() if isinstance(number, int) else 1


def _items(value: Any) -> int:
    """How often a factor repeats, or how much there is of what it repeats."""
    if isinstance(value, int):
        return abs(value)
    return len(value) if hasattr(value, "__len__") else 1
