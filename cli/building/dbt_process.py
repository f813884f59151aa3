"""The process that runs `dbt build`: sends a `NodeDone` for each node, then the failures.

    python -m trajhouse.cli.building.dbt_process DESCRIPTOR PROJECT WAREHOUSE DATABASE VARS [OPTION]

DESCRIPTOR is the writing end of a pipe of pickled objects, VARS is JSON; options go to dbt.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trajhouse.cli.building.nodes import NodeDone, NodeFailed
from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.warehouse import Warehouse
from trajhouse.udfs.earlier_tokens import PUBLISHED_VARIABLE

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

PR_SET_PDEATHSIG = 1
_RAISED = re.compile(r"^\s*trajhouse\.cli\.errors\.\w+: (.*; try: .*)$", re.MULTILINE)
"""The last line of the traceback that is dbt's message where a Python model raised our error."""

RESULT_EVENTS = frozenset({"LogModelResult", "LogSeedResult", "LogTestResult"})


def main(
    descriptor: str, project: str, root: str, database: str, dbt_vars: str, *options: str
) -> None:
    """Run dbt and send what comes of it."""
    _die_with_parent()
    os.environ["TRAJHOUSE_WAREHOUSE"] = root
    os.environ["TRAJHOUSE_DATABASE"] = database
    published = Warehouse(Path(root)).database
    if published.is_file():
        os.environ[PUBLISHED_VARIABLE] = str(published)
    sender = Connection(int(descriptor), readable=False)
    try:
        artifacts = Path(root) / ".dbt"
        sender.send(run(Path(project), artifacts, [*options, "--vars", dbt_vars], sender.send))
    except TrajhouseError as error:
        sender.send(error)
    sender.close()


def run(
    project: Path, artifacts: Path, options: Sequence[str], on_done: Callable[[NodeDone], None]
) -> list[NodeFailed]:
    """Run `dbt build` in this process; the environment says which database it writes.

    Unit tests are left out: they judge the models, not the data, and plain `dbt build` runs them.

    Raises:
        TrajhouseError: dbt could not start, for instance because a model does not parse.
    """
    from dbt.cli.main import dbtRunner

    folders = {
        "--project-dir": project,
        "--profiles-dir": project,
        "--target-path": artifacts,
        "--log-path": artifacts,
    }
    places = [str(word) for option in folders.items() for word in option]
    quiet = ["--log-level", "none", "--log-level-file", "none"]
    command = ["build", "--exclude-resource-type", "unit_test", *options]
    outcome = dbtRunner(callbacks=[_listener(on_done)]).invoke([*quiet, *command, *places])
    if outcome.exception is not None:
        raise TrajhouseError(
            "dbt could not run the project",
            " ".join(str(outcome.exception).split()),
            "dbt parse shows the place",
        )
    results: Any = outcome.result
    return [_failure(result) for result in results if result.status in ("error", "fail")]


def _die_with_parent() -> None:
    """Have the kernel end this process when its parent is killed; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


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


def _failure(result: Any) -> NodeFailed:
    return NodeFailed(
        name=result.node.name,
        kind=str(result.node.resource_type),
        message=_plain(result.message or ""),
        query=(getattr(result.node, "compiled_code", None) or "").strip(),
        rows=result.failures if result.status == "fail" else None,
    )


def _plain(message: str) -> str:
    """Dbt's message in one line, without the name of the node, which stands beside it."""
    if (raised := _RAISED.search(message)) is not None:
        return " ".join(raised[1].split())
    plain = re.sub(r"^\w+ Error in \w+ \S+ \([^)]*\)\s*", "", " ".join(message.split()))
    return re.sub(r"^Invalid Input Error: Python exception \D+ UDF: \w+: ", "", plain)


if __name__ == "__main__":
    main(*sys.argv[1:])
