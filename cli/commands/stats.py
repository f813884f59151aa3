"""`trajhouse stats`: a mart summarised."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trajhouse.cli.main import Settings


@click.command()
@click.argument("mart")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def stats(settings: Settings, mart: str, as_json: bool) -> None:
    """Summarise MART: rows, datasets, and every column by its type.

    Above 100,000 rows the number of different values is an estimate. Lists and texts are summarised
    by their lengths.

    \b
    Examples:
      trajhouse stats trajectories
      trajhouse stats sft_tokenized --json
    """  # noqa: D301 - click wants the escape
    from trajhouse.cli.console import write_text
    from trajhouse.cli.querying.lookup import require_mart
    from trajhouse.cli.querying.output import write_json
    from trajhouse.cli.querying.reading import reading
    from trajhouse.cli.querying.statistics import summarize_mart
    from trajhouse.cli.querying.stats_page import stats_page

    with reading(settings.warehouse) as (connection, marts):
        summary = summarize_mart(connection, require_mart(marts, mart))
    if as_json:
        write_json(summary, sys.stdout.buffer)
    else:
        write_text(stats_page(summary), sys.stdout.buffer)
