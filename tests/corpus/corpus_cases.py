"""The bad-input corpus: every case with its inputs and what they must come to.

Cases are named in manifest.yml; the builder function of the same name makes the content of the
files. Both ingest tests and tests of what a build makes of the landed records start from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import corpus_files
import corpus_text
import yaml
from corpus_records import BUILDERS

__all__ = ["Case", "corpus_files", "corpus_text", "read_manifest", "write_case"]


@dataclass(frozen=True)
class Case:
    """A case of the corpus, its inputs written.

    Args:
        number: Its row in the table of bad inputs.
        name: Its name in the manifest.
        family: The family it is ingested as.
        dataset: A dataset of its own.
        fields: The `--field` options.
        paths: Its files.
        files: The expected outcome by file name.
        after_build: What the marts must then hold; None where ingest decides alone.
    """

    number: int
    name: str
    family: str
    dataset: str
    fields: tuple[str, ...]
    paths: tuple[Path, ...]
    files: dict[str, dict[str, Any]]
    after_build: dict[str, Any] | None


def read_manifest() -> list[dict[str, Any]]:
    """The entries of the manifest, in order."""
    text = Path(__file__).with_name("manifest.yml").read_text(encoding="utf-8")
    entries: list[dict[str, Any]] = yaml.safe_load(text)
    return entries


def write_case(entry: dict[str, Any], folder: Path) -> Case:
    """Write the inputs of one entry of the manifest to a new folder under `folder`."""
    name = entry["name"]
    paths = []
    for file_name, content in BUILDERS[name]().items():
        path = folder / name / file_name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return Case(
        entry["case"],
        name,
        entry.get("family", "openai"),
        name.replace("_", "-"),
        tuple(entry.get("fields", ())),
        tuple(paths),
        entry["files"],
        entry.get("after_build"),
    )
