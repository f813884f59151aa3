"""The corpus as a fixture; `corpus_cases` gives it to any other test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from corpus_cases import Case, read_manifest, write_case


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[[str], Case]:
    """Writes the inputs of the case of a name."""
    entries = {entry["name"]: entry for entry in read_manifest()}
    folder = tmp_path / "corpus"
    folder.mkdir()
    return lambda name: write_case(entries[name], folder)
