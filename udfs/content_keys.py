"""A key for each row of nested texts, equal for equal rows only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from trajhouse.udfs.sums import sums_before

Bounds = NDArray[np.int64]


def content_keys(columns: Sequence[pa.Array]) -> list[str]:
    """32 hex digits a row, from SHA-256 over what the row holds.

    Args:
        columns: Arrays of n rows: texts, integers, structs and lists of these. The key depends on
            the values and on their types, not on how Arrow lays them out.
    """
    n_rows = len(columns[0])
    bounds = np.arange(n_rows + 1, dtype=np.int64)
    leaves = [leaf for column in columns for leaf in _leaves(column, bounds)]
    rows = pc.binary_join_element_wise(*leaves, pa.scalar(b"", pa.large_binary()))
    return [hashlib.sha256(row.as_buffer()).hexdigest()[:32] for row in rows]


def _leaves(array: pa.Array, bounds: Bounds) -> Iterator[pa.LargeBinaryArray]:
    """The bytes of each row.

    Lengths come before what they are the lengths of, so no two rows spell the same bytes.

    Args:
        array: m values.
        bounds: Where each row's values begin among the m, and where the last row's end.
    """
    is_valid = np.asarray(array.is_valid()).astype(np.uint8)
    yield _leaf(is_valid, bounds)
    if pa.types.is_struct(array.type):
        for field in array.flatten():
            yield from _leaves(field, bounds)
    elif pa.types.is_list(array.type):
        lengths = np.asarray(array.value_lengths().fill_null(0)).astype(np.int64)
        yield _leaf(lengths, bounds)
        yield from _leaves(array.flatten(), sums_before(lengths)[bounds])
    elif pa.types.is_string(array.type):
        filled = array.fill_null("")
        offsets = np.frombuffer(filled.buffers()[1], np.int32)
        ends = offsets[filled.offset : filled.offset + len(filled) + 1].astype(np.int64)
        yield _leaf(np.diff(ends), bounds)
        yield _pieces(filled.buffers()[2], ends[bounds])
    else:
        yield _leaf(np.asarray(array.cast(pa.int64()).fill_null(0)), bounds)


def _leaf(values: NDArray[np.generic], bounds: Bounds) -> pa.LargeBinaryArray:
    return _pieces(pa.py_buffer(np.ascontiguousarray(values)), bounds * values.itemsize)


def _pieces(data: pa.Buffer | None, bounds: Bounds) -> pa.LargeBinaryArray:
    buffers = [None, pa.py_buffer(bounds), data]
    return pa.Array.from_buffers(pa.large_binary(), len(bounds) - 1, buffers)
