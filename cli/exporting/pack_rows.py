"""Rows of a mart into packs: cut into sequences, brought into order, laid end to end."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trajhouse.cli.errors import ChecksFailed
from trajhouse.cli.exporting.packing import Numbers
from trajhouse.cli.exporting.packs import (
    FIRST_TOKEN,
    LENGTHS,
    POSITIONS,
    STARTS,
    Packing,
    key_tuples,
)
from trajhouse.cli.exporting.plan import SPLIT_COLUMN
from trajhouse.udfs.sums import ranges

SLOT = "__slot"


def packed_schema(queried: pa.Schema, packing: Packing) -> pa.Schema:
    """The schema of packs, from that of the rows."""
    kept = [queried.field(name) for name in packing.token_columns]
    added = [
        pa.field(name, pa.list_(pa.int32()))
        for name in packing.columns
        if name in (POSITIONS, LENGTHS, STARTS)
    ]
    ids = [
        pa.field(new, pa.list_(queried.field(old).type)) for old, new in packing.id_columns.items()
    ]
    return pa.schema([*kept, *added, *ids])


def sequences(
    batches: Iterable[pa.RecordBatch], packing: Packing, keys: Sequence[str]
) -> Generator[pa.RecordBatch]:
    """Each row as the sequences it is cut into, with their slots, in the order of the rows.

    Args:
        batches: Rows with the token columns, the columns that name them, and their keys.
        packing: Where they go.
        keys: The names of the key's columns.

    Raises:
        ChecksFailed: A row is not the one that was planned.
    """
    numbers = _RowNumbers(packing.keys)
    packs = packing.packs
    for batch in batches:
        rows = numbers.take(batch.select(list(keys)))
        firsts, counts = packs.first_sequence[rows], np.diff(packs.first_sequence)[rows]
        taken = ranges(firsts, counts)
        row_ends = np.append(0, np.cumsum(packs.lengths[taken]))[np.append(0, np.cumsum(counts))]
        offsets = _offsets(packs.lengths[taken])
        columns = {}
        for name in packing.token_columns:
            column = batch.column(name)
            _check_lengths(name, column, np.diff(row_ends))
            columns[name] = pa.ListArray.from_arrays(offsets, column.flatten())
        repeated = pa.array(np.repeat(np.arange(len(rows)), counts))
        for name in packing.id_columns:
            columns[name] = batch.column(name).take(repeated)
        columns[SLOT] = pa.array(packs.slots[taken])
        yield pa.RecordBatch.from_pydict(columns)


class _RowNumbers:
    """Finds the number of a row by its key; rows of one key are equal, and take turns."""

    def __init__(self, keys: pa.Table) -> None:
        in_order = key_tuples(keys)
        self._next = dict(zip(reversed(in_order), reversed(range(len(in_order))), strict=True))

    def take(self, keys: pa.RecordBatch) -> Numbers:
        """The numbers of rows with these keys; each number is given once.

        Raises:
            ChecksFailed: There is no such row.
        """
        numbers = np.empty(keys.num_rows, dtype=np.int64)
        for place, key in enumerate(key_tuples(keys)):
            if key not in self._next:
                raise _changed(f"there was no row {key}")
            numbers[place] = self._next[key]
            self._next[key] += 1
        return numbers


def packed_tables(tables: Iterable[pa.Table], packing: Packing) -> Generator[pa.Table]:
    """Packs, a few at a time, with the position of their split.

    Args:
        tables: Sequences in the order of their slots, one chunk a column.
        packing: What makes up a pack.

    Yields:
        Tables of at least one pack: the columns of a pack, and `SPLIT_COLUMN`.
    """
    ends = packing.packs.pack_ends
    by_slot = np.empty_like(packing.packs.slots)
    by_slot[packing.packs.slots] = np.arange(len(by_slot))
    waiting: list[pa.Table] = []
    first_slot = first_pack = read = 0
    for table in tables:
        waiting.append(table)
        read += table.num_rows
        last_pack = int(np.searchsorted(ends, read, side="right"))
        if last_pack == first_pack:
            continue
        whole = pa.concat_tables(waiting).combine_chunks()
        bounds = np.append(first_slot, ends[first_pack:last_pack]) - first_slot
        taken = by_slot[first_slot : first_slot + bounds[-1]]
        splits = packing.packs.pack_splits[first_pack:last_pack]
        yield _laid_end_to_end(whole.slice(0, len(taken)), packing, taken, bounds, splits)
        waiting = [whole.slice(len(taken))]
        first_slot, first_pack = first_slot + len(taken), last_pack


def _laid_end_to_end(
    table: pa.Table, packing: Packing, taken: Numbers, bounds: Numbers, splits: Numbers
) -> pa.Table:
    """Packs from the sequences `taken`, one a row; `bounds` says where packs begin and end."""
    lengths = packing.packs.lengths[taken]
    token_ends = np.append(0, np.cumsum(lengths))
    firsts = token_ends[:-1]
    tokens, members = _as_offsets(token_ends[bounds]), _as_offsets(bounds)
    positions = np.arange(token_ends[-1], dtype=np.int32)
    positions -= np.repeat(firsts.astype(np.int32), lengths)
    columns = {}
    for name in packing.token_columns:
        values = _values(table.column(name))
        if name in FIRST_TOKEN:
            values = _with_first_tokens(values, firsts, FIRST_TOKEN[name])
        columns[name] = pa.ListArray.from_arrays(tokens, values)
    columns[POSITIONS] = pa.ListArray.from_arrays(tokens, pa.array(positions))
    columns[LENGTHS] = pa.ListArray.from_arrays(members, pa.array(lengths.astype(np.int32)))
    if packing.has_starts:
        starts = packing.packs.starts[taken].astype(np.int32)
        columns[STARTS] = pa.ListArray.from_arrays(members, pa.array(starts))
    for old, new in packing.id_columns.items():
        names = table.column(old).combine_chunks()
        columns[new] = pa.ListArray.from_arrays(members, names)
    return pa.table({**columns, SPLIT_COLUMN: pa.array(splits.astype(np.int8))})


def _values(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays([chunk.flatten() for chunk in column.chunks])


def _with_first_tokens(values: pa.Array, firsts: Numbers, value: int) -> pa.Array:
    """The values with `value` at `firsts`; the same array where it is there already."""
    if pc.all(pc.equal(values.take(pa.array(firsts)), value)).as_py():
        return values
    changed = values.to_numpy(zero_copy_only=False).copy()
    changed[firsts] = value
    return pa.array(changed, values.type)


def _check_lengths(name: str, column: pa.Array, planned: Numbers) -> None:
    found = pc.fill_null(pc.list_value_length(column), -1).to_numpy(zero_copy_only=False)
    if not np.array_equal(found, planned):
        raise _changed(f"a list in {name} has another length")


def _changed(why: str) -> ChecksFailed:
    return ChecksFailed(
        "the rows are not those that the packs were planned for; nothing was published",
        why,
        "run it again",
    )


def _offsets(lengths: Numbers) -> pa.Array:
    return _as_offsets(np.append(0, np.cumsum(lengths)))


def _as_offsets(bounds: Numbers) -> pa.Array:
    return pa.array(bounds.astype(np.int32))
