"""What has landed: the `files` tables of all batches, and the rows of a new one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.landing.blocks import Batch
from trajhouse.cli.landing.outcome import FileOutcome

_COLUMNS = (
    "dataset",
    "family",
    "file_id",
    "source_file",
    "batch_id",
    "n_bytes",
    "n_records",
    "n_landed",
    "n_rejected",
    "fields",
    "landed_at",
)


@dataclass(frozen=True)
class LandedFile:
    """A row of a batch's `files` table; `fields` is JSON text, `landed_at` in UTC."""

    dataset: str
    family: str
    file_id: str
    source_file: str
    batch_id: str
    n_bytes: int
    n_records: int
    n_landed: int
    n_rejected: int
    fields: str
    landed_at: datetime

    def has_same_reading(self, family: str, fields: str) -> bool:
        """Whether the file was landed as this family with these paths.

        A field that the family did not have then counts as read the same way.
        """
        before: dict[str, list[str]] = json.loads(self.fields)
        now: dict[str, list[str]] = json.loads(fields)
        return self.family == family and all(
            now.get(name, paths) == paths for name, paths in before.items()
        )


def read_landed(landing: Path) -> list[LandedFile]:
    """Every landed file, oldest batch first.

    Args:
        landing: The landing folder; it need not exist.

    Raises:
        TrajhouseError: A batch folder has no readable manifest.
    """
    if not landing.is_dir():
        return []
    batches = sorted(path for path in landing.iterdir() if path.is_dir())
    return [file for batch in batches for file in _read_batch(batch)]


def manifest_row(batch: Batch, batch_id: str, file: FileOutcome) -> dict[str, Any]:
    """The row of a landed file in the `files` table of its batch."""
    return {
        "dataset": batch.dataset,
        "family": batch.family.name,
        "file_id": file.file_id,
        "source_file": file.source_file,
        "batch_id": batch_id,
        "format": file.format,
        "compression": file.compression,
        "n_bytes": file.n_bytes,
        "n_records": file.n_records,
        "n_landed": file.tally.n_landed,
        "n_rejected": file.tally.n_rejected,
        "n_blank_lines": file.tally.n_blank_lines,
        "fields": batch.family.fields_as_json(),
        "warnings": file.warnings,
        "landed_at": batch.landed_at,
    }


def _read_batch(batch: Path) -> list[LandedFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(batch / "files-00000.parquet", columns=list(_COLUMNS))
    except (pa.ArrowException, OSError) as error:
        raise TrajhouseError(
            f"cannot read the manifest of landing batch {batch.name}",
            " ".join(str(error).split()),
            "landing is written by trajhouse alone: restore the folder, or take it away whole",
        ) from error
    return [LandedFile(**row) for row in table.to_pylist()]
