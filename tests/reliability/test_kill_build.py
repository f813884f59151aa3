"""A build killed at any moment leaves the published warehouse wholly old or wholly new."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

TRAJHOUSE = str(Path(sys.executable).with_name("trajhouse"))
N_KILLS = 20
OLD, NEW = 3, 7


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


def rows_of_every_mart(database: Path) -> set[int]:
    """The distinct row counts of the marts that hold one row a trajectory."""
    with duckdb.connect(str(database), read_only=True) as connection:
        counted = [
            connection.execute(f"select count(*) from marts.{mart}").fetchall()[0][0]
            for mart in ("trajectories", "sft_messages", "sft_tokenized")
        ]
    return set(counted)


def await_the_end(process: subprocess.Popen[bytes], root: Path, published: str) -> None:
    """Return once the build's tests are done and its file is about to be renamed."""
    while process.poll() is None:
        log = root / "warehouse.next.duckdb.wal"
        is_written = (root / "warehouse.next.duckdb").exists() and not log.exists()
        is_published = digest(root) != published
        if is_published or (is_written and (root / ".dbt" / "run_results.json").exists()):
            return
        time.sleep(0.002)


def digest(root: Path) -> str:
    return sha256((root / "warehouse.duckdb").read_bytes()).hexdigest()


@pytest.mark.slow
def test_killed_build_leaves_old_or_new(tmp_path: Path) -> None:
    root, saved = tmp_path / "warehouse", tmp_path / "old.duckdb"
    build = [TRAJHOUSE, "--warehouse", str(root), "build"]

    def land(name: str, count: int) -> None:
        write_chats(tmp_path / f"{name}.jsonl", count)
        ingest = ["ingest", "openai", str(tmp_path / f"{name}.jsonl"), "--dataset", name]
        subprocess.run([*build[:-1], *ingest], check=True, capture_output=True)

    land("first", OLD)
    subprocess.run(build, check=True, capture_output=True)
    shutil.copy(root / "warehouse.duckdb", saved)
    land("second", NEW - OLD)
    started = time.monotonic()
    subprocess.run(build, check=True, capture_output=True)
    duration = time.monotonic() - started
    assert rows_of_every_mart(root / "warehouse.duckdb") == {NEW}

    moments = random.Random(5)
    seen = {OLD: 0, NEW: 0}
    n_killed = n_started = 0
    while n_killed < N_KILLS:
        assert n_started < 2 * N_KILLS, "builds end before they can be killed"
        shutil.copy(saved, root / "warehouse.duckdb")
        (root / ".dbt" / "run_results.json").unlink(missing_ok=True)
        published = digest(root)
        process = subprocess.Popen(build, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if n_started % 4:
            time.sleep(moments.uniform(0.02, 0.95) * duration)
        else:
            await_the_end(process, root, published)
            time.sleep(moments.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        n_started += 1
        n_killed += process.wait() == -signal.SIGKILL

        found = rows_of_every_mart(root / "warehouse.duckdb")
        assert found in ({OLD}, {NEW})
        seen[found.pop()] += 1

        started = time.monotonic()
        again = subprocess.run(build, check=False, capture_output=True, text=True)
        duration = min(duration, time.monotonic() - started)
        assert again.returncode == 0, again.stderr
        assert rows_of_every_mart(root / "warehouse.duckdb") == {NEW}
        assert not (root / "warehouse.next.duckdb").exists()
    assert seen[OLD] > N_KILLS // 4
