"""A record's bytes while they arrive: whole up to a limit, then only counted and hashed."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

MAX_RECORD_BYTES = 64 << 20
"""A larger record is rejected as too_large and never held whole."""

EXCERPT_CHARS = 1000
_HEAD_BYTES = 4 * EXCERPT_CHARS


@dataclass(frozen=True)
class Oversized:
    """What is kept of a record that is too large.

    Args:
        head: Its first bytes, enough for an excerpt.
        n_bytes: Its length.
        sha256_hex: The hash of all of it.
    """

    head: bytes
    n_bytes: int
    sha256_hex: str


class GrowingRecord:
    """One record that arrives in pieces; memory stays under the limit and one piece.

    `n_bytes` counts what arrived so far.
    """

    def __init__(self, limit: int = MAX_RECORD_BYTES) -> None:
        self._limit = limit
        self._start()

    def _start(self) -> None:
        self.n_bytes = 0
        self._pieces: list[bytes] = []
        self._head = b""
        self._hash = sha256()

    def add(self, piece: bytes) -> None:
        """Take the next bytes of the record."""
        self.n_bytes += len(piece)
        if self.n_bytes <= self._limit:
            self._pieces.append(piece)
            return
        for kept in (*self._pieces, piece):
            self._hash.update(kept)
            self._head = (self._head + kept[:_HEAD_BYTES])[:_HEAD_BYTES]
        self._pieces = []

    def take(self) -> bytes | Oversized:
        """The whole record, or what is kept of it; leaves this one empty."""
        if self.n_bytes > self._limit:
            done: bytes | Oversized = Oversized(self._head, self.n_bytes, self._hash.hexdigest())
        else:
            done = b"".join(self._pieces)
        self._start()
        return done


def excerpt_of(data: bytes) -> str:
    """The first characters of a record, with U+FFFD for what is no text."""
    text = data[:_HEAD_BYTES].decode("utf-8", "replace")[:EXCERPT_CHARS]
    return text.replace("\0", "\ufffd")
