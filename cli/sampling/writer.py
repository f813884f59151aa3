"""Writes a sample aside, file by file, with the truth about every record, and puts it in place."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from trajhouse.cli.errors import CannotOpen

TRUTH = "truth.jsonl"


@dataclass(frozen=True)
class Truth:
    """What must become of one record.

    Args:
        source_file: Its file or folder, relative to the sample's.
        record_number: Its number in the file, from 1.
        dataset: The dataset that it lands in.
        fate: accepted, rejected, duplicate or reference.
        reason: Why it is rejected (a code of `rejection_reasons`), or the rule of the duplicate.
        marts: The published marts that hold it.
        left_out: For each other published mart of its family, why it does not hold it (a code of
            `selection_reasons`). Empty unless accepted.
        n_mended: How many of its tool outputs are mended.
    """

    source_file: str
    record_number: int
    dataset: str
    fate: str
    reason: str | None = None
    marts: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    n_mended: int = 0


class SampleWriter:
    """A sample being written, as a context: put in place when it ends well, and gone when not.

    Args:
        out: The folder to make; it must not exist, or be empty.

    Raises:
        CannotOpen: Something is there.
    """

    def __init__(self, out: Path) -> None:
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise CannotOpen(f"cannot write {out}", "it exists", "name another folder")
        self._out = out.resolve()
        self._aside = self._out.with_name(f".{self._out.name}.{os.getpid()}.partial")
        self._files: dict[str, IO[str]] = {}
        self._n_records: dict[str, int] = {}
        self.n_told = 0

    def __enter__(self) -> SampleWriter:
        self._aside.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()
        if kind is not None:
            shutil.rmtree(self._aside, ignore_errors=True)
            return
        if self._out.exists():
            self._out.rmdir()
        self._aside.rename(self._out)

    @property
    def n_records(self) -> dict[str, int]:
        """Records by JSONL file, the truth left out."""
        return {path: count for path, count in self._n_records.items() if path != TRUTH}

    def write(self, path: str, record: Mapping[str, Any]) -> int:
        """Append a record to a JSONL file; returns its number in the file, from 1."""
        return self.write_line(path, json.dumps(record, ensure_ascii=False))

    def write_line(self, path: str, line: str) -> int:
        """Append a line, sound or not, to a JSONL file; returns its number, from 1."""
        if path not in self._files:
            target = self._aside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            self._files[path] = target.open("w", encoding="utf-8")
            self._n_records[path] = 0
        self._files[path].write(line + "\n")
        self._n_records[path] += 1
        return self._n_records[path]

    def write_text(self, path: str, text: str) -> None:
        """Write a whole file of its own."""
        target = self._aside / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def tell(self, truth: Truth) -> None:
        """Say what must become of a record; `n_told` counts them."""
        self.n_told += 1
        self.write(TRUTH, asdict(truth))
