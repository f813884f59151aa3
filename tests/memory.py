"""What a process and all its children hold at the peak."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

_INTERVAL = 0.2


def peak_memory(process: subprocess.Popen[Any]) -> int:
    """Wait for a process to end; returns the peak of its and its children's memory in bytes."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, tree_memory(process.pid))
        time.sleep(_INTERVAL)
    return peak


def tree_memory(pid: int) -> int:
    """Memory of a process and its children in bytes, pages they share counted once."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total = int(line.split()[1]) * 1024
        for child in children.read_text().split():
            total += tree_memory(int(child))
    except OSError:
        return total
    return total
