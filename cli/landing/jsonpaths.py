"""JSON paths as `--field` takes them and as DuckDB reads them."""

from __future__ import annotations

import re
from typing import Any

Step = str | int
"""An object key, or a list index counted from 0."""

_STEP = re.compile(
    r"""\.?(?:
        (?P<plain>[^\s."'\[\]$*\\]+)   # .name
      | "(?P<quoted>[^"\\*]+)"         # ."any name"
      | \[(?P<index>\d+)\]             # [0]
    )""",
    re.VERBOSE,
)
_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path, with or without the leading `$`.

    >>> parse_path('$.a."b c"[0]')
    ('a', 'b c', 0)

    Raises:
        ValueError: The text is not such a path; wildcards are none.
    """
    rest = text.strip()
    rest = rest[1:] if rest.startswith("$") else rest
    steps: list[Step] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        is_separated = match and (position == 0 or rest[position] in ".[")
        if match is None or not is_separated:
            raise ValueError(f"{text!r} is not a path: stuck at {rest[position:]!r}")
        index = match["index"]
        steps.append(int(index) if index is not None else match["plain"] or match["quoted"])
        position = match.end()
    if not steps:
        raise ValueError(f"{text!r} names no key")
    return tuple(steps)


def format_path(steps: tuple[Step, ...]) -> str:
    """The steps as a DuckDB JSON path.

    >>> format_path(("a", "b c", 0))
    '$.a."b c"[0]'
    """
    parts = ["$"]
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _BARE_KEY.fullmatch(step):
            parts.append(f".{step}")
        else:
            parts.append(f'."{step}"')
    return "".join(parts)


def find_value(value: Any, steps: tuple[Step, ...]) -> Any:
    """What the path leads to in a parsed JSON value; None where it leads nowhere."""
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        else:
            if not isinstance(value, dict):
                return None
            value = value.get(step)
    return value
