"""Running sums, such as places of what is laid end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def sums_before(values: NDArray[Any]) -> NDArray[np.int64]:
    """The sum of what comes before each of n values, and that of all; n + 1.

    Args:
        values: Whole numbers, or flags, which are counted.
    """
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, dtype=np.int64, out=sums[1:])
    return sums


def ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start on, so many as its count tells, laid end to end."""
    before = sums_before(counts)
    return np.repeat(starts - before[:-1], counts) + np.arange(before[-1])
