"""A small published warehouse, and the command line as a real process over it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from trajhouse.cli.main import trajhouse

HERE = Path(__file__).parent
BATCHES = ("20260101T000000000000Z-aaaaaa", "20260102T000000000000Z-bbbbbb")
CLOSED_ENVIRONMENT = {"TRAJHOUSE_WAREHOUSE", "TRAJHOUSE_TOKENIZER", "NO_COLOR", "COLUMNS"}


@dataclass(frozen=True)
class Done:
    """A process that has ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


Run = Callable[..., Done]
Call = Callable[..., None]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean warehouse folder: two landed batches, both built. Not to be changed by a test."""
    root = tmp_path_factory.mktemp("published") / "warehouse"
    for batch in BATCHES:
        (root / "landing" / batch).mkdir(parents=True)
    (root / "tmp").mkdir()
    with duckdb.connect(str(root / "warehouse.duckdb")) as connection:
        connection.execute((HERE / "fixture_warehouse.sql").read_text(encoding="utf-8"))
    return root


@pytest.fixture
def warehouse(published: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(published, tmp_path / "warehouse"))


@pytest.fixture
def run(published: Path, tmp_path: Path) -> Run:
    """Runs `trajhouse` as a process, in an empty folder, over the published warehouse."""
    folder = tmp_path / "cwd"
    folder.mkdir(exist_ok=True)

    def start(
        *arguments: str | Path,
        warehouse: Path = published,
        stdin: bytes = b"",
        env: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> Done:
        inherited = {k: v for k, v in os.environ.items() if k not in CLOSED_ENVIRONMENT}
        done = subprocess.run(
            [trajhouse_command(), "--warehouse", str(warehouse), *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=folder,
            env=inherited | (env or {}),
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr.decode())

    return start


@pytest.fixture
def call(published: Path) -> Call:
    """The same inside the test's own process, where errors are raised: much faster."""

    def invoke(*arguments: str | Path, warehouse: Path = published) -> None:
        words = ["--warehouse", str(warehouse), *map(str, arguments)]
        trajhouse.main(args=words, prog_name="trajhouse", standalone_mode=False)

    return invoke


def trajhouse_command() -> str:
    """The installed entry point beside the interpreter that runs the tests."""
    return str(Path(sys.executable).with_name("trajhouse"))
