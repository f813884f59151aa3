"""Turns a request into queries: which rows, in which order, in which split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.cli.exporting.packs import Packing
from trajhouse.cli.exporting.request import ExportRequest
from trajhouse.cli.exporting.source import (
    Relation,
    explained,
    find_relation,
    volatile_functions,
)
from trajhouse.cli.exporting.splits import split_expression
from trajhouse.cli.exporting.where import EXAMPLE, check_expression, unknown_column
from trajhouse.cli.nearest import nearest
from trajhouse.cli.querying.statement import is_pure
from trajhouse.cli.warehouse import MARTS_SCHEMA, quote_identifier

TASK_COLUMNS = ("task_id", "sample_id", "qa_id", "instance_id")
"""Columns that name a row's task: the first that a mart has says what must not straddle splits."""
KEY_COLUMNS = ("qa_id", "instance_id")
"""Columns to order a mart by whose first column is no id."""
KEY_PREFIX = "__order_"
SPLIT_COLUMN = "__split"
WEIGHTS = "loss_weight"
"""A column that is left out, unless it is asked for, where no row has weights."""
WHOLE_ROW = "sha256 of the row"

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_AS_TEXT = ("ENUM", "INTERVAL", "BIT", "BIGNUM", "UUID")


@dataclass(frozen=True)
class Counts:
    """What the rows add up to, counted by DuckDB before any is read."""

    rows: Mapping[str, int]
    datasets: Mapping[str, int]
    tokens: int | None = None
    trained_tokens: int | None = None
    tokenizers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How an export is read.

    `query` yields the selected columns, then the order's keys and the split's position; `key_query`
    yields the keys alone. `source` is what both read from, `placing` the keys and the split as they
    stand in `query`. Where rows are packed, `columns` and `counts.rows` are those of the packs.
    """

    relation: Relation
    columns: tuple[str, ...]
    order: tuple[str, ...]
    query: str
    key_query: str
    source: str
    placing: str
    counts: Counts
    packing: Packing | None = None

    @property
    def key_names(self) -> list[str]:
        """The names that the keys have in the query's result."""
        return [f"{KEY_PREFIX}{position}" for position in range(len(self.order))]


def make_plan(connection: duckdb.DuckDBPyConnection, request: ExportRequest) -> Plan:
    """Check every word of the request against the warehouse and say how it is read.

    Raises:
        UsageFault: The mart, a column, the filter or the split does not fit.
        TrajhouseError: A split would have no rows.
    """
    with explained(f"reading {request.mart}"):
        return _make_plan(connection, request)


def _make_plan(connection: duckdb.DuckDBPyConnection, request: ExportRequest) -> Plan:
    relation = find_relation(connection, request.mart)
    columns = _selected(relation, request.columns)
    if request.where is not None:
        _check_where(connection, relation, request.where)
    rows = _filtered(relation, request.where)
    if (
        request.columns is None
        and WEIGHTS in columns
        and not _has_values(connection, rows, WEIGHTS)
    ):
        columns = tuple(name for name in columns if name != WEIGHTS)
    task = _task(connection, relation) if request.is_split else None
    if request.is_split and task is None:
        raise UsageFault(
            f"--split: {relation.name} cannot be split by task",
            "it has no column that names a task or a trajectory",
            "export it without --split",
        )
    split = split_expression(task or "''", request.splits)
    joined = _with_tasks(rows) if _needs_tasks(connection, relation, request) else rows
    order, keys = _order(connection, relation, rows)
    counts = _count(connection, relation, request, joined, split)
    _check_filled(relation, counts)
    selected = [f"{exported(relation, name)} as {quote_identifier(name)}" for name in columns]
    named_keys = [f"{key} as {KEY_PREFIX}{position}" for position, key in enumerate(keys)]
    placing = ", ".join([*named_keys, f"{split} as {SPLIT_COLUMN}"])
    return Plan(
        relation,
        columns,
        order,
        select(", ".join([*selected, placing]), joined),
        select(", ".join(named_keys), rows),
        joined,
        placing,
        counts,
    )


def _has_values(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> bool:
    found = select("1", rows, f"where source.{quote_identifier(column)} is not null limit 1")
    return bool(connection.execute(found).fetchall())


def select(items: str, source: str, rest: str = "") -> str:
    """A query from its parts: names in them are quoted, and the filter was parsed on its own."""
    return " ".join(["select", items, "from", source, rest])


def _selected(relation: Relation, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    if wanted is None:
        return tuple(relation.columns)
    by_lower = {name.lower(): name for name in relation.columns}
    for name in wanted:
        if name.lower() not in by_lower:
            match = nearest(name, relation.columns)
            raise UsageFault(
                f"--columns: {relation.name} has no column {name!r}",
                f"its columns are {', '.join(relation.columns)}",
                f"did you mean {match}?" if match else f"trajhouse show {relation.name}",
            )
    return tuple(by_lower[name.lower()] for name in wanted)


def _check_where(connection: duckdb.DuckDBPyConnection, relation: Relation, where: str) -> None:
    check_expression(where, volatile_functions(connection))
    probe = select(f"(\n{where}\n)", relation.sql, "limit 0")
    try:
        if len(connection.extract_statements(probe)) != 1:
            raise UsageFault(f"--where {where!r} is not one expression", "it ends a query", EXAMPLE)
        if not is_pure(connection, probe):
            raise UsageFault(f"--where {where!r} does more than read", "it may only ask", EXAMPLE)
        types = [str(kind) for kind in connection.sql(probe).types]
        connection.sql(select("1", _filtered(relation, where), "limit 0")).fetchall()
    except duckdb.Error as error:
        unknown = unknown_column(where, list(relation.columns))
        if unknown and unknown[1]:
            hint = f"did you mean {unknown[1]}?"
        else:
            hint = f"its columns are {', '.join(relation.columns)}"
        raise UsageFault(
            f"--where {where!r} does not fit {relation.name}", str(error).splitlines()[0], hint
        ) from None
    if types != ["BOOLEAN"]:
        raise UsageFault(
            f"--where {where!r} is not true or false", f"its type is {', '.join(types)}", EXAMPLE
        )


def _filtered(relation: Relation, where: str | None) -> str:
    condition = f"where (\n{where}\n)" if where is not None else ""
    return f"({select('*', relation.sql, condition)}) as source"


def _task(connection: duckdb.DuckDBPyConnection, relation: Relation) -> str | None:
    """SQL for what must not straddle two splits: the task, or else the trajectory."""
    tasks = [name for name in TASK_COLUMNS if relation.has(name)][:1]
    ids = [f"source.{name}" for name in (*tasks, "trajectory_id") if relation.has(name)]
    if not ids:
        return None
    if not tasks and _knows_tasks(connection):
        ids.insert(0, "tasks.task_id")
    texts = ", ".join(f"{name}::varchar" for name in ids)
    return f"coalesce({texts}, '')"


def _knows_tasks(connection: duckdb.DuckDBPyConnection) -> bool:
    (found,) = connection.execute(
        "select count(*) from duckdb_columns() where database_name = current_database()"
        " and schema_name = ? and table_name = 'trajectories'"
        " and column_name in ('trajectory_id', 'task_id')",
        [MARTS_SCHEMA],
    ).fetchall()[0]
    return bool(found == 2)


def _needs_tasks(
    connection: duckdb.DuckDBPyConnection, relation: Relation, request: ExportRequest
) -> bool:
    is_keyed = relation.has("trajectory_id") and not any(map(relation.has, TASK_COLUMNS))
    return request.is_split and is_keyed and _knows_tasks(connection)


def _with_tasks(rows: str) -> str:
    tasks = select(
        "trajectory_id, min(task_id) as task_id",
        f"{MARTS_SCHEMA}.trajectories",
        "group by trajectory_id",
    )
    return f"{rows} left join ({tasks}) as tasks on source.trajectory_id = tasks.trajectory_id"


def _order(
    connection: duckdb.DuckDBPyConnection, relation: Relation, rows: str
) -> tuple[tuple[str, ...], list[str]]:
    """A total order: the mart's own key where it is one, made total by the whole row where not."""
    first = next(iter(relation.columns))
    if not first.endswith("id"):
        first = next(filter(relation.has, KEY_COLUMNS), first)
    names = [first] if relation.columns[first] in {*_INTEGERS, "VARCHAR"} else []
    if first == "trajectory_id" and relation.has("position"):
        names.append("position")
    keys = [_key(relation, name) for name in names]
    if names:
        repeated = f"group by {', '.join(keys)} having count(*) > 1 limit 1"
        if not connection.execute(select("1", rows, repeated)).fetchall():
            return tuple(names), keys
    return (*names, WHOLE_ROW), [*keys, "sha256(to_json(source)::varchar)"]


def _key(relation: Relation, name: str) -> str:
    column = f"source.{quote_identifier(name)}"
    return f"{column}::bigint" if relation.columns[name] in _INTEGERS else column


def exported(relation: Relation, name: str) -> str:
    """SQL for a column in a type that Parquet and `datasets` both have."""
    column, kind = f"source.{quote_identifier(name)}", relation.columns[name]
    if kind.startswith("MAP("):
        return f"map_entries({column})" if not kind.endswith("]") else column
    if kind.startswith(_AS_TEXT) and not kind.endswith("]"):
        return f"{column}::varchar"
    return column


def _check_filled(relation: Relation, counts: Counts) -> None:
    """Refuse a split without rows: `datasets` loads nothing of a dataset that has one."""
    rows = sum(counts.rows.values())
    empty = [name for name, count in counts.rows.items() if not count]
    if not rows:
        raise TrajhouseError(
            f"there is nothing to export from {relation.name}",
            "it has no rows, or --where is true for none",
            f"trajhouse show {relation.name}",
        )
    if empty:
        raise TrajhouseError(
            f"the split {empty[0]} would be empty",
            f"by its hash, no task of the {rows:,} rows falls into it",
            "give it a larger share, or leave it out of --split",
        )


def _count(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    request: ExportRequest,
    joined: str,
    split: str,
) -> Counts:
    dataset = "source.dataset::varchar" if relation.has("dataset") else "null"
    found = connection.execute(
        select(f"{split}, {dataset}, count(*)", joined, "group by 1, 2 order by 2, 1")
    ).fetchall()
    rows = {split.name: 0 for split in request.splits}
    datasets: dict[str, int] = {}
    for position, name, count in found:
        rows[request.splits[position].name] += count
        if name is not None:
            datasets[name] = datasets.get(name, 0) + count
    if not relation.has("tokenizer", "n_tokens", "n_trained_tokens"):
        return Counts(rows, datasets)
    sums = (
        "sum(n_tokens)::bigint, sum(n_trained_tokens)::bigint, list_sort(list(distinct tokenizer))"
    )
    (tokens, trained, tokenizers) = connection.execute(
        select(sums, _filtered(relation, request.where))
    ).fetchall()[0]
    return Counts(rows, datasets, tokens or 0, trained or 0, tuple(tokenizers or ()))
