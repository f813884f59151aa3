from __future__ import annotations

import os
from pathlib import Path

import pytest

from trajhouse.cli.errors import CannotOpen
from trajhouse.cli.landing.discover import find_files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "runs/b.jsonl",
        "runs/a.JSON",
        "runs/deep/c.parquet",
        "runs/deep/d.traj.gz",
        "runs/notes.md",
        "runs/e.ndjson.zst",
        "outside/f.jsonl",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*paths: str) -> list[str]:
    return [file.path for file in find_files(paths, [".traj"]) if file.refusal is None]


def refused(*paths: str) -> dict[str, str]:
    return {file.path: file.refusal[0] for file in find_files(paths, []) if file.refusal}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (
            ["runs"],
            [
                "runs/a.JSON",
                "runs/b.jsonl",
                "runs/deep/c.parquet",
                "runs/deep/d.traj.gz",
                "runs/e.ndjson.zst",
            ],
        ),
        (["runs/notes.md"], ["runs/notes.md"]),
        (["runs/*.jsonl"], ["runs/b.jsonl"]),
        (["r*/deep"], ["runs/deep/c.parquet", "runs/deep/d.traj.gz"]),
        (["**/*.parquet", "outside"], ["runs/deep/c.parquet", "outside/f.jsonl"]),
        (["./outside/"], ["outside/f.jsonl"]),
    ],
    ids=["folder", "named_file", "glob", "glob_of_folders", "deep_glob", "dot"],
)
def test_paths_stand_for_files(folder: Path, paths: list[str], expected: list[str]) -> None:
    assert found(*paths) == expected


def test_absolute_glob(folder: Path) -> None:
    assert found(f"{folder}/runs/*.jsonl") == [f"{folder}/runs/b.jsonl"]


def test_name_with_glob_characters_is_taken_as_it_is(folder: Path) -> None:
    (folder / "a[1].jsonl").touch()
    assert found("a[1].jsonl") == ["a[1].jsonl"]


@pytest.mark.parametrize("path", ["missing.jsonl", "missing/*.jsonl", "runs/*.csv", "empty"])
def test_path_for_nothing_is_an_error(folder: Path, path: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(CannotOpen):
        find_files([path], [])


def test_links_out_and_loops_are_refused_and_the_rest_goes_on(folder: Path) -> None:
    runs = folder / "runs"
    (runs / "out.jsonl").symlink_to("../outside/f.jsonl")
    (runs / "absolute.jsonl").symlink_to(folder / "outside" / "f.jsonl")
    (runs / "outside").symlink_to("../outside")
    (runs / "loop").symlink_to(".")
    (runs / "nowhere.jsonl").symlink_to("gone.jsonl")
    (runs / "inside.jsonl").symlink_to("deep/c.parquet")
    (runs / "notes.txt").symlink_to("../outside/f.jsonl")
    assert refused("runs") == dict.fromkeys(
        [
            "runs/out.jsonl",
            "runs/absolute.jsonl",
            "runs/outside",
            "runs/loop",
            "runs/nowhere.jsonl",
        ],
        "symlink",
    )
    assert "runs/inside.jsonl" in found("runs")
    assert "runs/b.jsonl" in found("runs")


def test_link_named_outright_is_followed(folder: Path) -> None:
    (folder / "runs" / "out.jsonl").symlink_to("../outside/f.jsonl")
    assert found("runs/out.jsonl") == ["runs/out.jsonl"]


def test_deep_glob_does_not_follow_links_to_folders(folder: Path) -> None:
    (folder / "runs" / "loop").symlink_to(".")
    assert found("runs/**/*.jsonl") == ["runs/b.jsonl"]


def test_pipe_in_a_folder_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "runs" / "pipe")
    assert refused("runs") == {"runs/pipe": "special_file"}
