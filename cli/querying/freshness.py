"""`status`: what differs between the landing area and the published build, and what lies about."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from trajhouse.cli.querying.sandbox import open_sandbox, unreadable
from trajhouse.cli.warehouse import Warehouse

LOCKS = ("ingest", "build")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it is in a clean warehouse.

    Attributes:
        kind: not_built, batch_not_built, batch_gone, build_leftover, build_failed,
            scratch_leftover or locked.
        subject: The batch, file or lock, by name.
        detail: What is the matter, in words.
        hint: What to do.
    """

    kind: str
    subject: str
    detail: str
    hint: str


def find_stale(warehouse: Warehouse) -> list[Finding]:
    """Everything out of date or left over, in the order of the work; empty when all is clean.

    Raises:
        CannotOpen: The published build cannot be read.
    """
    held = {name: holder for name in LOCKS if (holder := _holder(warehouse.lock_file(name)))}
    return [
        *_batches(warehouse),
        *_leftovers(warehouse, set(held)),
        *(
            Finding("locked", name, f"{name} is under way: {holder}", "wait for it to end")
            for name, holder in held.items()
        ),
    ]


def _batches(warehouse: Warehouse) -> list[Finding]:
    landed = {folder.name for folder in _entries(warehouse.landing) if folder.is_dir()}
    if not warehouse.database.is_file():
        if not landed:
            return [
                Finding(
                    "not_built",
                    warehouse.database.name,
                    "nothing has landed and nothing is built",
                    "trajhouse ingest FAMILY PATH --dataset NAME",
                )
            ]
        detail = f"nothing is built yet; {len(landed)} landed batches wait"
        return [Finding("not_built", warehouse.database.name, detail, "trajhouse build")]
    built = _built_batches(warehouse.database)
    waiting = [
        Finding("batch_not_built", batch, "landed after the build", "trajhouse build")
        for batch in sorted(landed - built)
    ]
    gone = [
        Finding("batch_gone", batch, "in the build, but no longer in landing", "trajhouse build")
        for batch in sorted(built - landed)
    ]
    return waiting + gone


def _built_batches(database: Path) -> set[str]:
    with open_sandbox(database) as connection:
        try:
            found = connection.execute("select distinct batch_id from raw.files").fetchall()
        except duckdb.Error as error:
            raise unreadable(database, error) from None
    return {batch for (batch,) in found}


def _leftovers(warehouse: Warehouse, held: set[str]) -> list[Finding]:
    findings = []
    if warehouse.next_database.exists() and "build" not in held:
        findings.append(
            Finding(
                "build_leftover",
                warehouse.next_database.name,
                "a build was interrupted",
                "trajhouse build starts afresh",
            )
        )
    if warehouse.failed_database.exists():
        findings.append(
            Finding(
                "build_failed",
                warehouse.failed_database.name,
                "the last build failed its tests and was not published",
                "trajhouse query --failed SQL looks into it",
            )
        )
    if not held:
        findings.extend(
            Finding(
                "scratch_leftover",
                f"{warehouse.scratch.name}/{entry.name}",
                "left by work that was interrupted",
                "the next ingest or build removes its own, or delete it",
            )
            for entry in sorted(_entries(warehouse.scratch))
        )
    return findings


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _holder(lock_file: Path) -> str | None:
    """Who holds the lock now, None where nobody does; asked without creating or taking it."""
    try:
        descriptor = os.open(lock_file, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(lock_file)
    finally:
        os.close(descriptor)
    return None


def _named(lock_file: Path) -> str:
    try:
        holder = json.loads(lock_file.read_text(encoding="utf-8"))
        return f"process {holder['pid']} ({holder['command']}) since {holder['since']}"
    except (ValueError, KeyError):
        return "by a process that has not named itself yet"
