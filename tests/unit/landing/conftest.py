from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trajhouse.cli.landing import cut, ingest
from trajhouse.cli.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 10 kB, so that a small file has many."""
    monkeypatch.setattr(cut, "BLOCK_BYTES", 10_000)
    monkeypatch.setattr(ingest, "BLOCK_BYTES", 10_000)
