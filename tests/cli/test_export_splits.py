"""A task is in one split, the one that the documented rule gives, and stays there."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import Fixture, chat, make_warehouse

SHARES = "train=0.6,validation=0.25,test=0.15"


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    return make_warehouse(tmp_path_factory.mktemp("splits") / "warehouse", rows=90)


def rule(task: str) -> str:
    place = int.from_bytes(hashlib.sha256(task.encode()).digest()[:8], "big") / 2**64
    return "train" if place < 0.6 else "validation" if place < 0.85 else "test"


def split_of(marts: Fixture, out: Path, mart: str, *options: str) -> dict[str, str]:
    """The split of each trajectory, from the files."""
    done = marts.run("export", mart, "--out", out, "--split", SHARES, *options)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = {}
    for path in sorted((out / "data").iterdir()):
        split = path.name.split("-")[0]
        for name in pq.read_table(path, columns=["trajectory_id"])["trajectory_id"].to_pylist():
            assert found.setdefault(name, split) == split, "a trajectory is in two splits"
    return found


def expected(rows: int) -> dict[str, str]:
    chats = [chat(number) for number in range(rows)]
    return {row["trajectory_id"]: rule(row["task_id"] or row["trajectory_id"]) for row in chats}


def test_follows_the_rule(marts: Fixture, tmp_path: Path) -> None:
    found = split_of(marts, tmp_path / "out", "sft_messages")
    assert found == expected(90)
    assert set(found.values()) == {"train", "validation", "test"}


def test_task_id_decides_though_it_is_not_exported(marts: Fixture, tmp_path: Path) -> None:
    assert split_of(marts, tmp_path / "out", "sft_tokenized", "--columns", "trajectory_id") == (
        expected(90)
    )


def test_a_mart_without_task_id_follows_its_trajectories(marts: Fixture, tmp_path: Path) -> None:
    assert split_of(marts, tmp_path / "out", "messages") == expected(90)


def test_a_task_stays_where_it_was_when_rows_are_added(marts: Fixture, tmp_path: Path) -> None:
    more = make_warehouse(tmp_path / "more", rows=150)
    before = split_of(marts, tmp_path / "before", "sft_messages")
    after = split_of(more, tmp_path / "after", "sft_messages")
    assert {name: after[name] for name in before} == before
    assert len(after) == 150


def test_without_a_task_or_a_trajectory_there_is_no_split(marts: Fixture, tmp_path: Path) -> None:
    done = marts.run("export", "stats_models", "--out", tmp_path / "out", "--split", "a=0.5,b=0.5")
    assert done.returncode == 2
    assert "no column that names a task or a trajectory" in done.stderr
    assert not list(tmp_path.iterdir())
