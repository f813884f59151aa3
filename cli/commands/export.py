"""`trajhouse export`: a mart as a training set on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trajhouse.cli.console import emit, emit_json, emit_table, talk
from trajhouse.cli.errors import DiskFault, UsageFault
from trajhouse.cli.exporting.request import (
    ALL_ROWS,
    DEFAULT_SHARD_SIZE,
    ExportRequest,
    parse_columns,
    parse_size,
    parse_splits,
)

if TYPE_CHECKING:
    from trajhouse.cli.exporting.manifest import Document
    from trajhouse.cli.exporting.plan import Plan
    from trajhouse.cli.main import Settings


@click.command()
@click.argument("mart")
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder to write; it must not exist, or be empty.",
)
@click.option("--where", metavar="SQL", help="Export the rows for which this expression is true.")
@click.option("--columns", metavar="A,B", help="Export these columns, in this order.")
@click.option(
    "--split",
    metavar="NAME=FRACTION,…",
    help="Deal tasks to splits by a hash of task_id.  [default: train=1]",
)
@click.option(
    "--pack",
    metavar="TOKENS",
    type=click.IntRange(min=1),
    help="Pack rows by best fit into rows of at most so many tokens.",
)
@click.option(
    "--over-length",
    type=click.Choice(["refuse", "split"]),
    help="With --pack, what becomes of longer rows: split cuts them where turns end."
    "  [default: refuse]",
)
@click.option(
    "--max-shard-size",
    metavar="SIZE",
    help="Start a new file before one holds more than this, uncompressed."
    f"  [default: {DEFAULT_SHARD_SIZE}]",
)
@click.option("--single-file", is_flag=True, help="Write each split as one file, however large.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--force", is_flag=True, help="Replace the export that is at DIR.")
@click.pass_obj
def export(
    settings: Settings,
    mart: str,
    out: Path,
    where: str | None,
    columns: str | None,
    split: str | None,
    pack: int | None,
    over_length: str | None,
    max_shard_size: str | None,
    single_file: bool,
    dry_run: bool,
    as_json: bool,
    force: bool,
) -> None:
    """Write MART as Parquet shards with a dataset card and a manifest.

    The folder loads with `datasets.load_dataset(DIR)` and is ready for the Hub. Rows are ordered by
    the mart's key; the same build gives the same bytes. A task is in one split only. The files are
    written aside, read back, compared with what was queried, and put in place in one step.

    With --pack, a row of the export is a pack: sequences laid end to end, as trainers without
    padding take them, with position_ids, seq_lengths and the ids of its rows.

    \b
    Examples:
      trajhouse export sft_messages --out out/messages
      trajhouse export sft_tokenized --out out/tokens --split train=0.95,validation=0.05
      trajhouse export sft_messages --out out/good --where "reward = 1" --columns task_id,messages
      trajhouse export sft_tokenized --out out/packs --pack 32768 --over-length split
      trajhouse export sera_sft --out out/sera --single-file --where "line_level_recall > 0.75"
    """  # noqa: D301 - click reads the \b
    request = ExportRequest(
        mart=mart,
        out=out.resolve(),
        where=where,
        columns=parse_columns(columns) if columns is not None else None,
        splits=parse_splits(split) if split is not None else ALL_ROWS,
        max_shard_bytes=_shard_bytes(max_shard_size, single_file),
        force=force,
        pack=_pack_length(pack, over_length),
        cuts_long_rows=over_length == "split",
    )
    from trajhouse.cli.exporting.exporter import plan_export, run_export

    if dry_run:
        plan = plan_export(settings.warehouse, request)
        _show_plan(plan, out, as_json)
        return
    with _disk_faults(out), _progress() as progress:
        done = run_export(settings.warehouse, request, progress)
    if done.wide_rows:
        talk(f"warning: {done.wide_rows:,} rows are over 2 MB; the Hub's viewer does not show them")
    _show(done.manifest, out, as_json)


def _shard_bytes(max_shard_size: str | None, single_file: bool) -> int | None:
    """The size at which a shard ends; None for one file a split.

    Raises:
        UsageFault: Both are asked for, or the size is none.
    """
    if not single_file:
        return parse_size(max_shard_size or DEFAULT_SHARD_SIZE)
    if max_shard_size is not None:
        raise UsageFault(
            "--single-file and --max-shard-size are both given",
            "one file has no greatest size",
            "leave one of them out",
        )
    return None


def _pack_length(pack: int | None, over_length: str | None) -> int | None:
    """The length of a pack.

    Raises:
        UsageFault: Only what becomes of longer rows is given.
    """
    if pack is None and over_length is not None:
        raise UsageFault(
            "--over-length is given without --pack",
            "only packs have a length",
            f"--pack 32768 --over-length {over_length}",
        )
    return pack


def _show_plan(plan: Plan, out: Path, as_json: bool) -> None:
    rows = dict(plan.counts.rows)
    packs = plan.packing.packs.as_dict() if plan.packing else None
    if as_json:
        emit_json(
            {
                "dry_run": True,
                "mart": plan.relation.name,
                "out": str(out),
                "columns": list(plan.columns),
                "order": list(plan.order),
                "rows": sum(rows.values()),
                "splits": rows,
                "packing": packs,
            }
        )
        return
    talk(f"would write {plan.relation.name} to {out}, ordered by {', '.join(plan.order)}")
    _talk_packs(packs)
    emit_table(["split", "rows"], list(rows.items()))


def _show(manifest: Document, out: Path, as_json: bool) -> None:
    if as_json:
        keys = ("mart", "rows", "content_hash", "splits", "packing", "files")
        emit_json({"out": str(out), **{key: manifest[key] for key in keys}})
        return
    _talk_packs(manifest["packing"])
    rows: list[list[Any]] = []
    for split in manifest["splits"]:
        files = [file for file in manifest["files"] if file["split"] == split["name"]]
        size = sum(file["bytes"] for file in files)
        rows.append([split["name"], split["rows"], len(files), size])
    emit(str(out))
    emit_table(["split", "rows", "files", "bytes"], rows)


def _talk_packs(packs: dict[str, Any] | None) -> None:
    if packs is None:
        return
    from trajhouse.cli.exporting.card import percent

    cut = f", {packs['cut_rows']:,} of them cut" if packs["cut_rows"] else ""
    talk(
        f"packs: {packs['rows']:,} rows{cut}, as {packs['sequences']:,} sequences in"
        f" {packs['packs']:,} packs of {packs['max_length']:,} tokens,"
        f" filled to {percent(packs['fill_rate'])}, {packs['padding']:,} tokens short of full"
    )


@contextmanager
def _disk_faults(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DiskFault(
            f"cannot write {out}",
            error.strerror or str(error),
            "check the path, its permissions and the free space; nothing was changed",
        ) from error


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on a terminal, and silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        yield show
