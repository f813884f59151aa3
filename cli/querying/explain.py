"""DuckDB's errors as what, why and what to try, with the name that was probably meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.nearest import SUGGESTIONS, nearest_few
from trajhouse.cli.querying.inert import clip, inert_line
from trajhouse.cli.querying.sandbox import unreadable
from trajhouse.cli.warehouse import MARTS_SCHEMA

_TABLE = re.compile(r'Table with name "?(.+?)"? does not exist')
_COLUMN = re.compile(
    r'Referenced column "(.+?)" not found|does not have a column named "(.+?)"'
    r'|Column "(.+?)" in (?:EXCLUDE|REPLACE|RENAME) list'
)
_ALIAS = re.compile(r'Referenced table "(.+?)" not found')
_OFFERED = re.compile(r"(?:Did you mean|Candidate [A-Za-z]+:+) *:? *(.+)")
_POSITION = re.compile(r"^LINE (\d+): (.*)\n( *)(\^+)", re.MULTILINE)
_DAMAGED = ("Corrupt database", "Could not read enough bytes", "does not match stored checksum")
_NEAR_WIDTH = 40


def explain(
    error: duckdb.Error,
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    sql: str,
    first_line: int = 1,
) -> TrajhouseError:
    """What to tell about an error of a query.

    Args:
        error: What DuckDB raised.
        connection: The connection it was raised on; asked for the names there are.
        database: The file that the connection reads.
        sql: What the user wrote.
        first_line: The line, in what was run, at which the user's text begins.
    """
    text = str(error)
    reason = inert_line(re.sub(r"^[A-Z][A-Za-z ]+ Error: ", "", text.splitlines()[0]))
    if any(sign in text for sign in _DAMAGED):
        return unreadable(database, error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return _out_of_memory(reason)
    what = "cannot run the query" + _position(text, first_line, sql)
    if isinstance(error, duckdb.PermissionException):
        return TrajhouseError(
            what,
            f"{reason}; a query reads the published build and nothing else",
            "redirect the output to write a file, or use trajhouse export; "
            "staging reads the landing area, so query raw, intermediate or marts instead",
        )
    hint = (
        _hint_for_table(text, connection)
        or _hint_for_column(text, connection, sql)
        or _hint_for_alias(text)
        or _hint_offered(text)
        or "trajhouse marts lists the relations, trajhouse show MART their columns"
    )
    return TrajhouseError(what, reason, inert_line(hint))


def did_you_mean(names: Sequence[str]) -> str:
    """The question, for one name or several."""
    return f"did you mean {' or '.join(names)}?"


def _out_of_memory(reason: str) -> TrajhouseError:
    return TrajhouseError(
        "the query ran out of memory",
        reason,
        "narrow it with where or fewer columns, or raise the limit with --memory-limit 8GB",
    )


def _position(text: str, first_line: int, sql: str) -> str:
    match = _POSITION.search(text)
    if match is None:
        return ""
    line = int(match[1]) - first_line + 1
    # The caret stands under the statement as shown, which begins after `LINE n: `.
    start = len(match[3]) - len(f"LINE {match[1]}: ")
    near = clip(inert_line(match[2][start : start + len(match[4])].strip()), _NEAR_WIDTH)
    n_lines = sql.count("\n") + 1
    parts = [f"line {line}"] if 1 <= line <= n_lines and n_lines > 1 else []
    parts += [f'near "{near}"'] if near else []
    return f": {', '.join(parts)}" if parts else ""


def _hint_for_table(text: str, connection: duckdb.DuckDBPyConnection) -> str | None:
    match = _TABLE.search(text)
    if match is None:
        return None
    name = match[1].replace('"', "")
    relations = connection.cursor().execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_catalog = current_database() order by all"
    )
    shown: dict[str, str] = {}
    for schema, table in relations.fetchall():
        qualified = f"{schema}.{table}"
        full = table if schema == MARTS_SCHEMA else qualified
        shown[qualified] = full
        shown.setdefault(table, full)
    exact = [full for known, full in shown.items() if known.lower() == name.lower()]
    names = exact or [shown[known] for known in nearest_few(name, shown)]
    if not names:
        return None
    return did_you_mean(list(dict.fromkeys(names))[:SUGGESTIONS])


def _hint_for_column(text: str, connection: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    match = _COLUMN.search(text)
    if match is None:
        return None
    name = next(group for group in match.groups() if group)
    columns = connection.cursor().execute(
        "select column_name, table_name from duckdb_columns()"
        " where database_name = current_database() and not internal order by all"
    )
    words = set(re.findall(r"\w+", sql.lower()))
    known = [column for column, table in columns.fetchall() if table.lower() in words]
    offered = re.findall(r'"([^"]+)"', found[1]) if (found := _OFFERED.search(text)) else []
    if near := nearest_few(name, [*offered, *known]):
        return did_you_mean(near)
    if f'"{name}"' in sql:
        quoted = "'" + name.replace("'", "''") + "'"
        return f'"{name}" names a column; the text is written {quoted}'
    return f"its columns are {', '.join(offered)}" if offered else None


def _hint_for_alias(text: str) -> str | None:
    match = _ALIAS.search(text)
    offered = _OFFERED.search(text)
    if match is None or offered is None:
        return None
    return did_you_mean([offered[1].replace('"', "").rstrip("?")])


def _hint_offered(text: str) -> str | None:
    offered = _OFFERED.search(text)
    return did_you_mean([offered[1].replace('"', "").rstrip("?")]) if offered else None
