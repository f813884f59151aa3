"""`trajhouse sources`: list what has landed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from trajhouse.cli.console import emit_json, emit_table, talk

if TYPE_CHECKING:
    from trajhouse.cli.main import Settings


@click.command()
@click.argument("dataset", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_obj
def sources(settings: Settings, dataset: str | None, as_json: bool) -> None:
    """List the landed files, of DATASET or of all datasets.

    \b
    Examples:
      trajhouse sources
      trajhouse sources airline --json
    """  # noqa: D301 (click reads the backslash)
    from trajhouse.cli.landing.manifest import read_landed

    files = [
        file
        for file in read_landed(settings.warehouse.landing)
        if dataset is None or file.dataset == dataset
    ]
    files.sort(key=lambda file: (file.dataset, file.landed_at, file.source_file))
    if as_json:
        emit_json([asdict(file) | {"landed_at": file.landed_at.isoformat()} for file in files])
    elif files:
        emit_table(
            ["dataset", "file", "family", "records", "landed", "rejected", "landed_at"],
            [
                [
                    file.dataset,
                    file.source_file,
                    file.family,
                    file.n_records,
                    file.n_landed,
                    file.n_rejected,
                    f"{file.landed_at:%Y-%m-%d %H:%M:%SZ}",
                ]
                for file in files
            ],
        )
    else:
        where = f"in dataset {dataset!r}" if dataset else f"in {settings.warehouse.root}"
        talk(f"nothing has landed {where}")
