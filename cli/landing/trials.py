"""Trial directories: found by name or content, and looked through for what is read of each.

A results directory holds one directory for each trial of a task; several of them, in order, are one
resume chain. A trial is landed as one file with one record.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trajhouse.cli.errors import CannotOpen
from trajhouse.cli.landing.discover import FoundFile, files_at, judge_link, named_paths
from trajhouse.cli.landing.streams import Refused

SNAPSHOT_FOLDER = "CAMEL_LOG_DIR"
VERDICT_FOLDER = "verifier"
REPORTS = {
    "ctrf": f"{VERDICT_FOLDER}/ctrf.json",
    "run_info": "run_info.json",
    "result": "result.json",
}
"""What is read beside the snapshot, by its name in the record."""

_TRIAL_NAME = re.compile(r".+_t\d+_[0-9a-f]{6}")
_SNAPSHOT_NAME = re.compile(r"conv_.*\.json", re.DOTALL)


@dataclass(frozen=True)
class FoundTrial(FoundFile):
    """A trial directory to ingest.

    Args:
        root: The resolved folder that no link in the trial may lead out of.
        chain_position: Which results directory of the chain it is from, counted from 1.
    """

    root: str = ""
    chain_position: int = 1

    @property
    def name(self) -> str:
        """The directory's own name."""
        return os.path.basename(os.path.abspath(self.path))

    @property
    def n_stored_bytes(self) -> int:
        """What there is to read, in bytes; 0 where the trial will be refused."""
        try:
            return inspect_trial(self).n_bytes
        except Refused:
            return 0


@dataclass(frozen=True)
class TrialFiles:
    """What was found in a trial directory; names are relative to it, with forward slashes.

    Args:
        snapshots: Every snapshot of the conversation with its size in bytes, sorted by name.
        reports: Those of `REPORTS` that are there, with their sizes.
    """

    snapshots: tuple[tuple[str, int], ...]
    reports: tuple[tuple[str, int], ...]

    @property
    def snapshot(self) -> str | None:
        """The largest snapshot, of equals the one with the latest name; None where there is none.

        Snapshots are named after their time.
        """
        if not self.snapshots:
            return None
        return max(
            self.snapshots, key=lambda found: (found[1], found[0].rpartition("/")[2], found[0])
        )[0]

    @property
    def read(self) -> tuple[str, ...]:
        """The files that make up the record."""
        first = (self.snapshot,) if self.snapshot is not None else ()
        return (*first, *(name for name, _ in self.reports))

    @property
    def n_bytes(self) -> int:
        """The size of the files that are read."""
        sizes = dict((*self.snapshots, *self.reports))
        return sum(sizes[name] for name in self.read)


def find_trials(paths: Iterable[str], suffixes: Iterable[str]) -> list[FoundFile]:
    """The trials and files that the paths stand for, in order.

    A folder is searched for trial directories, at any depth; where it has some, its other files
    are the harness's own and are left alone. A folder without any is walked for files as
    `discover.find_files` does. A file is taken as it is. Each results directory named, in the order
    given and glob matches sorted, is one place in the chain; a trial named itself has the place of
    the directory that it is in.

    Raises:
        CannotOpen: A path stands for nothing, or for no trial and no file.
    """
    known = tuple(suffixes)
    places: dict[str, int] = {}
    found: list[FoundFile] = []
    for text in paths:
        for path in named_paths(text):
            found += _found_at(path, known, places)
    if not found:
        raise CannotOpen(
            f"nothing to ingest in {', '.join(paths)}",
            "it holds neither trial directories nor files of records",
            f"a trial is named TASK_tN_xxxxxx, or holds {SNAPSHOT_FOLDER}/ or {VERDICT_FOLDER}/",
        )
    return found


def inspect_trial(trial: FoundTrial) -> TrialFiles:
    """Look for the files of a trial, and read none of them.

    Raises:
        Refused: A link leads out of the named folder, something is no regular file, or a folder
            cannot be read.
    """
    folder = Path(trial.path)
    try:
        reports = [
            (name, size)
            for name in REPORTS.values()
            if (size := _size_of(folder, name, trial.root)) is not None
        ]
        snapshots = sorted(_snapshots_in(folder, SNAPSHOT_FOLDER, trial.root))
    except OSError as error:
        raise Refused("unreadable", error.strerror or str(error)) from error
    return TrialFiles(tuple(snapshots), tuple(reports))


def _found_at(path: Path, suffixes: tuple[str, ...], places: dict[str, int]) -> Iterable[FoundFile]:
    if not path.is_dir():
        return files_at(path, suffixes)
    found = list(_search(path))
    trials = [folder for folder in found if isinstance(folder, Path)]
    if not trials:
        return files_at(path, suffixes)
    root = os.path.realpath(path)
    place_of = os.path.dirname(root) if trials == [path] else root
    place = places.setdefault(place_of, len(places) + 1)
    return [
        FoundTrial(folder.as_posix(), root=root, chain_position=place)
        if isinstance(folder, Path)
        else folder
        for folder in found
    ]


def _search(folder: Path) -> Iterator[Path | FoundFile]:
    """The trials at or under a folder, sorted by name, and what had to be refused on the way."""
    if _TRIAL_NAME.fullmatch(os.path.basename(os.path.abspath(folder))):
        yield folder
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield FoundFile(folder.as_posix(), ("unreadable", error.strerror or str(error)))
        return
    folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    has_named = any(_TRIAL_NAME.fullmatch(name) for name in folders)
    if not has_named and not {SNAPSHOT_FOLDER, VERDICT_FOLDER}.isdisjoint(folders):
        yield folder
        return
    below: list[Path | FoundFile] = []
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink() and path.is_dir():
            refusal = ("symlink", "a link to a folder; name that folder to ingest it")
            below.append(FoundFile(path.as_posix(), refusal))
        elif entry.name in folders:
            below += _search(path)
    is_trial = not any(isinstance(found, Path) for found in below) and not {
        REPORTS["run_info"],
        REPORTS["result"],
    }.isdisjoint(entry.name for entry in entries)
    if is_trial:
        yield folder
    else:
        yield from below


def _snapshots_in(trial: Path, name: str, root: str) -> Iterator[tuple[str, int]]:
    folder = trial / name
    if not os.path.lexists(folder):
        return
    _require_inside(folder, name, root)
    if not folder.is_dir():
        raise Refused("special_file", f"{name} is no folder")
    for entry in os.scandir(folder):
        inner = f"{name}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _snapshots_in(trial, inner, root)
        elif _SNAPSHOT_NAME.fullmatch(entry.name):
            size = _size_of(trial, inner, root)
            if size is not None:
                yield inner, size


def _size_of(trial: Path, name: str, root: str) -> int | None:
    """The size of a file of a trial; None where it is not there."""
    path = trial / name
    parent = os.path.dirname(name)
    if parent and os.path.lexists(trial / parent):
        _require_inside(trial / parent, parent, root)
    if not os.path.lexists(path):
        return None
    _require_inside(path, name, root)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise Refused("special_file", f"{name} is not a regular file")
    return status.st_size


def _require_inside(path: Path, name: str, root: str) -> None:
    """Check that a path is no link, or a link to a file inside `root`."""
    if path.is_symlink() and (refusal := judge_link(str(path), root)):
        reason, detail = refusal
        raise Refused(reason, f"{name} is {detail}")
