"""Batches written aside and published by one rename: landing is wholly old or wholly new."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from trajhouse.cli.disk import sync
from trajhouse.cli.errors import DiskFault
from trajhouse.cli.warehouse import Warehouse

_SCRATCH_PREFIX = "ingest-"


def new_batch_id(started_at: datetime) -> str:
    """A unique name that sorts by time, `20261121T031500123456Z-1f9a3c`; the time is UTC."""
    return f"{started_at:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"


@contextmanager
def write_aside(warehouse: Warehouse, batch_id: str) -> Iterator[Path]:
    """A new folder for the parts of a batch; gone at the end unless it was published.

    Leftovers of ingests that were killed go, too: hold the ingest lock.

    Raises:
        DiskFault: The disk is full or cannot be written; nothing has changed.
    """
    try:
        for leftover in warehouse.scratch.glob(f"{_SCRATCH_PREFIX}*"):
            shutil.rmtree(leftover)
        folder = warehouse.scratch / f"{_SCRATCH_PREFIX}{batch_id}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise DiskFault(
            f"cannot write to {warehouse.root}",
            f"{error.strerror or error}; nothing was landed",
            "check the free space and permissions, then run the same command again",
        ) from error


def number_parts(folder: Path, dropped: set[int], n_parts: int) -> None:
    """Remove the dropped parts and number the others from 0 without gaps, in order."""
    for name in ("records", "rejected"):
        number = 0
        for part in range(n_parts):
            path = folder / part_name(name, part)
            if not path.exists():
                continue
            if part in dropped:
                path.unlink()
                continue
            path.rename(folder / part_name(name, number))
            number += 1


def publish(folder: Path, warehouse: Warehouse, batch_id: str) -> None:
    """Make the batch part of landing, at once and for good."""
    sync(folder)
    if not warehouse.landing.is_dir():
        warehouse.landing.mkdir()
        sync(warehouse.root)
    folder.rename(warehouse.landing / batch_id)
    sync(warehouse.landing)


def part_name(name: str, number: int) -> str:
    """The file name of a part.

    >>> part_name("records", 7)
    'records-00007.parquet'
    """
    return f"{name}-{number:05d}.parquet"
