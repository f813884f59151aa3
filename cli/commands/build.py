"""`trajhouse build`: everything below landing, written aside, tested, and renamed into place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trajhouse.cli import console
from trajhouse.cli.errors import ChecksFailed, TrajhouseError
from trajhouse.cli.locks import hold
from trajhouse.cli.main import Settings
from trajhouse.cli.project import project_folder
from trajhouse.cli.warehouse import Warehouse

if TYPE_CHECKING:
    from trajhouse.cli.building.nodes import NodeDone, NodeFailed
    from trajhouse.cli.building.summary import BuildSummary

SHOWN_ROWS = 5


@click.command()
@click.option(
    "--var",
    "texts",
    multiple=True,
    metavar="NAME=VALUE",
    help="A var of dbt_project.yml for this build; may be repeated.",
)
@click.option("--full-refresh", is_flag=True, help="Tokenize anew what was tokenized before.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--verbose", is_flag=True, help="Tell of every test, not only of models.")
@click.pass_obj
def build(
    settings: Settings, texts: tuple[str, ...], full_refresh: bool, as_json: bool, verbose: bool
) -> None:
    """Build, test and publish the marts.

    The build is written aside and tested; only when every test passes does it replace the published
    one. Readers are never blocked, and see one build only. Tokens are taken over from the published
    build where content, tokenizer and policy are the same.

    \b
    Examples:
      trajhouse build
      trajhouse build --json
      trajhouse build --var duplicate_scope=warehouse --var 'untokenized_families=[rlvr, sera]'
    """  # noqa: D301 - click reads the \b
    from trajhouse.cli.building.dbt_vars import parse_vars

    warehouse = settings.warehouse
    project = project_folder()
    dbt_vars = parse_vars(project, texts)
    with hold(warehouse.lock_file("build"), "build"):
        options = ["--full-refresh"] if full_refresh else []
        summary, before = _build(project, warehouse, dbt_vars, options, verbose)
    if as_json:
        console.emit_json({"published": str(warehouse.database), **summary.as_dict()})
    else:
        _print(summary, before)


def _build(
    project: Path,
    warehouse: Warehouse,
    dbt_vars: dict[str, Any],
    options: list[str],
    verbose: bool,
) -> tuple[BuildSummary, BuildSummary | None]:
    from trajhouse.cli.building import publish
    from trajhouse.cli.building.run import run_dbt
    from trajhouse.cli.building.summary import summarize

    publish.start_afresh(warehouse)
    try:
        failures = run_dbt(
            project,
            warehouse,
            warehouse.next_database,
            lambda node: _tell(node, verbose),
            dbt_vars,
            options,
        )
    except BaseException:
        publish.start_afresh(warehouse)
        raise
    if failures:
        publish.set_aside(warehouse)
        raise _explain(warehouse, failures)
    publish.checkpoint(warehouse.next_database)
    summary = summarize(warehouse.next_database)
    before = _summarize_published(warehouse)
    publish.publish(warehouse)
    return summary, before


def _summarize_published(warehouse: Warehouse) -> BuildSummary | None:
    """What the build before this one holds; None where there is none, or none that can be read."""
    import duckdb

    from trajhouse.cli.building.summary import summarize

    if not warehouse.database.exists():
        return None
    try:
        return summarize(warehouse.database)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        console.talk(f"the published build cannot be compared with and is replaced: {reason}")
        return None


def _tell(node: NodeDone, verbose: bool) -> None:
    if node.kind == "model" or verbose or node.status not in ("success", "pass"):
        console.talk(
            f"[{node.index:>3}/{node.total}] {node.status:<8} {node.seconds:6.2f} s  {node.name}"
        )


def _explain(warehouse: Warehouse, failures: list[NodeFailed]) -> TrajhouseError:
    """Tell of every failure, with rows and query, and make the error that ends the command."""
    for failure in failures:
        console.talk(f"\n{failure.kind} {failure.name}: {failure.message}")
        if failure.rows is not None and failure.kind == "test":
            _show_rows(warehouse, failure)
    first = failures[0]
    if any(failure.rows is None and failure.kind == "model" for failure in failures):
        return TrajhouseError(
            f"the build failed at {first.name}; nothing was published",
            first.message.partition("; try: ")[0],
            first.message.partition("; try: ")[2] or "mend the cause, then trajhouse build",
        )
    return ChecksFailed(
        f"{len(failures)} of the build's tests failed; nothing was published",
        f"first: {first.name}: {first.message}",
        "trajhouse query --failed SQL looks into the build that failed",
    )


def _show_rows(warehouse: Warehouse, failure: NodeFailed) -> None:
    import duckdb

    console.talk(f"{failure.rows} rows; the first {SHOWN_ROWS}:")
    with duckdb.connect(str(warehouse.failed_database), read_only=True) as connection:
        shown = connection.execute(f"select * from ({failure.query}) limit {SHOWN_ROWS}")  # noqa: S608
        names = [column[0] for column in shown.description or []]
        for row in shown.fetchall():
            values = dict(zip(names, row, strict=True))
            console.talk("  " + json.dumps(values, ensure_ascii=False, default=str))
    console.talk("the query, for trajhouse query --failed:\n" + failure.query)


def _print(summary: BuildSummary, before: BuildSummary | None) -> None:
    counts = summary.counts
    console.emit(
        f"{counts['records']:,} records in {counts['files']:,} files: {counts['accepted']:,}"
        f" accepted, {counts['rejected']:,} rejected, {counts['duplicates']:,} duplicates"
        + (f", {counts['references']:,} references" if counts["references"] else "")
    )
    if summary.tokenized:
        made_by = f" ({summary.made_by()})" if summary.tokenized_examples else ""
        console.emit(
            f"{summary.tokenized_examples:,} examples tokenized{made_by},"
            f" {summary.reused_examples:,} reused"
        )
    if summary.rejected:
        console.emit("")
        console.emit_table(
            ("rejected at", "reason", "records"),
            [(stage, reason, count) for (stage, reason), count in summary.rejected.items()],
        )
    if summary.duplicates:
        console.emit("")
        console.emit_table(("duplicates by", "records"), list(summary.duplicates.items()))
    console.emit("")
    old = before.marts if before else {}
    console.emit_table(
        ("mart", "rows", "before", "change"),
        [
            (mart, rows, old.get(mart), rows - old.get(mart, 0))
            for mart, rows in summary.marts.items()
        ],
    )
