"""Lists laid end to end, in another order.

>>> laid(np.array([1, 1, 2, 3, 3]), np.array([0, 2, 3, 5]), np.array([2, 0, 2]))
(array([3, 3, 1, 1, 3, 3]), array([0, 2, 4, 6]))
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
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
    found = sums_before(np.diff(bounds)[order])
    elements = np.empty(found[-1], values.dtype)
    _fill(values, bounds, order, elements)
    return elements, found


@compiled
def _fill(
    values: NDArray[Element],
    bounds: NDArray[np.int64],
    order: NDArray[np.int64],
    elements: NDArray[Element],
) -> None:
    place = np.int64(0)
    for number in order:
        start, end = bounds[number], bounds[number + 1]
        copy_elements(values[start:end], elements[place : place + end - start])
        place += end - start


@compiled
def copy_elements(values: NDArray[Element], elements: NDArray[Element]) -> None:
    """Copy n values to n elements elsewhere."""
    for k in range(len(values)):
        elements[k] = values[k]
