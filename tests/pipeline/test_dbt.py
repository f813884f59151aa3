"""Plain dbt, from the root of the project, with nothing set but where the warehouse is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.processes import OWN_SETTINGS, PROJECT, SAMPLE, trajhouse

pytestmark = [pytest.mark.slow, pytest.mark.long]


def dbt(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt in the root of the project, warnings being errors."""
    inherited = {key: value for key, value in os.environ.items() if key not in OWN_SETTINGS}
    artifacts = ["--target-path", str(root / "target"), "--log-path", str(root / "logs")]
    return subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--warn-error", *arguments, *artifacts],
        cwd=PROJECT,
        env=inherited | {"TRAJHOUSE_WAREHOUSE": str(root / "warehouse")},
        capture_output=True,
        text=True,
        check=False,
    )


def results(root: Path) -> dict[str, int]:
    """How many nodes of the last run ended in each status."""
    found = json.loads((root / "target" / "run_results.json").read_text())["results"]
    statuses = [result["status"] for result in found]
    return {status: statuses.count(status) for status in set(statuses)}


def test_everything_builds_and_every_unit_test_passes_over_nothing(tmp_path: Path) -> None:
    done = dbt(tmp_path, "build")
    assert done.returncode == 0, done.stdout
    assert results(tmp_path).keys() == {"success", "pass"}


def test_the_sample_builds_and_documents_itself_without_a_warning(tmp_path: Path) -> None:
    landed = ("ingest", "openai", SAMPLE / "support.jsonl", "--dataset", "support")
    assert trajhouse(tmp_path / "warehouse", *landed).returncode == 0
    done = dbt(tmp_path, "build", "--exclude-resource-type", "unit_test")
    assert done.returncode == 0, done.stdout
    documented = dbt(tmp_path, "docs", "generate")
    assert documented.returncode == 0, documented.stdout
