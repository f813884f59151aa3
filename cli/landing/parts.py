"""Landed parts: their Parquet schemas, and a writer that is bounded and safe on disk."""

from __future__ import annotations

from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trajhouse.cli.disk import sync
from trajhouse.cli.landing.blocks import Batch, Origin
from trajhouse.cli.landing.judge import Accepted, Rejection
from trajhouse.cli.landing.publish import part_name
from trajhouse.cli.landing.records import Oversized, excerpt_of

_FLUSH_BYTES = 8 << 20
"""Text in a row group: what a build holds of it at a time is a multiple of this."""
_ZSTD_LEVEL = 2
"""A third less work than level 3, for 8 % more bytes."""
_TIME = pa.timestamp("us", tz="UTC")
_PLACE = [
    ("dataset", pa.string()),
    ("family", pa.string()),
    ("file_id", pa.string()),
    ("source_file", pa.string()),
    ("record_number", pa.int64()),
    ("source_line", pa.int64()),
    ("byte_offset", pa.int64()),
]

RECORDS_SCHEMA = pa.schema(
    [
        *_PLACE,
        ("record", pa.string()),
        ("record_hash", pa.string()),
        ("flags", pa.list_(pa.string())),
        ("landed_at", _TIME),
    ]
)
REJECTED_SCHEMA = pa.schema(
    [
        *_PLACE,
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("excerpt", pa.string()),
        ("record_hash", pa.string()),
        ("n_bytes", pa.int64()),
        ("landed_at", _TIME),
    ]
)
FILES_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("family", pa.string()),
        ("file_id", pa.string()),
        ("source_file", pa.string()),
        ("batch_id", pa.string()),
        ("format", pa.string()),
        ("compression", pa.string()),
        ("n_bytes", pa.int64()),
        ("n_records", pa.int64()),
        ("n_landed", pa.int64()),
        ("n_rejected", pa.int64()),
        ("n_blank_lines", pa.int64()),
        ("fields", pa.string()),
        ("warnings", pa.list_(pa.string())),
        ("landed_at", _TIME),
    ]
)
_REPEATING = ["dataset", "family", "file_id", "source_file", "reason", "landed_at"]
_LONG = ("record", "excerpt", "detail")


class TableFile:
    """One Parquet file, written row group by row group and synced when closed."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=_ZSTD_LEVEL,
            use_dictionary=[name for name in schema.names if name in _REPEATING],
            write_statistics=[name for name in schema.names if name not in _LONG],
        )

    def write(self, columns: dict[str, Any]) -> None:
        """Append a row group; columns are Arrow arrays or Python lists, by name."""
        arrays = [
            column if isinstance(column, pa.Array) else pa.array(column, field.type)
            for field, column in ((field, columns[field.name]) for field in self._schema)
        ]
        table = pa.Table.from_arrays(arrays, schema=self._schema)
        self._writer.write_table(table, row_group_size=max(1, len(table)))

    def close(self) -> None:
        """Finish the file and make sure it is on disk."""
        self._writer.close()
        sync(self._path)


class PartWriter:
    """Collects the judged records of one task and writes `records-` and `rejected-` files.

    Args:
        batch: What the records share; without a folder nothing is kept or written.
        number: The part's number.
    """

    def __init__(self, batch: Batch, number: int) -> None:
        self._batch = batch
        self._number = number
        self._rows: dict[str, list[tuple[Any, ...]]] = {"records": [], "rejected": []}
        self._files: dict[str, TableFile] = {}
        self._n_bytes = 0

    def land(
        self, origin: Origin, place: tuple[int, int, int | None], raw: bytes, accepted: Accepted
    ) -> None:
        """Keep an accepted record; `place` is record number, source line, byte offset."""
        if self._batch.folder is None:
            return
        row = (origin, place, accepted.text, sha256(raw).hexdigest(), accepted.flags)
        self._rows["records"].append(row)
        self._n_bytes += len(accepted.text)

    def reject(
        self,
        origin: Origin,
        place: tuple[int, int, int | None],
        raw: bytes | Oversized,
        rejection: Rejection,
    ) -> None:
        """Keep a rejected record, with an excerpt of it."""
        if self._batch.folder is None:
            return
        if isinstance(raw, Oversized):
            found = (excerpt_of(raw.head), raw.sha256_hex, raw.n_bytes)
        else:
            found = (excerpt_of(raw), sha256(raw).hexdigest(), len(raw))
        row = (origin, place, rejection.reason, rejection.detail, *found)
        self._rows["rejected"].append(row)
        self._n_bytes += len(found[0])

    def mark(self) -> tuple[int, int]:
        """Where the rows stand, to come back to by `roll_back`."""
        return len(self._rows["records"]), len(self._rows["rejected"])

    def roll_back(self, mark: tuple[int, int]) -> None:
        """Forget the rows kept since the mark."""
        del self._rows["records"][mark[0] :]
        del self._rows["rejected"][mark[1] :]

    def flush_when_full(self) -> None:
        """Write a row group once enough has gathered."""
        if self._n_bytes >= _FLUSH_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left; a file without rows is not written."""
        self._flush()
        for file in self._files.values():
            file.close()

    def _flush(self) -> None:
        self._write("records", RECORDS_SCHEMA, _record_columns)
        self._write("rejected", REJECTED_SCHEMA, _rejected_columns)
        self._n_bytes = 0

    def _write(self, name: str, schema: pa.Schema, columns_of: Any) -> None:
        rows = self._rows[name]
        if not rows or self._batch.folder is None:
            return
        if name not in self._files:
            path = Path(self._batch.folder) / part_name(name, self._number)
            self._files[name] = TableFile(path, schema)
        origins, places, *rest = zip(*rows, strict=True)
        numbers, lines, offsets = zip(*places, strict=True)
        columns = {
            "dataset": [self._batch.dataset] * len(rows),
            "family": [self._batch.family.name] * len(rows),
            "file_id": [origin.file_id for origin in origins],
            "source_file": [origin.source_file for origin in origins],
            "record_number": numbers,
            "source_line": lines,
            "byte_offset": offsets,
            "landed_at": [self._batch.landed_at] * len(rows),
        }
        rows.clear()
        self._files[name].write(columns | columns_of(*rest))


def write_manifest(folder: str, rows: list[dict[str, Any]]) -> None:
    """Write `files-00000.parquet`: one row for each landed file, columns as `FILES_SCHEMA`."""
    file = TableFile(Path(folder) / part_name("files", 0), FILES_SCHEMA)
    file.write({name: [row[name] for row in rows] for name in FILES_SCHEMA.names})
    file.close()


def _record_columns(texts: Any, hashes: Any, flags: Any) -> dict[str, Any]:
    return {"record": _string_array(texts), "record_hash": hashes, "flags": flags}


def _rejected_columns(
    reasons: Any, details: Any, excerpts: Any, hashes: Any, sizes: Any
) -> dict[str, Any]:
    return {
        "reason": reasons,
        "detail": details,
        "excerpt": excerpts,
        "record_hash": hashes,
        "n_bytes": sizes,
    }


def _string_array(texts: tuple[bytes, ...]) -> pa.Array:
    """UTF-8 texts that were judged already as a string array, without decoding them again."""
    ends = np.fromiter(accumulate(map(len, texts), initial=0), np.int32, len(texts) + 1)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)
