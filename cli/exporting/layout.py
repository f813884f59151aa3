"""What rows weigh and what they say, however they are cut into batches, row groups and files."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_OFFSET_BYTES = 4

Positions = npt.NDArray[np.int64]


def row_bytes(table: pa.Table) -> Positions:
    """The uncompressed bytes of each row: values, plus four for every text or list.

    They depend on the row's values alone, unlike `nbytes`, which sees buffers.

    Args:
        table: N rows in one chunk a column.

    Returns:
        N sizes.
    """
    ends = np.arange(table.num_rows + 1, dtype=np.int64)
    total = np.zeros(table.num_rows + 1, dtype=np.int64)
    for column in table.itercolumns():
        total += _bytes_before(_single(column), ends)
    sizes: Positions = np.diff(total)
    return sizes


def _bytes_before(array: pa.Array, positions: Positions) -> Positions:
    """The bytes of the values that precede each of `positions`."""
    kind = array.type
    if pa.types.is_struct(kind):
        total = np.zeros(len(positions), dtype=np.int64)
        for child in array.flatten():
            total += _bytes_before(child, positions)
        return total
    if _is_list(kind):
        starts = _starts(pc.list_value_length(array))[positions]
        return _bytes_before(array.flatten(), starts) + _OFFSET_BYTES * positions
    if _is_text(kind):
        return _starts(pc.binary_length(array))[positions] + _OFFSET_BYTES * positions
    width = 0 if pa.types.is_null(kind) else max(int(kind.bit_width) // 8, 1)
    return positions * width


def _starts(lengths: pa.Array) -> Positions:
    """Where each value starts, and where the last one ends; a null is empty."""
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False), out=starts[1:])
    return starts


class ContentHash:
    """A running hash over rows in order: equal for equal rows, whatever files they are cut into.

    Each leaf of each column is hashed apart: the places of its nulls, the lengths of its texts or
    lists, its values. Feeding a table whole or in slices gives the same.
    """

    def __init__(self) -> None:
        self._hashes: dict[str, Any] = defaultdict(hashlib.sha256)
        self._seen: dict[str, int] = defaultdict(int)
        self.rows = 0

    def update(self, table: pa.Table) -> None:
        """Take in the rows of `table`."""
        self.rows += table.num_rows
        for name, column in zip(table.column_names, table.itercolumns(), strict=True):
            for chunk in column.chunks:
                self._take(json.dumps(name), chunk)

    def _take(self, path: str, array: pa.Array) -> None:
        for part, values in _parts(path, array, self._seen[path]):
            if isinstance(values, pa.Array):
                self._take(part, values)
            elif len(values):
                self._hashes[part].update(values)
        self._seen[path] += len(array)

    def hexdigest(self) -> str:
        """The hash of all rows so far, in hexadecimal."""
        parts = {path: digest.hexdigest() for path, digest in self._hashes.items()}
        text = json.dumps({"rows": self.rows, "parts": parts}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _parts(path: str, array: pa.Array, seen: int) -> Iterator[tuple[str, Any]]:
    """What tells this array from another: buffers, and child arrays to descend into."""
    kind = array.type
    if array.null_count:
        nulls = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)) + seen
        yield f"{path}:null", nulls.astype("<i8").data
    if pa.types.is_struct(kind):
        for field, child in zip(kind, array.flatten(), strict=True):
            yield f"{path}.{json.dumps(field.name)}", child
        return
    if pa.types.is_null(kind):
        return
    valid = array.drop_null() if array.null_count else array
    if _is_list(kind):
        yield f"{path}:length", _little_endian(pc.list_value_length(valid))
        yield f"{path}[]", valid.flatten()
    elif _is_text(kind):
        yield f"{path}:length", _little_endian(pc.binary_length(valid))
        yield f"{path}:text", _text_bytes(valid)
    elif pa.types.is_boolean(kind):
        yield f"{path}:value", valid.cast(pa.uint8()).to_numpy(zero_copy_only=False).data
    else:
        width = kind.bit_width // 8
        start = valid.offset * width
        yield f"{path}:value", memoryview(valid.buffers()[1])[start : start + len(valid) * width]


def _little_endian(lengths: pa.Array) -> Positions:
    numbers: Positions = lengths.to_numpy(zero_copy_only=False).astype("<i8")
    return numbers


def _text_bytes(array: pa.Array) -> memoryview:
    _, offsets, values = array.buffers()
    if values is None or not len(array):
        return memoryview(b"")
    is_large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    ends = np.frombuffer(offsets, dtype="<i8" if is_large else "<i4")
    return memoryview(values)[ends[array.offset] : ends[array.offset + len(array)]]


def _single(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )
