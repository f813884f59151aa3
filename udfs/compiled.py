"""Loops over tokens and bytes, compiled to machine code.

numpy takes a pass over memory for every step of what one loop does at once. Such loops are plain
Python that numba compiles; they let other threads run meanwhile.

What was compiled is kept for the next process, in a folder named after all the code of `udfs`:
numba itself looks only at the file that a function is in, and would go on running what it has
compiled in of others.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Element = TypeVar("Element", bound=np.generic)
Function = TypeVar("Function", bound=Callable[..., Any])

_CODE = Path(__file__).parent
_ONE_AT_A_TIME = Lock()


def compiled(function: Function) -> Function:
    """Compile a function of numbers and arrays when it is first called.

    Indexes into arrays are best unsigned: signed ones are looked at for being negative, which takes
    several times as long as the rest of a small loop.
    """
    import numba

    config: Any = numba.config
    if config.DISABLE_JIT:
        return function
    loop = numba.njit(nogil=True)(function)
    with _ONE_AT_A_TIME:
        given = config.CACHE_DIR
        folder = _folder(given)
        if folder is not None:
            config.CACHE_DIR = str(folder)
            try:
                loop.enable_caching()
            finally:
                config.CACHE_DIR = given
    return cast(Function, loop)


def read_only(values: NDArray[Element]) -> NDArray[Element]:
    """The same values, not to be written: to the compiler that is a type of its own."""
    view = values.view()
    view.flags.writeable = False
    return view


def _folder(given: str) -> Path | None:
    """Where machine code is kept: beside the code, or in the user's cache; None if in neither."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    places = [Path(given)] if given else [_CODE / "__pycache__", home / "trajhouse"]
    for place in places:
        folder = place / f"loops-{_version()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


@cache
def _version() -> str:
    """16 hex digits of all the code that loops are made of."""
    digest = hashlib.sha256()
    for file in sorted(_CODE.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
