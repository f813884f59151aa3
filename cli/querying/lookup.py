"""From a name on the command line to a mart or a trajectory, or to why there is none."""

from __future__ import annotations

from typing import Any

import duckdb

from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.cli.nearest import nearest_few
from trajhouse.cli.querying.catalog import Mart
from trajhouse.cli.querying.explain import did_you_mean
from trajhouse.cli.querying.inert import inert_line
from trajhouse.cli.warehouse import quote_literal

_SHOWN = 3
_LIKELY = 0.8
_EXACT = "select trajectory_id from marts.trajectories where trajectory_id = ?"
_BY_PART = """
select trajectory_id
from marts.trajectories
where starts_with(trajectory_id, $part) or ends_with(trajectory_id, $part)
order by trajectory_id
limit 4
"""
_REJECTED = """
select record_id, trajectory_id, stage, reason, detail, source_file, source_line, position, turn
from marts.rejections
where trajectory_id = $name or record_id = $name
order by trajectory_id is null, source_file, record_number
"""
_DUPLICATE = """
select kept_trajectory_id, rule, score, source_file, source_line
from marts.duplicates
where trajectory_id = $name or record_id = $name
order by source_file, source_line
"""
_ALIKE = """
select trajectory_id
from (
    select trajectory_id, jaro_winkler_similarity(lower(trajectory_id), lower($name)) as likeness
    from marts.trajectories
)
where likeness >= $likely
order by likeness desc, trajectory_id
limit 3
"""


def require_mart(marts: dict[str, Mart], name: str) -> Mart:
    """The mart of that name.

    Raises:
        UsageFault: There is none; the nearest names are suggested.
    """
    if name in marts:
        return marts[name]
    near = nearest_few(name, marts)
    raise UsageFault(
        f"no mart named {shown(name)}",
        f"the build has {len(marts)} marts, and this is none of them",
        did_you_mean(near) if near else "trajhouse marts lists them",
    )


def require_trajectory_id(
    connection: duckdb.DuckDBPyConnection, marts: dict[str, Mart], name: str
) -> str:
    """The id of the accepted trajectory that `name` is, or begins or ends as only one does.

    Raises:
        TrajhouseError: It was rejected or is a duplicate (with the reason, or the kept row), or
            there are several or none.
    """
    exact = connection.execute(_EXACT, [name]).fetchone()
    if exact:
        return str(exact[0])
    _explain_absence(connection, name)
    found = (
        [row[0] for row in connection.execute(_BY_PART, {"part": name}).fetchall()] if name else []
    )
    if len(found) == 1:
        return str(found[0])
    if found:
        more = ", …" if len(found) > _SHOWN else ""
        raise TrajhouseError(
            f"{shown(name)} is not one trajectory",
            f"several ids begin or end so: {', '.join(map(inert_line, found[:_SHOWN]))}{more}",
            "write more of the id",
        )
    alike = connection.execute(_ALIKE, {"name": name, "likely": _LIKELY}).fetchall()
    near = [row[0] for row in alike] + nearest_few(name, marts)
    raise TrajhouseError(
        f"no trajectory or mart named {shown(name)}",
        "it is neither accepted, rejected nor a duplicate in this build",
        did_you_mean([inert_line(n) for n in near[:_SHOWN]])
        if near
        else 'trajhouse query "select trajectory_id from trajectories" lists the ids',
    )


def shown(name: str) -> str:
    """What the user typed, quoted and harmless."""
    return "'" + inert_line(name) + "'"


def _explain_absence(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    duplicates = _rows(connection, _DUPLICATE, name)
    if duplicates:
        row = duplicates[0]
        score = row.get("score")
        raise TrajhouseError(
            f"{shown(name)} is a duplicate and was dropped ({_place(row)})",
            f"rule {row['rule']}{'' if score is None else f', score {score:g}'}; the kept one is "
            f"{inert_line(str(row['kept_trajectory_id']))}",
            f"trajhouse show {inert_line(str(row['kept_trajectory_id']))}",
        )
    rejections = _rows(connection, _REJECTED, name)
    if rejections:
        row = rejections[0]
        at = [f"{key} {row[key]}" for key in ("position", "turn") if row.get(key) is not None]
        where = f" (at {', '.join(at)})" if at else ""
        detail = f": {inert_line(row['detail'])}" if row.get("detail") else ""
        key = "trajectory_id" if row.get("trajectory_id") == name else "record_id"
        condition = f"{key} = {quote_literal(inert_line(name))}"
        raise TrajhouseError(
            f"{shown(name)} was rejected ({_place(row)})",
            f"{row['reason']}, at {row['stage']}{detail}{where}",
            f'trajhouse query "from rejections where {condition}"',
        )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, name: str) -> list[dict[str, Any]]:
    found = connection.execute(sql, {"name": name})
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _place(row: dict[str, Any]) -> str:
    line = "" if row.get("source_line") is None else f":{row['source_line']}"
    return inert_line(f"{row['source_file']}{line}")
