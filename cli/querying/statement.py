"""What may be asked: one statement that only reads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import duckdb

from trajhouse.cli.errors import TrajhouseError, UsageFault

_READS = ("SELECT", "MULTI")
_READING_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
# Table functions that act, follow addresses, or hide a statement in a text. What they could do is
# closed by the connection as well.
_ACTING = re.compile(
    r"query|duckdb_secrets|which_secret|json_execute_serialized_sql|checkpoint|force_checkpoint|truncate_duckdb_logs|seq_scan|pandas_scan|.*arrow_scan.*"
    r"|python_.*|.*external_resource.*"
)
_BLANK = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_EXPLAIN = re.compile(rf"{_BLANK}explain\b{_BLANK}(?:\([^()]*\)|analyze\b)?", re.I | re.S)
_ONLY_READS = "trajhouse query only reads: one SELECT, FROM, VALUES, DESCRIBE, SHOW or EXPLAIN"


@dataclass(frozen=True)
class Statement:
    """One statement that passed.

    Attributes:
        sql: Its text, without the semicolon.
        is_explain: Whether it asks for a plan instead of rows.
    """

    sql: str
    is_explain: bool


def require_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> Statement:
    """The one statement that `sql` holds.

    This is for clear messages and against what DuckDB counts as a SELECT but is none, such as
    `with x as (copy …) select …`. It is not what keeps a query inside: the connection does.

    Raises:
        UsageFault: There is no statement.
        TrajhouseError: There is more than one, or it does something else than read.
        duckdb.Error: It does not parse.
    """
    statements = connection.extract_statements(sql)
    if not statements:
        raise UsageFault("no SQL", "the query is empty", 'trajhouse query "from trajectories"')
    if len(statements) > 1:
        raise TrajhouseError(
            "cannot run the query",
            f"it holds {len(statements)} statements, and one is run at a time",
            "run trajhouse query once for each",
        )
    kind = statements[0].type.name
    body = _without_semicolon(connection, sql)
    if kind == "EXPLAIN":
        _require_explained_reads(connection, body)
        return Statement(body, is_explain=True)
    if kind not in _READS or (kind == "SELECT" and not is_pure(connection, body)):
        raise _refused(kind)
    return Statement(body, is_explain=False)


def _require_explained_reads(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    explained = sql[match.end() :] if (match := _EXPLAIN.match(sql)) else ""
    statements = connection.extract_statements(explained)
    is_one_select = [statement.type.name for statement in statements] == ["SELECT"]
    if not is_one_select or not is_pure(connection, explained):
        raise _refused("EXPLAIN of another statement")


def is_pure(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether DuckDB's own parse tree of a SELECT holds nothing but queries."""
    rows = connection.execute("select json_serialize_sql(?)", [sql]).fetchall()
    tree = json.loads(rows[0][0])
    if tree["error"]:
        return False
    nodes = (kind for kind in _values_of(tree, "type") if kind.endswith("_NODE"))
    functions = _values_of(tree, "function_name")
    return all(node in _READING_NODES for node in nodes) and not any(
        _ACTING.fullmatch(name.lower()) for name in functions
    )


def _values_of(tree: Any, key: str) -> list[str]:
    """Every text under `key`, at any depth."""
    found = []
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            found.extend([part[key]] if isinstance(part.get(key), str) else [])
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return found


def _without_semicolon(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """`sql` up to the semicolon that ends its only statement, wherever others may stand in it."""
    end = len(sql)
    while (end := sql.rfind(";", 0, end)) >= 0:
        if _count(connection, sql[end + 1 :]) == 0 and _count(connection, sql[:end]) == 1:
            sql = sql[:end]
    return sql


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int | None:
    try:
        return len(connection.extract_statements(sql))
    except duckdb.Error:
        return None


def _refused(kind: str) -> TrajhouseError:
    shown = "no plain SELECT" if kind == "SELECT" else kind.replace("_", " ")
    return TrajhouseError(
        "cannot run the query",
        f"it is {shown}, and a query cannot change or reach anything",
        _ONLY_READS,
    )
