"""What a sample is asked for: how many rows, how long, with which faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote

from trajhouse.cli.errors import UsageFault


class Length(StrEnum):
    """How long trajectories are: as the dataset cards say, or as short as their shape allows."""

    REALISTIC = "realistic"
    SHORT = "short"


@dataclass(frozen=True)
class SampleRequest:
    """What a family's `draw` is asked for.

    Args:
        rows: The number of sound trajectories; what faults add comes on top.
        seed: The same seed gives the same bytes.
        faults: Shares of `rows` by the name of the fault, each in [0, 1].
        length: How long trajectories are.
    """

    rows: int
    seed: int = 0
    faults: Mapping[str, float] | None = None
    length: Length = Length.REALISTIC

    def n_faulty(self, fault: str) -> int:
        """How many records have the fault: its share of the rows, at least one where it has any."""
        share = (self.faults or {}).get(fault, 0.0)
        return max(1, round(share * self.rows)) if share > 0 else 0


@dataclass(frozen=True)
class Ingest:
    """How a part of a sample is landed: the arguments of `trajhouse ingest`.

    Args:
        family: The family to land it as.
        paths: Where it is, relative to the sample's folder.
        dataset: The dataset's name.
    """

    family: str
    paths: tuple[str, ...]
    dataset: str


def parse_faults(text: str, known: Mapping[str, float]) -> dict[str, float]:
    """The faults of `NAME=SHARE,…`; `none` is none, and a name alone has its usual share.

    Raises:
        UsageFault: A name is not known, or a share is no number in [0, 1].
    """
    if text.strip() == "none":
        return {}
    return dict(_parse_fault(item.strip(), known) for item in text.split(","))


def _parse_fault(item: str, known: Mapping[str, float]) -> tuple[str, float]:
    name, equals, share = item.partition("=")
    if name not in known:
        raise UsageFault(
            f"--faults: no fault named {name!r}",
            f"the family has {', '.join(known)}",
            f"for example --faults {next(iter(known))}=0.1",
        )
    try:
        value = float(share) if equals else known[name]
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageFault(
            f"--faults: {share!r} is no share of the rows",
            "a share is a number from 0 to 1",
            f"for example --faults {name}=0.1",
        )
    return name, value


def ingest_lines(ingests: Iterable[Ingest], folder: str) -> list[str]:
    """The commands that land a sample."""
    return [
        f"trajhouse ingest {ingest.family} "
        + " ".join(quote(f"{folder}/{path}") for path in ingest.paths)
        + f" --dataset {ingest.dataset}"
        for ingest in ingests
    ]
