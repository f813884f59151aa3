"""What the paths of a command stand for: files, folders and globs, never followed outside."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from trajhouse.cli.errors import CannotOpen

_DATA_SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet")
_COMPRESSION_SUFFIXES = (".gz", ".zst")
_GLOB_CHARACTERS = "*?["


@dataclass(frozen=True)
class FoundFile:
    """A path to ingest, or to refuse.

    Args:
        path: The path as the user gave it, joined with what a walk found, with forward slashes.
        refusal: Reason and detail where it must not even be opened.
    """

    path: str
    refusal: tuple[str, str] | None = None

    @property
    def n_stored_bytes(self) -> int:
        """What there is to read, in bytes; 0 where nothing is."""
        is_readable = self.refusal is None and os.path.isfile(self.path)
        return os.path.getsize(self.path) if is_readable else 0


def find_files(paths: Iterable[str], suffixes: Iterable[str]) -> list[FoundFile]:
    """The files that the paths stand for, in order, each folder's sorted by name.

    A folder is walked to its end for files with the usual suffixes or those of the family,
    compressed or not. A file named outright is taken whatever its name. A link named outright is
    followed; in a walk only a link to a file inside the walked folder is.

    Raises:
        CannotOpen: A path or glob stands for nothing.
    """
    known = tuple(suffixes)
    found = [file for text in paths for path in named_paths(text) for file in files_at(path, known)]
    if not found:
        raise CannotOpen(
            f"nothing to ingest in {', '.join(paths)}",
            f"no file there ends in {', '.join((*_DATA_SUFFIXES, *known))}",
            "name files outright to take them whatever their name",
        )
    return found


def named_paths(text: str) -> list[Path]:
    """What a path of the command names: itself, or the matches of a glob, sorted.

    Raises:
        CannotOpen: It stands for nothing.
    """
    if os.path.lexists(text):
        return [Path(text)]
    if any(character in text for character in _GLOB_CHARACTERS):
        return _matches_of(text)
    raise CannotOpen(f"cannot ingest {text}", "there is no such file or folder", "check the path")


def files_at(path: Path, suffixes: tuple[str, ...]) -> Iterator[FoundFile]:
    """A file itself, or the files of a folder, sorted by name; see `find_files`."""
    if not path.is_dir():
        yield FoundFile(path.as_posix())
        return
    endings = tuple(
        suffix + compression
        for suffix in (*_DATA_SUFFIXES, *suffixes)
        for compression in ("", *_COMPRESSION_SUFFIXES)
    )
    yield from _walk(path, os.path.realpath(path), endings)


def _matches_of(pattern: str) -> list[Path]:
    parts = PurePath(pattern).parts
    is_magic = [any(character in part for character in _GLOB_CHARACTERS) for part in parts]
    first = is_magic.index(True)
    root = Path(*parts[:first])
    matches = sorted(root.glob(str(PurePath(*parts[first:])))) if root.is_dir() else []
    if not matches:
        raise CannotOpen(
            f"cannot ingest {pattern}", "no file matches the pattern", "check the pattern"
        )
    return matches


def _walk(folder: Path, root: str, endings: tuple[str, ...]) -> Iterator[FoundFile]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield FoundFile(folder.as_posix(), ("unreadable", error.strerror or str(error)))
        return
    for entry in entries:
        path = (folder / entry.name).as_posix()
        is_data = entry.name.lower().endswith(endings)
        if entry.is_symlink():
            refusal = judge_link(path, root)
            if refusal is None and is_data:
                yield FoundFile(path)
            elif refusal is not None and (is_data or os.path.isdir(path)):
                yield FoundFile(path, refusal)
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, root, endings)
        elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield FoundFile(path, ("special_file", "not a regular file"))
        elif is_data:
            yield FoundFile(path)


def judge_link(path: str, root: str) -> tuple[str, str] | None:
    """Why a link in the resolved folder `root` is not followed; None where it is."""
    target = os.path.realpath(path)
    if os.path.isdir(target):
        return "symlink", "a link to a folder; name that folder to ingest it"
    if os.path.commonpath([root, target]) != root:
        return "symlink", "a link out of the folder; name it outright to ingest its target"
    if not os.path.isfile(target):
        return "symlink", "a link to no file"
    return None
