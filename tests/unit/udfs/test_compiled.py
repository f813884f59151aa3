"""Compiled loops are kept for the next process, and do not outlive the code they are made of."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trajhouse.udfs import compiled as compiling
from trajhouse.udfs.compiled import compiled


def added(left: int, right: int) -> int:
    return left + right


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of code, in the place of `udfs`."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "called.py").write_text("LEAST = 1", encoding="utf-8")
    monkeypatch.setattr(compiling, "_CODE", tmp_path)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    compiling._version.cache_clear()
    yield tmp_path
    compiling._version.cache_clear()


def test_loops_are_kept_beside_the_code(code: Path) -> None:
    loop = compiled(added)
    assert loop(1, 2) == 3
    kept = Path(loop.stats.cache_path)  # type: ignore[attr-defined]
    assert kept.is_relative_to(code / "__pycache__")
    assert list(kept.glob("*added*"))


def test_a_change_in_another_file_makes_loops_anew(code: Path) -> None:
    """Numba looks only at the file that the loop is in."""
    before = compiled(added).stats.cache_path  # type: ignore[attr-defined]
    (code / "inner" / "called.py").write_text("LEAST = 2", encoding="utf-8")
    compiling._version.cache_clear()
    after = compiled(added).stats.cache_path  # type: ignore[attr-defined]
    assert before != after


@pytest.mark.parametrize("is_user_writable", [True, False])
def test_where_the_code_cannot_be_written_to(
    code: Path, is_user_writable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code / "__pycache__").write_text("a file where a folder would be", encoding="utf-8")
    cache = code / "cache" if is_user_writable else code / "__pycache__"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    loop = compiled(added)
    assert loop(1, 2) == 3
    kept = loop.stats.cache_path  # type: ignore[attr-defined]
    assert Path(kept).is_relative_to(cache) if is_user_writable else kept is None


def test_loops_run_as_plain_python(tmp_path: Path) -> None:
    """What CONTRIBUTING tells for debugging."""
    tests = Path(__file__).parent / "tokens" / "test_placed.py"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert not list(tmp_path.iterdir())
