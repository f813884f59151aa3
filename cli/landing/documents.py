"""One JSON document cut into records while it is read: the elements of a list, or of an object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from trajhouse.cli.landing.lexer import (
    CLOSE_LIST,
    CLOSE_OBJECT,
    COMMA,
    OPEN_LIST,
    OPEN_OBJECT,
    STRING,
    WHITESPACE,
    Nesting,
    skip_whitespace,
)
from trajhouse.cli.landing.records import MAX_RECORD_BYTES, GrowingRecord, Oversized

_ENTRY = re.compile(
    rb"(?P<key>" + STRING.pattern + rb")[ \t\r\n]*:[ \t\r\n]*\{(?P<members>.*)", re.DOTALL
)


@dataclass(frozen=True)
class Element:
    """One record of a document.

    Args:
        data: Its exact bytes, its key put before the members where it had one; or what is kept of
            one that is too large. Where an element is missing it is the separator found in its
            place, and nothing where the list is not closed: a judge rejects both.
        line: The line it starts on, from 1.
        offset: Where it starts in the decompressed text, in bytes.
        is_trailing: Whether it follows the document, and so belongs to nothing.
    """

    data: bytes | Oversized
    line: int
    offset: int
    is_trailing: bool = False


class _Place(Enum):
    BEFORE = auto()
    BETWEEN = auto()
    INSIDE = auto()
    AFTER = auto()


def split_document(
    pieces: Iterable[bytes],
    offset: int = 0,
    limit: int = MAX_RECORD_BYTES,
    entry_key: str | None = None,
) -> Iterator[Element]:
    """Cut a document into its records in bounded memory.

    A list gives its elements; anything else gives itself. What follows the document is one more
    element, for the judge to reject, so that nothing is lost without a word.

    Args:
        pieces: The text in order.
        offset: What precedes the first piece, in bytes.
        limit: The largest record, in bytes.
        entry_key: Where given, an object gives its values, each with its key as the first member,
            under this name.
    """
    splitter = _Splitter(offset, limit, entry_key)
    for piece in pieces:
        yield from splitter.feed(piece)
    yield from splitter.finish()


class _Splitter:
    """Carries the place in the document from piece to piece."""

    def __init__(self, offset: int, limit: int, entry_key: str | None) -> None:
        self._offset = offset
        self._line = 1
        self._place = _Place.BEFORE
        self._nesting = Nesting(flat_depth=1)
        self._entry_key = entry_key
        self._is_entries = False
        self._is_list = False
        self._close = CLOSE_LIST
        self._is_after_comma = False
        self._growing = GrowingRecord(limit)
        self._start = (1, offset)

    def feed(self, piece: bytes) -> Iterator[Element]:
        """The elements that end in this piece."""
        position = counted = 0
        while position < len(piece):
            if self._place is not _Place.INSIDE and not self._growing.n_bytes:
                position = skip_whitespace(piece, position)
                if position == len(piece):
                    break
                self._line += piece.count(b"\n", counted, position)
                counted = position
                self._start = (self._line, self._offset + position)
            if self._place is _Place.BEFORE:
                position += self._open(piece[position])
            elif self._place is _Place.BETWEEN and piece[position] in (COMMA, self._close):
                yield from self._miss_element(piece[position])
                position += 1
            elif self._place is _Place.AFTER:
                self._growing.add(piece[position:])
                position = len(piece)
            else:
                self._place = _Place.INSIDE
                end, is_whole = self._find_end(piece, position)
                self._growing.add(piece[position:end])
                position = end
                if is_whole:
                    yield self._take()
                    position += self._leave(piece, end)
        self._line += piece.count(b"\n", counted)
        self._offset += len(piece)

    def finish(self) -> Iterator[Element]:
        """What is left at the end of the text."""
        if self._growing.n_bytes:
            yield self._take()
        is_open = self._place in (_Place.BETWEEN, _Place.INSIDE)
        if self._is_list and is_open and self._nesting.depth == 1:
            yield Element(b"", self._line, self._offset)

    def _open(self, first: int) -> int:
        self._is_entries = self._entry_key is not None and first == OPEN_OBJECT
        self._close = CLOSE_OBJECT if self._is_entries else CLOSE_LIST
        self._is_list = first == OPEN_LIST or self._is_entries
        self._place = _Place.BETWEEN if self._is_list else _Place.INSIDE
        self._nesting.depth = int(self._is_list)
        if not self._is_list:
            self._nesting.flat_depth = -1
        return int(self._is_list)

    def _find_end(self, piece: bytes, position: int) -> tuple[int, bool]:
        """Where the element under way ends in the piece, and whether it does."""
        nesting = self._nesting
        while (position := nesting.next_stop(piece, position)) < len(piece):
            found = piece[position]
            if found == COMMA:
                return position, True
            nesting.depth += 1 if found in b"[{" else -1
            if nesting.depth <= 0:
                return position + (not self._is_list), True
            position += 1
        return position, False

    def _leave(self, piece: bytes, end: int) -> int:
        """Go on behind an element; returns how many bytes of separator to skip."""
        if self._is_list and piece[end] == COMMA:
            self._place = _Place.BETWEEN
            self._is_after_comma = True
            return 1
        self._place = _Place.AFTER
        return int(self._is_list and piece[end] == self._close)

    def _miss_element(self, separator: int) -> Iterator[Element]:
        if separator == COMMA or self._is_after_comma:
            yield Element(bytes([separator]), *self._start)
        self._is_after_comma = separator == COMMA
        if separator == self._close:
            self._place = _Place.AFTER

    def _take(self) -> Element:
        data = self._growing.take()
        if isinstance(data, bytes):
            data = data.rstrip(WHITESPACE)
        is_trailing = self._place is _Place.AFTER
        if self._is_entries and isinstance(data, bytes) and not is_trailing:
            data = _with_key(data, self._entry_key or "")
        return Element(data, *self._start, is_trailing=is_trailing)


def _with_key(entry: bytes, name: str) -> bytes:
    """The object of `"key": {…}` with its key as the first member; what is none stays as it is."""
    found = _ENTRY.match(entry)
    if found is None:
        return entry
    members = found["members"]
    separator = b"" if members.lstrip(WHITESPACE).startswith(b"}") else b", "
    return b'{"' + name.encode() + b'": ' + found["key"] + separator + members
