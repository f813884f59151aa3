"""Parquet input: columns checked against the family's contract, rows turned into JSON text."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trajhouse.cli.landing.families import Family
from trajhouse.cli.landing.jsonpaths import Step
from trajhouse.cli.landing.judge import Rejection
from trajhouse.cli.landing.streams import Identity, Refused, require_same

_BATCH_ROWS = 64


@dataclass(frozen=True)
class ParquetShape:
    """How a Parquet file is made up.

    Args:
        group_rows: Rows of each row group.
        n_bytes: Size of all columns, decompressed.
        warnings: What a reader should know about its columns.
    """

    group_rows: tuple[int, ...]
    n_bytes: int
    warnings: tuple[str, ...]


def inspect_parquet(path: str, family: Family) -> ParquetShape:
    """Read the footer of a Parquet file and check its columns.

    A column of a field may have any type that its field takes; columns of no field are kept in the
    record as they are. Only the messages must be there, or the one text that stands for them.

    Raises:
        Refused: corrupt, or column_missing, column_type, column_duplicate naming the column.
    """
    with _open(path) as file:
        metadata = file.metadata
        schema = file.schema_arrow
        _require_unique(list(schema), "")
        has_text = any(
            field.name == "text" and any(_column_at(schema, path) for path in field.paths)
            for field in family.fields
        )
        for field in family.fields:
            is_needed = field.type in ("messages", "document") and not has_text
            _check_field(schema, field.name, field.type, field.paths, is_needed)
        groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
        binary = [column.name for column in schema if _kind_of(column.type) == "binary"]
        return ParquetShape(
            tuple(group.num_rows for group in groups),
            sum(group.total_byte_size for group in groups),
            tuple(f"column {name!r} is binary: kept as base64" for name in binary),
        )


def read_rows(
    path: str, identity: Identity, row_groups: tuple[int, ...]
) -> Iterator[bytes | Rejection]:
    """Rows as JSON text in UTF-8, or why one has none; every page of the row groups is read.

    Raises:
        Refused: corrupt or changed_during_read.
    """
    with _open(path, identity) as file:
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=list(row_groups)):
            try:
                rows: list[Any] = batch.to_pylist(maps_as_pydicts="strict")
            except (UnicodeDecodeError, KeyError, ValueError, OverflowError):
                rows = [_row_alone(batch.slice(index, 1)) for index in range(len(batch))]
            for row in rows:
                yield row if isinstance(row, Rejection) else _as_json(row)


@contextmanager
def _open(path: str, identity: Identity | None = None) -> Iterator[pq.ParquetFile]:
    """A Parquet file opened for streaming, its page checksums verified where it has them."""
    with open(path, "rb") as stored:
        try:
            file = pq.ParquetFile(
                stored,
                pre_buffer=False,
                buffer_size=1 << 20,
                page_checksum_verification=True,
            )
            yield file
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            message = " ".join(str(error).split())
            raise Refused("corrupt", f"Parquet: {message}") from error
        if identity is not None:
            require_same(identity, Identity.of(stored.fileno()))


def _row_alone(batch: pa.RecordBatch) -> dict[str, Any] | Rejection:
    try:
        row: dict[str, Any] = batch.to_pylist(maps_as_pydicts="strict")[0]
    except UnicodeDecodeError as error:
        return Rejection("invalid_utf8", f"a string column holds no UTF-8: {error.reason}")
    except KeyError as error:
        return Rejection("duplicate_key", f"a map has the key {error} twice")
    except (ValueError, OverflowError) as error:
        return Rejection("invalid_json", f"a value has no JSON form: {error}")
    return row


def _as_json(row: dict[str, Any]) -> bytes | Rejection:
    try:
        text = json.dumps(
            row, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        )
    except ValueError:
        return Rejection("nonfinite_number", "a number is NaN or infinite")
    return text.encode()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat()


def _require_unique(fields: list[pa.Field], prefix: str) -> None:
    seen: dict[str, str] = {}
    for field in fields:
        name = f"{prefix}{field.name}"
        twin = seen.setdefault(field.name.lower(), name)
        if twin is not name:
            raise Refused("column_duplicate", f"columns {twin!r} and {name!r} are one to SQL")
        kind = field.type
        while pa.types.is_list(kind) or pa.types.is_large_list(kind):
            kind = kind.value_type
        if pa.types.is_struct(kind):
            _require_unique(list(kind.fields), f"{name}.")


def _check_field(
    schema: pa.Schema,
    name: str,
    kind: str,
    paths: tuple[tuple[Step, ...], ...],
    is_needed: bool,
) -> None:
    columns = [column for path in paths if (column := _column_at(schema, path))]
    if not columns and is_needed:
        wanted = " or ".join(repr(path[0]) for path in paths)
        raise Refused(
            "column_missing",
            f"no column {wanted} for the field {name}; the columns are {', '.join(schema.names)}; "
            f"--field {name}=COLUMN names another",
        )
    for column in columns:
        if not _takes(kind, column.type):
            raise Refused(
                "column_type",
                f"column {column.name!r} is {column.type}, which the field {name} ({kind}) "
                f"cannot take; --field {name}=COLUMN names another",
            )


def _column_at(schema: pa.Schema, path: tuple[Step, ...]) -> pa.Field | None:
    """The column or struct field at a path; None where there is none or it is JSON text."""
    fields = {field.name: field for field in schema}
    found: pa.Field | None = None
    for step in path:
        found = fields.get(step)
        if found is None:
            return None
        is_struct = pa.types.is_struct(found.type)
        fields = {field.name: field for field in found.type.fields} if is_struct else {}
    return found


def _takes(kind: str, column: pa.DataType) -> bool:
    if pa.types.is_dictionary(column):
        column = column.value_type
    found = _kind_of(column)
    takes = {
        "messages": {"text", "list"},
        "document": {"text"},
        "text": {"text", "number", "boolean", "time"},
        "number": {"number"},
        "score": {"number", "boolean"},
        "boolean": {"boolean", "number"},
    }
    return kind == "json" or found == "null" or found in takes[kind]


def _kind_of(column: pa.DataType) -> str:
    types = pa.types
    tests = {
        "null": (types.is_null,),
        "text": (types.is_string, types.is_large_string, types.is_string_view),
        "number": (types.is_integer, types.is_floating, types.is_decimal),
        "boolean": (types.is_boolean,),
        "list": (types.is_list, types.is_large_list, types.is_fixed_size_list),
        "time": (types.is_temporal,),
        "binary": (types.is_binary, types.is_large_binary, types.is_fixed_size_binary),
    }
    return next((kind for kind, is_it in tests.items() if any(t(column) for t in is_it)), "other")
