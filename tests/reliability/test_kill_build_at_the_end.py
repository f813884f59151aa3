"""The same where it matters most: while the build that has passed its tests is published."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.reliability.killed_builds import OLD, Rebuilt, await_the_end, kill_builds, rebuilt_in

N_KILLS = 6


def at_the_end(rebuilt: Rebuilt, process: subprocess.Popen[bytes], share: float) -> None:
    """Wait until the file is about to be renamed, and up to 0.2 s longer."""
    await_the_end(rebuilt, process, rebuilt.inode())
    time.sleep(share * 0.2)


@pytest.mark.slow
@pytest.mark.long
def test_killed_at_the_end(tmp_path: Path) -> None:
    seen = kill_builds(rebuilt_in(tmp_path), N_KILLS, at_the_end)
    assert seen[OLD] > 0
