"""Plans packs: reads the lengths of the rows, and where long ones may be cut, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.cli.exporting.cutting import TurnTooLong, trained_turn_ends
from trajhouse.cli.exporting.packing import Numbers
from trajhouse.cli.exporting.packs import (
    DESCRIPTIONS,
    FIRST_TOKEN,
    Packing,
    Packs,
    key_tuples,
    lay_out,
)
from trajhouse.cli.exporting.plan import SPLIT_COLUMN, WHOLE_ROW, Plan, exported, select
from trajhouse.cli.exporting.request import ExportRequest
from trajhouse.cli.exporting.source import Relation, explained
from trajhouse.cli.warehouse import MARTS_SCHEMA, quote_identifier

TOKENS = "input_ids"
TRAJECTORY = "trajectory_id"
TURN_ENDS = "turn_ends"
LENGTH = "__length"
IS_FIRST_TRAINED = "__is_first_trained"

_BATCH_ROWS = 64
_NUMBERS = ("INTEGER", "INT", "FLOAT", "DOUBLE", "BOOLEAN")
"""What the names of the types end with that a token's value may have."""


def with_packs(
    connection: duckdb.DuckDBPyConnection, plan: Plan, request: ExportRequest, max_length: int
) -> Plan:
    """The plan of an export whose rows are packs of at most `max_length` tokens.

    Raises:
        UsageFault: The mart has no tokens, or a column that was asked for cannot be packed.
        TrajhouseError: A row is longer than a pack and may not, or cannot, be cut; or has no
            tokens.
    """
    relation = plan.relation
    _check_has_tokens(connection, relation)
    candidates = _candidates(relation, plan.columns)
    with explained(f"reading the lengths of {relation.name}"):
        table = _read_lengths(connection, plan, candidates)
    _check_rows(plan, table, max_length, request)
    columns = _aligned(plan, request, candidates, table)
    lengths = _numbers(table, LENGTH)
    with explained(f"reading the turns of {relation.name}"):
        ends = _read_ends(connection, plan, table, max_length)
    packs = _packs(plan, request, table, lengths, ends, max_length)
    ids = {name: f"{name}s" for name in _id_columns(plan)}
    packing = Packing(packs, table.select(plan.key_names), columns, ids, request.cuts_long_rows)
    selected = [
        f"{exported(relation, name)} as {quote_identifier(name)}" for name in [*columns, *ids]
    ]
    counts = replace(plan.counts, rows={split.name: split.packs for split in packs.figures})
    if counts.trained_tokens is not None:
        n_firsts = pc.sum(table.column(IS_FIRST_TRAINED)).as_py() or 0
        counts = replace(counts, trained_tokens=counts.trained_tokens - n_firsts)
    return replace(
        plan,
        columns=packing.columns,
        query=select(", ".join([*selected, plan.placing]), plan.source),
        counts=counts,
        packing=packing,
    )


def _check_has_tokens(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    if relation.has(TOKENS):
        return
    found = connection.execute(
        "select table_name from duckdb_columns() where database_name = current_database()"
        " and schema_name = ? and column_name = ? order by 1",
        [MARTS_SCHEMA, TOKENS],
    ).fetchall()
    marts = ", ".join(name for (name,) in found)
    raise UsageFault(
        f"--pack: {relation.name} cannot be packed",
        f"it has no column {TOKENS}; the marts that have one: {marts or 'none'}",
        "export it without --pack, or one of those with it",
    )


def _candidates(relation: Relation, columns: Sequence[str]) -> list[str]:
    """Lists of numbers; those with one value a token are found by their lengths."""
    return [
        name
        for name in columns
        if relation.columns[name].endswith("[]")
        and relation.columns[name].removesuffix("[]").endswith(_NUMBERS)
        and name not in (TURN_ENDS, *DESCRIPTIONS)
    ]


def _read_lengths(
    connection: duckdb.DuckDBPyConnection, plan: Plan, candidates: Sequence[str]
) -> pa.Table:
    """The lengths of each row's lists with its key and its split, in the order of the key."""
    items = [f"len(source.{TOKENS}) as {LENGTH}"]
    items += [
        f"len(source.{quote_identifier(name)}) as {_length_of(place)}"
        for place, name in enumerate(candidates)
    ]
    items.append(f"coalesce({_first_is_trained(plan.relation)}, false) as {IS_FIRST_TRAINED}")
    query = select(", ".join([*items, plan.placing]), plan.source)
    table = connection.sql(query).to_arrow_table()
    keys = table.select(plan.key_names)
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in plan.key_names])
    return table.take(order).combine_chunks()


def _length_of(place: int) -> str:
    return f"{LENGTH}_{place}"


def _first_is_trained(relation: Relation) -> str:
    if relation.has("loss_mask"):
        return "source.loss_mask[1] <> 0"
    return "source.labels[1] <> -100" if relation.has("labels") else "false"


def _numbers(table: pa.Table, name: str) -> Numbers:
    """A column as numbers, -1 where it is null."""
    column = pc.fill_null(table.column(name), -1)
    numbers: Numbers = column.to_numpy().astype(np.int64)
    return numbers


def _check_rows(plan: Plan, table: pa.Table, max_length: int, request: ExportRequest) -> None:
    lengths = _numbers(table, LENGTH)
    length = "n_tokens" if plan.relation.has("n_tokens") else f"len({TOKENS})"
    n_empty = int(np.count_nonzero(lengths < 1))
    if n_empty:
        raise TrajhouseError(
            f"{n_empty:,} of {len(lengths):,} rows of {plan.relation.name} have no tokens",
            "there is nothing of them to pack",
            f'leave them out: --where "len({TOKENS}) > 0"',
        )
    n_long = int(np.count_nonzero(lengths > max_length))
    if n_long and not request.cuts_long_rows:
        longest = int(lengths.max())
        raise TrajhouseError(
            f"{n_long:,} of {len(lengths):,} rows are longer than {max_length:,} tokens",
            f"the longest has {longest:,}, and no row is cut or left out unasked",
            f"--over-length split cuts them where turns end; or --pack {longest};"
            f' or --where "{length} <= {max_length}"',
        )


def _aligned(
    plan: Plan, request: ExportRequest, candidates: Sequence[str], table: pa.Table
) -> tuple[str, ...]:
    """The columns with one value a token; a column that is null in every row is none.

    Raises:
        UsageFault: A column was asked for, or has to be one, and is not.
    """
    lengths = _numbers(table, LENGTH)
    found = []
    for place, name in enumerate(candidates):
        own = _numbers(table, _length_of(place))
        if np.array_equal(own, lengths):
            found.append(name)
        elif name in FIRST_TOKEN and own.max() >= 0:
            row = int(np.flatnonzero(own != lengths)[0])
            raise UsageFault(
                f"--pack: {plan.relation.name}.{name} cannot be packed",
                f"in row {_key_of(plan, table, row)} it is not as long as {TOKENS}",
                "leave the column out with --columns, or such rows with --where",
            )
    ids = _id_columns(plan)
    for name in request.columns or ():
        if name.lower() not in [known.lower() for known in (*found, *ids)]:
            raise UsageFault(
                f"--columns: {plan.relation.name}.{name} cannot be packed",
                "a pack holds several rows; one value a token have"
                f" {', '.join(found) or 'none of the columns'}",
                "leave it out; the ids in a pack lead to it",
            )
    if TOKENS not in found:
        raise UsageFault(
            f"--columns: {TOKENS} is missing", "a pack is made of it", f"--columns {TOKENS},…"
        )
    return tuple(found)


def _id_columns(plan: Plan) -> list[str]:
    """The columns that name a row: the mart's key, and the trajectory."""
    names = [name for name in plan.order if name != WHOLE_ROW]
    if plan.relation.has(TRAJECTORY) and TRAJECTORY not in names:
        names.append(TRAJECTORY)
    return names


def _read_ends(
    connection: duckdb.DuckDBPyConnection, plan: Plan, table: pa.Table, max_length: int
) -> dict[int, Numbers]:
    """Where the turns of each row end that is longer than `max_length`, by the row's number.

    Raises:
        UsageFault: Nothing says where turns end.
    """
    long = np.flatnonzero(_numbers(table, LENGTH) > max_length)
    if not len(long):
        return {}
    if not plan.relation.has("loss_mask"):
        raise UsageFault(
            f"--over-length split: {plan.relation.name} cannot be cut",
            "it has no loss_mask, which says where turns end",
            f'leave long rows out: --where "len({TOKENS}) <= {max_length}"',
        )
    condition = f"where len(source.{TOKENS}) > {max_length}"
    turns = f"source.{TURN_ENDS}" if plan.relation.has(TURN_ENDS) else "null::integer[]"
    items = f"source.loss_mask as mask, {turns} as turns, {plan.placing}"
    query = select(items, plan.source, condition)
    ends: dict[tuple[Any, ...], Numbers] = {}
    for batch in connection.sql(query).to_arrow_reader(_BATCH_ROWS):
        keys = key_tuples(batch.select(plan.key_names))
        for key, mask, turns in zip(keys, batch["mask"], batch["turns"], strict=True):
            ends[key] = trained_turn_ends(
                np.asarray(mask.values if mask.is_valid else []),
                np.asarray(turns.values) if turns.is_valid and mask.is_valid else None,
            )
    long_keys = key_tuples(table.select(plan.key_names).take(pa.array(long)))
    return {row: ends[key] for row, key in zip(long.tolist(), long_keys, strict=True)}


def _packs(
    plan: Plan,
    request: ExportRequest,
    table: pa.Table,
    lengths: Numbers,
    ends: dict[int, Numbers],
    max_length: int,
) -> Packs:
    names = [split.name for split in request.splits]
    try:
        return lay_out(lengths, _numbers(table, SPLIT_COLUMN), names, max_length, ends)
    except TurnTooLong as error:
        raise TrajhouseError(
            f"row {_key_of(plan, table, error.row)} cannot be cut to {max_length:,} tokens",
            f"of its {lengths[error.row]:,}, more than that lie between two ends of trained turns",
            "--pack with more tokens, or leave it out with --where",
        ) from None


def _key_of(plan: Plan, table: pa.Table, row: int) -> str:
    return ", ".join(str(table.column(name)[row].as_py()) for name in plan.key_names)
