"""The lock file holds what pyproject.toml asks for, with hashes and without addresses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LOCK = (PROJECT / "requirements.txt").read_text(encoding="utf-8")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = [text for group in groups for text in group]
    names = {plain(re.match(r"[\w.-]+", text)[0]) for text in asked}  # type: ignore[index]
    locked = {plain(name) for name in re.findall(r"(?m)^([\w.-]+)(?:\[.*\])?==", LOCK)}
    assert names - locked == set()


def test_every_release_has_a_hash_and_none_an_address() -> None:
    releases = len(re.findall(r"(?m)^[\w.-]+(?:\[.*\])?==", LOCK))
    assert releases > 100
    assert len(re.findall(r"(?m)^[\w.-]+.*==.*\\\n    --hash=sha256:", LOCK)) == releases
    assert "://" not in LOCK
