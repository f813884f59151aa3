"""Judges the blocks of a task and writes its part; runs in the process itself or in many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trajhouse.cli.landing.blocks import (
    Batch,
    Block,
    ElementBlock,
    FileRange,
    RowBlock,
    Tally,
    Task,
    TextBlock,
    TrialBlock,
)
from trajhouse.cli.landing.judge import Judge, Rejection
from trajhouse.cli.landing.lines import LINE_WHITESPACE
from trajhouse.cli.landing.records import MAX_RECORD_BYTES, Oversized
from trajhouse.cli.landing.streams import Identity, Refused, require_same
from trajhouse.cli.landing.trial_records import read_trial

if TYPE_CHECKING:
    from trajhouse.cli.landing.parts import PartWriter

Place = tuple[int, int, int | None]
"""Record number, source line, byte offset."""
Found = tuple[Place, bytes | Oversized, Rejection | None]
"""A record, its bytes, and why it was rejected if that is known already."""


def run_task(batch: Batch, task: Task) -> list[Tally]:
    """Judge the blocks of a task and write its part; one tally for each block.

    A refused block leaves nothing in the part.

    Raises:
        OSError: The part cannot be written.
    """
    from trajhouse.cli.landing.parts import PartWriter

    part = PartWriter(batch, task.part)
    judge = Judge(batch.family)
    tallies = []
    for block in task.blocks:
        mark = part.mark()
        try:
            tally = _judge_block(judge, block, part, can_flush=len(task.blocks) == 1)
        except Refused as refused:
            part.roll_back(mark)
            tally = Tally(refusal=(refused.reason, refused.detail))
        else:
            part.flush_when_full()
        tallies.append(tally)
    part.close()
    return tallies


def write_manifest(folder: str, rows: list[dict[str, Any]]) -> None:
    """Write `files-00000.parquet` into a batch folder; one row for each landed file.

    Raises:
        OSError: It cannot be written.
    """
    from trajhouse.cli.landing import parts

    parts.write_manifest(folder, rows)


def _judge_block(judge: Judge, block: Block, part: PartWriter, *, can_flush: bool) -> Tally:
    tally = Tally()
    for place, raw, known in _records_of(block, tally):
        try:
            if known is not None:
                raise known
            data = _require_size(raw)
            accepted = judge.judge(data)
        except Rejection as rejection:
            part.reject(block.origin, place, raw, rejection)
            tally.rejected[rejection.reason] += 1
        else:
            part.land(block.origin, place, data, accepted)
            tally.n_landed += 1
            tally.flags.update(accepted.flags)
        if can_flush:
            part.flush_when_full()
    return tally


def _require_size(raw: bytes | Oversized) -> bytes:
    n_bytes = raw.n_bytes if isinstance(raw, Oversized) else len(raw)
    if isinstance(raw, Oversized) or n_bytes > MAX_RECORD_BYTES:
        limit = MAX_RECORD_BYTES >> 20
        raise Rejection("too_large", f"{n_bytes:,} bytes, more than {limit} MiB")
    return raw


def _records_of(block: Block, tally: Tally) -> Iterator[Found]:
    if isinstance(block, TextBlock):
        yield from _lines(block, tally)
    elif isinstance(block, ElementBlock):
        yield from _elements(block)
    elif isinstance(block, TrialBlock):
        yield (1, 1, None), *read_trial(block)
    else:
        yield from _rows(block)


def _elements(block: ElementBlock) -> Iterator[Found]:
    for number, element in enumerate(block.elements, block.record):
        known = None
        if element.is_trailing:
            known = Rejection("trailing_data", "this follows the JSON document")
        yield (number, element.line, element.offset), element.data, known


def _lines(block: TextBlock, tally: Tally) -> Iterator[Found]:
    data = block.lines if isinstance(block.lines, bytes) else _read_range(block.lines)
    number, line, start = block.record, block.line, 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        raw = data[start:end]
        text = raw.strip(LINE_WHITESPACE)
        if text:
            indent = len(raw) - len(raw.lstrip(LINE_WHITESPACE))
            yield (number, line, block.offset + start + indent), text, None
            number += 1
        else:
            tally.n_blank_lines += 1
        line += 1
        start = end + 1


def _rows(block: RowBlock) -> Iterator[Found]:
    from trajhouse.cli.landing.rows import read_rows

    rows = read_rows(block.path, block.identity, block.row_groups)
    for number, found in enumerate(rows, block.record):
        place: Place = (number, number, None)
        if isinstance(found, Rejection):
            yield place, b"", found
        else:
            yield place, found, None


def _read_range(wanted: FileRange) -> bytes:
    """Read part of a plain file that is still the one that was opened.

    Raises:
        Refused: changed_during_read.
    """
    descriptor = os.open(wanted.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        pieces = []
        position, missing = wanted.offset, wanted.n_bytes
        while missing and (piece := os.pread(descriptor, missing, position)):
            pieces.append(piece)
            position, missing = position + len(piece), missing - len(piece)
        require_same(wanted.identity, Identity.of(descriptor))
    finally:
        os.close(descriptor)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
