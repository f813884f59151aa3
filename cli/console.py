"""stdout is data, stderr is talk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def talk(message: str) -> None:
    """Tell the person at the terminal something; never part of the output."""
    click.echo(message, err=True)


def emit(text: str) -> None:
    """Write a line of output."""
    click.echo(text)


def emit_json(value: Any) -> None:
    """Write `value` as one JSON document of output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def emit_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as an aligned table of output; numbers to the right, text to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(headers), *cells]) for i in range(len(headers))]
    is_number = [
        bool(rows) and all(isinstance(row[i], int | float | None) for row in rows)
        for i in range(len(headers))
    ]

    def line(row: Sequence[str]) -> str:
        parts = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_number, strict=True)
        ]
        return "  ".join(parts).rstrip()

    click.echo(line(list(headers)))
    click.echo(line(["-" * width for width in widths]))
    for row in cells:
        click.echo(line(row))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
