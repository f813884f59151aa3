"""`show ID`: a trajectory for reading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from trajhouse.cli.querying.inert import inert_line, inert_text
from trajhouse.cli.querying.values import Encoder

_BY_ID = "select * from marts.trajectories where trajectory_id = ?"
_DROPPED = "select count(*) from marts.duplicates where kept_trajectory_id = ?"
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_TITLES = {"tool_call": "tool call", "tool_output": "tool output"}


def read_trajectory(connection: duckdb.DuckDBPyConnection, trajectory_id: str) -> dict[str, Any]:
    """The row of marts.trajectories as JSON values, with n_duplicates_dropped besides."""
    columns = connection.execute(f"{_BY_ID} limit 0", [trajectory_id]).description or []
    encoders = [Encoder(column[1]) for column in columns]
    fetched = ", ".join(
        f"#{i}::{encoder.cast}" if encoder.cast else f"#{i}"
        for i, encoder in enumerate(encoders, 1)
    )
    row = connection.execute(f"select {fetched} from ({_BY_ID})", [trajectory_id]).fetchone()  # noqa: S608
    values = zip(columns, encoders, row or (), strict=True)
    found = {column[0]: encoder.to_json(value) for (column, encoder, value) in values}
    dropped = connection.execute(_DROPPED, [trajectory_id]).fetchone()
    return {**found, "n_duplicates_dropped": dropped[0] if dropped else 0}


def transcript(row: dict[str, Any], is_coloured: bool) -> Iterator[str]:
    """Header, then each message under its role, in pieces of text.

    Args:
        row: As `read_trajectory` gives it.
        is_coloured: Whether headings may carry terminal colours; content never does.
    """
    bold, dim, plain = (_BOLD, _DIM, _PLAIN) if is_coloured else ("", "", "")
    yield f"{bold}{inert_line(row['trajectory_id'])}{plain}\n"
    facts = _facts(row)
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        yield f"  {dim}{name.ljust(width)}{plain}  {inert_line(value)}\n"
    turn = None
    for position, message in enumerate(row["messages"], 1):
        title = _TITLES.get(message["role"], message["role"])
        heading = f"== {inert_line(title)}"
        if message.get("tool_name"):
            heading += f": {inert_line(message['tool_name'])}"
        if message.get("call_id"):
            heading += f" ({inert_line(message['call_id'])})"
        at = f"message {position}"
        if message.get("turn") != turn:
            turn = message.get("turn")
            at = f"turn {turn}, {at}"
        yield f"\n{bold}{heading}{plain}  {dim}[{at}]{plain}\n"
        yield from _body(message)


def _facts(row: dict[str, Any]) -> list[tuple[str, str]]:
    line = "" if row["source_line"] is None else f":{row['source_line']}"
    counts = (
        f"{row['n_turns']} turns, {row['n_messages']} messages, {row['n_tool_calls']} tool calls"
        f" ({row['role_path']})"
    )
    facts = [
        ("dataset", f"{row['dataset']} ({row['family']})"),
        ("task", row["task_id"]),
        ("model", row["model"]),
        ("success", _flag(row["success"])),
        ("reward", None if row["reward"] is None else f"{row['reward']:g}"),
        ("category", row["category"]),
        ("counts", counts),
        ("tools used", ", ".join(row["tools_used"] or [])),
        ("flags", ", ".join(row["flags"] or [])),
        ("duplicates", f"{row['n_duplicates_dropped']} dropped for this one"),
        ("source", f"{row['source_file']}{line}"),
    ]
    if not row["n_duplicates_dropped"]:
        facts.remove(facts[-2])
    optional = {"category", "tools used", "flags"}
    return [(name, value or "unknown") for name, value in facts if value or name not in optional]


def _flag(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _body(message: dict[str, Any]) -> Iterator[str]:
    arguments = message.get("tool_arguments")
    if arguments is not None:
        yield _indented(inert_text(_pretty(arguments)))
    if message.get("content"):
        yield _indented(inert_text(message["content"]))
    elif arguments is None:
        yield "  (empty)\n"


def _pretty(arguments: str) -> str:
    """JSON text indented; other text as it is."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    return json.dumps(value, ensure_ascii=False, indent=2)


def _indented(text: str) -> str:
    """`text` two spaces in, so that no line of content looks like a heading."""
    return "".join(f"  {line}".rstrip(" ") + "\n" for line in text.split("\n"))
