"""Shards and row groups are cut by the rows' bytes, never by how rows arrived."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trajhouse.cli.exporting import shards
from trajhouse.cli.exporting.shards import SplitRows, SplitWriter

SCHEMA = pa.schema([("text", pa.string()), ("ids", pa.list_(pa.int32()))])
ROW_BYTES = 4 + 20 + 4 + 4 * 4


def table(rows: int) -> pa.Table:
    texts = [hashlib.sha256(str(number).encode()).hexdigest()[:20] for number in range(rows)]
    ids = [[number, 1, 2, 3] for number in range(rows)]
    return pa.table({"text": texts, "ids": ids}, SCHEMA)


def write(folder: Path, rows: pa.Table, arriving: int, max_shard_bytes: int) -> SplitRows:
    (folder / "data").mkdir(parents=True)
    with closing(SplitWriter(folder, "train", rows.schema, max_shard_bytes)) as writer:
        for start in range(0, rows.num_rows, arriving):
            writer.write(rows.slice(start, arriving).combine_chunks())
        return writer.finish()


def test_shards_hold_as_many_rows_as_fit(tmp_path: Path) -> None:
    written = write(tmp_path, table(25), 4, 10 * ROW_BYTES)
    assert [(shard.path, shard.rows, shard.row_bytes) for shard in written.shards] == [
        ("data/train-00000-of-00003.parquet", 10, 10 * ROW_BYTES),
        ("data/train-00001-of-00003.parquet", 10, 10 * ROW_BYTES),
        ("data/train-00002-of-00003.parquet", 5, 5 * ROW_BYTES),
    ]
    assert (written.rows, written.row_bytes) == (25, 25 * ROW_BYTES)


def test_a_row_larger_than_a_shard_has_one_of_its_own(tmp_path: Path) -> None:
    assert [shard.rows for shard in write(tmp_path, table(3), 3, 10).shards] == [1, 1, 1]


def test_row_groups_hold_as_many_rows_as_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_BYTES", 7 * ROW_BYTES)
    (shard,) = write(tmp_path, table(20), 3, 10**9).shards
    metadata = pq.read_metadata(tmp_path / shard.path)
    groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert groups == [7, 7, 6]


@pytest.mark.parametrize("arriving", [1, 3, 1000])
def test_bytes_do_not_depend_on_how_rows_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arriving: int
) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_BYTES", 90 * ROW_BYTES)
    outputs = []
    for name, size in [("one", arriving), ("other", 50)]:
        written = write(tmp_path / name, table(400), size, 200 * ROW_BYTES)
        outputs.append([(tmp_path / name / shard.path).read_bytes() for shard in written.shards])
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 3, "180, 180 and 40 rows"


def test_an_empty_split_has_a_file_with_the_schema(tmp_path: Path) -> None:
    (shard,) = write(tmp_path, table(0), 1, 10**9).shards
    assert (shard.path, shard.rows) == ("data/train-00000-of-00001.parquet", 0)
    assert pq.read_schema(tmp_path / shard.path).names == SCHEMA.names


def test_pages_have_an_index(tmp_path: Path) -> None:
    (shard,) = write(tmp_path, table(100), 100, 10**9).shards
    column = pq.read_metadata(tmp_path / shard.path).row_group(0).column(0)
    assert column.has_offset_index
    assert column.has_column_index
    assert column.compression == "ZSTD"


def test_most_pages_survive_rows_taken_away_at_the_start(tmp_path: Path) -> None:
    rows = 300_000
    texts = table(rows).select(["text"])
    whole = write(tmp_path / "whole", texts, rows, 10**9).shards[0].path
    later = write(tmp_path / "later", texts.slice(10), rows, 10**9).shards[0].path
    pages = [zstd_frames(tmp_path / "whole" / whole), zstd_frames(tmp_path / "later" / later)]
    assert len(pages[0] & pages[1]) > len(pages[0]) / 2


def zstd_frames(path: Path) -> set[bytes]:
    """Hashes of what starts with the magic number of zstd and is long enough to be a page."""
    magic = (0xFD2FB528).to_bytes(4, "little")
    return {
        hashlib.sha256(frame).digest()
        for frame in path.read_bytes().split(magic)[1:-1]
        if len(frame) > 10_000
    }


def test_counts_rows_too_wide_for_the_viewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "VIEWER_ROW_BYTES", ROW_BYTES - 1)
    assert write(tmp_path, table(5), 5, 10**9).wide_rows == 5
