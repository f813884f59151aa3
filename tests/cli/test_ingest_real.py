"""Real files land unconverted; skipped where the shared data is absent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TRAJHOUSE = str(Path(sys.executable).with_name("trajhouse"))
REAL = Path(__file__).parents[2] / ".." / "shared" / "data" / "real"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the shared real data is not here")


@pytest.mark.parametrize(
    ("family", "source", "fields", "n_files", "n_records"),
    [
        ("openai", "tau_bench/gpt-4o-airline.json", ["messages=traj", "task_id=task_id"], 1, 100),
        ("swe_agent", "swe_agent", [], 14, 14),
        ("swe_agent", "swe_smith", [], 2, 4),
    ],
    ids=["tau_bench", "swe_agent", "swe_smith"],
)
def test_every_record_lands(
    tmp_path: Path, family: str, source: str, fields: list[str], n_files: int, n_records: int
) -> None:
    options = [option for field in fields for option in ("--field", field)]
    command = [TRAJHOUSE, "--warehouse", str(tmp_path), "ingest", family, str(REAL / source)]
    done = subprocess.run(
        [*command, "--dataset", "real", "--json", *options], capture_output=True, check=True
    )
    summary = json.loads(done.stdout)
    assert [file["status"] for file in summary["files"]] == ["landed"] * n_files
    assert (summary["n_landed"], summary["n_rejected"]) == (n_records, 0)
