"""The record of a trial directory: its conversation as text, and the reports beside it as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trajhouse.cli.landing.blocks import Origin, TrialBlock
from trajhouse.cli.landing.judge import Rejection, check_values, parse_strictly
from trajhouse.cli.landing.layout import UTF8_MARK
from trajhouse.cli.landing.records import MAX_RECORD_BYTES, GrowingRecord, Oversized
from trajhouse.cli.landing.streams import Identity, Progress, Refused, SourceFile, require_same
from trajhouse.cli.landing.trials import REPORTS, FoundTrial, inspect_trial

_PIECE_BYTES = 1 << 20
_INFORMATIVE = ("run_info", "result")
"""Reports that a trial is read without where they are not sound."""


@dataclass(frozen=True)
class HashedTrial:
    """A trial whose files have been read once.

    Args:
        file_id: A sha256 over the directory's name, the names and sizes of its snapshots, and the
            names and bytes of what is read of it.
        n_bytes: The size of what is read.
        block: What a worker reads it by.
    """

    file_id: str
    n_bytes: int
    block: TrialBlock


def hash_trial(trial: FoundTrial, progress: Progress) -> HashedTrial:
    """Read the files of a trial for their hashes.

    Raises:
        Refused: A file cannot be read, is a link out, is none, or changed meanwhile.
    """
    files = inspect_trial(trial)
    hashes: list[tuple[str, int, str]] = []
    identities: dict[str, Identity] = {}
    for name in files.read:
        with SourceFile(f"{trial.path}/{name}", progress) as source:
            hashes.append((name, source.identity.n_bytes, source.sha256_hex()))
            identities[name] = source.identity
            source.require_unchanged()
    told = json.dumps([trial.name, files.snapshots, hashes])
    file_id = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
    block = TrialBlock(Origin(file_id, trial.path), trial, files, identities)
    return HashedTrial(file_id, files.n_bytes, block)


def read_trial(block: TrialBlock) -> tuple[bytes | Oversized, Rejection | None]:
    """The record of a trial as JSON text, or its broken file and why there is no record.

    The largest snapshot decides: where it is broken, an earlier one is no substitute, for it ends
    before the trial did and the verdict is not about it.

    Raises:
        Refused: A file cannot be read or has changed.
    """
    if inspect_trial(block.trial) != block.files:
        what = "its files are not those that were found"
        raise Refused("changed_during_read", f"{what}; ingest it again once nothing writes to it")
    texts = {name: _read(block, name) for name in block.files.read}
    snapshot = block.files.snapshot
    members: dict[str, bytes] = {"trial_uid": _json(block.trial.name)}
    members["chain_position"] = _json(block.trial.chain_position)
    members["n_snapshots"] = _json(len(block.files.snapshots))
    if snapshot is not None:
        broken = _fault_of(texts[snapshot], must_be_object=True)
        if broken is not None:
            n_others = len(block.files.snapshots) - 1
            others = f"; smaller snapshots, {n_others}, are not used" if n_others else ""
            return texts[snapshot], Rejection(broken.reason, f"{snapshot}: {broken.detail}{others}")
        members["conv_json_path"] = _json(f"{block.trial.name}/{snapshot}")
        members["raw_conv_json"] = _json(_plain(texts[snapshot]).decode())
    unreadable: dict[str, str] = {}
    for key, name in REPORTS.items():
        if name not in texts:
            continue
        fault = _fault_of(texts[name])
        if fault is None:
            members[key] = _plain(texts[name])
        elif key in _INFORMATIVE and not (key == "result" and REPORTS["ctrf"] not in texts):
            unreadable[key] = f"{fault.reason}: {fault.detail}"
        else:
            return texts[name], Rejection(fault.reason, f"{name}: {fault.detail}")
    if unreadable:
        members["unreadable"] = _json(unreadable)
    return _object(members), None


def _read(block: TrialBlock, name: str) -> bytes | Oversized:
    growing = GrowingRecord()
    with SourceFile(f"{block.trial.path}/{name}", lambda n_bytes: None) as source:
        require_same(block.identities[name], source.identity)
        while piece := source.read(_PIECE_BYTES):
            growing.add(piece)
        source.require_unchanged()
    return growing.take()


def _fault_of(data: bytes | Oversized, *, must_be_object: bool = False) -> Rejection | None:
    """Why a file is no sound JSON, or no object where it must be; None where it is."""
    if isinstance(data, Oversized):
        limit = MAX_RECORD_BYTES >> 20
        return Rejection("too_large", f"{data.n_bytes:,} bytes, more than {limit} MiB")
    try:
        value = parse_strictly(_plain(data))
        if isinstance(value, dict | list):
            check_values(value, set())
    except Rejection as rejection:
        return rejection
    if must_be_object and not isinstance(value, dict):
        return Rejection("not_object", "the text is sound JSON, but no object")
    return None


def _plain(data: bytes | Oversized) -> bytes:
    """A text without its byte order mark."""
    return b"" if isinstance(data, Oversized) else data.removeprefix(UTF8_MARK)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _object(members: Mapping[str, bytes]) -> bytes:
    return b"{" + b", ".join(b'"' + k.encode() + b'": ' + v for k, v in members.items()) + b"}"
