"""What arrays of Arrow hold, as numpy sees it: Arrow's own functions cost more a call than a loop.

Those for whole columns of a few thousand elements are called dozens of times a slice.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.compiled import read_only
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import sums_before

Strings: TypeAlias = pa.StringArray | pa.LargeStringArray
Lists: TypeAlias = pa.ListArray | pa.LargeListArray


def as_strings(texts: pa.Array) -> Strings:
    """The same texts with offsets; those of Arrow's other types of text are laid anew."""
    is_known = pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)
    return texts if is_known else texts.cast(pa.large_string())


def offsets_of(texts: Strings) -> Int:
    """Where each of n texts starts in `bytes_of`, and where the last ends; n + 1."""
    if not len(texts):
        return read_only(np.zeros(1, np.int64))
    type_ = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    offsets = np.frombuffer(texts.buffers()[1], type_)[texts.offset :][: len(texts) + 1]
    return read_only(offsets.astype(np.int64, copy=False))


def bytes_of(texts: Strings) -> NDArray[np.uint8]:
    """The buffer that the texts lie in."""
    return read_only(np.frombuffer(texts.buffers()[2] or b"", np.uint8))


def valid_flags(values: pa.Array) -> NDArray[np.bool_]:
    """Whether each text, or other plain value, is not null."""
    if not values.null_count:
        return np.ones(len(values), np.bool_)
    bitmap = values.buffers()[0]
    if bitmap is None:  # of Arrow's type null
        return np.zeros(len(values), np.bool_)
    first, end = values.offset, values.offset + len(values)
    bits = np.frombuffer(bitmap, np.uint8)[first // 8 : -(-end // 8)]
    flags = np.unpackbits(bits, bitorder="little")[first % 8 :][: len(values)]
    return flags.view(np.bool_)


def list_bounds(lists: Lists) -> Int:
    """Where the values of each of n lists start in `lists.flatten()`, and their number; n + 1.

    Null lists have no values.
    """
    sizes = np.diff(lists.offsets.to_numpy())
    if lists.null_count:
        sizes[~lists.is_valid().to_numpy(zero_copy_only=False)] = 0
    return sums_before(sizes)
