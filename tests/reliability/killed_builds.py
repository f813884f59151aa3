"""Kills builds: whatever the moment, what is published stays wholly old or becomes wholly new."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb

from tests.few_families import project_of

TRAJHOUSE = str(Path(sys.executable).with_name("trajhouse"))
N_KILLS_A_CHECK = 4
OLD, NEW = 3, 7

Wait: TypeAlias = "Callable[[Rebuilt, subprocess.Popen[bytes], float], None]"


@dataclass(frozen=True)
class Rebuilt:
    """A warehouse that has landed more than its first build holds.

    Attributes:
        root: The warehouse folder.
        saved: The published file of the first build.
        environment: Of every process.
        duration: Seconds that the second build took.
    """

    root: Path
    saved: Path
    environment: dict[str, str]
    duration: float

    def start(self) -> subprocess.Popen[bytes]:
        """Put the first build in its place again, and begin the second."""
        shutil.copy(self.saved, self.root / "warehouse.duckdb")
        (self.root / ".dbt" / "run_results.json").unlink(missing_ok=True)
        return subprocess.Popen(
            [TRAJHOUSE, "--warehouse", str(self.root), "build"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *arguments: str) -> None:
        """Run a command that has to succeed."""
        command = [TRAJHOUSE, "--warehouse", str(self.root), *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def inode(self) -> int:
        """Which file is published: a rename puts another one in its place."""
        return (self.root / "warehouse.duckdb").stat().st_ino

    def rows(self) -> set[int]:
        """The distinct row counts of the marts that hold one row a trajectory."""
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            counted = [
                connection.execute(f"select count(*) from marts.{mart}").fetchall()[0][0]
                for mart in ("trajectories", "sft_messages", "sft_tokenized")
            ]
        return set(counted)


def write_chats(path: Path, count: int) -> None:
    chats = [
        {
            "id": f"{path.stem}-{number}",
            "messages": [
                {"role": "user", "content": f"What is {number} + 1?"},
                {"role": "assistant", "content": str(number + 1)},
            ],
        }
        for number in range(count)
    ]
    path.write_text("\n".join(map(json.dumps, chats)), encoding="utf-8")


def rebuilt_in(tmp_path: Path) -> Rebuilt:
    """Built twice, in a project of one family: of all, a build takes more than twice as long."""
    environment = {**os.environ, "TRAJHOUSE_PROJECT": str(project_of("openai"))}
    root, saved = tmp_path / "warehouse", tmp_path / "old.duckdb"
    first = Rebuilt(root, saved, environment, 0)
    for name, count in (("first", OLD), ("second", NEW - OLD)):
        write_chats(tmp_path / f"{name}.jsonl", count)
        first.run("ingest", "openai", str(tmp_path / f"{name}.jsonl"), "--dataset", name)
        started = time.monotonic()
        first.run("build")
        if not saved.exists():
            shutil.copy(root / "warehouse.duckdb", saved)
    assert first.rows() == {NEW}
    return Rebuilt(root, saved, environment, time.monotonic() - started)


def await_the_end(rebuilt: Rebuilt, process: subprocess.Popen[bytes], published: int) -> None:
    """Return once the build's tests are done and its file is about to be renamed."""
    written = rebuilt.root / "warehouse.next.duckdb"
    while process.poll() is None:
        log = written.with_name("warehouse.next.duckdb.wal")
        is_written = written.exists() and not log.exists()
        is_tested = (rebuilt.root / ".dbt" / "run_results.json").exists()
        if rebuilt.inode() != published or (is_written and is_tested):
            return
        time.sleep(0.002)


def kill_builds(rebuilt: Rebuilt, n_kills: int, wait: Wait) -> dict[int, int]:
    """Kill builds until `n_kills` died of it, and look at what is published after each.

    Each build starts over what the killed one before it left; some run to their end.

    Args:
        rebuilt: The warehouse.
        n_kills: How many.
        wait: Waits for the moment of a build; the last argument, from 0 to 1, says which.

    Returns:
        How many kills left the old build, and how many the new one, by its number of rows.
    """
    chance = random.Random(5)
    seen = {OLD: 0, NEW: 0}
    n_killed = n_started = 0
    while n_killed < n_kills:
        assert n_started < 2 * n_kills, "builds end before they can be killed"
        process = rebuilt.start()
        wait(rebuilt, process, (n_started % n_kills + chance.random()) / n_kills)
        process.send_signal(signal.SIGKILL)
        n_started += 1
        code = process.wait()
        assert code in (0, -signal.SIGKILL), "a build fails over what a killed one left"
        n_killed += code == -signal.SIGKILL
        found = rebuilt.rows()
        assert found in ({OLD}, {NEW})
        seen[found.pop()] += 1
        if n_started % N_KILLS_A_CHECK == 0 or n_killed == n_kills:
            rebuilt.run("build")
            assert rebuilt.rows() == {NEW}
            assert not (rebuilt.root / "warehouse.next.duckdb").exists()
    return seen
