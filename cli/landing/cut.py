"""An opened file cut into blocks for judging: lines, list elements or Parquet row groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import NamedTuple

from trajhouse.cli.landing.blocks import (
    BLOCK_BYTES,
    Block,
    ElementBlock,
    Origin,
    RowBlock,
    TextBlock,
)
from trajhouse.cli.landing.decompress import open_content
from trajhouse.cli.landing.documents import Element, split_document
from trajhouse.cli.landing.families import Family
from trajhouse.cli.landing.layout import UTF8_MARK, is_document, is_entries, require_utf8
from trajhouse.cli.landing.lines import split_lines
from trajhouse.cli.landing.records import Oversized
from trajhouse.cli.landing.streams import Refused, SourceFile, read_fully

_PARQUET_MAGIC = b"PAR1"
_GROUPED_ROWS = 10_000
"""A Parquet file with more rows has parts of its own: repeated values may unfold to far more."""


class Cut(NamedTuple):
    """A block and its size in bytes as it will be judged."""

    block: Block
    n_bytes: int


@dataclass(frozen=True)
class CutFile:
    """A file with its layout known.

    Args:
        format: `jsonl`, `json` or `parquet`.
        cuts: Its blocks, read as they are asked for.
        is_ranged: Whether the lines of its blocks are plain bytes of the file at their offset.
        warnings: What a reader should know.
    """

    format: str
    cuts: Iterator[Cut]
    is_ranged: bool = False
    warnings: tuple[str, ...] = ()


def cut_file(source: SourceFile, origin: Origin, family: Family) -> CutFile:
    """Find out how a file is laid out, and cut it in bounded memory.

    Raises:
        Refused: The file cannot land; iterating over the cuts may raise it, too.
    """
    compression = source.detect_compression()
    is_named_parquet = PurePath(source.path).suffix.lower() == ".parquet"
    if compression == "none" and (is_named_parquet or source.peek(4) == _PARQUET_MAGIC):
        return _cut_parquet(source, origin, family)
    content = open_content(source, compression)
    head = read_fully(content, BLOCK_BYTES)
    if head.startswith(_PARQUET_MAGIC):
        raise Refused("nested_container", f"a Parquet file inside {compression}: decompress it")
    require_utf8(head)
    start = len(UTF8_MARK) if head.startswith(UTF8_MARK) else 0
    first = head[start:]
    name = source.path if compression == "none" else str(PurePath(source.path).with_suffix(""))
    pieces = chain([first], iter(lambda: read_fully(content, BLOCK_BYTES), b""))
    if family.entry_key is not None and is_entries(first, name, family.record_keys()):
        entries = split_document(pieces, start, entry_key=family.entry_key)
        return CutFile("json", _cut_document(origin, entries))
    if is_document(first, len(head) < BLOCK_BYTES, name):
        return CutFile("json", _cut_document(origin, split_document(pieces, start)))
    return CutFile("jsonl", _cut_lines(origin, pieces, start), compression == "none")


def _cut_lines(origin: Origin, pieces: Iterator[bytes], start: int) -> Iterator[Cut]:
    for block in split_lines(pieces, start):
        if isinstance(block.data, Oversized):
            element = Element(block.data, block.line, block.offset)
            yield Cut(ElementBlock(origin, (element,), block.record), 0)
        else:
            text = TextBlock(origin, block.data, block.offset, block.line, block.record)
            yield Cut(text, block.n_bytes)


def _cut_document(origin: Origin, elements: Iterator[Element]) -> Iterator[Cut]:
    gathered: list[Element] = []
    n_bytes, record = 0, 1
    for element in elements:
        gathered.append(element)
        n_bytes += 0 if isinstance(element.data, Oversized) else len(element.data)
        if n_bytes >= BLOCK_BYTES:
            yield Cut(ElementBlock(origin, tuple(gathered), record), n_bytes)
            record += len(gathered)
            gathered, n_bytes = [], 0
    if gathered:
        yield Cut(ElementBlock(origin, tuple(gathered), record), n_bytes)


def _cut_parquet(source: SourceFile, origin: Origin, family: Family) -> CutFile:
    from trajhouse.cli.landing.rows import inspect_parquet

    shape = inspect_parquet(source.path, family)
    is_small = shape.n_bytes <= BLOCK_BYTES and sum(shape.group_rows) <= _GROUPED_ROWS

    def cuts() -> Iterator[Cut]:
        if not shape.group_rows:
            return
        if is_small:
            groups = tuple(range(len(shape.group_rows)))
            block = RowBlock(origin, source.path, source.identity, groups, 1)
            yield Cut(block, shape.n_bytes)
            return
        record = 1
        for group, n_rows in enumerate(shape.group_rows):
            block = RowBlock(origin, source.path, source.identity, (group,), record)
            yield Cut(block, BLOCK_BYTES)
            record += n_rows

    return CutFile("parquet", cuts(), warnings=shape.warnings)
