"""A key for each row of nested texts, equal for equal rows only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
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
    keys = []
    for row in range(n_rows):
        digest = hashlib.sha256()
        for data, ends in leaves:
            digest.update(data[ends[row] : ends[row + 1]])
        keys.append(digest.hexdigest()[:32])
    return keys


def _leaves(array: pa.Array, bounds: Bounds) -> Iterator[tuple[memoryview, list[int]]]:
    """Bytes, and where those of each row begin and end among them.

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
        offsets = offsets[filled.offset : filled.offset + len(filled) + 1].astype(np.int64)
        yield _leaf(np.diff(offsets), bounds)
        data = filled.buffers()[2]
        yield memoryview(data if data is not None else b""), offsets[bounds].tolist()
    else:
        yield _leaf(np.asarray(array.cast(pa.int64()).fill_null(0)), bounds)


def _leaf(values: NDArray[np.generic], bounds: Bounds) -> tuple[memoryview, list[int]]:
    data = np.ascontiguousarray(values)
    return memoryview(data.view(np.uint8).data), (bounds * data.itemsize).tolist()
