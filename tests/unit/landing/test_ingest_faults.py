from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from landing_samples import FAMILY, lines, record, tree, write

from trajhouse.cli.errors import DiskFault, Locked
from trajhouse.cli.landing import parts
from trajhouse.cli.landing.blocks import Batch, FileRange, Origin, Task, TextBlock
from trajhouse.cli.landing.ingest import land
from trajhouse.cli.landing.streams import Identity
from trajhouse.cli.landing.worker import run_task
from trajhouse.cli.locks import hold
from trajhouse.cli.warehouse import Warehouse


def test_leftovers_of_killed_runs_go(tmp_path: Path, warehouse: Warehouse) -> None:
    leftover = warehouse.scratch / "ingest-20260101T000000000000Z-aaaaaa"
    leftover.mkdir(parents=True)
    (leftover / "records-00000.parquet").write_bytes(b"half")
    (warehouse.scratch / "build-x").mkdir()
    land(warehouse, FAMILY, "d", write(tmp_path, a=record(1)))
    assert [path.name for path in warehouse.scratch.iterdir()] == ["build-x"]


def test_second_ingest_is_told_who_holds_the_lock(tmp_path: Path, warehouse: Warehouse) -> None:
    files = write(tmp_path, a=record(1))
    with hold(warehouse.lock_file("ingest"), "ingest"), pytest.raises(Locked) as caught:
        land(warehouse, FAMILY, "d", files)
    assert str(os.getpid()) in caught.value.why


@pytest.mark.parametrize("step", ["write", "close"])
def test_full_disk_changes_nothing(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    land(warehouse, FAMILY, "d", write(tmp_path, a=record(1)))
    before = tree(warehouse.root)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(parts.TableFile, step, fail)
    with pytest.raises(DiskFault) as caught:
        land(warehouse, FAMILY, "d", write(tmp_path, b=record(2)))
    assert "No space left" in caught.value.why
    assert tree(warehouse.root) == before
    assert list(warehouse.scratch.iterdir()) == []


@pytest.mark.usefixtures("small_blocks")
def test_interrupt_changes_nothing(tmp_path: Path, warehouse: Warehouse) -> None:
    seen = 0

    def interrupt(n_bytes: int) -> None:
        nonlocal seen
        seen += n_bytes
        if seen > 400_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        land(
            warehouse,
            FAMILY,
            "d",
            write(tmp_path, a=lines(0, 2000)),
            progress=interrupt,
            n_workers=2,
        )
    assert tree(warehouse.root) == {}
    assert list(warehouse.scratch.iterdir()) == []


@pytest.mark.parametrize("blocks", ["one", "many"])
def test_file_rewritten_after_it_was_hashed_is_refused(
    tmp_path: Path, warehouse: Warehouse, request: pytest.FixtureRequest, blocks: str
) -> None:
    if blocks == "many":
        request.getfixturevalue("small_blocks")
    (file,) = write(tmp_path, a=lines(0, 2000))
    path = Path(file.path)
    size = path.stat().st_size
    seen = 0

    def rewrite(n_bytes: int) -> None:
        nonlocal seen
        if seen <= size < seen + n_bytes:
            path.write_bytes(lines(0, 2000).replace(b"word", b"ward"))
        seen += n_bytes

    outcome = land(warehouse, FAMILY, "d", [file], progress=rewrite)
    assert seen > size
    assert outcome.files[0].reason == "changed_during_read"
    assert not warehouse.landing.exists()


def test_worker_refuses_a_range_of_a_file_that_is_another_by_now(tmp_path: Path) -> None:
    (file,) = write(tmp_path, a=lines(0, 3))
    path = Path(file.path)
    with path.open("rb") as opened:
        identity = Identity.of(opened.fileno())
    path.rename(tmp_path / "old")
    path.write_bytes(lines(3, 6))
    wanted = FileRange(file.path, identity, 0, identity.n_bytes)
    block = TextBlock(Origin("id", file.path), wanted, 0, 1, 1)
    batch = Batch("d", FAMILY, datetime.now(UTC), str(tmp_path))
    (tally,) = run_task(batch, Task(0, (block,)))
    assert tally.refusal is not None
    assert tally.refusal[0] == "changed_during_read"
    assert not list(tmp_path.glob("records-*"))
