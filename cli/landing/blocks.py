"""The units of work: some records of one file, gathered into tasks that write one part each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trajhouse.cli.landing.documents import Element
from trajhouse.cli.landing.families import Family
from trajhouse.cli.landing.streams import Identity
from trajhouse.cli.landing.trials import FoundTrial, TrialFiles

BLOCK_BYTES = 16 << 20
"""Text is cut into blocks of about this size, so that parts never depend on the worker count."""


@dataclass(frozen=True)
class Batch:
    """What all records of one ingest have in common.

    Args:
        dataset: The dataset they land under.
        family: How they are judged.
        landed_at: One time for all, in UTC.
        folder: Where parts are written; None to judge only.
    """

    dataset: str
    family: Family
    landed_at: datetime
    folder: str | None


@dataclass(frozen=True)
class Origin:
    """The file that records come from.

    Args:
        file_id: The sha256 of its stored bytes, in hex.
        source_file: Its path as the user gave it; a trial's is its directory.
    """

    file_id: str
    source_file: str


@dataclass(frozen=True)
class FileRange:
    """Bytes of a plain file, read by whoever judges them."""

    path: str
    identity: Identity
    offset: int
    n_bytes: int


@dataclass(frozen=True)
class TextBlock:
    """Whole lines; `line` and `record` number the first of them, `offset` is where it starts."""

    origin: Origin
    lines: bytes | FileRange
    offset: int
    line: int
    record: int


@dataclass(frozen=True)
class ElementBlock:
    """Records already cut out; `record` numbers the first."""

    origin: Origin
    elements: tuple[Element, ...]
    record: int


@dataclass(frozen=True)
class RowBlock:
    """Row groups of a Parquet file; `record` numbers the first row."""

    origin: Origin
    path: str
    identity: Identity
    row_groups: tuple[int, ...]
    record: int


@dataclass(frozen=True)
class TrialBlock:
    """A trial directory, which is one record; `identities` are those of the files that are read."""

    origin: Origin
    trial: FoundTrial
    files: TrialFiles
    identities: Mapping[str, Identity]


Block = TextBlock | ElementBlock | RowBlock | TrialBlock


@dataclass(frozen=True)
class Task:
    """Blocks whose records share the part `part`; the blocks of a long file are alone in theirs."""

    part: int
    blocks: tuple[Block, ...]


@dataclass
class Tally:
    """What became of the records of one block, or of one file.

    `refusal` is the reason and the detail where reading showed that the file cannot land.
    """

    n_landed: int = 0
    n_blank_lines: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    refusal: tuple[str, str] | None = None

    @property
    def n_rejected(self) -> int:
        """Records that did not land."""
        return self.rejected.total()

    def add(self, other: Tally) -> None:
        """Count another block of the same file in; the first refusal stays."""
        self.n_landed += other.n_landed
        self.n_blank_lines += other.n_blank_lines
        self.rejected += other.rejected
        self.flags += other.flags
        self.refusal = self.refusal or other.refusal
