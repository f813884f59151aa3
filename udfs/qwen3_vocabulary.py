"""Qwen3's `tokenizer.json`, rebuilt without a network from the token ranks that dashscope carries.

`qwen.tiktoken` lists every token with its rank. A byte-level BPE is that list written another way:
each token of two bytes or more is one merge, of the two pieces that the merges of lower rank leave
of it. Both ends are pinned by hash, so a rebuild is the published file or an error.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import json
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from trajhouse.cli.errors import CannotOpen, DiskFault

RANKS_SHA256 = "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"
TOKENIZER_SHA256 = "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"

_SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPECIAL_TOKENS = (
    "<|endoftext|>",
    *(f"<|im_{edge}|>" for edge in ("start", "end")),
    *(
        f"<|{what}_{edge}|>"
        for what in ("object_ref", "box", "quad", "vision")
        for edge in ("start", "end")
    ),
    *(f"<|{what}_pad|>" for what in ("vision", "image", "video")),
)
_PLAIN_ADDED_TOKENS = (
    *("<tool_call>", "</tool_call>"),
    *(f"<|fim_{part}|>" for part in ("prefix", "middle", "suffix", "pad")),
    *("<|repo_name|>", "<|file_sep|>"),
    *("<tool_response>", "</tool_response>"),
    *("<think>", "</think>"),
)


def qwen3_tokenizer_file() -> Path:
    """The path of Qwen3's `tokenizer.json` in the user's cache, built there on first use.

    The cache is `$XDG_CACHE_HOME/trajhouse` or `~/.cache/trajhouse`. A file there whose hash is off
    is built again. No code of dashscope is run.

    Raises:
        CannotOpen: dashscope is not installed, or its ranks are not the known ones.
        DiskFault: The cache cannot be written.
    """
    cached = _cache_folder() / f"qwen3-{TOKENIZER_SHA256[:12]}" / "tokenizer.json"
    if _has_hash(cached, TOKENIZER_SHA256):
        return cached
    _write_aside(cached, build_tokenizer_json(_find_ranks()))
    return cached


def is_available() -> bool:
    """Whether the ranks are installed; nothing is read or verified."""
    return _ranks_file() is not None


def build_tokenizer_json(ranks: dict[bytes, int]) -> bytes:
    """`tokenizer.json` as published.

    Args:
        ranks: Every token's bytes to its rank, which is its id.

    Raises:
        CannotOpen: The result is not the published file.
    """
    byte_letters = _byte_letters()
    spelled = {token: "".join(map(byte_letters.__getitem__, token)) for token in ranks}
    merges = [[spelled[left], spelled[right]] for left, right in find_merges(ranks)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}
    byte_level["use_regex"] = False
    split = {"type": "Split", "pattern": {"Regex": _SPLIT_PATTERN}}
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(first_id=len(ranks)),
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [split | {"behavior": "Isolated", "invert": False}, byte_level],
        },
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {spelled[token]: rank for token, rank in ranks.items()},
            "merges": merges,
        },
    }
    content = json.dumps(tokenizer, indent=2, ensure_ascii=False).encode()
    if hashlib.sha256(content).hexdigest() != TOKENIZER_SHA256:
        raise CannotOpen(
            "cannot rebuild Qwen3's tokenizer.json",
            "the rebuilt file differs from the published one",
            "set TRAJHOUSE_TOKENIZER to a folder that holds a tokenizer.json",
        )
    return content


def find_merges(ranks: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """The merges of a byte-level BPE, in order of rank.

    Args:
        ranks: Every token's bytes to its rank; the 256 single bytes among them.

    >>> find_merges({b"a": 0, b"b": 1, b"ab": 2, b"abb": 3})
    [(b'a', b'b'), (b'ab', b'b')]
    """
    ordered = sorted(ranks.items(), key=lambda item: item[1])
    return [_last_merge(token, rank, ranks) for token, rank in ordered if len(token) > 1]


def _last_merge(token: bytes, rank: int, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The two pieces left of `token` once every merge of lower rank has been applied."""
    pieces = [token[i : i + 1] for i in range(len(token))]
    while len(pieces) > 2:
        pair_ranks = [ranks.get(a + b, rank) for a, b in pairwise(pieces)]
        lowest = min(pair_ranks)
        if lowest >= rank:
            raise ValueError(f"token {token!r} is out of reach of the tokens before it")
        at = pair_ranks.index(lowest)
        pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
    return pieces[0], pieces[1]


def _byte_letters() -> list[str]:
    """The printable letter that stands for each byte in a byte-level vocabulary (as in GPT-2)."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    stand_ins = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(stand_ins)) for byte in range(256)]


def _added_tokens(first_id: int) -> list[dict[str, Any]]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return [
        {"id": token_id, "content": content, **flags, "special": content in _SPECIAL_TOKENS}
        for token_id, content in enumerate(_SPECIAL_TOKENS + _PLAIN_ADDED_TOKENS, start=first_id)
    ]


def _ranks_file() -> Path | None:
    spec = importlib.util.find_spec("dashscope")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "resources" / "qwen.tiktoken"
        if file.is_file():
            return file
    return None


def _find_ranks() -> dict[bytes, int]:
    file = _ranks_file()
    if file is None:
        raise CannotOpen(
            "cannot rebuild Qwen3's tokenizer.json",
            "the package dashscope, which carries its vocabulary, is not installed",
            "pip install 'trajhouse[qwen3]', or set TRAJHOUSE_TOKENIZER to a folder",
        )
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != RANKS_SHA256:
        raise CannotOpen(
            "cannot rebuild Qwen3's tokenizer.json",
            "the vocabulary in the installed dashscope is not the known one",
            "install another version of dashscope, or set TRAJHOUSE_TOKENIZER to a folder",
        )
    lines = (line.split() for line in content.splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in lines}


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "trajhouse"


def _has_hash(file: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _write_aside(file: Path, content: bytes) -> None:
    """Write `content` under another name, then rename it, so that a reader never sees a part."""
    aside = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=file.parent, suffix=".part")
        with os.fdopen(descriptor, "wb") as part:
            part.write(content)
        Path(aside).replace(file)
    except OSError as error:
        if aside is not None:
            with contextlib.suppress(OSError):
                Path(aside).unlink()
        raise DiskFault(
            f"cannot write {file}",
            str(error),
            "set XDG_CACHE_HOME to a folder that can be written",
        ) from None
