"""`trajhouse show`: a trajectory or a mart, for reading."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trajhouse.cli.errors import CannotOpen, UsageFault

if TYPE_CHECKING:
    import duckdb

    from trajhouse.cli.main import Settings

_DEFAULT_TOKENIZER = "Qwen/Qwen3-8B"


@click.command()
@click.argument("name", metavar="MART|TRAJECTORY_ID")
@click.option("--mask", is_flag=True, help="Print the tokens with the trained part marked.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def show(settings: Settings, name: str, mask: bool, as_json: bool) -> None:
    """Show a mart, or a trajectory.

    A mart comes with its description, columns, tests and rows. A trajectory is found by its id, or
    by a beginning or end that only its id has; where a name is both, the mart is shown. With
    --mask the trained part is green, or in [[…]] where there is no colour, and control tokens are
    in magenta or ⟨…⟩. Content is shown as text, whatever it contains.

    \b
    Examples:
      trajhouse show trajectories
      trajhouse show airline/17
      trajhouse show airline/17 --mask
    """  # noqa: D301 - click wants the escape
    from trajhouse.cli.console import write_text
    from trajhouse.cli.querying.lookup import require_trajectory_id
    from trajhouse.cli.querying.output import write_json
    from trajhouse.cli.querying.reading import reading

    with reading(settings.warehouse) as (connection, marts):
        if name in marts:
            if mask:
                raise UsageFault(
                    f"{name} is a mart", "--mask is for trajectories", f"trajhouse show {name}"
                )
            from trajhouse.cli.querying.mart_page import describe_mart, mart_page

            page = describe_mart(connection, marts[name], _project())
            pieces = mart_page(page)
        else:
            trajectory_id = require_trajectory_id(connection, marts, name)
            read = _masked if mask else _transcript
            page, pieces = read(connection, trajectory_id)
    if as_json:
        write_json(page, sys.stdout.buffer)
    else:
        write_text(pieces, sys.stdout.buffer)


def _transcript(
    connection: duckdb.DuckDBPyConnection, trajectory_id: str
) -> tuple[dict[str, Any], Iterator[str]]:
    from trajhouse.cli.querying.transcript import read_trajectory, transcript

    row = read_trajectory(connection, trajectory_id)
    return row, transcript(row, _is_coloured())


def _masked(
    connection: duckdb.DuckDBPyConnection, trajectory_id: str
) -> tuple[dict[str, Any], Iterator[str]]:
    from trajhouse.cli.querying.masks import (
        as_json,
        load_same_tokenizer,
        masked_text,
        read_tokens,
        spans_of,
    )

    tokens = read_tokens(connection, trajectory_id)
    spec = os.environ.get("TRAJHOUSE_TOKENIZER") or _DEFAULT_TOKENIZER
    spans = spans_of(tokens, load_same_tokenizer(spec, tokens.fingerprint))
    page = {"trajectory_id": trajectory_id, **as_json(tokens, spans)}
    return page, masked_text(spans, _is_coloured())


def _is_coloured() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _project() -> Path | None:
    """The dbt project, where the package runs from a checkout of it."""
    from trajhouse.cli.project import project_folder

    try:
        return project_folder()
    except CannotOpen:
        return None
