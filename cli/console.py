"""stdout is data, stderr is talk."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

import click

from trajhouse.cli.querying.inert import inert_line


def talk(message: str) -> None:
    """Tell the person at the terminal something; never part of the output."""
    click.echo(message, err=True)


def emit(text: str) -> None:
    """Write a line of output."""
    write_text([text + "\n"], sys.stdout.buffer)


def emit_json(value: Any) -> None:
    """Write `value` as one JSON document of output."""
    emit(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def write_text(pieces: Iterable[str], stream: IO[bytes]) -> None:
    """Write pieces of text to `stream` as UTF-8.

    Where the reader has gone, as `| head` does, the command ends there, and well.

    Raises:
        OSError: The disk is full, or failed.
    """
    try:
        for text in pieces:
            stream.write(text.encode())
        stream.flush()
    except OSError as error:
        # Python flushes again at exit, and would complain of what is still unwritten.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise click.exceptions.Exit(0) from None
        raise


def emit_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as an aligned table of output: numbers to the right, inert text to the left."""
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

    rule = ["-" * width for width in widths]
    emit("\n".join(map(line, [list(headers), rule, *cells])))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if is_number else inert_line(str(value))
