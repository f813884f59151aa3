"""Macros of the project as SQL texts, without dbt."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment

PROJECT = Path(__file__).resolve().parents[3]


@cache
def _library() -> str:
    files = sorted([*PROJECT.glob("macros/engine/*.sql"), *PROJECT.glob("macros/messages/*.sql")])
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@cache
def rendered(sql: str) -> str:
    """SQL with macro calls, as dbt would send it: `rendered("select {{ json_text('x') }}")`."""
    environment = Environment()  # noqa: S701 - SQL, not HTML
    return environment.from_string(f"{_library()}\n@@@{sql}").render().split("@@@")[1]
