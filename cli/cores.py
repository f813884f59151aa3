"""The cores of the machine that are ours."""

from __future__ import annotations

import os
import sys


def count_cores() -> int:
    """Cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
