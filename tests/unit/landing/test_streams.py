from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest
import zstandard

from trajhouse.cli.landing.decompress import RATIO_FLOOR_BYTES, open_content
from trajhouse.cli.landing.streams import Refused, SourceFile, read_fully

TEXT = b"".join(b'{"id": %d, "text": "some words"}\n' % number for number in range(5000))


def read_all(path: Path, size: int = 1000) -> bytes:
    with SourceFile(str(path), lambda n_bytes: None) as source:
        content = open_content(source, source.detect_compression())
        return b"".join(iter(lambda: read_fully(content, size), b""))


def refusal_of(path: Path) -> str | None:
    try:
        read_all(path)
    except Refused as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(TEXT, id="plain"),
        pytest.param(gzip.compress(TEXT), id="gzip"),
        pytest.param(gzip.compress(TEXT[:999]) + gzip.compress(TEXT[999:]), id="gzip_members"),
        pytest.param(gzip.compress(TEXT) + b"\0" * 700, id="gzip_padded"),
        pytest.param(zstandard.compress(TEXT), id="zstd"),
        pytest.param(zstandard.compress(TEXT[:9]) + zstandard.compress(TEXT[9:]), id="zstd_frames"),
    ],
)
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_content_is_read_whole(tmp_path: Path, stored: bytes, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(stored)
    assert read_all(path, size) == TEXT


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


GZIP = gzip.compress(TEXT)
ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress(TEXT)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(GZIP[:-1], id="gzip_trailer_cut"),
        pytest.param(GZIP[:5], id="gzip_header_cut"),
        pytest.param(flip(GZIP, len(GZIP) // 2), id="gzip_flipped"),
        pytest.param(flip(GZIP, len(GZIP) - 8), id="gzip_wrong_crc"),
        pytest.param(flip(GZIP, len(GZIP) - 4), id="gzip_wrong_length"),
        pytest.param(GZIP + b"more", id="gzip_with_more"),
        pytest.param(GZIP + GZIP[:20], id="gzip_second_member_cut"),
        pytest.param(ZSTD[:-1], id="zstd_cut"),
        pytest.param(ZSTD[:6], id="zstd_header_cut"),
        pytest.param(flip(ZSTD, len(ZSTD) // 2), id="zstd_flipped"),
        pytest.param(ZSTD + b"more", id="zstd_with_more"),
    ],
)
def test_damage_is_corrupt(tmp_path: Path, stored: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(stored)
    assert refusal_of(path) == "corrupt"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_plain_text_under_a_compressed_name_is_told_apart(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(TEXT)
    assert refusal_of(path) == "not_compressed"


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_bomb_is_stopped_soon_after_the_limit(tmp_path: Path, compress: object) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(compress(b" " * (2 * RATIO_FLOOR_BYTES)))
    counted = []
    with SourceFile(str(path), lambda n_bytes: None) as source:
        content = open_content(source, source.detect_compression())
        with pytest.raises(Refused) as caught:
            counted.extend(map(len, iter(lambda: content.read(1 << 20), b"")))
    assert caught.value.reason == "ratio"
    assert sum(counted) <= RATIO_FLOOR_BYTES


def test_repetition_below_the_floor_passes(tmp_path: Path) -> None:
    path = tmp_path / "same"
    path.write_bytes(gzip.compress(b" " * (1 << 20)))
    assert refusal_of(path) is None


def test_hash_is_of_the_stored_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(GZIP)
    with SourceFile(str(path), lambda n_bytes: None) as source:
        assert source.sha256_hex() == hashlib.sha256(GZIP).hexdigest()
        assert source.read(2) == GZIP[:2]


def rewrite_in_place(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"y" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path.write_bytes(b"longer than it was"), id="grown"),
        pytest.param(lambda path: path.write_bytes(b"x"), id="cut"),
        pytest.param(rewrite_in_place, id="rewritten_with_old_times"),
    ],
)
def test_change_is_noticed(tmp_path: Path, change: object) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"as it was")
    with SourceFile(str(path), lambda n_bytes: None) as source:
        source.require_unchanged()
        change(path)
        with pytest.raises(Refused) as caught:
            source.require_unchanged()
    assert caught.value.reason == "changed_during_read"


def test_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    with pytest.raises(Refused) as caught:
        SourceFile(str(path), lambda n_bytes: None)
    assert caught.value.reason == "special_file"
