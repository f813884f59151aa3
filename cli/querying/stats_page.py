"""A summary of a mart for reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trajhouse.cli.querying.inert import clip, inert_line
from trajhouse.cli.querying.output import lay_out

_TOP_WIDTH = 30
_HEADINGS = ["column", "type", "nulls", "distinct", "min", "median", "max", "of", "values"]
_IS_NUMBER = [False, False, True, True, True, True, True, False, False]
_TYPE_WIDTH = 24


def stats_page(summary: dict[str, Any]) -> Iterator[str]:
    """Rows, datasets and columns, in pieces of text.

    Args:
        summary: As `summarize_mart` gives it.
    """
    yield f"{inert_line(summary['name'])}: {summary['rows']:,} rows\n"
    if summary["datasets"]:
        yield "\n"
        names = list(summary["datasets"][0])
        rows = [[_cell(dataset[name]) for name in names] for dataset in summary["datasets"]]
        headings = [name.removeprefix("n_").replace("_", " ") for name in names]
        yield from lay_out(headings, iter(rows), [name != "dataset" for name in names])
    yield "\n"
    yield from lay_out(_HEADINGS, (_column_row(c) for c in summary["columns"]), _IS_NUMBER)


def _column_row(column: dict[str, Any]) -> list[str]:
    is_length = "min_length" in column
    suffix = "_length" if is_length else ""
    is_list = column["type"].endswith("]")
    measured = ("items" if is_list else "characters") if is_length else ""
    spread = [_cell(column.get(f"{name}{suffix}")) for name in ("min", "median", "max")]
    return [
        inert_line(column["name"]),
        clip(inert_line(column["type"]), _TYPE_WIDTH),
        _cell(column["nulls"]),
        _cell(column.get("distinct")),
        *spread,
        measured,
        _values(column),
    ]


def _values(column: dict[str, Any]) -> str:
    if "true" in column:
        return f"true {column['true']:,}"
    return ", ".join(
        f"{clip(inert_line(top['value']), _TOP_WIDTH)} {top['n_rows']:,}"
        for top in column.get("top", [])
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else inert_line(str(value))
