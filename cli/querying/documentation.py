"""What the dbt project says of a mart: its grain and the tests on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GRAIN = re.compile(r"^\s*--\s*Grain:\s*(.+)$", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*--\s?(.*)$")
_SENTENCE = re.compile(r"(?<=\.)\s")
_PROPERTIES = ("*.yml", "*.yaml")


@dataclass(frozen=True)
class MartTest:
    """A test: its name, its column where it is on one, and its arguments."""

    name: str
    column: str | None
    arguments: dict[str, Any]


@dataclass(frozen=True)
class MartDocs:
    """What is written about a mart; both None where no project is at hand or it knows no such mart.

    Attributes:
        grain: What one row is.
        tests: Every test on the mart or its columns.
    """

    grain: str | None
    tests: list[MartTest] | None


def read_docs(project: Path | None, mart: str) -> MartDocs:
    """What `project` says of `mart`.

    Tests are read from dbt's manifest, or from the model files where those are newer.

    Args:
        project: The folder of `dbt_project.yml`, or None.
        mart: A model name.
    """
    if project is None:
        return MartDocs(None, None)
    models = project / "models"
    grain = _grain(models, mart)
    manifest = project / "target" / "manifest.json"
    if manifest.is_file() and not _is_older(manifest, models):
        tests = _tests_in_manifest(json.loads(manifest.read_text(encoding="utf-8")), mart)
    else:
        tests = _tests_in_properties(models, mart)
    return MartDocs(grain, tests)


def _is_older(manifest: Path, models: Path) -> bool:
    written_at = manifest.stat().st_mtime
    return any(path.stat().st_mtime > written_at for path in models.rglob("*.*"))


def _grain(models: Path, mart: str) -> str | None:
    """The first sentence after `-- Grain:` above the model's SQL."""
    for path in sorted(models.rglob("*.sql")):
        if path.stem != mart:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if match := _GRAIN.match(line):
                said = [match[1]]
                for following in lines[number + 1 :]:
                    if not (comment := _COMMENT.match(following)):
                        break
                    said.append(comment[1])
                return _SENTENCE.split(" ".join(said))[0]
    return None


def _tests_in_manifest(manifest: dict[str, Any], mart: str) -> list[MartTest] | None:
    keys = [
        key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["name"] == mart
    ]
    if not keys:
        return None
    tests = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        attached = node.get("attached_node")
        generic = node.get("test_metadata")
        if generic and attached == keys[0]:
            arguments = {
                name: value
                for name, value in generic.get("kwargs", {}).items()
                if name not in ("model", "column_name")
            }
            tests.append(MartTest(generic["name"], node.get("column_name"), arguments))
        elif not generic and keys[0] in node["depends_on"]["nodes"]:
            tests.append(MartTest(node["name"], None, {}))
    return sorted(tests, key=_order)


def _tests_in_properties(models: Path, mart: str) -> list[MartTest] | None:
    import yaml

    for pattern in _PROPERTIES:
        for path in sorted(models.rglob(pattern)):
            properties = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
            for model in properties.get("models") or []:
                if model.get("name") == mart:
                    return sorted(_tests_of(model), key=_order)
    return None


def _tests_of(model: dict[str, Any]) -> Iterator[MartTest]:
    for part in [model, *(model.get("columns") or [])]:
        column = None if part is model else part["name"]
        for test in [*(part.get("data_tests") or []), *(part.get("tests") or [])]:
            if isinstance(test, str):
                yield MartTest(test, column, {})
                continue
            ((name, settings),) = test.items()
            yield MartTest(name, column, (settings or {}).get("arguments", settings or {}))


def _order(test: MartTest) -> tuple[str, str]:
    return (test.column or "", test.name)
