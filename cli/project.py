"""Where the dbt project is: the checkout that this package was installed from."""

from __future__ import annotations

import os
from pathlib import Path

from trajhouse.cli.errors import CannotOpen


def project_folder() -> Path:
    """The folder that holds `dbt_project.yml`; TRAJHOUSE_PROJECT overrides.

    Raises:
        CannotOpen: There is no dbt project there.
    """
    default = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("TRAJHOUSE_PROJECT", default)).resolve()
    if not (folder / "dbt_project.yml").is_file():
        raise CannotOpen(
            f"no dbt project at {folder}",
            "dbt_project.yml is not there",
            "set TRAJHOUSE_PROJECT to the checkout of trajhouse",
        )
    return folder
