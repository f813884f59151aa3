"""What an ingest did, file by file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from trajhouse.cli.landing.blocks import Tally


@dataclass
class FileOutcome:
    """What became of one file.

    Args:
        source_file: Its path as the user gave it.
        status: `landed`, `empty` (landed, but holds no record), `unchanged` or `refused`.
        file_id: The sha256 of its bytes; None where it was not read.
        format: `jsonl`, `json`, `parquet` or `trial`.
        compression: `none`, `gzip` or `zstd`.
        n_bytes: Its stored size.
        tally: Its records.
        reason: A code of `FILE_REASONS` where it was refused.
        detail: What was found; for an unchanged file, where its bytes landed before.
        warnings: What a reader should know.
    """

    source_file: str
    status: str = "landed"
    file_id: str | None = None
    format: str | None = None
    compression: str | None = None
    n_bytes: int | None = None
    tally: Tally = field(default_factory=Tally)
    reason: str | None = None
    detail: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def is_in_landing(self) -> bool:
        """Whether this ingest lands it."""
        return self.status in ("landed", "empty")

    @property
    def n_records(self) -> int:
        """Records found, landed or not."""
        return self.tally.n_landed + self.tally.n_rejected

    def refuse(self, reason: str, detail: str) -> None:
        """Note that the file does not land."""
        self.status, self.reason, self.detail = "refused", reason, detail
        self.tally = Tally()

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "source_file": self.source_file,
            "status": self.status,
            "file_id": self.file_id,
            "format": self.format,
            "compression": self.compression,
            "n_bytes": self.n_bytes,
            "n_records": self.n_records,
            "n_landed": self.tally.n_landed,
            "n_rejected": self.tally.n_rejected,
            "n_blank_lines": self.tally.n_blank_lines,
            "reason": self.reason,
            "detail": self.detail,
            "warnings": self.warnings,
        }


@dataclass(frozen=True)
class Outcome:
    """What became of an ingest; `batch_id` is None where nothing landed or nothing was to."""

    dataset: str
    family: str
    batch_id: str | None
    is_dry_run: bool
    files: tuple[FileOutcome, ...]

    @property
    def total(self) -> Tally:
        """All records of the files that land."""
        total = Tally()
        for file in self.files:
            total.add(file.tally)
        return total

    def count(self, status: str) -> int:
        """Files with a status."""
        return sum(file.status == status for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        total = self.total
        return {
            "dataset": self.dataset,
            "family": self.family,
            "batch_id": self.batch_id,
            "dry_run": self.is_dry_run,
            "n_records": total.n_landed + total.n_rejected,
            "n_landed": total.n_landed,
            "n_rejected": total.n_rejected,
            "rejected_by_reason": ordered(total.rejected),
            "flagged": ordered(total.flags),
            "refused_by_reason": ordered(Counter(f.reason for f in self.files if f.reason)),
            "files": [file.as_dict() for file in self.files],
        }


def ordered(counts: Counter[str]) -> dict[str, int]:
    """Counts from the largest down, ties by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
