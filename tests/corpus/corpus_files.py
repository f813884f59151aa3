"""Corpus inputs about whole files: compression, Parquet, repetition, change; cases 25 to 32."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from corpus_records import Files, builder, chat, line


@builder
def gzip_damaged() -> Files:
    packed = gzip.compress(b"".join(line(chat(str(number))) for number in range(500)), mtime=0)
    middle = len(packed) // 2
    return {
        "cut.jsonl.gz": packed[:-100],
        "flipped.jsonl.gz": packed[:middle] + bytes([packed[middle] ^ 8]) + packed[middle + 1 :],
        "crc.jsonl.gz": packed[:-8] + zlib.crc32(b"other").to_bytes(4, "little") + packed[-4:],
        "nothing.jsonl.gz": b"",
    }


@builder
def gzip_members() -> Files:
    return {"members.jsonl.gz": gzip.compress(line(chat("a"))) + gzip.compress(line(chat("b")))}


@builder
def gzip_without_suffix() -> Files:
    return {"packed.jsonl": gzip.compress(line(chat("a")))}


@builder
def plain_text_named_gz() -> Files:
    return {"plain.jsonl.gz": line(chat("a")), "sound.jsonl": line(chat("b"))}


@builder
def gzip_bomb() -> Files:
    return {"bomb.jsonl.gz": gzip.compress(b" " * (80 << 20), mtime=0)}


@builder
def repetitive_but_honest() -> Files:
    return {"same.jsonl.gz": gzip.compress(line(chat("a")) * 20_000, mtime=0)}


@builder
def zstd_whole_and_cut() -> Files:
    lines = b"".join(line(chat(str(number))) for number in range(200))
    packed = zstandard.ZstdCompressor().compress(lines)
    return {"whole.jsonl.zst": packed, "cut.jsonl.zst": packed[:-10]}


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    """A Parquet file of the columns."""
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, **options)
    return target.getvalue()


@builder
def parquet_damaged() -> Files:
    records = [chat(str(number)) for number in range(300)]
    columns = {key: [record[key] for record in records] for key in ("id", "messages")}
    whole = parquet(columns, compression="none", use_dictionary=False, write_page_checksum=True)
    at = whole.index(b"What is 150 doubled?")
    return {
        "whole.parquet": whole,
        "no_footer.parquet": whole[:-8],
        "cut.parquet": whole[: len(whole) // 2],
        "page_flipped.parquet": whole[:at] + b"w" + whole[at + 1 :],
        "nothing.parquet": b"",
    }


@builder
def parquet_columns() -> Files:
    messages = [json.dumps(chat("a")["messages"])]
    return {
        "extra.parquet": parquet({"id": ["a"], "messages": messages, "note": ["kept"]}),
        "missing.parquet": parquet({"id": ["a"], "dialogue": messages}),
        "no_id.parquet": parquet({"messages": messages, "shard": [5]}),
        "retyped.parquet": parquet({"id": ["a"], "messages": messages, "reward": ["high"]}),
        "twins.parquet": parquet({"id": ["a"], "ID": ["b"], "messages": messages}),
    }


@builder
def same_bytes_twice() -> Files:
    return {
        "one.jsonl": line(chat("a")),
        "two.jsonl": line(chat("a")),
        "other.jsonl": line(chat("b")),
    }


@builder
def changed_while_read() -> Files:
    return {"growing.jsonl": line(chat("a")) * 1000}
