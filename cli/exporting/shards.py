"""Writes rows as Parquet shards whose bytes depend on the rows alone.

Row groups and shards are cut by the bytes of single rows, never by how rows happened to arrive.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trajhouse.cli.exporting.layout import ContentHash, row_bytes

ROW_GROUP_BYTES = 32 * 2**20
DATA_FOLDER = "data"
VIEWER_ROW_BYTES = 2 * 10**6

# Optimized Parquet as the Hub defines it: pages cut by content, so that an edited dataset shares
# most of its chunks with the last one, and an index that finds a page without reading the rest.
PARQUET_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "write_page_index": True,
    "use_content_defined_chunking": {"min_chunk_size": 256 * 2**10, "max_chunk_size": 2**20},
}


@dataclass(frozen=True)
class Shard:
    """A file of an export: `path` within it, its rows, and their uncompressed bytes."""

    path: str
    split: str
    rows: int
    row_bytes: int


@dataclass(frozen=True)
class SplitRows:
    """What was written for a split. `content_hash` is that of the rows as they were queried."""

    name: str
    shards: tuple[Shard, ...]
    content_hash: str
    wide_rows: int

    @property
    def rows(self) -> int:
        """Rows in all shards."""
        return sum(shard.rows for shard in self.shards)

    @property
    def row_bytes(self) -> int:
        """Uncompressed bytes in all shards."""
        return sum(shard.row_bytes for shard in self.shards)


class SplitWriter:
    """Writes the rows of one split, in the order they are given, under `folder`/data.

    Args:
        folder: The export.
        split: The split's name.
        schema: That of the rows.
        max_shard_bytes: A shard ends before it holds more; None for one shard.
        counting: A column of lists that count up, which is then stored as next to nothing. The
            other columns must be lists of plain values.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        schema: pa.Schema,
        max_shard_bytes: int | None,
        counting: str | None = None,
    ) -> None:
        self._folder = folder / DATA_FOLDER
        self._split = split
        self._schema = schema
        self._options = PARQUET_OPTIONS | (_counting_options(schema, counting) if counting else {})
        self._max_shard_bytes = max_shard_bytes
        self._cutter = _RowGroupCutter(min(ROW_GROUP_BYTES, max_shard_bytes or ROW_GROUP_BYTES))
        self._content = ContentHash()
        self._hasher = ThreadPoolExecutor(1)
        self._hashing: Future[None] | None = None
        self._writer: pq.ParquetWriter | None = None
        self._written: list[tuple[Path, int, int]] = []
        self._rows = self._bytes = self._wide_rows = 0

    def write(self, table: pa.Table) -> None:
        """Take the next rows; `table` has the writer's schema and one chunk a column."""
        self._await_hash()
        self._hashing = self._hasher.submit(self._content.update, table)
        sizes = row_bytes(table)
        self._wide_rows += int(np.count_nonzero(sizes > VIEWER_ROW_BYTES))
        for group, size in self._cutter.add(table, sizes):
            self._write_group(group, size)

    def finish(self) -> SplitRows:
        """Write what is left and give the shards their final names; a split has at least one."""
        for group, size in self._cutter.rest():
            self._write_group(group, size)
        if self._writer is None:
            self._open()
        self._end_shard()
        self._await_hash()
        shards = []
        for number, (path, rows, size) in enumerate(self._written):
            name = f"{self._split}-{number:05d}-of-{len(self._written):05d}.parquet"
            path.rename(self._folder / name)
            shards.append(Shard(f"{DATA_FOLDER}/{name}", self._split, rows, size))
        return SplitRows(self._split, tuple(shards), self._content.hexdigest(), self._wide_rows)

    def close(self) -> None:
        """Let go of the file being written, complete or not."""
        self._hasher.shutdown()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _await_hash(self) -> None:
        if self._hashing is not None:
            self._hashing.result()

    def _write_group(self, group: pa.Table, size: int) -> None:
        if self._rows and self._is_full(size):
            self._end_shard()
        writer = self._writer or self._open()
        writer.write_table(group, row_group_size=group.num_rows)
        self._rows += group.num_rows
        self._bytes += size

    def _is_full(self, size: int) -> bool:
        """Whether the shard being written has no room for `size` bytes more."""
        limit = self._max_shard_bytes
        return limit is not None and self._bytes + size > limit

    def _open(self) -> pq.ParquetWriter:
        path = self._folder / f"{self._split}-{len(self._written):05d}.parquet"
        self._writer = pq.ParquetWriter(str(path), self._schema, **self._options)
        self._written.append((path, 0, 0))
        return self._writer

    def _end_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self._written[-1] = (self._written[-1][0], self._rows, self._bytes)
        self._rows = self._bytes = 0


def _counting_options(schema: pa.Schema, counting: str) -> dict[str, Any]:
    """Differences in place of a dictionary, for one column of lists."""
    leaves = {name: f"{name}.list.element" for name in schema.names}
    return {
        "use_dictionary": [leaf for name, leaf in leaves.items() if name != counting],
        "column_encoding": {leaves[counting]: "DELTA_BINARY_PACKED"},
    }


class _RowGroupCutter:
    """Gathers rows into row groups of at most `limit` bytes, or of one row that is larger."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tables: list[pa.Table] = []
        self._size = 0

    def add(self, table: pa.Table, sizes: Any) -> Iterator[tuple[pa.Table, int]]:
        """Take rows of these sizes; yield the groups that they complete."""
        ends = np.cumsum(sizes)
        start = taken = 0
        while start < table.num_rows:
            room = self._limit - self._size
            end = int(np.searchsorted(ends, taken + room, side="right"))
            if end == start and not self._tables:
                end += 1
            if end > start:
                self._tables.append(table.slice(start, end - start))
                self._size += int(ends[end - 1]) - taken
                start, taken = end, int(ends[end - 1])
            if start < table.num_rows:
                yield from self.rest()

    def rest(self) -> Iterator[tuple[pa.Table, int]]:
        """Yield the rows at hand as a group, in one chunk a column, if there are any."""
        if self._tables:
            yield pa.concat_tables(self._tables).combine_chunks(), self._size
        self._tables, self._size = [], 0
