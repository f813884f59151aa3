"""A build killed at any moment leaves the published warehouse wholly old or wholly new."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.reliability.killed_builds import OLD, Rebuilt, kill_builds, rebuilt_in

N_KILLS = 14


def anywhere(rebuilt: Rebuilt, process: subprocess.Popen[bytes], share: float) -> None:
    """Wait for a share of a build's time."""
    time.sleep(share * 0.95 * rebuilt.duration)


@pytest.mark.slow
@pytest.mark.long
def test_killed_anywhere(tmp_path: Path) -> None:
    seen = kill_builds(rebuilt_in(tmp_path), N_KILLS, anywhere)
    assert seen[OLD] > N_KILLS // 2
