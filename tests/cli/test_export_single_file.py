"""`trajhouse export --single-file`: one zstd Parquet file a split, whatever its size."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import Fixture, make_warehouse

from trajhouse.cli.exporting import shards
from trajhouse.cli.exporting.shards import SplitWriter


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    return make_warehouse(tmp_path_factory.mktemp("single") / "warehouse", rows=40)


def export(marts: Fixture, out: Path, *options: str) -> dict[str, Any]:
    done = marts.run("export", "sft_messages", "--out", out, *options)
    assert done.returncode == 0, done.stderr
    assert marts.run("verify", out).returncode == 0
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return manifest


def test_one_zstd_file_named_as_on_the_hub(marts: Fixture, tmp_path: Path) -> None:
    manifest = export(marts, tmp_path / "out", "--single-file")
    path = "data/train-00000-of-00001.parquet"
    assert [file["path"] for file in manifest["files"]] == [path]
    assert manifest["max_shard_bytes"] is None
    metadata = pq.read_metadata(tmp_path / "out" / path)
    assert metadata.num_rows == 40
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert {group.column(0).compression for group in groups} == {"ZSTD"}


def test_each_split_is_one_file(marts: Fixture, tmp_path: Path) -> None:
    manifest = export(marts, tmp_path / "out", "--single-file", "--split", "a=0.7,b=0.3")
    assert [file["path"] for file in manifest["files"]] == [
        "data/a-00000-of-00001.parquet",
        "data/b-00000-of-00001.parquet",
    ]


def test_rows_are_those_of_the_shards(marts: Fixture, tmp_path: Path) -> None:
    one = export(marts, tmp_path / "one", "--single-file")
    many = export(marts, tmp_path / "many", "--max-shard-size", "3KB")
    assert len(many["files"]) > 1
    assert one["content_hash"] == many["content_hash"]


def test_a_file_of_any_size_has_bounded_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_BYTES", 8 * 12)  # a row is 8 bytes
    rows = pa.table({"number": pa.array(range(1000), pa.int64())})
    (tmp_path / "data").mkdir()
    with closing(SplitWriter(tmp_path, "train", rows.schema, None)) as writer:
        writer.write(rows)
        written = writer.finish()
    (shard,) = written.shards
    metadata = pq.read_metadata(tmp_path / shard.path)
    assert (metadata.num_rows, metadata.num_row_groups) == (1000, 84)  # 83 of 12 rows, one of 4
