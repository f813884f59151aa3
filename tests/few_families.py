"""The project with few families left: a build of one takes less than half as long as of all."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import yaml

PROJECT = Path(__file__).resolve().parents[1]
LINKED = ("models", "macros", "seeds", "tests/models", "profiles.yml")
LAYERS = ("staging", "intermediate", "marts")


@cache
def project_of(*families: str) -> Path:
    """A folder for TRAJHOUSE_PROJECT: the real models and tests, but of some families only.

    What belongs to other families is switched off in `dbt_project.yml`; everything else is linked.
    It is removed when the process ends.
    """
    folder = Path(mkdtemp(prefix="trajhouse-project-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in LINKED:
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(PROJECT / name)
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    project_vars, layers = settings["vars"], settings["models"]["trajhouse"]
    others = [family for family in project_vars["families"] if family not in families]
    for layer in LAYERS:
        present = [family for family in others if (PROJECT / "models" / layer / family).is_dir()]
        layers[layer] |= {family: {"+enabled": False} for family in present}
    for check in list(project_vars["checks"]):
        model = PROJECT / "models" / "checks" / f"chk_{check}.sql"
        if any(f"int_{family}_" in model.read_text(encoding="utf-8") for family in others):
            layers["checks"][model.stem] = {"+enabled": False}
            del project_vars["checks"][check]
    for name in ("families", "references", "selecting_families"):
        project_vars[name] = _of(families, project_vars[name], "__")
    # Unsorted: the order of the checks decides which reason of several is given.
    written = yaml.safe_dump(settings, sort_keys=False)
    (folder / "dbt_project.yml").write_text(written, encoding="utf-8")
    return folder


def families_landed(landings: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The families that an ingest's first arguments name: of `ipw` and `ipw_regrades`, `ipw`."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    names = [landing[0] for landing in landings]
    return tuple(family for family in project["vars"]["families"] if _of((family,), names, "_"))


def _of(families: Sequence[str], names: Sequence[str], separator: str) -> list[str]:
    """The names that are a family's, or begin with one and the separator."""
    return [
        name
        for name in names
        if any(name == family or name.startswith(family + separator) for family in families)
    ]
