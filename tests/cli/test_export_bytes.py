"""The same build gives the same bytes: however often, on however many threads, wherever."""

from __future__ import annotations

import getpass
import json
import re
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from trajhouse.cli.exporting import exporter, ordering, shards
from trajhouse.cli.exporting.request import ExportRequest, parse_splits
from trajhouse.cli.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import Fixture, make_warehouse, tree

TEXTS = ["README.md", "manifest.json"]
pytestmark = pytest.mark.slow

MARTS = ["sft_messages", "sft_tokenized", "messages", "repeated", "stats_models"]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """Rows enough for several of DuckDB's vectors and row groups."""
    root = tmp_path_factory.mktemp("bytes") / "warehouse"
    return make_warehouse(root, rows=9000, words=8)


def write(marts: Fixture, out: Path, mart: str, threads: int | None = None) -> dict[str, bytes]:
    can_split = mart not in ("repeated", "stats_models")
    request = ExportRequest(
        mart=mart,
        out=out,
        threads=threads,
        splits=parse_splits("a=0.8,b=0.2" if can_split else "train=1"),
        max_shard_bytes=2 * 10**6,
    )
    exporter.run_export(Warehouse(marts.root), request, lambda stage, done, total: None)
    return tree(out)


@pytest.mark.parametrize("mart", MARTS)
def test_threads_do_not_matter(
    marts: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mart: str
) -> None:
    one = write(marts, tmp_path / "one", mart, threads=1)
    assert write(marts, tmp_path / "four", mart, threads=4) == one
    monkeypatch.setattr(ordering, "RUN_BYTES", 10**5)
    monkeypatch.setattr(exporter, "BATCH_ROWS", 100)
    before = pa.cpu_count()
    pa.set_cpu_count(1)
    try:
        assert write(marts, tmp_path / "single", mart, threads=2) == one
    finally:
        pa.set_cpu_count(before)


@pytest.mark.parametrize("mart", ["sft_messages", "messages"])
def test_the_order_in_the_warehouse_does_not_matter(
    marts: Fixture, tmp_path: Path, mart: str
) -> None:
    ordered = make_warehouse(tmp_path / "ordered", rows=9000, words=8, shuffled=False)
    assert write(ordered, tmp_path / "one", mart) == write(marts, tmp_path / "other", mart)


def test_spilled_runs_do_not_matter(
    marts: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(marts, tmp_path / "whole", "sft_messages")
    runs: list[Path] = []
    real = ordering._write_run
    monkeypatch.setattr(
        ordering, "_write_run", lambda table, path: runs.append(path) or real(table, path)
    )
    monkeypatch.setattr(exporter.sorted_tables, "__defaults__", (10**6,))
    monkeypatch.setattr(ordering, "PIECE_BYTES", 10**5)
    assert write(marts, tmp_path / "runs", "sft_messages") == whole
    assert len(runs) > 3


def test_the_command_says_nothing_of_time_or_place(marts: Fixture, tmp_path: Path) -> None:
    outputs = []
    for name, zone in (("here", "UTC"), ("there", "Asia/Tokyo")):
        folder = tmp_path / name
        folder.mkdir()
        done = marts.run(
            "export", "sft_tokenized", "--out", "out", cwd=folder, env={"TZ": zone, "LANG": "C"}
        )
        assert done.returncode == 0, done.stderr
        outputs.append(tree(folder / "out"))
    assert outputs[0] == outputs[1]
    for data in outputs[0].values():
        assert str(tmp_path).encode() not in data
        assert str(marts.root).encode() not in data
    words = {word for name in TEXTS for word in re.findall(r"[\w.-]+", outputs[0][name].decode())}
    assert socket.gethostname() not in words
    assert getpass.getuser() not in words
    assert str(datetime.now(UTC).year) not in words


def test_row_groups_are_small(
    marts: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_BYTES", 10**6)
    import pyarrow.parquet as pq

    write(marts, tmp_path / "out", "sft_messages")
    files = json.loads((tmp_path / "out/manifest.json").read_text())["files"]
    for file in files:
        metadata = pq.read_metadata(tmp_path / "out" / file["path"])
        assert metadata.num_row_groups >= file["row_bytes"] // 10**6
