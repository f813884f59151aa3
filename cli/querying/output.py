"""Rows as table, JSON, JSON lines, CSV or Markdown: streamed to a byte stream, UTF-8 always."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any

from trajhouse.cli.console import write_text
from trajhouse.cli.querying.inert import (
    clip,
    display_width,
    inert_json,
    inert_line,
    inert_text,
    pad,
)
from trajhouse.cli.querying.result import Result

FORMATS = ("table", "json", "jsonl", "csv", "markdown")

NULL = "NULL"
_GAP = "  "
_MIN_CLIPPED_WIDTH = 8
# Column widths come from the rows up to here; later ones may stick out.
_MEASURED_ROWS = 1000
_MEASURED_CHARACTERS = 8_000_000
_CSV_QUOTED = re.compile(r'[",\r\n]')


def write(result: Result, output_format: str, stream: IO[bytes]) -> None:
    """Write all rows of `result` to `stream`.

    Raises:
        OSError: The disk is full, or failed.
    """
    writer = {
        "table": _table,
        "json": _json,
        "jsonl": _jsonl,
        "csv": _csv,
        "markdown": _markdown,
    }[output_format]
    write_text(
        _plan(result) if result.is_plan and output_format == "table" else writer(result), stream
    )


def write_json(value: Any, stream: IO[bytes]) -> None:
    """Write one JSON document, indented."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2, default=str)
    write_text([inert_json(text) + "\n"], stream)


def _plan(result: Result) -> Iterator[str]:
    for row in result.rows():
        yield inert_text(str(row[-1])).rstrip("\n") + "\n"


def _jsonl(result: Result) -> Iterator[str]:
    for value in _objects(result):
        yield value + "\n"


def _json(result: Result) -> Iterator[str]:
    opening = "[\n"
    for value in _objects(result):
        yield opening + value
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def _objects(result: Result) -> Iterator[str]:
    columns = list(zip(result.names, result.encoders, strict=True))
    for row in result.rows():
        values = zip(columns, row, strict=True)
        value = {name: encoder.to_json(cell) for (name, encoder), cell in values}
        yield inert_json(_dumps(value))


def _csv(result: Result) -> Iterator[str]:
    """RFC 4180; null is an empty field, the empty text a quoted one, nested values are JSON."""
    yield _csv_line(result.names)
    for row in _texts(result):
        yield _csv_line(row)


def _csv_line(cells: Iterable[str | None]) -> str:
    return ",".join("" if cell is None else _csv_field(cell) for cell in cells) + "\r\n"


def _csv_field(text: str) -> str:
    if text and not _CSV_QUOTED.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _markdown(result: Result) -> Iterator[str]:
    yield _markdown_line(result.names)
    rules = ["---:" if encoder.is_number else "---" for encoder in result.encoders]
    yield f"| {' | '.join(rules)} |\n"
    for row in _texts(result):
        yield _markdown_line(row)


def _markdown_line(cells: Iterable[str | None]) -> str:
    return f"| {' | '.join(NULL if cell is None else _markdown_cell(cell) for cell in cells)} |\n"


def _markdown_cell(text: str) -> str:
    """`text` as it is, where Markdown would read markup: HTML, links, emphasis, pipes."""
    return (
        re.sub(r"([\\`*_\[\]|])", r"\\\1", inert_line(text))
        .replace("&", "&amp;")
        .replace("<", "&lt;")
    )


def _table(result: Result) -> Iterator[str]:
    rows = ([NULL if c is None else inert_line(c) for c in row] for row in _texts(result))
    names = [inert_line(name) for name in result.names]
    is_number = [encoder.is_number for encoder in result.encoders]
    yield from lay_out(names, rows, is_number)


def lay_out(names: list[str], rows: Iterator[list[str]], is_number: list[bool]) -> Iterator[str]:
    """Lines of an aligned table; cut to the terminal's width where there is one.

    Args:
        names: The heading of each column.
        rows: Cells without control characters.
        is_number: Whether a column stands to the right.
    """
    terminal = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    measured: list[list[str]] = []
    size = 0
    for row in rows:
        measured.append([clip(cell, terminal) for cell in row] if terminal else row)
        size += sum(map(len, measured[-1]))
        if len(measured) >= _MEASURED_ROWS or size >= _MEASURED_CHARACTERS:
            break
    widths = [max(map(display_width, cells)) for cells in zip(names, *measured, strict=True)]
    if terminal:
        widths = fit(widths, terminal)

    def line(cells: list[str]) -> str:
        parts = zip(cells, widths, is_number, strict=True)
        shown = (pad(clip(c, w) if terminal else c, w, right) for c, w, right in parts)
        return _GAP.join(shown).rstrip() + "\n"

    yield line(names)
    yield line(["-" * width for width in widths])
    for row in measured:
        yield line(row)
    for row in rows:
        yield line(row)


def fit(widths: list[int], total: int) -> list[int]:
    """`widths` with the widest cut, alike, until they and the gaps between take `total` columns.

    None is cut below 8: a table of very many columns stays wider than the terminal.
    """
    available = total - len(_GAP) * (len(widths) - 1)
    largest = max(widths, default=0)
    while largest > _MIN_CLIPPED_WIDTH and sum(min(w, largest) for w in widths) > available:
        largest -= 1
    return [min(width, largest) for width in widths]


def _texts(result: Result) -> Iterator[list[str | None]]:
    """Rows as text, None for null."""
    for row in result.rows():
        cells = zip(result.encoders, row, strict=True)
        yield [None if cell is None else as_text(encoder.to_text(cell)) for encoder, cell in cells]


def as_text(value: Any) -> str:
    """A JSON value as text: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else _dumps(value)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
