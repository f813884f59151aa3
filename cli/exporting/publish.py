"""Writes a folder aside and puts it in place in one step.

Beside the target `DIR` there is, while an export runs, a hidden folder `.DIR.tmp-trajhouse` on the
same file system: `new/` becomes DIR, `spill/` holds what does not fit in memory, `lock` is held. A
killed run leaves that folder; the next run for the same DIR clears it. Nothing else is written.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from trajhouse.cli import locks
from trajhouse.cli.disk import sync
from trajhouse.cli.errors import Locked, UsageFault

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_CANNOT_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


@dataclass(frozen=True)
class Workspace:
    """The hidden folder beside `target`."""

    target: Path

    @property
    def root(self) -> Path:
        """The hidden folder."""
        return self.target.parent / f".{self.target.name}.tmp-trajhouse"

    @property
    def new(self) -> Path:
        """What becomes the target."""
        return self.root / "new"

    @property
    def old(self) -> Path:
        """The former target, where the two cannot be exchanged in one step."""
        return self.root / "old"

    @property
    def spill(self) -> Path:
        """Scratch space."""
        return self.root / "spill"

    @property
    def lock(self) -> Path:
        """The file that the run's lock is held on."""
        return self.root / "lock"


@contextmanager
def workspace(target: Path) -> Iterator[Workspace]:
    """An empty workspace for `target`, removed at the end together with the parents it needed.

    Raises:
        Locked: Another export to the same target is running.
        UsageFault: Something that is no workspace has its name.
    """
    space = Workspace(target)
    made = _make_parents(target.parent)
    try:
        with _held(space):
            recover(space)
            _clear(space)
            space.new.mkdir()
            space.spill.mkdir()
            yield space
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def _held(space: Workspace) -> Iterator[None]:
    """Hold the workspace's lock, also against a run that is just removing it; remove it after."""
    if space.root.is_symlink():
        raise UsageFault(
            f"{space.root} is a link",
            "an export is prepared there",
            "remove it, or choose another DIR",
        )
    for _ in range(20):
        with ExitStack() as stack:
            try:
                stack.enter_context(locks.hold(space.lock, f"export to {space.target}"))
            except FileNotFoundError:
                continue
            if not _is_mine(space.lock):
                continue
            try:
                yield
            finally:
                recover(space)
                shutil.rmtree(space.root, ignore_errors=True)
            return
    raise Locked(
        f"cannot export to {space.target}",
        "other exports to it start and end all the time",
        "wait for them to end",
    )


def _is_mine(lock: Path) -> bool:
    """Whether the lock that is held is the file that others would lock."""
    try:
        return f'"pid": {os.getpid()},' in lock.read_text()
    except FileNotFoundError:
        return False


def recover(space: Workspace) -> None:
    """Put the former target back where a killed run had moved it away."""
    if space.old.is_dir() and not space.target.exists():
        space.old.rename(space.target)


def _clear(space: Workspace) -> None:
    for leftover in space.root.iterdir():
        if leftover == space.lock:
            continue
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def publish(space: Workspace) -> None:
    """Put `new` in the target's place; at every moment the old or the new one is whole.

    Where the system can, the two are exchanged in one step. Where it cannot, the old one is moved
    aside first, and `recover` puts it back if the process dies in between.
    """
    sync_tree(space.new)
    if not space.target.exists() or not any(space.target.iterdir()):
        space.new.rename(space.target)
    elif not _exchange(space.new, space.target):
        space.target.rename(space.old)
        space.new.rename(space.target)
    sync(space.target.parent)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step; False where the system cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = os.fsencode(first), os.fsencode(second)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(second))


def sync_tree(folder: Path) -> None:
    """Have the disk hold a folder and all that is in it."""
    for parent, _, files in os.walk(folder):
        for name in files:
            sync(Path(parent) / name)
        sync(Path(parent))


def _make_parents(folder: Path) -> list[Path]:
    """Create `folder` and its parents; return those created, innermost first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    return missing
