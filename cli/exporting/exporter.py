"""Exports a mart: plan, write aside, read back, publish."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from trajhouse.cli.errors import CannotOpen, ChecksFailed, UsageFault
from trajhouse.cli.exporting.document import write_document
from trajhouse.cli.exporting.manifest import Document, read_manifest
from trajhouse.cli.exporting.ordering import (
    OutOfOrder,
    are_ascending,
    ascending_tables,
    sorted_tables,
)
from trajhouse.cli.exporting.pack_plan import with_packs
from trajhouse.cli.exporting.pack_rows import SLOT, packed_schema, packed_tables, sequences
from trajhouse.cli.exporting.packs import POSITIONS
from trajhouse.cli.exporting.plan import SPLIT_COLUMN, Plan, make_plan
from trajhouse.cli.exporting.publish import Workspace, publish, workspace
from trajhouse.cli.exporting.readback import compare
from trajhouse.cli.exporting.request import ExportRequest
from trajhouse.cli.exporting.shards import DATA_FOLDER, SplitRows, SplitWriter
from trajhouse.cli.exporting.source import explained, open_source
from trajhouse.cli.prefetch import prefetched
from trajhouse.cli.warehouse import Warehouse

BATCH_ROWS = 256

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Export:
    """A published export: its manifest, and rows too wide for the Hub's viewer."""

    manifest: Document
    wide_rows: int


def check_target(warehouse: Warehouse, target: Path, force: bool) -> None:
    """Refuse to write where something else is, or belongs.

    Raises:
        UsageFault: The folder is not empty and no export, or is one and `force` is not given; or it
            lies in the landing area.
    """
    landing = warehouse.landing.resolve()
    if landing in (target, *target.parents):
        raise UsageFault(
            f"{target} lies in the landing area",
            "it holds what was ingested and nothing else",
            "choose another --out",
        )
    if target.is_dir():
        if not any(target.iterdir()):
            return
        try:
            read_manifest(target)
        except CannotOpen:
            pass
        else:
            if force:
                return
            raise UsageFault(
                f"{target} holds an export already",
                "an export is never replaced unasked",
                "--force replaces it; or choose another --out",
            )
    elif not target.exists():
        return
    raise UsageFault(
        f"{target} is in the way",
        "it is not empty, and was not written by trajhouse export",
        "choose another --out",
    )


def plan_export(warehouse: Warehouse, request: ExportRequest) -> Plan:
    """What an export would write; nothing is written, and nothing may spill.

    Raises:
        UsageFault: The request does not fit the warehouse, or the target is in the way.
        CannotOpen: There is no warehouse.
    """
    check_target(warehouse, request.out, request.force)
    with open_source(warehouse, None, request.threads) as connection:
        return _plan(connection, request)


def run_export(warehouse: Warehouse, request: ExportRequest, progress: Progress) -> Export:
    """Write an export beside its target, prove it by reading it back, and put it in place.

    Args:
        warehouse: Where the published build is.
        request: What to export; `out` must be absolute.
        progress: Told the stage, the rows done and the rows in all.

    Raises:
        UsageFault: The request does not fit the warehouse, or the target is in the way.
        ChecksFailed: What was read back is not what was queried; nothing was published.
        OSError: The disk is full or failed; nothing was published.
    """
    warehouse.require_database()
    check_target(warehouse, request.out, request.force)
    with workspace(request.out) as space:
        check_target(warehouse, request.out, request.force)
        with open_source(warehouse, space.spill, request.threads) as connection:
            plan = _plan(connection, request)
            schema, splits = _write(connection, plan, request, space, progress)
        document = write_document(plan, request, schema, splits, space.new)
        _prove(space.new, plan, document, progress)
        check_target(warehouse, request.out, request.force)
        publish(space)
    return Export(document, sum(split.wide_rows for split in splits))


def _plan(connection: duckdb.DuckDBPyConnection, request: ExportRequest) -> Plan:
    plan = make_plan(connection, request)
    return plan if request.pack is None else with_packs(connection, plan, request, request.pack)


def _write(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    request: ExportRequest,
    space: Workspace,
    progress: Progress,
) -> tuple[pa.Schema, list[SplitRows]]:
    """Write every shard, straight from the scan where rows arrive in order, else sorted first."""
    if plan.packing is not None:
        cut = sequences(_batches(connection, plan, plan.query), plan.packing, plan.key_names)
        rows = packed_tables(sorted_tables(prefetched(cut), [SLOT], space.spill), plan.packing)
        return _write_rows(connection, plan, request, space.new, rows, progress)
    if are_ascending(_batches(connection, plan, plan.key_query), plan.key_names):
        rows = ascending_tables(_batches(connection, plan, plan.query), plan.key_names)
        with suppress(OutOfOrder):
            return _write_rows(connection, plan, request, space.new, rows, progress)
        shutil.rmtree(space.new / DATA_FOLDER)
    batches = prefetched(_batches(connection, plan, plan.query))
    rows = sorted_tables(batches, plan.key_names, space.spill)
    return _write_rows(connection, plan, request, space.new, rows, progress)


def _write_rows(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    request: ExportRequest,
    folder: Path,
    rows: Generator[pa.Table],
    progress: Progress,
) -> tuple[pa.Schema, list[SplitRows]]:
    schema = _published_schema(connection, plan)
    (folder / DATA_FOLDER).mkdir()
    counting = POSITIONS if plan.packing is not None else None
    total, done = sum(plan.counts.rows.values()), 0
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                closing(SplitWriter(folder, split.name, schema, request.max_shard_bytes, counting))
            )
            for split in request.splits
        ]
        for table in stack.enter_context(closing(prefetched(rows))):
            for position, part in _dealt(table, len(writers)):
                writers[position].write(part.select(list(plan.columns)).cast(schema))
            done += table.num_rows
            progress("writing", done, total)
        return schema, [writer.finish() for writer in writers]


def _batches(
    connection: duckdb.DuckDBPyConnection, plan: Plan, query: str
) -> Generator[pa.RecordBatch]:
    with explained(f"reading {plan.relation.name}"):
        yield from connection.sql(query).to_arrow_reader(BATCH_ROWS)


def _dealt(table: pa.Table, splits: int) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each split that has any, in order."""
    if splits == 1:
        yield 0, table
        return
    for position in range(splits):
        part = table.filter(pc.equal(table.column(SPLIT_COLUMN), position))
        if part.num_rows:
            yield position, part.combine_chunks()


def _published_schema(connection: duckdb.DuckDBPyConnection, plan: Plan) -> pa.Schema:
    """The query's schema with `datasets` features in its metadata, as `datasets` writes it."""
    from datasets import Features

    with explained(f"reading {plan.relation.name}"):
        queried = connection.sql(f"{plan.query} limit 0").to_arrow_table().schema
    if plan.packing is not None:
        queried = packed_schema(queried, plan.packing)
    columns = [queried.field(name) for name in plan.columns]
    for column in columns:
        try:
            Features.from_arrow_schema(pa.schema([column]))
        except ValueError:
            raise UsageFault(
                f"{plan.relation.name}.{column.name} cannot be exported",
                f"datasets has no type for {column.type}",
                "leave it out with --columns",
            ) from None
    schema: pa.Schema = Features.from_arrow_schema(pa.schema(columns)).arrow_schema
    return schema


def _prove(folder: Path, plan: Plan, document: Document, progress: Progress) -> None:
    """Compare the files with what was queried, and with what DuckDB counted beforehand."""
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        progress("reading back", done, document["rows"])

    problems = [
        f"split {split['name']}: {split['rows']} rows written, {counted} counted"
        for split in document["splits"]
        if split["rows"] != (counted := plan.counts.rows[split["name"]])
    ]
    differences = compare(folder, read_manifest(folder), advance)
    problems += [f"{difference.path} {difference.problem}" for difference in differences]
    if problems:
        raise ChecksFailed(
            "the export does not read back as it was queried; nothing was published",
            "; ".join(problems),
            "run it again; if it stays, the disk or the memory of this machine is failing",
        )
