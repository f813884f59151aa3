"""A folder is put in place in one step, and nothing else is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trajhouse.cli import locks
from trajhouse.cli.errors import Locked, UsageFault
from trajhouse.cli.exporting import publish as publishing
from trajhouse.cli.exporting.publish import Workspace, publish, workspace


def write(target: Path, text: str) -> None:
    with workspace(target) as space:
        (space.new / "file").write_text(text)
        publish(space)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_creates(tmp_path: Path) -> None:
    write(tmp_path / "out", "new")
    assert (tmp_path / "out/file").read_text() == "new"
    assert names(tmp_path) == ["out"]


def test_takes_the_place_of_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "new")
    assert names(tmp_path / "out") == ["file"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool) -> None:
    if not can_exchange:
        monkeypatch.setattr(publishing, "_exchange", lambda first, second: False)
    write(tmp_path / "out", "old")
    write(tmp_path / "out", "new")
    assert (tmp_path / "out/file").read_text() == "new"
    assert names(tmp_path) == ["out"]


def test_exchanges_in_one_step(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not publishing._exchange(tmp_path / "first", tmp_path / "second"):
        pytest.skip("this system cannot exchange two folders")
    assert names(tmp_path / "first") == ["second"]
    assert names(tmp_path / "second") == ["first"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with workspace(tmp_path / "a/b/out") as space:
            (space.new / "file").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == []


def test_a_failure_between_two_renames_brings_the_old_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_exchange", lambda first, second: False)
    target = tmp_path / "out"
    write(target, "old")

    def fail() -> None:
        with workspace(target) as space:
            (space.new / "file").write_text("new")
            space.target.rename(space.old)
            space.new.rename(tmp_path / "missing" / "new")

    with pytest.raises(OSError, match="new"):
        fail()
    assert (target / "file").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_the_next_run_clears_a_killed_one(tmp_path: Path) -> None:
    killed = Workspace(tmp_path / "out")
    killed.new.mkdir(parents=True)
    (killed.new / "part").touch()
    (killed.spill / "deep").mkdir(parents=True)
    killed.lock.write_text("{}")
    write(tmp_path / "out", "new")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["file"]


def test_the_next_run_finds_what_a_killed_one_had_moved(tmp_path: Path) -> None:
    killed = Workspace(tmp_path / "out")
    killed.old.mkdir(parents=True)
    (killed.old / "file").write_text("old")
    with workspace(tmp_path / "out"):
        assert (tmp_path / "out/file").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_two_at_once(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "out")
    code = (
        "import sys; from pathlib import Path; from trajhouse.cli.exporting.publish import *\n"
        "with workspace(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", code, str(space.target)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Locked) as fault, workspace(space.target):
            pass
        assert str(other.pid) in fault.value.why
        assert space.new.is_dir(), "the other one's work was cleared away"
        other.communicate()
    assert names(tmp_path) == []


def test_a_lock_on_a_removed_file_is_not_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = Workspace(tmp_path / "out")
    real, seen = publishing._is_mine, []

    def removed_once(lock: Path) -> bool:
        if not seen:
            lock.unlink()
        seen.append(real(lock))
        return seen[-1]

    monkeypatch.setattr(publishing, "_is_mine", removed_once)
    with workspace(space.target), pytest.raises(Locked), locks.hold(space.lock, "look"):
        pass
    assert seen == [False, True]


def test_never_follows_a_link_in_place_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").touch()
    Workspace(tmp_path / "out").root.symlink_to(tmp_path / "precious")
    with pytest.raises(UsageFault), workspace(tmp_path / "out"):
        pass
    assert names(tmp_path / "precious") == ["file"]
