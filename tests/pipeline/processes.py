"""Real processes of the command line, and warehouses that they built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.few_families import families_landed, project_of
from trajhouse.cli.sampling.request import Ingest

PROJECT = Path(__file__).resolve().parents[2]
REAL = PROJECT.parent / "shared" / "data" / "real"
QWEN3 = PROJECT.parent / "shared" / "data" / "tokenizers" / "qwen3"
SAMPLE = PROJECT / "tests" / "sample"
OWN_SETTINGS = (
    "TRAJHOUSE_WAREHOUSE",
    "TRAJHOUSE_DATABASE",
    "TRAJHOUSE_TOKENIZER",
    "TRAJHOUSE_PROJECT",
)


@dataclass(frozen=True)
class Built:
    """A warehouse folder that has been built, and how to read it.

    Args:
        root: The warehouse folder.
        environment: Variables that its processes run with, besides the usual ones.
    """

    root: Path
    environment: dict[str, str]

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run `trajhouse` over this warehouse, whatever its exit code."""
        return trajhouse(self.root, *arguments, environment=self.environment)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the published build."""
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def trajhouse(
    root: Path, *arguments: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the installed `trajhouse` over the warehouse `root`."""
    inherited = {key: value for key, value in os.environ.items() if key not in OWN_SETTINGS}
    return subprocess.run(
        [Path(sys.executable).with_name("trajhouse"), "--warehouse", root, *arguments],
        cwd=PROJECT,
        env=inherited | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def sample_landings(ingests: Iterable[Ingest], folder: Path) -> list[tuple[str, ...]]:
    """The arguments of ingest that land a sample in `folder`."""
    return [
        (ingest.family, *(str(folder / path) for path in ingest.paths), "--dataset", ingest.dataset)
        for ingest in ingests
    ]


def built(
    root: Path, *landings: tuple[str, ...], is_whole: bool = False, **environment: str
) -> Built:
    """Land and build.

    Args:
        root: The warehouse folder.
        landings: The arguments of each ingest.
        is_whole: Whether to build every model, also of families that have not landed.
        environment: Variables for its processes.
    """
    project = PROJECT if is_whole else project_of(*families_landed(landings))
    warehouse = Built(root, {"TRAJHOUSE_PROJECT": str(project)} | environment)
    for landing in landings:
        done = warehouse.run("ingest", *landing)
        assert done.returncode == 0, done.stderr
    done = warehouse.run("build", "--json")
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    return warehouse
