"""Input families: what a staging model's yml tells ingest about suffixes, fields and types."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.cli.landing.jsonpaths import Step, format_path, parse_path
from trajhouse.cli.project import project_folder

FIELD_TYPES = ("messages", "document", "text", "number", "score", "boolean", "json")
"""A score is a number, or true or false for 1 or 0."""
LAYOUTS = ("files", "trial_directories")


@dataclass(frozen=True)
class Field:
    """A field of a family: where it may be in a record, and what it must hold.

    Args:
        name: The field's name.
        paths: Places tried in order; the first that is not null counts.
        type: One of `FIELD_TYPES`.
    """

    name: str
    paths: tuple[tuple[Step, ...], ...]
    type: str


@dataclass(frozen=True)
class Family:
    """A family of input records, as `models/staging/<name>` declares it.

    Args:
        name: The family's name.
        suffixes: Name endings a folder walk takes beside the usual ones, lower case with the dot.
        fields: The declared fields.
        entry_key: The name that a record's key gets where a JSON document is an object of records;
            None where the family has no such documents.
        layout: One of `LAYOUTS`: whether a folder holds files of records, or may hold directories
            that are one record each.
    """

    name: str
    suffixes: tuple[str, ...]
    fields: tuple[Field, ...]
    layout: str = "files"
    entry_key: str | None = None

    def record_keys(self) -> frozenset[str]:
        """The keys that only a record has: those where a declared field may be."""
        return frozenset(str(path[0]) for field in self.fields for path in field.paths)

    def fields_as_json(self) -> str:
        """Field names and their DuckDB JSON paths, as JSON text with sorted keys."""
        paths = {field.name: [format_path(path) for path in field.paths] for field in self.fields}
        return json.dumps(paths, sort_keys=True)


def load_family(name: str) -> Family:
    """The family `name`, read from its staging yml.

    Raises:
        UsageFault: There is no such family.
        TrajhouseError: Its yml does not say what ingest needs.
    """
    files = _family_files(project_folder())
    if name not in files:
        raise UsageFault(
            f"no family named {name!r}",
            f"the families are: {', '.join(sorted(files)) or 'none'}",
            _suggest(name, files, "trajhouse ingest {} ..."),
        )
    return _read_family(name, files[name])


def override_fields(family: Family, overrides: Iterable[str]) -> Family:
    """The family with the paths of some fields replaced.

    Args:
        family: The family as declared.
        overrides: `NAME=PATH` texts; a name given twice gets both paths, in order.

    Raises:
        UsageFault: A text has no `=`, a name is no field, or a path is malformed.
    """
    names = [field.name for field in family.fields]
    paths: dict[str, list[tuple[Step, ...]]] = {}
    for override in overrides:
        name, equals, path = override.partition("=")
        if not equals:
            raise UsageFault(
                f"--field {override!r} is not NAME=PATH",
                "it has no '='",
                "for example --field messages=traj",
            )
        if name not in names:
            raise UsageFault(
                f"family {family.name!r} has no field {name!r}",
                f"its fields are: {', '.join(names)}",
                _suggest(name, names, "--field {}=" + path),
            )
        try:
            paths.setdefault(name, []).append(parse_path(path))
        except ValueError as error:
            raise UsageFault(
                f"--field {override!r} has no usable path",
                str(error),
                """for example info.task.user_id, or '$.a."b c"[0]'""",
            ) from None
    fields = [
        replace(field, paths=tuple(paths[field.name])) if field.name in paths else field
        for field in family.fields
    ]
    return replace(family, fields=tuple(fields))


def _family_files(root: Path) -> dict[str, Path]:
    """Files by family: `stg_rlvr__trajectories` is rlvr, `stg_rlvr__questions` rlvr_questions."""
    files = {}
    for path in root.glob("models/staging/*/stg_*__*.yml"):
        folder, name = path.stem.removeprefix("stg_").split("__", 1)
        if folder == path.parent.name:
            files[folder if name == "trajectories" else f"{folder}_{name}"] = path
    return files


def _read_family(name: str, path: Path) -> Family:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        models = {model["name"]: model for model in document["models"]}
        meta = models[path.stem]["config"]["meta"]
        if meta["family"] != name:
            raise ValueError(f"meta.family is {meta['family']!r}")
        layout = meta.get("layout", "files")
        if layout not in LAYOUTS:
            raise ValueError(f"meta.layout is {layout!r}, not one of {', '.join(LAYOUTS)}")
        return Family(
            name,
            tuple(suffix.lower() for suffix in meta.get("suffixes", ())),
            tuple(_read_field(key, value) for key, value in meta["fields"].items()),
            layout,
            meta.get("entry_key"),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        cause = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise TrajhouseError(
            f"cannot read the family {name!r} from {path.name}",
            " ".join(cause.split()),
            "the model's config.meta needs family, suffixes and fields; see CONTRIBUTING.md",
        ) from error


def _read_field(name: str, declared: Any) -> Field:
    if isinstance(declared, str):
        declared = {"type": declared}
    kind = declared["type"]
    if kind not in FIELD_TYPES:
        raise ValueError(f"field {name} has type {kind!r}, not one of {', '.join(FIELD_TYPES)}")
    paths = declared.get("paths", [f"$.{name}"])
    return Field(name, tuple(parse_path(path) for path in paths), kind)


def _suggest(name: str, known: Iterable[str], form: str) -> str:
    close = get_close_matches(name, list(known), n=1)
    return form.format(close[0]) if close else "use one of those names"
