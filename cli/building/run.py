"""Runs `dbt build` into a database of our choice and says what it did, node by node."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.warehouse import Warehouse

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

RESULT_EVENTS = frozenset({"LogModelResult", "LogSeedResult", "LogTestResult"})


@dataclass(frozen=True)
class NodeDone:
    """A dbt node that has just run."""

    name: str
    kind: str
    status: str
    seconds: float
    index: int
    total: int


@dataclass(frozen=True)
class NodeFailed:
    """A dbt node that failed.

    Attributes:
        name: The model or test.
        kind: model, seed, test or unit_test.
        message: dbt's own words.
        query: The compiled SQL; for a data test the query that returns the offending rows.
        rows: How many rows offend; None where the node did not get that far.
    """

    name: str
    kind: str
    message: str
    query: str
    rows: int | None


def run_dbt(
    project: Path, warehouse: Warehouse, database: Path, on_done: Callable[[NodeDone], None]
) -> list[NodeFailed]:
    """Build and test every model into `database`.

    Args:
        project: The dbt project.
        warehouse: Whose landing area is read.
        database: The DuckDB file to write.
        on_done: Called after each model, seed and test.

    Returns:
        The nodes that failed; empty when all models were built and all tests passed.

    Raises:
        TrajhouseError: dbt could not start, for instance because a model does not parse.
    """
    os.environ["TRAJHOUSE_WAREHOUSE"] = str(warehouse.root.resolve())
    os.environ["TRAJHOUSE_DATABASE"] = str(database.resolve())
    from dbt.cli.main import dbtRunner

    artifacts = warehouse.root / ".dbt"
    outcome = dbtRunner(callbacks=[_listener(on_done)]).invoke(
        [
            "--quiet",
            "--log-level-file",
            "none",
            "build",
            "--project-dir",
            str(project),
            "--profiles-dir",
            str(project),
            "--target-path",
            str(artifacts.resolve()),
            "--log-path",
            str(artifacts.resolve()),
        ]
    )
    _close_connections()
    if outcome.exception is not None:
        raise TrajhouseError(
            "dbt could not run the project",
            " ".join(str(outcome.exception).split()),
            "dbt parse shows the place",
        )
    results: Any = outcome.result
    return [_failure(result) for result in results if result.status in ("error", "fail")]


def _listener(on_done: Callable[[NodeDone], None]) -> Callable[[EventMsg], None]:
    def listen(event: EventMsg) -> None:
        if event.info.name not in RESULT_EVENTS:
            return
        data = event.data
        on_done(
            NodeDone(
                name=data.node_info.node_name,
                kind=data.node_info.resource_type,
                status=data.status,
                seconds=data.execution_time,
                index=data.index,
                total=getattr(data, "total", 0) or data.num_models,
            )
        )

    return listen


def _close_connections() -> None:
    """Close the database that dbt keeps open for the life of the process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _failure(result: Any) -> NodeFailed:
    return NodeFailed(
        name=result.node.name,
        kind=str(result.node.resource_type),
        message=" ".join((result.message or "").split()),
        query=(getattr(result.node, "compiled_code", None) or "").strip(),
        rows=result.failures if result.status == "fail" else None,
    )
