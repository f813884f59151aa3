"""Compressed files as bytes: checked to their end, and stopped where they are bombs."""

from __future__ import annotations

import io
import zlib
from typing import Any, Final

from trajhouse.cli.landing.streams import Readable, Refused, SourceFile

RATIO_LIMIT: Final = 250
"""Content this many times larger than the compressed bytes it came from is a bomb ..."""
RATIO_FLOOR_BYTES: Final = 64 << 20
"""... once it is larger than this. Ordinary JSON shrinks 3 to 30 times, hardly ever 100 times."""

_READ_BYTES = 1 << 20


def open_content(source: SourceFile, compression: str) -> Readable:
    """The decompressed content of a file; its `read` raises Refused for corrupt and ratio."""
    if compression == "none":
        return source
    counted = _Counted(source)
    inner: Readable = _Gzip(counted) if compression == "gzip" else _Zstd(counted)
    return _BombGuard(inner, counted)


class _Counted(io.RawIOBase):
    """A source as a raw stream that knows how much was read of it."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.n_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self.n_bytes += len(data)
        return len(data)


class _BombGuard:
    """Stops a stream whose content is out of all proportion to its compressed bytes."""

    def __init__(self, inner: Readable, counted: _Counted) -> None:
        self._inner = inner
        self._counted = counted
        self._n_bytes = 0

    def read(self, size: int, /) -> bytes:
        data = self._inner.read(min(size, _READ_BYTES))
        self._n_bytes += len(data)
        limit = max(RATIO_FLOOR_BYTES, RATIO_LIMIT * self._counted.n_bytes)
        if self._n_bytes > limit:
            raise Refused(
                "ratio",
                f"{self._counted.n_bytes:,} compressed bytes give more than {limit:,}; "
                "decompress it first if it is what you mean",
            )
        return data


class _Gzip:
    """Gzip members one after another, each checked to its end (RFC 1952)."""

    def __init__(self, stored: _Counted) -> None:
        self._stored = stored
        self._member: Any = zlib.decompressobj(wbits=31)
        self._pending = b""

    def read(self, size: int, /) -> bytes:
        while True:
            if not self._pending:
                self._pending = self._stored.read(_READ_BYTES) or b""
            if self._member.eof and not self._start_next_member():
                return b""
            if not self._pending:
                raise Refused("corrupt", "the gzip data ends before its last member does")
            try:
                data: bytes = self._member.decompress(self._pending, size)
            except zlib.error as error:
                raise Refused("corrupt", f"gzip: {error}") from error
            member = self._member
            self._pending = member.unused_data if member.eof else member.unconsumed_tail
            if data:
                return data

    def _start_next_member(self) -> bool:
        # Zero bytes may pad the end, as tape archives do.
        while not self._pending.strip(b"\0"):
            self._pending = self._stored.read(_READ_BYTES) or b""
            if not self._pending:
                return False
        self._member = zlib.decompressobj(wbits=31)
        return True


class _Zstd:
    """Zstandard frames one after another, each checked to its end."""

    def __init__(self, stored: _Counted) -> None:
        import pyarrow

        buffered = pyarrow.PythonFile(io.BufferedReader(stored, _READ_BYTES), mode="r")
        self._stream = pyarrow.CompressedInputStream(buffered, "zstd")

    def read(self, size: int, /) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except OSError as error:
            if error.errno is not None:
                raise
            raise Refused("corrupt", f"zstd: {error}") from error
        return data
