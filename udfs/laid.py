"""Lists laid end to end, in another order.

>>> laid(np.array([1, 1, 2, 3, 3]), np.array([0, 2, 3, 5]), np.array([2, 0, 2]))
(array([3, 3, 1, 1, 3, 3]), array([0, 2, 4, 6]))
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.sums import sums_before

Element = TypeVar("Element", bound=np.generic)


def laid(
    values: NDArray[Element], bounds: NDArray[np.int64], order: NDArray[np.int64]
) -> tuple[NDArray[Element], NDArray[np.int64]]:
    """Some of n lists, each as often as it is asked for.

    Args:
        values: The elements of all lists, contiguous.
        bounds: Where each list starts, and where the last ends; n + 1.
        order: Which list comes where; m.

    Returns:
        The elements of the m lists, and where each starts, and where the last ends; m + 1.
    """
    size = values.itemsize
    buffers = [None, pa.py_buffer(bounds * size), pa.py_buffer(values)]
    lists = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(bounds) - 1, buffers)
    found = sums_before(np.diff(bounds)[order])
    data = lists.take(pa.array(order)).buffers()[2]
    return np.frombuffer(data, values.dtype, count=found[-1]), found
