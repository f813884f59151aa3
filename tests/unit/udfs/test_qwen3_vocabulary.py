from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trajhouse.cli.errors import CannotOpen, DiskFault
from trajhouse.udfs import qwen3_vocabulary

PUBLISHED_SHA256 = "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "trajhouse"


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_rebuild_is_the_published_file_within_seconds(cache: Path) -> None:
    started = time.monotonic()
    file = qwen3_vocabulary.qwen3_tokenizer_file()
    assert time.monotonic() - started < 30
    assert sha256_of(file) == PUBLISHED_SHA256
    assert file.is_relative_to(cache)
    assert [path for path in cache.rglob("*") if path.is_file()] == [file]


def test_pinned_hash_is_that_of_the_shared_copy(shared_data: Path) -> None:
    assert sha256_of(shared_data / "tokenizers" / "qwen3" / "tokenizer.json") == PUBLISHED_SHA256


@pytest.mark.slow
def test_good_cache_is_kept_and_a_damaged_one_built_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = qwen3_vocabulary.qwen3_tokenizer_file()
    with monkeypatch.context() as patch:
        patch.setattr(qwen3_vocabulary, "_ranks_file", lambda: None)
        assert qwen3_vocabulary.qwen3_tokenizer_file() == file
    file.write_bytes(file.read_bytes()[:-1])
    assert sha256_of(qwen3_vocabulary.qwen3_tokenizer_file()) == PUBLISHED_SHA256


def test_missing_package_is_a_clear_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qwen3_vocabulary.importlib.util, "find_spec", lambda name: None)
    assert not qwen3_vocabulary.is_available()
    with pytest.raises(CannotOpen) as raised:
        qwen3_vocabulary.qwen3_tokenizer_file()
    assert "dashscope" in raised.value.why
    assert not cache.exists()


def test_other_ranks_are_refused(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "qwen.tiktoken"
    other.write_bytes(b"IQ== 0\n")
    monkeypatch.setattr(qwen3_vocabulary, "_ranks_file", lambda: other)
    with pytest.raises(CannotOpen, match="cannot rebuild"):
        qwen3_vocabulary.qwen3_tokenizer_file()
    assert not cache.exists()


def test_another_vocabulary_is_not_passed_off_as_the_published_one() -> None:
    single_bytes = {bytes([byte]): byte for byte in range(256)}
    with pytest.raises(CannotOpen, match="cannot rebuild"):
        qwen3_vocabulary.build_tokenizer_json(single_bytes)


def test_cache_that_cannot_be_written_is_a_disk_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    with pytest.raises(DiskFault):
        qwen3_vocabulary.qwen3_tokenizer_file()


def test_no_code_of_the_package_is_run() -> None:
    script = (
        "import sys; from trajhouse.udfs import qwen3_vocabulary as q; assert q._find_ranks();"
        "sys.exit(any(name.startswith('dashscope') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_merges_follow_rank_not_length() -> None:
    ranks = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4, b"abc": 5}
    assert qwen3_vocabulary.find_merges(ranks) == [(b"b", b"c"), (b"a", b"b"), (b"a", b"bc")]


def test_token_out_of_reach_is_an_error() -> None:
    with pytest.raises(ValueError, match="out of reach"):
        qwen3_vocabulary.find_merges({b"a": 0, b"b": 1, b"c": 2, b"abc": 3})
