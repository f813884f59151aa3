"""Reads `--where`: one boolean expression that means the same on every run."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from trajhouse.cli.errors import UsageFault
from trajhouse.cli.nearest import nearest

EXAMPLE = "--where \"success and dataset = 'airline'\""


def check_expression(text: str, volatile: Collection[str]) -> None:
    """Refuse what is not one SQL expression, or would pick other rows on another run.

    Args:
        text: What the user gave.
        volatile: Names of functions, in lower case, whose result differs between runs.

    Raises:
        UsageFault: It does not parse, is a statement or several, or calls such a function.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(text, read="duckdb")
    except SqlglotError as error:
        raise _refused(text, str(error).splitlines()[0]) from None
    if len(statements) != 1:
        raise _refused(text, f"it is {len(statements)} statements, not one expression")
    root = statements[0]
    if not isinstance(root, exp.Condition) or isinstance(root, exp.Query):
        raise _refused(text, "it is not a boolean expression")
    for node in root.find_all(exp.Func, exp.TableSample):
        name = _volatile_name(node, volatile)
        if name:
            raise UsageFault(
                f"--where {text!r} depends on {name}",
                "an export must give the same bytes every time",
                "name the rows by their columns: a date for now(), task_id for chance",
            )


def _volatile_name(node: object, volatile: Collection[str]) -> str | None:
    from sqlglot import exp

    if isinstance(node, exp.TableSample):
        return "a random sample"
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        names: Iterable[str] = [node.name]
    elif isinstance(node, exp.Func):
        names = node.sql_names()
    else:
        return None
    is_clock_or_chance = isinstance(
        node,
        exp.CurrentTimestamp
        | exp.CurrentDate
        | exp.CurrentTime
        | exp.CurrentDatetime
        | exp.Localtime
        | exp.Localtimestamp
        | exp.Rand
        | exp.Uuid,
    )
    for name in names:
        if is_clock_or_chance or name.lower() in volatile:
            return f"{name.lower()}()"
    return None


def _refused(text: str, why: str) -> UsageFault:
    return UsageFault(f"--where {text!r} is not one SQL expression", why, EXAMPLE)


def unknown_column(text: str, known: Collection[str]) -> tuple[str, str | None] | None:
    """A column in `text` that the mart does not have, with the nearest one that it has."""
    import sqlglot
    from sqlglot import exp

    expression = sqlglot.parse_one(text, read="duckdb")
    lowered = {name.lower() for name in known}
    for column in expression.find_all(exp.Column):
        if column.name.lower() not in lowered:
            return column.name, nearest(column.name, known)
    return None
