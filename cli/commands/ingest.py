"""`trajhouse ingest`: land raw trajectories in the warehouse."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from trajhouse.cli.console import emit, emit_json, emit_table, talk
from trajhouse.cli.errors import ExitCode, UsageFault

if TYPE_CHECKING:
    from trajhouse.cli.landing.discover import FoundFile
    from trajhouse.cli.landing.outcome import Outcome
    from trajhouse.cli.landing.streams import Progress
    from trajhouse.cli.main import Settings

_DATASET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LISTED_FILES = 30


@click.command()
@click.argument("family")
@click.argument("paths", nargs=-1, required=True)
@click.option("--dataset", required=True, help="The name the records land under.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=PATH",
    help="Where a field is in each record; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Judge every record, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def ingest(
    settings: Settings,
    family: str,
    paths: tuple[str, ...],
    dataset: str,
    fields: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Land raw trajectories of FAMILY from PATHS in the warehouse.

    PATHS are files, folders and globs of JSONL, JSON or Parquet, also with gzip or zstd. Each
    record is judged once; what fails is kept with a reason. A file that cannot be trusted whole
    (cut, damaged, changing) lands nothing, the others land. Bytes that have landed in the dataset
    are not landed again.

    A family of trial directories takes results directories: each trial in them is one record, and
    several of them, in order, are one resume chain.

    Exit code 1 says that some file was refused; rejected records alone are no failure.

    \b
    Examples:
      trajhouse ingest openai rollouts.jsonl --dataset airline
      trajhouse ingest openai runs/ --dataset airline --field messages=traj --dry-run
      trajhouse ingest swe_agent 'out/**/*.traj' --dataset swe --json
      trajhouse ingest seta results/pass-0 results/pass-1 --dataset terminal
    """  # noqa: D301 (click reads the backslash)
    from trajhouse.cli.landing.discover import find_files
    from trajhouse.cli.landing.families import load_family, override_fields
    from trajhouse.cli.landing.ingest import land
    from trajhouse.cli.landing.trials import find_trials

    if not _DATASET_NAME.fullmatch(dataset):
        usable = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset).strip("-._")
        raise UsageFault(
            f"--dataset {dataset!r} is not a usable name",
            "it may hold letters, digits, '.', '_' and '-', and starts with a letter or digit",
            f"for example --dataset {usable[:100] or 'runs'}",
        )
    chosen = override_fields(load_family(family), fields)
    find = find_trials if chosen.layout == "trial_directories" else find_files
    found = find(paths, chosen.suffixes)
    with _progress_bar(found) as progress:
        outcome = land(
            settings.warehouse, chosen, dataset, found, is_dry_run=dry_run, progress=progress
        )
    if as_json:
        emit_json(outcome.as_dict())
    else:
        _print_summary(outcome)
    if outcome.count("refused"):
        click.get_current_context().exit(ExitCode.DATA)


@contextmanager
def _progress_bar(files: list[FoundFile]) -> Iterator[Progress]:
    """A bar by bytes on a terminal, nothing elsewhere; each byte counts twice, see `land`."""
    if not sys.stderr.isatty():
        yield lambda n_bytes: None
        return
    total = sum(file.n_stored_bytes for file in files)
    with click.progressbar(length=2 * total, label="ingesting", file=sys.stderr) as bar:
        yield bar.update


def _print_summary(outcome: Outcome) -> None:
    shown = outcome.files
    if len(shown) > _LISTED_FILES:
        shown = tuple(file for file in shown if file.status != "landed" or file.tally.n_rejected)
    if shown:
        emit_table(
            ["file", "status", "records", "landed", "rejected", "why"],
            [
                [
                    file.source_file,
                    file.status,
                    file.n_records,
                    file.tally.n_landed,
                    file.tally.n_rejected,
                    ": ".join(text for text in (file.reason, file.detail) if text)
                    or "; ".join(file.warnings),
                ]
                for file in shown
            ],
        )
        emit("")
    summary = outcome.as_dict()
    verb = "would land" if outcome.is_dry_run else "landed"
    n_files = outcome.count("landed") + outcome.count("empty")
    n_landed, n_records = summary["n_landed"], summary["n_records"]
    emit(f"{verb} {n_landed:,} of {_count(n_records, 'record')} from {_count(n_files, 'file')}")
    for reason, count in summary["rejected_by_reason"].items():
        emit(f"  rejected {count:,}: {reason}")
    for flag, count in summary["flagged"].items():
        emit(f"  flagged {count:,}: {flag}")
    if n_unchanged := outcome.count("unchanged"):
        talk(f"{_count(n_unchanged, 'file')} with bytes that have landed before: no change")
    if n_refused := outcome.count("refused"):
        talk(f"{_count(n_refused, 'file')} refused, nothing of it landed")
    if outcome.batch_id:
        talk(f"batch {outcome.batch_id} in dataset {outcome.dataset}; next: trajhouse build")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
