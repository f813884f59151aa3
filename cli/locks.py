"""Named locks on a warehouse: held by one process, and saying by whom and since when."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from trajhouse.cli.errors import Locked


@contextmanager
def hold(path: Path, purpose: str) -> Iterator[None]:
    """Hold an exclusive lock on `path` for the length of a `with` block.

    The operating system frees the lock when the process ends, however it ends, so a killed process
    never leaves a warehouse locked.

    Raises:
        Locked: Another process holds it; the message names its pid, command and start.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(
                f"cannot {purpose}: {path.parent} is in use",
                f"the lock is held by {_describe_holder(path)}",
                "wait for it to end, or stop it",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _describe_self(purpose), 0)
        yield
    finally:
        os.close(descriptor)


def _describe_self(purpose: str) -> bytes:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    command = " ".join(["trajhouse", *sys.argv[1:]])
    holder = {"pid": os.getpid(), "purpose": purpose, "command": command, "since": since}
    return json.dumps(holder).encode()


def _describe_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        return f"process {holder['pid']} ({holder['command']}) since {holder['since']}"
    except (ValueError, KeyError):
        return "a process that has not named itself yet"
