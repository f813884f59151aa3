"""`show MART`: what a mart is, what its columns mean, what is tested, how many rows it has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from trajhouse.cli.querying.catalog import Mart, count_rows, list_columns
from trajhouse.cli.querying.documentation import MartTest, read_docs
from trajhouse.cli.querying.inert import inert_line
from trajhouse.cli.querying.output import lay_out


def describe_mart(
    connection: duckdb.DuckDBPyConnection, mart: Mart, project: Path | None
) -> dict[str, Any]:
    """Everything about a mart, for `--json`.

    Returns:
        name, description, grain, rows, columns (name, type, description) and tests (name, column,
        arguments); grain and tests are null where no dbt project tells.
    """
    docs = read_docs(project, mart.name)
    columns = list_columns(connection, mart)
    return {
        "name": mart.name,
        "description": mart.description or None,
        "grain": docs.grain,
        "rows": count_rows(connection, mart),
        "columns": [
            {"name": column.name, "type": column.type, "description": column.description or None}
            for column in columns
        ],
        "tests": None if docs.tests is None else [_as_dict(test) for test in docs.tests],
    }


def mart_page(mart: dict[str, Any]) -> Iterator[str]:
    """The same for reading, in pieces of text.

    Args:
        mart: As `describe_mart` gives it.
    """
    yield f"{inert_line(mart['name'])}: {mart['rows']:,} rows\n"
    if mart["description"]:
        yield f"{inert_line(mart['description'])}\n"
    if mart["grain"]:
        yield f"One row is {inert_line(mart['grain'])}\n"
    yield "\n"
    rows = [
        [inert_line(column[key] or "") for key in ("name", "type", "description")]
        for column in mart["columns"]
    ]
    yield from lay_out(["column", "type", "description"], iter(rows), [False] * 3)
    yield "\n"
    if mart["tests"] is None:
        yield "Its tests are not known: no dbt project here describes it\n"
    elif mart["tests"]:
        tests = [
            [inert_line(test["name"]), inert_line(test["column"] or ""), _shown(test["arguments"])]
            for test in mart["tests"]
        ]
        yield from lay_out(["test", "column", "arguments"], iter(tests), [False] * 3)
    else:
        yield "No tests\n"


def _as_dict(test: MartTest) -> dict[str, Any]:
    return {"name": test.name, "column": test.column, "arguments": test.arguments}


def _shown(arguments: dict[str, Any]) -> str:
    """`to: ref('x'), field: y`."""
    parts = (
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
    )
    return inert_line(", ".join(parts))
