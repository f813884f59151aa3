"""The whole of an ingest: files in, one landed batch or nothing out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

from trajhouse.cli.cores import count_cores
from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.landing.blocks import (
    BLOCK_BYTES,
    Batch,
    Block,
    FileRange,
    Origin,
    Tally,
    Task,
    TextBlock,
)
from trajhouse.cli.landing.cut import Cut, cut_file
from trajhouse.cli.landing.discover import FoundFile
from trajhouse.cli.landing.families import Family
from trajhouse.cli.landing.manifest import LandedFile, manifest_row, read_landed
from trajhouse.cli.landing.outcome import FileOutcome, Outcome
from trajhouse.cli.landing.pool import Pool, open_pool
from trajhouse.cli.landing.publish import new_batch_id, number_parts, publish, write_aside
from trajhouse.cli.landing.streams import Progress, Refused, SourceFile
from trajhouse.cli.landing.trial_records import hash_trial
from trajhouse.cli.landing.trials import FoundTrial
from trajhouse.cli.landing.worker import run_task, write_manifest
from trajhouse.cli.locks import hold
from trajhouse.cli.warehouse import Warehouse

_POOL_BYTES = 32 << 20
"""Smaller inputs are done sooner than other processes have started."""
_GROUPED_FILES = 1000


def land(
    warehouse: Warehouse,
    family: Family,
    dataset: str,
    files: Sequence[FoundFile],
    *,
    is_dry_run: bool = False,
    progress: Progress = lambda n_bytes: None,
    n_workers: int | None = None,
) -> Outcome:
    """Judge files and publish them as one batch.

    Args:
        warehouse: Where to.
        family: How the records are read.
        dataset: The name they land under.
        files: What to read, in order.
        is_dry_run: Judge all, write nothing.
        progress: Told stored bytes; a file that is read to its end is told twice over.
        n_workers: Processes; by default one a core for large inputs, none for small ones. The
            parts do not depend on it.

    Raises:
        Locked: Another ingest is under way.
        DiskFault: The disk is full or cannot be written.
        TrajhouseError: The bytes of a file have landed in this dataset, read in another way.
    """
    if n_workers is None:
        n_workers = count_cores() if _is_large(files) else 1
    started_at = datetime.now(UTC)
    batch_id = new_batch_id(started_at)
    with open_pool(n_workers) as pool, ExitStack() as held:
        folder: Path | None = None
        if not is_dry_run:
            held.enter_context(hold(warehouse.lock_file("ingest"), "ingest"))
            folder = held.enter_context(write_aside(warehouse, batch_id))
            held.callback(pool.stop)  # before the folder goes
        batch = Batch(dataset, family, started_at, None if folder is None else str(folder))
        landed = pool.submit(read_landed, warehouse.landing).result()
        ingest = _Ingest(batch, pool, n_workers, landed, progress)
        for file in files:
            ingest.take(file)
        outcomes = ingest.finish()
        rows = [manifest_row(batch, batch_id, file) for file in outcomes if file.is_in_landing]
        if folder is not None and rows:
            number_parts(folder, ingest.dropped_parts, ingest.n_parts)
            pool.submit(write_manifest, str(folder), rows).result()
            publish(folder, warehouse, batch_id)
    has_landed = bool(rows) and not is_dry_run
    return Outcome(dataset, family.name, batch_id if has_landed else None, is_dry_run, outcomes)


@dataclass
class _Entry:
    """A file under way: what is known of it, the parts it has for itself, and its twin.

    `original` is an earlier file of the same command with the same bytes.
    """

    outcome: FileOutcome
    parts: list[int]
    original: _Entry | None = None


class _Ingest:
    """Feeds blocks to workers, a bounded number at a time, and keeps the account per file."""

    def __init__(
        self,
        batch: Batch,
        pool: Pool,
        n_workers: int,
        landed: list[LandedFile],
        progress: Progress,
    ) -> None:
        self._batch = batch
        self._pool = pool
        self._max_waiting = 2 * n_workers
        self._landed = {file.file_id: file for file in landed if file.dataset == batch.dataset}
        self._progress = progress
        self._entries: list[_Entry] = []
        self._by_id: dict[str, _Entry] = {}
        self._group: list[tuple[_Entry, Block]] = []
        self._group_bytes = 0
        self._waiting: deque[tuple[Future[list[Tally]], list[_Entry]]] = deque()
        self.n_parts = 0
        self.dropped_parts: set[int] = set()

    def take(self, file: FoundFile) -> None:
        """Read one file and hand its records out."""
        entry = _Entry(FileOutcome(file.path), [])
        self._entries.append(entry)
        try:
            if file.refusal:
                raise Refused(*file.refusal)
            if isinstance(file, FoundTrial):
                self._take_trial(entry, file)
                return
            with SourceFile(file.path, self._progress) as source:
                self._take_source(entry, source)
        except Refused as refused:
            entry.outcome.tally.add(Tally(refusal=(refused.reason, refused.detail)))

    def finish(self) -> tuple[FileOutcome, ...]:
        """Wait for all records; what became of each file, in order."""
        self._flush_group()
        while self._waiting:
            self._settle_oldest()
        for entry in self._entries:
            self._conclude(entry)
        return tuple(entry.outcome for entry in self._entries)

    def _take_source(self, entry: _Entry, source: SourceFile) -> None:
        outcome = entry.outcome
        outcome.n_bytes = source.identity.n_bytes
        outcome.compression = source.detect_compression()
        is_long = outcome.n_bytes > BLOCK_BYTES
        if is_long and outcome.compression == "none" and self._take_lines(entry, source):
            return
        outcome.file_id = source.sha256_hex()
        source.require_unchanged()
        if self._is_known(entry, outcome.file_id):
            self._progress(source.identity.n_bytes)
            return
        origin = Origin(outcome.file_id, outcome.source_file)
        cut = cut_file(source, origin, self._batch.family)
        outcome.format = cut.format
        outcome.warnings += cut.warnings
        cuts = iter(cut.cuts)
        first = list(islice(cuts, 3))  # a last line without newline is a second block
        if len(first) < 3 and sum(piece.n_bytes for piece in first) <= BLOCK_BYTES:
            source.require_unchanged()
            for block, n_bytes in first:
                self._add_to_group(entry, block, n_bytes)
            return
        for piece in chain(first, cuts):
            self._submit_alone(entry, piece.block)
        source.require_unchanged()

    def _take_lines(self, entry: _Entry, source: SourceFile) -> bool:
        """Read a long plain file once, for its hash and for where its blocks of lines are.

        Workers read the blocks themselves. Returns whether it is a file of lines.
        """
        outcome = entry.outcome
        source.start_hash()
        cut = cut_file(source, Origin("", outcome.source_file), self._batch.family)
        if not cut.is_ranged:
            source.rewind()
            return False
        pieces = [Cut(_as_range(piece, source), piece.n_bytes) for piece in cut.cuts]
        outcome.format = cut.format
        outcome.file_id = source.finish_hash()
        source.require_unchanged()
        if self._is_known(entry, outcome.file_id):
            self._progress(source.identity.n_bytes)
            return True
        origin = Origin(outcome.file_id, outcome.source_file)
        for piece in pieces:
            self._submit_alone(entry, replace(piece.block, origin=origin))
            self._progress(piece.n_bytes)
        source.require_unchanged()
        return True

    def _take_trial(self, entry: _Entry, trial: FoundTrial) -> None:
        """Read a trial directory for its hash; a worker reads it again, as one record."""
        outcome = entry.outcome
        outcome.format, outcome.compression = "trial", "none"
        hashed = hash_trial(trial, self._progress)
        outcome.n_bytes, outcome.file_id = hashed.n_bytes, hashed.file_id
        self._progress(hashed.n_bytes)
        if self._is_known(entry, hashed.file_id):
            return
        self._add_to_group(entry, hashed.block, hashed.n_bytes)

    def _is_known(self, entry: _Entry, file_id: str) -> bool:
        """Whether the bytes landed before, or are of an earlier file of this command."""
        landed = self._landed.get(file_id)
        if landed is not None:
            _require_same_reading(entry.outcome, landed, self._batch.family)
            entry.outcome.status = "unchanged"
            entry.outcome.detail = f"landed before as {landed.source_file} in {landed.batch_id}"
            return True
        entry.original = self._by_id.get(file_id)
        self._by_id.setdefault(file_id, entry)
        return entry.original is not None

    def _add_to_group(self, entry: _Entry, block: Block, n_bytes: int) -> None:
        is_full = self._group_bytes + n_bytes > BLOCK_BYTES or len(self._group) >= _GROUPED_FILES
        if is_full:
            self._flush_group()
        self._group.append((entry, block))
        self._group_bytes += n_bytes

    def _flush_group(self) -> None:
        group, self._group, self._group_bytes = self._group, [], 0
        if group:
            self._submit(group)

    def _submit(self, work: list[tuple[_Entry, Block]]) -> None:
        while len(self._waiting) >= self._max_waiting:
            self._settle_oldest()
        task = Task(self.n_parts, tuple(block for _, block in work))
        self.n_parts += 1
        future = self._pool.submit(run_task, self._batch, task)
        self._waiting.append((future, [entry for entry, _ in work]))

    def _submit_alone(self, entry: _Entry, block: Block) -> None:
        entry.parts.append(self.n_parts)
        self._submit([(entry, block)])

    def _settle_oldest(self) -> None:
        future, entries = self._waiting.popleft()
        for entry, tally in zip(entries, future.result(), strict=True):
            entry.outcome.tally.add(tally)

    def _conclude(self, entry: _Entry) -> None:
        outcome, original = entry.outcome, entry.original
        if original is not None:
            outcome.format = original.outcome.format
            detail = f"same bytes as {original.outcome.source_file}"
            if original.outcome.reason:
                outcome.tally.refusal = (original.outcome.reason, detail)
            else:
                outcome.status, outcome.detail = "unchanged", detail
        if outcome.tally.refusal:
            outcome.refuse(*outcome.tally.refusal)
            self.dropped_parts.update(entry.parts)
        elif outcome.status == "landed" and not outcome.n_records:
            outcome.status = "empty"
            outcome.warnings.append("the file is empty" if not outcome.n_bytes else "no records")


def _as_range(cut: Cut, source: SourceFile) -> Block:
    """The block without its bytes, which a worker reads faster than it is sent them."""
    if not isinstance(cut.block, TextBlock):
        return cut.block
    lines = FileRange(source.path, source.identity, cut.block.offset, cut.n_bytes)
    return replace(cut.block, lines=lines)


def _is_large(files: Sequence[FoundFile]) -> bool:
    return sum(file.n_stored_bytes for file in files) > _POOL_BYTES


def _require_same_reading(outcome: FileOutcome, landed: LandedFile, family: Family) -> None:
    fields = family.fields_as_json()
    if landed.has_same_reading(family.name, fields):
        return
    raise TrajhouseError(
        f"{outcome.source_file} has landed in dataset {landed.dataset!r} already, read another way",
        f"batch {landed.batch_id} has it as family {landed.family} with fields {landed.fields}, "
        f"now it is to be {family.name} with {fields}",
        "use the same family and fields, or another --dataset",
    )
