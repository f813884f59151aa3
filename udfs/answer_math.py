"""Formulas compared by math-verify, in a process of their own that is ended when it takes too long.

Simplifying a formula can take for ever and cannot be interrupted from within a function that DuckDB
calls, so the parent waits a bounded time for each pair and then ends the process.
"""

from __future__ import annotations

import atexit
import json
import re
import select
import subprocess
import sys
from contextlib import suppress
from functools import cache
from threading import Lock

_SECONDS = 5.0
"""For one pair, once the libraries are loaded."""
_START_SECONDS = 60.0
_MAX_CHARS = 200
_MAX_BYTES = 2 << 30
_WORDS = {
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "log", "ln", "exp",
    "sqrt", "pi", "infty", "frac", "dfrac", "tfrac", "cdot", "times", "left", "right", "pm", "cup",
    "cap", "in", "leq", "geq", "le", "ge", "neq", "theta", "alpha", "beta", "gamma", "binom",
}  # fmt: skip
_ALLOWED = re.compile(r"[0-9A-Za-z\\{}()\[\]+\-*/^=.,_ <>|!π]+")
_OPERATORS = re.compile(r"[\\^*/+=<>_(){}\[\]|]|(?<=[\w)])\s*-")
_TOWER = re.compile(r"\^\s*\{?[^{}^]*\^|\^\s*\{?\s*-?\d{4}|\d{3}\s*!|!\s*!|\d{40}")


def is_formula(text: str) -> bool:
    r"""Whether an undressed text is nothing but mathematics, short, and harmless to work out.

    >>> is_formula(r"2\\sqrt{3}"), is_formula("two apples"), is_formula("9^{9^{9}}")
    (True, False, False)
    """
    if not 0 < len(text) <= _MAX_CHARS or not _ALLOWED.fullmatch(text) or _TOWER.search(text):
        return False
    words = re.findall(r"[A-Za-z]+", text)
    return all(len(word) <= 2 or word in _WORDS for word in words)


def has_operator(text: str) -> bool:
    """Whether a formula is more than a number or a name."""
    return _OPERATORS.search(text) is not None


class Mathematician:
    """Answers questions about formulas from another process; starts it when it is first asked.

    DuckDB may ask from several threads; they wait, or would get the answers to one another.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = Lock()

    def compare(self, answer: str, truth: str) -> bool | None:
        """Whether two formulas are equal; None where that is open or takes too long."""
        with self._one_at_a_time:
            return self._compare(answer, truth)

    def _compare(self, answer: str, truth: str) -> bool | None:
        process = self._process or self._start()
        if process is None or process.stdin is None:
            return None
        try:
            process.stdin.write(json.dumps([answer, truth]) + "\n")
            process.stdin.flush()
        except BrokenPipeError:  # it has ended, for want of memory say: the next pair gets another
            self.stop()
            return None
        line = self._read(process, _SECONDS)
        return None if line is None else json.loads(line)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str] | None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trajhouse.udfs.answer_math"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._read(self._process, _START_SECONDS)
        return self._process

    def _read(self, process: subprocess.Popen[str], seconds: float) -> str | None:
        """The next line, or None, and the process ended, where it does not come in time."""
        if process.stdout is not None and select.select([process.stdout], [], [], seconds)[0]:
            line = process.stdout.readline()
            if line:
                return line
        self.stop()
        return None


@cache
def mathematician() -> Mathematician:
    """The one of this process, which ends with it."""
    one = Mathematician()
    atexit.register(one.stop)
    return one


def serve() -> None:
    """Answer pairs of formulas, a JSON list a line, with true, false or null."""
    import logging
    import resource

    from math_verify import parse, verify

    logging.disable(logging.CRITICAL)
    with suppress(ValueError, OSError):  # where the system knows no such limit, time is the bound
        resource.setrlimit(resource.RLIMIT_DATA, (_MAX_BYTES, _MAX_BYTES))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sides = [
            parse(f"${text}$", fallback_mode="no_fallback", parsing_timeout=None)
            for text in json.loads(line)
        ]
        if not all(sides):
            verdict = None
        elif verify(sides[1], sides[0], timeout_seconds=None):
            verdict = True
        else:
            verdict = False if _are_far(sides[0][0], sides[1][0]) else None
        sys.stdout.write(json.dumps(verdict) + "\n")
        sys.stdout.flush()


def _are_far(left: object, right: object) -> bool:
    """Whether two formulas are numbers that differ by more than one part in a hundred."""
    import sympy

    if not (isinstance(left, sympy.Expr) and isinstance(right, sympy.Expr)):
        return False
    if not (left.is_number and right.is_number):
        return False
    first, second = complex(left.evalf()), complex(right.evalf())
    return abs(first - second) > max(abs(first), abs(second)) / 100


if __name__ == "__main__":
    serve()
