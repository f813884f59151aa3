"""`trajhouse verify` finds whatever differs from what was written."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from trajhouse.cli.exporting.manifest import fingerprint, sha256_of_file
from trajhouse.cli.exporting.readback import compare

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import make_warehouse, run

SHARD = "data/train-00000-of-00002.parquet"
OTHER = "data/train-00001-of-00002.parquet"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of two shards."""
    folder = tmp_path_factory.mktemp("verify")
    marts = make_warehouse(folder / "warehouse", rows=40)
    out = folder / "out"
    done = marts.run("export", "sft_messages", "--out", out, "--max-shard-size", "8KB")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (out / "data").iterdir()) == [SHARD[5:], OTHER[5:]]
    return out


@pytest.fixture
def export(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "copy"))


def problems(export: Path) -> list[tuple[str, str]]:
    """What verify finds, in this process."""
    manifest = json.loads((export / "manifest.json").read_text())
    found = compare(export, manifest, lambda rows: None)
    return [(difference.path, difference.problem) for difference in found]


def edit_manifest(export: Path, change: Callable[[dict[str, Any]], None], seal: bool) -> None:
    path = export / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    if seal:
        del manifest["manifest_sha256"]
        manifest["manifest_sha256"] = fingerprint(manifest)
    path.write_text(json.dumps(manifest, indent=2))


def test_finds_nothing_in_what_was_written(export: Path) -> None:
    done = run("verify", export)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{export}: 2 files, 40 rows, as written\n"
    assert json.loads(run("verify", export, "--json").stdout)["ok"] is True


def test_lists_what_differs_and_ends_with_7(export: Path) -> None:
    (export / OTHER).unlink()
    (export / "data/notes.txt").touch()
    done = run("verify", export)
    assert done.returncode == 7
    lines = [line.split() for line in done.stdout.splitlines()[2:]]
    assert ["data/notes.txt", "is", "not", "in", "the", "manifest"] in lines
    assert [OTHER, "is", "missing"] in lines
    found = json.loads(run("verify", export, "--json").stdout)
    assert found["ok"] is False
    assert {"path": OTHER, "problem": "is missing"} in found["differences"]


@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_flipped_byte(export: Path, place: float) -> None:
    data = bytearray((export / SHARD).read_bytes())
    data[int(place * len(data))] ^= 1
    (export / SHARD).write_bytes(data)
    assert (SHARD, "has other bytes: its SHA-256 does not match") in problems(export)


def test_a_cut_file(export: Path) -> None:
    data = (export / SHARD).read_bytes()
    (export / SHARD).write_bytes(data[:-10])
    found = problems(export)
    assert found[0][0] == SHARD
    assert f"the manifest says {len(data)}" in found[0][1]
    assert any("cannot be read" in problem for _, problem in found)


def test_a_missing_file(export: Path) -> None:
    (export / OTHER).unlink()
    assert (OTHER, "is missing") in problems(export)


def test_a_missing_card(export: Path) -> None:
    (export / "README.md").unlink()
    assert problems(export) == [("README.md", "is missing")]


@pytest.mark.parametrize("path", ["extra.txt", "data/train-00002-of-00002.parquet", ".git/config"])
def test_an_extra_file(export: Path, path: str) -> None:
    (export / path).parent.mkdir(exist_ok=True)
    (export / path).touch()
    assert ("is not in the manifest") in {problem for _, problem in problems(export)}


def test_two_shards_exchanged(export: Path) -> None:
    (export / SHARD).rename(export / "aside")
    (export / OTHER).rename(export / SHARD)
    (export / "aside").rename(export / OTHER)
    assert {path for path, _ in problems(export)} >= {SHARD, OTHER}


def test_a_link_in_place_of_a_file(export: Path, tmp_path: Path) -> None:
    shutil.move(export / SHARD, tmp_path / "elsewhere")
    (export / SHARD).symlink_to(tmp_path / "elsewhere")
    assert (SHARD, "is missing") in problems(export)


def test_another_file_with_the_same_rows_in_another_order(export: Path) -> None:
    table = pq.read_table(export / SHARD)
    order = list(reversed(range(table.num_rows)))
    pq.write_table(table.take(order), export / SHARD)

    def change(manifest: dict[str, Any]) -> None:
        (entry,) = (file for file in manifest["files"] if file["path"] == SHARD)
        entry["sha256"] = sha256_of_file(export / SHARD)
        entry["bytes"] = (export / SHARD).stat().st_size

    edit_manifest(export, change, seal=True)
    assert ("manifest.json", "split train: its rows have another hash") in problems(export)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            lambda manifest: manifest["files"][0].update(sha256="0" * 64),
            "its SHA-256 does not match",
            id="hash of a file",
        ),
        pytest.param(
            lambda manifest: manifest["files"][0].update(rows=1), "rows, the manifest says 1",
            id="rows of a file",
        ),
        pytest.param(
            lambda manifest: manifest["splits"][0].update(rows=41), "the manifest says 41",
            id="rows of a split",
        ),
        pytest.param(
            lambda manifest: manifest.update(content_hash="0" * 64), "not that of its splits",
            id="content hash",
        ),
        pytest.param(
            lambda manifest: manifest["schema"]["fields"][0].__setitem__(1, "int8"),
            "fingerprint does not match", id="schema",
        ),
        pytest.param(lambda manifest: manifest["files"].pop(), "not in the manifest", id="file"),
        pytest.param(lambda manifest: manifest.pop("splits"), "splits", id="splits gone"),
        pytest.param(
            lambda manifest: manifest["files"][0].update(path="../secret"), "is missing",
            id="path that leaves",
        ),
    ],
)  # fmt: skip
def test_an_edited_manifest(
    export: Path, change: Callable[[dict[str, Any]], None], problem: str
) -> None:
    edit_manifest(export, change, seal=True)
    assert any(problem in found for _, found in problems(export)), problems(export)


def test_an_edit_of_the_manifest_that_agrees_with_every_file(export: Path) -> None:
    edit_manifest(export, lambda manifest: manifest.update(where="reward = 1"), seal=False)
    assert problems(export) == [("manifest.json", "was edited: its own hash does not match")]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param("num_examples: 40", "num_examples: 41", "splits is", id="rows"),
        pytest.param("dataset_size: ", "dataset_size: 1", "dataset_size is", id="size"),
        pytest.param("path: data/train-*", "path: data/*", "configs do not", id="files"),
        pytest.param("dataset_info:", "dataset_info: [", "front matter", id="not YAML"),
    ],
)
def test_an_edited_card(export: Path, old: str, new: str, problem: str) -> None:
    card = export / "README.md"
    assert old in card.read_text()
    card.write_text(card.read_text().replace(old, new))
    found = problems(export)
    assert "README.md" in {path for path, _ in found}
    assert any("bytes" in text for _, text in found)
    assert any(problem in text for _, text in found), found


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"format": "other"}', "[" * 100_000])
def test_what_is_no_export_ends_with_3(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    done = run("verify", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "is not an export" in done.stderr


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert run("verify", tmp_path / "none").returncode == 3
