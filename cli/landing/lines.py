"""Text with a record a line, cut into blocks of whole lines in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trajhouse.cli.landing.records import MAX_RECORD_BYTES, GrowingRecord, Oversized

LINE_WHITESPACE = b" \t\r"
"""Stripped from a line's ends; a line of nothing else is blank."""


@dataclass(frozen=True)
class LineBlock:
    """Some whole lines of a text.

    Args:
        data: The lines with their newlines; or what is kept of one line that is too large.
        offset: Where the first starts in the decompressed text, in bytes.
        line: Its number, from 1.
        record: The number, from 1, of the first record in them.
        n_bytes: Their length in the text.
    """

    data: bytes | Oversized
    offset: int
    line: int
    record: int
    n_bytes: int


def split_lines(
    pieces: Iterable[bytes], offset: int = 0, limit: int = MAX_RECORD_BYTES
) -> Iterator[LineBlock]:
    """Cut a text into blocks of whole lines, about one for each piece.

    A line over the limit is a block of its own. Memory stays under two pieces and one record.

    Args:
        pieces: The text in order, each piece some megabytes.
        offset: What precedes the first piece, in bytes.
        limit: The largest record, in bytes.
    """
    line = record = 1
    tail = GrowingRecord(limit)

    def block_of(data: bytes | Oversized) -> LineBlock:
        nonlocal offset, line, record
        n_bytes = data.n_bytes if isinstance(data, Oversized) else len(data)
        block = LineBlock(data, offset, line, record, n_bytes)
        n_lines, n_records = (1, 1) if isinstance(data, Oversized) else count_lines(data)
        offset, line, record = offset + n_bytes, line + n_lines, record + n_records
        return block

    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if not cut:
            tail.add(piece)
            continue
        first = piece.find(b"\n") + 1 if tail.n_bytes else 0
        tail.add(piece[:first])
        ended = tail.take()
        if isinstance(ended, Oversized):
            yield block_of(ended)
            ended = b""
        if whole := b"".join((ended, memoryview(piece)[first:cut])):
            yield block_of(whole)
        tail.add(piece[cut:])
    if tail.n_bytes:
        yield block_of(tail.take())


def count_lines(data: bytes) -> tuple[int, int]:
    """Lines, and lines that are not blank."""
    n_lines = n_blank = start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        if data[start : start + 1] in b" \t\r\n" and not data[start:end].strip(LINE_WHITESPACE):
            n_blank += 1
        n_lines += 1
        start = end + 1
    return n_lines, n_lines - n_blank
