"""What an export is asked for, and how its options are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from trajhouse.cli.errors import UsageFault

DEFAULT_SPLIT = "train"
DEFAULT_SHARD_SIZE = "500MB"
SPLIT_EXAMPLE = "--split train=0.95,validation=0.05"

_SPLIT_NAME = re.compile(r"[A-Za-z0-9_]+")
_SIZE = re.compile(r"(\d+)\s*([A-Za-z]*)")
_UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
}
_TOLERANCE = Decimal("1e-9")


@dataclass(frozen=True)
class Split:
    """A named share of the tasks, `fraction` in (0, 1]."""

    name: str
    fraction: Decimal


ALL_ROWS = (Split(DEFAULT_SPLIT, Decimal(1)),)


@dataclass(frozen=True)
class ExportRequest:
    """One export.

    Args:
        mart: A relation of the schema `marts`.
        out: The folder to write.
        where: One boolean SQL expression over the mart's columns, or None for every row.
        columns: Columns to write, in this order, or None for all.
        splits: Shares of the tasks, in the order in which hashes are dealt out.
        max_shard_bytes: A shard ends before it holds more than this, in uncompressed bytes; None
            makes one file of each split, whatever its size.
        force: Whether an export that is in the way is replaced.
        pack: Tokens that a pack of rows holds, or None to write the rows themselves.
        cuts_long_rows: Whether rows that are longer than a pack are cut where turns end.
        threads: DuckDB's threads, or None for its default. The output is the same either way.
    """

    mart: str
    out: Path
    where: str | None = None
    columns: tuple[str, ...] | None = None
    splits: tuple[Split, ...] = ALL_ROWS
    max_shard_bytes: int | None = 500 * 10**6
    force: bool = False
    pack: int | None = None
    cuts_long_rows: bool = False
    threads: int | None = None

    @property
    def is_split(self) -> bool:
        """Whether rows are dealt to more than one split."""
        return len(self.splits) > 1


def parse_splits(text: str) -> tuple[Split, ...]:
    """Read `train=0.95,validation=0.05`.

    Raises:
        UsageFault: A part is no `NAME=FRACTION`, a name is invalid or given twice, a fraction is
            outside (0, 1], or they do not sum to 1 within 1e-9.
    """
    splits = tuple(_parse_split(part.strip()) for part in text.split(","))
    names = [split.name for split in splits]
    for name in names:
        if names.count(name) > 1:
            raise UsageFault(
                f"--split names {name!r} twice", "a split has one share", SPLIT_EXAMPLE
            )
    total = sum((split.fraction for split in splits), Decimal(0))
    if abs(total - 1) > _TOLERANCE:
        raise UsageFault(
            f"--split {text}: the fractions sum to {total}",
            "every task belongs to exactly one split, so they must sum to 1",
            SPLIT_EXAMPLE,
        )
    return splits


def _parse_split(part: str) -> Split:
    name, separator, share = part.partition("=")
    if not separator:
        raise UsageFault(f"--split: {part!r} is not NAME=FRACTION", "there is no =", SPLIT_EXAMPLE)
    if not _SPLIT_NAME.fullmatch(name) or name == "all":
        raise UsageFault(
            f"--split: {name!r} is no name for a split",
            "a name is made of letters, digits and _, and `all` means every split to datasets",
            SPLIT_EXAMPLE,
        )
    try:
        fraction = Decimal(share)
    except InvalidOperation:
        fraction = Decimal("NaN")
    if not fraction.is_finite() or not 0 < fraction <= 1:
        raise UsageFault(
            f"--split: {share!r} is no share for {name}",
            "a share is a number above 0 and at most 1",
            SPLIT_EXAMPLE,
        )
    return Split(name, fraction)


def parse_size(text: str) -> int:
    """Read `500MB` or `1GiB` as bytes.

    Raises:
        UsageFault: It is no size, or zero.
    """
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or unit is None or int(match[1]) == 0:
        raise UsageFault(
            f"--max-shard-size {text!r} is not a size",
            "a size is a whole number with B, KB, MB, GB, KiB, MiB or GiB",
            f"--max-shard-size {DEFAULT_SHARD_SIZE}",
        )
    return int(match[1]) * unit


def parse_columns(text: str) -> tuple[str, ...]:
    """Read `a,b`.

    Raises:
        UsageFault: A name is empty or given twice.
    """
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if not name:
            raise UsageFault(
                f"--columns {text!r} has an empty name", "a comma has no name beside it", "a,b,c"
            )
        if [other.lower() for other in names].count(name.lower()) > 1:
            raise UsageFault(f"--columns names {name!r} twice", "a column is written once", "a,b,c")
    return names
