"""An ingest killed at any moment leaves landing wholly old or wholly new."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

TRAJHOUSE = str(Path(sys.executable).with_name("trajhouse"))
N_KILLS = 20
N_RECORDS = 800
RECORD_BYTES = 50_000


def write_input(path: Path) -> None:
    source = random.Random(3)
    with path.open("w", encoding="utf-8") as lines:
        for number in range(N_RECORDS):
            content = source.randbytes(RECORD_BYTES // 2).hex()
            messages = [{"role": "user", "content": content}]
            lines.write(json.dumps({"id": number, "messages": messages}) + "\n")


def snapshot(landing: Path) -> dict[str, str]:
    return {
        str(path.relative_to(landing)): sha256(path.read_bytes()).hexdigest()
        for path in landing.rglob("*.parquet")
    }


def await_publishing(process: subprocess.Popen[bytes], root: Path, n_batches: int) -> None:
    """Return once the last file of the batch is being written, or the batch is there."""
    while process.poll() is None:
        is_last = any((root / "tmp").glob("*/files-*"))
        if is_last or len(list((root / "landing").iterdir())) > n_batches:
            return
        time.sleep(0.001)


def landed_rows(landing: Path, batch: str) -> int:
    paths = sorted((landing / batch).glob("records-*.parquet"))
    return sum(len(pq.read_table(path)) for path in paths)


@pytest.mark.slow
def test_killed_ingest_leaves_old_or_new(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text('{"id": "a", "messages": []}\n')
    write_input(second)

    def command(dataset: str, path: Path) -> list[str]:
        root = str(tmp_path / "warehouse")
        return [TRAJHOUSE, "--warehouse", root, "ingest", "openai", str(path), "--dataset", dataset]

    subprocess.run(command("d", first), check=True, capture_output=True)
    landing = tmp_path / "warehouse" / "landing"

    started = time.monotonic()
    subprocess.run(command("whole", second), check=True, capture_output=True)
    duration = time.monotonic() - started
    assert duration > 0.5

    moments = random.Random(11)
    n_killed = n_new = n_with_leftovers = 0
    for turn in range(N_KILLS):
        before = snapshot(landing)
        process = subprocess.Popen(
            command(f"turn-{turn}", second), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if turn % 2:
            time.sleep(moments.uniform(0.1, 1.0) * duration)
        else:
            await_publishing(process, tmp_path / "warehouse", len(list(landing.iterdir())))
            time.sleep(moments.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        n_killed += process.wait() == -signal.SIGKILL
        n_with_leftovers += any((tmp_path / "warehouse" / "tmp").iterdir())

        after = snapshot(landing)
        assert {name: after.get(name) for name in before} == before
        new = {name.split("/")[0] for name in after.keys() - before.keys()}
        assert len(new) <= 1
        n_new += len(new)
        assert all(landed_rows(landing, batch) == N_RECORDS for batch in new)

        retry = subprocess.run(
            command(f"turn-{turn}", second), check=False, capture_output=True, text=True
        )
        assert retry.returncode == 0, retry.stderr
        assert ("unchanged" in retry.stdout) == bool(new)
        assert len(snapshot(landing)) > len(before)
        assert list((tmp_path / "warehouse" / "tmp").iterdir()) == []
    assert n_killed > N_KILLS // 2
    assert n_new < N_KILLS
    assert n_with_leftovers > N_KILLS // 4
