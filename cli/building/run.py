"""Has `dbt build` run into a database of our choice, and hears what it did, node by node."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from trajhouse.cli.building.nodes import NodeDone, NodeFailed
from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.warehouse import Warehouse


def run_dbt(
    project: Path,
    warehouse: Warehouse,
    database: Path,
    on_done: Callable[[NodeDone], None],
    dbt_vars: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
) -> list[NodeFailed]:
    """Build and test every model into `database`, in a process of its own.

    dbt keeps the database open for as long as its process lives; when this returns, nobody does.

    Args:
        project: The dbt project.
        warehouse: Whose landing area is read.
        database: The DuckDB file to write.
        on_done: Called after each model, seed and test.
        dbt_vars: What stands for this build in the place of the project's vars.
        options: What else `dbt build` is given.

    Returns:
        The nodes that failed; empty when all models were built and all tests passed.

    Raises:
        TrajhouseError: dbt could not start, for instance because a model does not parse, or its
            process was killed.
    """
    artifacts = warehouse.root / ".dbt"
    artifacts.mkdir(parents=True, exist_ok=True)
    log = artifacts / "stderr.log"
    receiver, sender = Pipe(duplex=False)
    folders = (project, warehouse.root.resolve(), database.resolve())
    arguments = [sender.fileno(), *folders, json.dumps(dict(dbt_vars or {})), *options]
    module = ["-m", "trajhouse.cli.building.dbt_process"]
    with (
        log.open("wb") as chatter,
        subprocess.Popen(
            [sys.executable, *module, *map(str, arguments)],
            stdout=chatter,
            stderr=chatter,
            pass_fds=[sender.fileno()],
        ) as process,
    ):
        sender.close()
        try:
            failures = _hear(receiver, on_done)
        except EOFError:
            raise TrajhouseError(
                "the build's process ended before it was done",
                f"exit code {process.wait()} (-9: killed, often for lack of memory); see {log}",
                "TRAJHOUSE_MEMORY_LIMIT=2GB trajhouse build, if memory was short",
            ) from None
        except BaseException:
            process.terminate()
            raise
    return failures


def _hear(receiver: Connection, on_done: Callable[[NodeDone], None]) -> list[NodeFailed]:
    """Pass on what has been done until the failures, or an error, come.

    Raises:
        EOFError: The process ended without saying how it went.
    """
    while True:
        message = receiver.recv()
        if isinstance(message, NodeDone):
            on_done(message)
        elif isinstance(message, TrajhouseError):
            raise message
        else:
            failures: list[NodeFailed] = message
            return failures
