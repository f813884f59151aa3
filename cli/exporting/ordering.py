"""Puts rows in the order of a unique key in bounded memory, however wide they are.

Rows that arrive in order pass through. Others are sorted here, for DuckDB's own sort keeps whole
lists in memory: the scan is cut into runs of a fixed number of bytes, each is sorted and written
beside the export, and the runs are merged piece by piece.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

RUN_BYTES = 192 * 2**20
PIECE_BYTES = 4 * 2**20

Key = tuple[tuple[bool, Any], ...]


class OutOfOrder(Exception):
    """Rows did not arrive in the order of their key."""


def are_ascending(batches: Iterable[pa.RecordBatch], keys: Sequence[str]) -> bool:
    """Whether each row's key is greater than that of the row before it; no key may be null."""
    try:
        for _ in ascending_tables(batches, keys):
            pass
    except OutOfOrder:
        return False
    return True


def ascending_tables(batches: Iterable[pa.RecordBatch], keys: Sequence[str]) -> Generator[pa.Table]:
    """The rows of `batches` as they come, a few at a time.

    Raises:
        OutOfOrder: A row's key is not greater than that of the row before it.
    """
    gathered: list[pa.RecordBatch] = []
    size = 0
    last: pa.Table | None = None
    for batch in batches:
        if batch.num_rows:
            gathered.append(batch)
        size += batch.nbytes
        if gathered and size >= PIECE_BYTES:
            table = pa.Table.from_batches(gathered).combine_chunks()
            last = _check_ascending(last, table.select(list(keys)))
            yield table
            gathered, size = [], 0
    if gathered:
        table = pa.Table.from_batches(gathered).combine_chunks()
        _check_ascending(last, table.select(list(keys)))
        yield table


def _check_ascending(last: pa.Table | None, keys: pa.Table) -> pa.Table:
    """Check the keys of a piece, and of the row before it; return those of its last row."""
    if last is not None:
        keys = pa.concat_tables([last, keys]).combine_chunks()
    rows = keys.num_rows
    is_greater = pa.repeat(pa.scalar(False), max(rows - 1, 0))
    for column in reversed(keys.columns):
        before, after = column.slice(0, rows - 1), column.slice(1)
        is_greater = pc.or_(pc.greater(after, before), pc.and_(pc.equal(after, before), is_greater))
    if pc.sum(pc.fill_null(is_greater, False)).as_py() not in (rows - 1, None):
        raise OutOfOrder
    return keys.slice(rows - 1)


def sorted_tables(
    batches: Iterable[pa.RecordBatch],
    keys: Sequence[str],
    spill: Path,
    run_bytes: int = RUN_BYTES,
) -> Generator[pa.Table]:
    """All rows of `batches` in ascending order of `keys`, nulls last, a few at a time.

    Args:
        batches: Rows in any order, with no two rows of equal keys that differ.
        keys: Columns of text (compared by code point) or integers.
        spill: An existing folder for runs; used only where the rows exceed `run_bytes`.
        run_bytes: About how much is held in memory while runs are made.

    Yields:
        Tables of at least one row, one chunk a column.
    """
    runs: list[Path] = []
    gathered: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        if size + batch.nbytes > run_bytes and gathered:
            runs.append(_write_run(_sort(gathered, keys), spill / f"run-{len(runs):05d}.arrow"))
            gathered, size = [], 0
        gathered.append(batch)
        size += batch.nbytes
    if not gathered:
        return
    if not runs:
        yield from _pieces(_sort(gathered, keys))
        return
    runs.append(_write_run(_sort(gathered, keys), spill / f"run-{len(runs):05d}.arrow"))
    gathered = []
    yield from _merge([_Run(path, keys) for path in runs], keys)


def _sort(batches: list[pa.RecordBatch], keys: Sequence[str]) -> pa.Table:
    table = pa.Table.from_batches(batches).combine_chunks()
    return _take_sorted(table, keys)


def _take_sorted(table: pa.Table, keys: Sequence[str]) -> pa.Table:
    order = pc.sort_indices(
        table.select(list(keys)), sort_keys=[(key, "ascending") for key in keys]
    )
    if np.array_equal(order.to_numpy(), np.arange(len(order), dtype=np.uint64)):
        return table
    return table.take(order)


def _piece_rows(table: pa.Table) -> int:
    """Rows that make up about `PIECE_BYTES`."""
    rows: int = PIECE_BYTES * table.num_rows // max(table.nbytes, 1)
    return max(1, rows)


def _pieces(table: pa.Table) -> Iterator[pa.Table]:
    rows = _piece_rows(table)
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows).combine_chunks()


def _write_run(table: pa.Table, path: Path) -> Path:
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, table.schema, options=options) as run,
    ):
        run.write_table(table, max_chunksize=_piece_rows(table))
    return path


class _Run:
    """A sorted run, read a piece at a time; its file goes once it is used up.

    `piece` holds the rows to come next, and is empty once there are none.
    """

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self._path = path
        self._keys = keys
        self._file = pa.OSFile(str(path), "rb")
        self._reader = pa.ipc.open_file(self._file)
        self._next = 0
        self.piece = self._reader.schema.empty_table()
        self._refill()

    def _refill(self) -> None:
        while not self.piece.num_rows and self._next < self._reader.num_record_batches:
            self.piece = pa.Table.from_batches([self._reader.get_batch(self._next)])
            self._next += 1
        if not self.piece.num_rows:
            self._file.close()
            self._path.unlink()

    def key(self, row: int) -> Key:
        """The key of a row of the piece."""
        values = (self.piece.column(key)[row].as_py() for key in self._keys)
        return tuple((value is None, value) for value in values)

    def take_through(self, bound: Key) -> pa.Table:
        """Remove and return the piece's rows whose key is at most `bound`."""
        count = bisect_right(range(self.piece.num_rows), bound, key=self.key)
        taken = self.piece.slice(0, count)
        self.piece = self.piece.slice(count)
        if count:
            self._refill()
        return taken


def _merge(runs: list[_Run], keys: Sequence[str]) -> Iterator[pa.Table]:
    """Yield what is certain to come next: rows up to the least last key of the pieces at hand."""
    live = [run for run in runs if run.piece.num_rows]
    while live:
        bound = min(run.key(run.piece.num_rows - 1) for run in live)
        taken = [run.take_through(bound) for run in live]
        merged = pa.concat_tables([table for table in taken if table.num_rows])
        yield _take_sorted(merged.combine_chunks(), keys)
        live = [run for run in live if run.piece.num_rows]
