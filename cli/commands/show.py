"""`trajhouse show`: a trajectory or a mart, for reading."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from trajhouse.cli.errors import CannotOpen, UsageFault

if TYPE_CHECKING:
    import duckdb

    from trajhouse.cli.main import Settings
    from trajhouse.cli.querying.catalog import Mart

_DEFAULT_TOKENIZER = "Qwen/Qwen3-8B"

Shown: TypeAlias = tuple[Callable[[], dict[str, Any]], Iterator[str]]
"""What is shown: made as one JSON value when it is called, and as pieces of text."""


@click.command()
@click.argument("name", metavar="MART|TRAJECTORY_ID")
@click.option("--mask", is_flag=True, help="Print the tokens with the trained part marked.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def show(settings: Settings, name: str, mask: bool, as_json: bool) -> None:
    """Show a mart, or a trajectory.

    A mart comes with its description, columns, tests and rows. A trajectory is found by its id, or
    by a beginning or end that only its id has; where a name is both, the mart is shown. With
    --mask trained tokens are green, control tokens magenta, trained control tokens green in
    reverse; where there is no colour, ⟦…⟧ is around what is trained and ⟨…⟩ around control tokens.
    One of several examples of a trajectory is found by its own id, such as airline/17#2. Content
    is shown as text, whatever it contains.

    \b
    Examples:
      trajhouse show trajectories
      trajhouse show airline/17
      trajhouse show airline/17 --mask
    """  # noqa: D301 - click wants the escape
    from trajhouse.cli.console import write_text
    from trajhouse.cli.querying.output import write_json
    from trajhouse.cli.querying.reading import reading

    with reading(settings.warehouse) as (connection, marts):
        if name in marts:
            if mask:
                raise UsageFault(
                    f"{name} is a mart", "--mask is for trajectories", f"trajhouse show {name}"
                )
            from trajhouse.cli.querying.mart_page import describe_mart, mart_page

            description = describe_mart(connection, marts[name], _project())
            shown: Shown = (lambda: description, mart_page(description))
        else:
            shown = (_masked if mask else _transcript)(connection, marts, name)
    page, pieces = shown
    if as_json:
        write_json(page(), sys.stdout.buffer)
    else:
        write_text(pieces, sys.stdout.buffer)


def _transcript(connection: duckdb.DuckDBPyConnection, marts: dict[str, Mart], name: str) -> Shown:
    from trajhouse.cli.querying.lookup import require_trajectory_id
    from trajhouse.cli.querying.transcript import read_trajectory, transcript

    row = read_trajectory(connection, require_trajectory_id(connection, marts, name))
    return lambda: row, transcript(row, _is_coloured())


def _masked(connection: duckdb.DuckDBPyConnection, marts: dict[str, Mart], name: str) -> Shown:
    from trajhouse.cli.querying.lookup import require_trajectory_id
    from trajhouse.cli.querying.mask_text import masked_text
    from trajhouse.cli.querying.masks import (
        as_json,
        find_example,
        load_same_tokenizer,
        read_tokens,
        spans_of,
    )

    found = find_example(connection, name)
    if found is None:
        trajectory_id = require_trajectory_id(connection, marts, name)
        found = find_example(connection, trajectory_id) or (trajectory_id, trajectory_id)
    example_id, trajectory_id = found
    tokens = read_tokens(connection, example_id)
    spec = os.environ.get("TRAJHOUSE_TOKENIZER") or _DEFAULT_TOKENIZER
    spans = spans_of(tokens, load_same_tokenizer(spec, tokens.fingerprint))
    n_tokens, n_trained = len(tokens.input_ids), tokens.n_trained_tokens
    return (
        lambda: {
            "trajectory_id": trajectory_id,
            "example_id": example_id,
            **as_json(tokens, spans),
        },
        masked_text(spans, n_tokens, n_trained, _is_coloured()),
    )


def _is_coloured() -> bool:
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return is_wanted and sys.stdout.isatty()


def _project() -> Path | None:
    """The dbt project, where the package runs from a checkout of it."""
    from trajhouse.cli.project import project_folder

    try:
        return project_folder()
    except CannotOpen:
        return None
