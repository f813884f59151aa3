"""`trajhouse query`: SQL over the published build, which it can neither change nor leave."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trajhouse.cli.console import talk
from trajhouse.cli.errors import CannotOpen, UsageFault

if TYPE_CHECKING:
    from trajhouse.cli.main import Settings

_FORMATS = ("table", "json", "jsonl", "csv", "markdown")
_SIZE = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?B|B)", re.IGNORECASE)


@click.command()
@click.argument("sql", required=False)
@click.option(
    "--file", "file", type=click.Path(path_type=Path), help="Read the SQL from this file."
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(_FORMATS),
    help="How to print the rows.  [default: table]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Rows at most; 0 for all.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    help="Seconds the query may take; 0 for no limit.",
)
@click.option("--memory-limit", help="Memory the query may take, such as 4GB.")
@click.option("--failed", is_flag=True, help="Query the last build that failed its tests.")
@click.pass_obj
def query(
    settings: Settings,
    sql: str | None,
    file: Path | None,
    output_format: str | None,
    as_json: bool,
    limit: int,
    timeout: float,
    memory_limit: str | None,
    failed: bool,
) -> None:
    """Run SQL, read-only.

    SQL is one statement that reads; `-`, or no SQL, reads it from standard input. Names are looked
    up in marts first; write raw.files or intermediate.NAME for the rest. A query cannot read or
    write files, load extensions or change settings.

    json and jsonl hold exact values: integers of any size, times as ISO 8601 in UTC, bytes as
    base64, decimals as numbers up to 15 digits and as text beyond, NaN and infinity as null
    (which is said). csv is RFC 4180 with lists and structs as JSON, and is written raw. table
    and markdown show control characters as text.

    \b
    Examples:
      trajhouse query "from trajectories limit 5"
      trajhouse query "select reason, count(*) from rejections group by all"
      trajhouse query --format jsonl --limit 0 "from sft_messages" > rows.jsonl
      trajhouse query --file question.sql --timeout 300
    """  # noqa: D301 - click wants the escape
    if as_json and output_format not in (None, "json"):
        raise UsageFault(
            "two output formats", f"--json and --format {output_format}", "keep one of the two"
        )
    if memory_limit is not None and not _SIZE.fullmatch(memory_limit.strip()):
        raise UsageFault(
            f"not a size: {memory_limit!r}", "a size is a number and a unit", "--memory-limit 4GB"
        )
    warehouse = settings.warehouse
    text = _read_sql(sql, file)
    if not text.strip():
        raise UsageFault("no SQL", "the query is empty", 'trajhouse query "from trajectories"')
    database = warehouse.failed_database if failed else warehouse.require_database()
    if not database.is_file():
        raise CannotOpen(
            f"no failed build at {warehouse.root}",
            f"{database.name} is not there: the last build passed its tests, or none was run",
            "leave --failed out to query the published build",
        )
    _run(
        database,
        text,
        "json" if as_json else output_format or "table",
        limit,
        timeout,
        memory_limit,
    )


def _read_sql(sql: str | None, file: Path | None) -> str:
    if file is not None:
        if sql is not None:
            raise UsageFault("SQL twice", "as an argument and as --file", "keep one of the two")
        try:
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise CannotOpen(f"cannot read {file}", reason, "check the path") from None
    if sql not in (None, "-"):
        return sql or ""
    if sys.stdin.isatty():
        talk("type the SQL, then Ctrl-D")
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageFault("cannot read the SQL", "it is not UTF-8 text", "convert it") from None


def _run(
    database: Path,
    sql: str,
    output_format: str,
    limit: int,
    seconds: float,
    memory_limit: str | None,
) -> None:
    import duckdb

    from trajhouse.cli.querying.explain import explain
    from trajhouse.cli.querying.output import write
    from trajhouse.cli.querying.result import SUBQUERY_LINE, run
    from trajhouse.cli.querying.sandbox import open_sandbox
    from trajhouse.cli.querying.statement import require_reading

    with open_sandbox(database, memory_limit) as connection:
        first_line = 1
        try:
            statement = require_reading(connection, sql)
            first_line = 1 if statement.is_explain else SUBQUERY_LINE
            result = run(connection, statement, limit, seconds)
            write(result, output_format, sys.stdout.buffer)
        except duckdb.Error as error:
            raise explain(error, connection, database, sql, first_line) from None
    if result.is_cut:
        talk(f"cut at {limit:,} rows; --limit 0 gives all")
    if result.n_not_numbers:
        talk(f"values that are NaN or infinite, and null here: {result.n_not_numbers:,}")
