"""`trajhouse status`: silent when clean, one line for each thing that is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trajhouse.cli.locks import hold

from .conftest import BATCHES, Run


def test_clean_warehouse_is_silent(run: Run) -> None:
    done = run("status")
    assert (done.code, done.out, done.err) == (0, b"", "")


def test_clean_warehouse_as_json(run: Run) -> None:
    assert json.loads(run("status", "--json").out) == []


def test_batch_that_is_not_built(run: Run, warehouse: Path) -> None:
    (warehouse / "landing" / "20260103T000000000000Z-cccccc").mkdir()
    done = run("status", warehouse=warehouse)
    assert done.code == 0
    assert done.text == (
        "20260103T000000000000Z-cccccc: landed after the build (try: trajhouse build)\n"
    )


def test_batch_that_is_gone(run: Run, warehouse: Path) -> None:
    (warehouse / "landing" / BATCHES[0]).rmdir()
    assert _kinds(run, warehouse) == [("batch_gone", BATCHES[0])]


def test_nothing_built(run: Run, warehouse: Path) -> None:
    (warehouse / "warehouse.duckdb").unlink()
    done = run("status", warehouse=warehouse)
    assert done.code == 0
    assert done.text == (
        "warehouse.duckdb: nothing is built yet; 2 landed batches wait (try: trajhouse build)\n"
    )


def test_nothing_at_all(run: Run, tmp_path: Path) -> None:
    done = run("status", warehouse=tmp_path / "nowhere")
    assert done.code == 0
    assert "nothing has landed" in done.text
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("leftover", "kind"),
    [
        ("warehouse.next.duckdb", "build_leftover"),
        ("warehouse.failed.duckdb", "build_failed"),
        ("tmp/ingest-1", "scratch_leftover"),
    ],
)
def test_leftover(run: Run, warehouse: Path, leftover: str, kind: str) -> None:
    (warehouse / leftover).write_bytes(b"")
    assert _kinds(run, warehouse) == [(kind, leftover)]


@pytest.mark.parametrize("name", ["ingest", "build"])
def test_held_lock(run: Run, warehouse: Path, name: str) -> None:
    (warehouse / "tmp" / "under-way").mkdir()
    with hold(warehouse / f".{name}.lock", name):
        done = run("status", warehouse=warehouse)
    assert done.code == 0
    assert f"{name}: {name} is under way: process " in done.text
    assert "under-way:" not in done.text


def test_freed_lock_is_silent(run: Run, warehouse: Path) -> None:
    with hold(warehouse / ".build.lock", "build"):
        pass
    assert run("status", warehouse=warehouse).out == b""


def test_damaged_build_cannot_open(run: Run, warehouse: Path) -> None:
    (warehouse / "warehouse.duckdb").write_bytes(b"not a database")
    done = run("status", warehouse=warehouse)
    assert done.code == 3
    assert len(done.err.splitlines()) == 3


def _kinds(run: Run, warehouse: Path) -> list[tuple[str, str]]:
    done = run("status", "--json", warehouse=warehouse)
    assert done.code == 0
    return [(finding["kind"], finding["subject"]) for finding in json.loads(done.out)]
