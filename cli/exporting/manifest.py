"""The manifest of an export: what it holds, how it came about, and a hash for every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from trajhouse.cli.errors import CannotOpen

MANIFEST_NAME = "manifest.json"
CARD_NAME = "README.md"
FORMAT = "trajhouse-export"
FORMAT_VERSION = 1

Document = dict[str, Any]


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """The SHA-256 of a JSON value in its canonical form."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def schema_fields(schema: pa.Schema) -> list[list[str]]:
    """Names and types of an Arrow schema's columns, in order."""
    return [[column.name, type_name(column.type)] for column in schema]


def type_name(kind: pa.DataType) -> str:
    """An Arrow type as text, without the name of a list's item, which Parquet does not keep."""
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{part.name}: {type_name(part.type)}' for part in kind)}>"
    if pa.types.is_fixed_size_list(kind):
        return f"list<{type_name(kind.value_type)}>[{kind.list_size}]"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    return str(kind)


def content_hash_of_splits(splits: Sequence[Mapping[str, Any]]) -> str:
    """One hash for all rows, from the `name`, `rows` and `content_hash` of each split."""
    return fingerprint([[split["name"], split["rows"], split["content_hash"]] for split in splits])


def write_manifest(folder: Path, document: Document) -> None:
    """Write the manifest, sealed with a hash of itself."""
    sealed = {**document, "manifest_sha256": fingerprint(document)}
    text = json.dumps(sealed, ensure_ascii=False, indent=2)
    (folder / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


def is_sealed(document: Document) -> bool:
    """Whether a manifest is as it was written."""
    unsealed = {key: value for key, value in document.items() if key != "manifest_sha256"}
    return document.get("manifest_sha256") == fingerprint(unsealed)


def read_manifest(folder: Path) -> Document:
    """The manifest of an export.

    Raises:
        CannotOpen: The folder is no export, or its manifest cannot be read.
    """
    path = folder / MANIFEST_NAME
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        why = f"{MANIFEST_NAME} is not there" if folder.is_dir() else "there is no such folder"
        raise _not_an_export(folder, why) from None
    except (ValueError, RecursionError):
        raise _not_an_export(folder, f"{MANIFEST_NAME} is not JSON") from None
    except OSError as error:
        raise _not_an_export(folder, f"{MANIFEST_NAME}: {error.strerror}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _not_an_export(folder, f"{MANIFEST_NAME} does not say that it is a {FORMAT}")
    if document.get("format_version") != FORMAT_VERSION:
        raise _not_an_export(folder, f"{MANIFEST_NAME} has another format version")
    return document


def _not_an_export(folder: Path, why: str) -> CannotOpen:
    return CannotOpen(f"{folder} is not an export", why, f"trajhouse export MART --out {folder}")
