"""`trajhouse verify`: whether an export is still what was written."""

from __future__ import annotations

from pathlib import Path

import click

from trajhouse.cli.console import emit, emit_json, emit_table
from trajhouse.cli.errors import ChecksFailed


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def verify(folder: Path, as_json: bool) -> None:
    """Check the export at DIR against its manifest.

    Every file is hashed and every shard read in full: its bytes, its rows, its schema and the hash
    of its values must be those of the manifest, the card must give the same numbers, and nothing
    may be missing or added. Ends with 7, and lists what differs, where something does.

    \b
    Examples:
      trajhouse verify out/messages
    """  # noqa: D301 - click reads the \b
    from trajhouse.cli.exporting.manifest import read_manifest
    from trajhouse.cli.exporting.readback import compare

    manifest = read_manifest(folder)
    differences = compare(folder, manifest, lambda rows: None)
    if as_json:
        emit_json(
            {
                "dir": str(folder),
                "ok": not differences,
                "differences": [
                    {"path": difference.path, "problem": difference.problem}
                    for difference in differences
                ],
            }
        )
    elif differences:
        emit_table(["file", "problem"], [[each.path, each.problem] for each in differences])
    else:
        emit(f"{folder}: {len(manifest['files'])} files, {manifest['rows']:,} rows, as written")
    if differences:
        raise ChecksFailed(
            f"{folder} is not what was written",
            f"{len(differences)} differences, the first in {differences[0].path}",
            "export it again, with --force to replace it",
        )
