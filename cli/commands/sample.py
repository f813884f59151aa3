"""`trajhouse sample`: raw input of a family, with the truth about every record."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from trajhouse.cli.console import emit, emit_json, talk
from trajhouse.cli.errors import DiskFault
from trajhouse.cli.sampling.request import Length, SampleRequest, ingest_lines, parse_faults

FAMILIES = ("ipw", "seta", "rlvr", "sera")


@click.command()
@click.argument("family", type=click.Choice(FAMILIES))
@click.option("--rows", required=True, type=click.IntRange(min=1), help="Sound trajectories.")
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder to write; it must not exist, or be empty.",
)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--faults",
    metavar="NAME[=SHARE],…",
    help="Faults to plant, as shares of the rows, or none.  [default: the family's usual ones]",
)
@click.option(
    "--length",
    type=click.Choice([length.value for length in Length]),
    default=Length.REALISTIC.value,
    show_default=True,
    help="As long as real ones, or as short as their shape allows.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def sample(
    family: str, rows: int, out: Path, seed: int, faults: str | None, length: str, as_json: bool
) -> None:
    """Generate raw input of FAMILY, with the truth about every record.

    Beside the input goes truth.jsonl: for each record whether it must be accepted, rejected (and
    why) or dropped as a duplicate, and which published marts must hold it. An unknown fault's
    message lists those that the family has.

    \b
    Examples:
      trajhouse sample ipw --rows 1000 --out raw/ipw
      trajhouse sample sera --rows 50 --out raw/sera --faults nested_answer=0.1 --length short
      trajhouse sample rlvr --rows 20 --out raw/rlvr --seed 7 --faults none
    """  # noqa: D301 - click reads the \b
    from trajhouse.cli.sampling.writer import SampleWriter

    module = importlib.import_module(f"trajhouse.cli.sampling.{family}")
    planted = dict(module.FAULTS) if faults is None else parse_faults(faults, module.FAULTS)
    request = SampleRequest(rows, seed, planted, Length(length))
    try:
        with SampleWriter(out) as writer:
            module.write(module.draw(request), writer)
    except OSError as error:
        raise DiskFault(
            f"cannot write {out}",
            error.strerror or str(error),
            "check the path, its permissions and the free space; nothing was kept",
        ) from error
    if as_json:
        emit_json(
            {
                "out": str(out),
                "records": writer.n_records,
                "n_records": writer.n_told,
                "faults": planted,
                "ingest": ingest_lines(module.INGESTS, str(out)),
            }
        )
        return
    emit(f"{writer.n_told:,} records of {family} in {out}")
    talk("next:")
    for line in (*ingest_lines(module.INGESTS, str(out)), "trajhouse build"):
        talk(f"  {line}")
