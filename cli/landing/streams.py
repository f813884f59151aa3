"""Files as bytes: opened safely, hashed, and watched for changes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

_HASH_BYTES = 256 << 10  # fits the cache of a core
_COMPRESSION_MAGIC: Final = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_COMPRESSION_SUFFIXES: Final = ((".gz", "gzip"), (".zst", "zstd"))
Progress = Callable[[int], None]


class Refused(Exception):
    """A file that does not land.

    Args:
        reason: A code of `FILE_REASONS`.
        detail: What was found, and where it helps, what to do.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Readable(Protocol):
    """Anything with a bounded `read`."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        ...


@dataclass(frozen=True)
class Identity:
    """Which file it is and when it was last written; differs after any change."""

    device: int
    inode: int
    n_bytes: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, descriptor: int) -> Identity:
        """The identity of an open file."""
        status = os.fstat(descriptor)
        return cls(
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )


class SourceFile:
    """A regular file that stays the same while it is open, or is refused.

    Args:
        path: The file.
        progress: Told the number of stored bytes read, twice over: once hashed, once judged.

    Raises:
        Refused: unreadable or special_file.
    """

    def __init__(self, path: str, progress: Progress) -> None:
        self.path = path
        self._progress = progress
        with _refusing_faults():
            # Without O_NONBLOCK a pipe would wait for a writer.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused("special_file", "not a regular file")
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self._digest: hashlib._Hash | None = None
        self.identity = Identity.of(descriptor)

    def __enter__(self) -> SourceFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int, /) -> bytes:
        """Up to `size` stored bytes; empty at the end."""
        with _refusing_faults():
            data = self._file.read(size)
        self._progress(len(data))
        if self._digest is not None:
            self._digest.update(data)
        return data

    def start_hash(self) -> None:
        """Read from the start, and hash what is read from here on."""
        self.rewind()
        self._digest = hashlib.sha256()

    def finish_hash(self) -> str:
        """The hash of what was read since `start_hash`, in hex."""
        if self._digest is None:
            raise ValueError("finish_hash without start_hash")
        digest, self._digest = self._digest, None
        return digest.hexdigest()

    def peek(self, size: int) -> bytes:
        """The first stored bytes, wherever reading stands."""
        return os.pread(self._file.fileno(), size, 0)

    def rewind(self) -> None:
        """Go on reading from the start, without hashing."""
        self._digest = None
        self._file.seek(0)

    def sha256_hex(self) -> str:
        """The hash of the stored bytes; leaves the file at its start."""
        self.rewind()
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(_HASH_BYTES))
        with _refusing_faults():
            while n_bytes := self._file.readinto(buffer):
                digest.update(buffer[:n_bytes])
                self._progress(n_bytes)
        self.rewind()
        return digest.hexdigest()

    def detect_compression(self) -> str:
        """`none`, `gzip` or `zstd`, by the first bytes.

        Raises:
            Refused: not_compressed, where the name promises what the bytes are not; corrupt, where
                nothing is left of a compressed file.
        """
        head = self.peek(4)
        found = next((name for magic, name in _COMPRESSION_MAGIC if head.startswith(magic)), "none")
        lowered = self.path.lower()
        named = next((name for end, name in _COMPRESSION_SUFFIXES if lowered.endswith(end)), "none")
        if found == "none" and named != "none":
            if not head:
                raise Refused("corrupt", f"the file is empty, which no {named} file is")
            hint = f"if it holds plain text, rename it without {os.path.splitext(lowered)[1]}"
            raise Refused("not_compressed", f"named as {named}, but holds none; {hint}")
        return found

    def require_unchanged(self) -> None:
        """Check that the file is as it was when it was opened.

        Raises:
            Refused: changed_during_read.
        """
        require_same(self.identity, Identity.of(self._file.fileno()))


@contextmanager
def _refusing_faults() -> Iterator[None]:
    """A disk that fails to read a file, or a file that may not be read, is that file's trouble."""
    try:
        yield
    except OSError as error:
        raise Refused("unreadable", error.strerror or str(error)) from error


def require_same(before: Identity, after: Identity) -> None:
    """Check that a file did not change.

    Raises:
        Refused: changed_during_read, with what changed.
    """
    if before == after:
        return
    if before.n_bytes != after.n_bytes:
        what = f"it grew or shrank from {before.n_bytes:,} to {after.n_bytes:,} bytes"
    else:
        what = "it was written to or replaced"
    raise Refused("changed_during_read", f"{what}; ingest it again once nothing writes to it")


def read_fully(stream: Readable, size: int) -> bytes:
    """`size` bytes, or what is left where the stream is shorter."""
    data = stream.read(size)
    if not data or len(data) == size:
        return data
    pieces = [data]
    missing = size - len(data)
    while missing and (data := stream.read(missing)):
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)
