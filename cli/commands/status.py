"""`trajhouse status`: silent when the warehouse is clean."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trajhouse.cli.main import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Say what is out of date; silent when nothing is.

    Tells of landed batches that are not in the build, of builds that failed or were interrupted, of
    leftovers in the scratch folder, and of work under way.

    \b
    Examples:
      trajhouse status
      trajhouse status --json
    """  # noqa: D301 - click wants the escape
    from trajhouse.cli.console import write_text
    from trajhouse.cli.querying.freshness import find_stale
    from trajhouse.cli.querying.inert import inert_line
    from trajhouse.cli.querying.output import write_json

    findings = find_stale(settings.warehouse)
    if as_json:
        write_json([asdict(finding) for finding in findings], sys.stdout.buffer)
        return
    lines = (
        inert_line(f"{finding.subject}: {finding.detail} (try: {finding.hint})") + "\n"
        for finding in findings
    )
    write_text(lines, sys.stdout.buffer)
