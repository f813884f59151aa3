"""The vars of one build, from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trajhouse.cli.errors import UsageFault
from trajhouse.cli.nearest import nearest_few

_NAMING_FAMILIES = ("untokenized_families", "control_tokens_by_family", "duplicate_by_id_only")
_EXAMPLE = "for example --var duplicate_scope=warehouse, or --var 'untokenized_families=[sera]'"


def parse_vars(project: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Vars from `NAME=VALUE` texts, each value being YAML.

    Args:
        project: The dbt project; only vars that it declares are taken, beside `tokenizer`.
        texts: What the command was given.

    Raises:
        UsageFault: A text has no `=`, a value is not YAML, or a name is no var or no family.
    """
    import yaml

    found: dict[str, Any] = {}
    declared = {} if not texts else yaml.safe_load((project / "dbt_project.yml").read_text())
    known = [*declared.get("vars", {}), "tokenizer"]
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageFault(f"--var {text!r} is not NAME=VALUE", "it has no '='", _EXAMPLE)
        if name not in known:
            why = f"the vars are {', '.join(known)}"
            raise UsageFault(f"no var named {name!r}", why, _hint(name, known))
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            why = " ".join(str(error).split())
            raise UsageFault(f"the value of --var {name} is not YAML", why, _EXAMPLE) from None
    families = found.get("families", declared.get("vars", {}).get("families", []))
    for name in _NAMING_FAMILIES:
        _require_families(name, found.get(name) or [], families)
    return found


def _require_families(name: str, given: Any, families: Sequence[str]) -> None:
    """Raises UsageFault where a var that names families has one that there is none of."""
    for family in given if isinstance(given, list | dict) else [given]:
        if family not in families:
            why = f"the families are {', '.join(families)}"
            what = f"--var {name}: no family named {family!r}"
            raise UsageFault(what, why, _hint(str(family), families))


def _hint(given: str, known: Sequence[str]) -> str:
    close = nearest_few(given, known, 1)
    return f"did you mean {close[0]}?" if close else _EXAMPLE
