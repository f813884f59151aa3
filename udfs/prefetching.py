"""Asking the processor for memory before a compiled loop gets there.

A loop that does little with each element is faster than memory, and a processor that does not see
where the loop is going waits for each piece of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

_READ, _KEPT_CLOSE, _DATA = 0, 3, 1


def prefetch(values: NDArray[Any], place: np.uint64) -> None:
    """Ask for an element; one beyond the array is no error. Plain Python does nothing.

    Args:
        values: n.
        place: Which of them.
    """


def _typed(_context: Any, values: Any, place: Any) -> Any:
    """The type of the instruction, and what writes it, as numba's `intrinsic` takes them."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(builder.gep(array.data, [arguments[1]]), byte)
        shape = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        instruction = builder.module.declare_intrinsic("llvm.prefetch", [byte], shape)
        builder.call(instruction, [address, flag(_READ), flag(_KEPT_CLOSE), flag(_DATA)])
        return context.get_dummy_value()

    return types.void(values, place), write


_instruction: Any = intrinsic(_typed)


@overload(prefetch, strict=False)
def _compiled(_values: Any, _place: Any) -> Any:
    return lambda values, place: _instruction(values, place)
