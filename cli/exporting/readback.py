"""Reads an export back and says how it differs from its manifest."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from trajhouse.cli.exporting.card import CONFIG_NAME, data_files
from trajhouse.cli.exporting.layout import ContentHash
from trajhouse.cli.exporting.manifest import (
    CARD_NAME,
    MANIFEST_NAME,
    Document,
    content_hash_of_splits,
    fingerprint,
    is_sealed,
    schema_fields,
    sha256_of_file,
)
from trajhouse.cli.prefetch import prefetched

READ_BYTES = 8 * 2**20

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Difference:
    """Where an export is not what its manifest says, and how."""

    path: str
    problem: str


@dataclass
class Contents:
    """What the data files of a split really hold."""

    rows: int = 0
    hash: ContentHash = field(default_factory=ContentHash)


def compare(folder: Path, manifest: Document, advance: Advance) -> list[Difference]:
    """Everything in which the folder differs from its manifest; empty where nothing does.

    Args:
        folder: The export.
        manifest: Its manifest.
        advance: Told the rows that were read, as they are read.
    """
    try:
        return list(_differences(folder, manifest, advance))
    except (KeyError, TypeError, AttributeError) as error:
        return [Difference(MANIFEST_NAME, f"has no readable {error}: it was edited")]


def _differences(folder: Path, manifest: Document, advance: Advance) -> Iterator[Difference]:
    if not is_sealed(manifest):
        yield Difference(MANIFEST_NAME, "was edited: its own hash does not match")
    if fingerprint(manifest["schema"]["fields"]) != manifest["schema"]["fingerprint"]:
        yield Difference(MANIFEST_NAME, "the schema's fingerprint does not match its fields")
    if content_hash_of_splits(manifest["splits"]) != manifest["content_hash"]:
        yield Difference(MANIFEST_NAME, "the content hash is not that of its splits")
    listed = {file["path"]: file for file in [*manifest["files"], manifest["card"]]}
    yield from _extra(folder, set(listed))
    contents = {split["name"]: Contents() for split in manifest["splits"]}
    for path, file in listed.items():
        problem = _file_problem(folder, path, file)
        if problem:
            yield Difference(path, problem)
        if path != CARD_NAME and problem != "is missing":
            yield from _read(folder / path, file, manifest, contents[file["split"]], advance)
    for split in manifest["splits"]:
        found = contents[split["name"]]
        if found.rows != split["rows"]:
            problem = f"split {split['name']}: {found.rows} rows, the manifest says {split['rows']}"
            yield Difference(MANIFEST_NAME, problem)
        elif found.hash.hexdigest() != split["content_hash"]:
            yield Difference(MANIFEST_NAME, f"split {split['name']}: its rows have another hash")
    yield from _card(folder / CARD_NAME, manifest)


def _extra(folder: Path, listed: set[str]) -> Iterator[Difference]:
    """Files that the manifest does not list; folders that hold none of those that it does."""
    parents = {str(parent) for path in listed for parent in PurePosixPath(path).parents}
    for parent, folders, files in os.walk(folder):
        base = Path(parent).relative_to(folder)
        for name in sorted(folders):
            path = (base / name).as_posix()
            if path not in parents:
                yield Difference(path, "is not in the manifest")
        for name in sorted(files):
            path = (base / name).as_posix()
            if path not in listed and path != MANIFEST_NAME:
                yield Difference(path, "is not in the manifest")


def _file_problem(folder: Path, path: str, file: Document) -> str | None:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        return "is missing"
    try:
        found = (folder / path).lstat()
    except OSError:
        return "is missing"
    if not stat.S_ISREG(found.st_mode) or (folder / path).parent.is_symlink():
        return "is missing"
    if found.st_size != file["bytes"]:
        return f"has {found.st_size} bytes, the manifest says {file['bytes']}"
    if sha256_of_file(folder / path) != file["sha256"]:
        return "has other bytes: its SHA-256 does not match"
    return None


def _read(
    path: Path, file: Document, manifest: Document, contents: Contents, advance: Advance
) -> Iterator[Difference]:
    try:
        with pq.ParquetFile(path) as parquet:
            if schema_fields(parquet.schema_arrow) != manifest["schema"]["fields"]:
                yield Difference(file["path"], "has another schema than the manifest")
            rows = parquet.metadata.num_rows
            if rows != file["rows"]:
                yield Difference(file["path"], f"has {rows} rows, the manifest says {file['rows']}")
            size = max(file["row_bytes"], 1)
            batch_rows = max(1, min(2**16, READ_BYTES * max(rows, 1) // size))
            with closing(prefetched(parquet.iter_batches(batch_rows))) as batches:
                for batch in batches:
                    contents.rows += batch.num_rows
                    contents.hash.update(pa.Table.from_batches([batch]))
                    advance(batch.num_rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        yield Difference(file["path"], f"cannot be read: {reason}")


def _card(path: Path, manifest: Document) -> Iterator[Difference]:
    """Whether the card's front matter gives the same numbers as the manifest."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])
        info, configs = found["dataset_info"], found["configs"]
    except (OSError, ValueError, IndexError, KeyError, TypeError, yaml.YAMLError):
        if path.is_file():
            yield Difference(CARD_NAME, "its front matter cannot be read")
        return
    splits = manifest["splits"]
    row_bytes = sum(split["row_bytes"] for split in splits)
    expected: dict[str, Any] = {
        "splits": [
            {
                "name": split["name"],
                "num_bytes": split["row_bytes"],
                "num_examples": split["rows"],
            }
            for split in splits
        ],
        "download_size": sum(file["bytes"] for file in manifest["files"]),
        "dataset_size": row_bytes,
    }
    for key, value in expected.items():
        if info.get(key) != value:
            yield Difference(CARD_NAME, f"{key} is {info.get(key)}, the files make it {value}")
    names = [split["name"] for split in splits]
    if configs != [{"config_name": CONFIG_NAME, "data_files": data_files(names)}]:
        yield Difference(CARD_NAME, "configs do not name the splits' files")
