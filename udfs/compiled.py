"""Loops over tokens and bytes, compiled to machine code.

numpy takes a pass over memory for every step of what one loop does at once. Such loops are plain
Python that numba compiles; they let other threads run meanwhile. What was compiled is kept beside
the source, or in the user's cache, so that it is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Element = TypeVar("Element", bound=np.generic)
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function of numbers and arrays when it is first called.

    Indexes into arrays are best unsigned: signed ones are looked at for being negative, which takes
    several times as long as the rest of a small loop.
    """
    from numba import njit

    try:
        return cast(Function, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # There is no folder to keep it in.
        return cast(Function, njit(nogil=True)(function))


def read_only(values: NDArray[Element]) -> NDArray[Element]:
    """The same values, not to be written: to the compiler that is a type of its own."""
    view = values.view()
    view.flags.writeable = False
    return view
