"""`trajhouse marts`: what the published build holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trajhouse.cli.main import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_obj
def marts(settings: Settings, as_json: bool) -> None:
    """List the marts, their rows and what they are.

    \b
    Examples:
      trajhouse marts
      trajhouse marts --json
    """  # noqa: D301 - click wants the escape
    from trajhouse.cli.console import write_text
    from trajhouse.cli.querying.catalog import count_rows
    from trajhouse.cli.querying.output import lay_out, write_json
    from trajhouse.cli.querying.reading import reading

    with reading(settings.warehouse) as (connection, known):
        listed = [
            {
                "name": mart.name,
                "rows": count_rows(connection, mart),
                "description": mart.description or None,
            }
            for mart in known.values()
        ]
    if as_json:
        write_json(listed, sys.stdout.buffer)
        return
    rows = [[str(m["name"]), f"{m['rows']:,}", str(m["description"] or "")] for m in listed]
    table = lay_out(["mart", "rows", "description"], iter(rows), [False, True, False])
    write_text(table, sys.stdout.buffer)
