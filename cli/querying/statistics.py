"""`stats MART`: a mart summarised column by column, in SQL."""

from __future__ import annotations

from typing import Any

import duckdb

from trajhouse.cli.querying.catalog import Column, Mart, count_rows, list_columns
from trajhouse.cli.warehouse import quote_identifier

_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "REAL", "BIGNUM")
_TIMES = ("TIMESTAMP", "DATE")
_NESTED = ("STRUCT", "MAP", "UNION")
_TOP_VALUES = 5
# A text column with more different values than this is names or content, not categories.
_MOST_CATEGORIES = 50

# Up to here different values are counted, above they are estimated.
_EXACT_ROWS = 100_000

_BY_DATASET = """
select
    dataset,
    count(*) as n_trajectories,
    round(avg(n_turns), 1) as mean_turns,
    round(avg(n_tool_calls), 1) as mean_tool_calls,
    count(success) as n_judged,
    round(avg(success::integer), 4) as success_rate,
    count(reward) as n_rewarded,
    round(avg(reward), 4) as mean_reward
from marts.trajectories
group by dataset
order by dataset
"""


def summarize_mart(connection: duckdb.DuckDBPyConnection, mart: Mart) -> dict[str, Any]:
    """What a mart holds.

    Returns:
        name, rows; datasets (a list of dataset and rows; for trajectories also means of turns,
        tool calls and reward, and the success rate); columns, each with name, type, nulls and
        what its type allows: distinct (estimated above 100,000 rows); min, median and max of
        numbers, min and max of times, min, median and max of the lengths of lists and texts; true
        (how many); top (value and rows, of texts with few values).
    """
    columns = list_columns(connection, mart)
    n_rows = count_rows(connection, mart)
    is_exact = n_rows <= _EXACT_ROWS
    return {
        "name": mart.name,
        "rows": n_rows,
        "datasets": _datasets(connection, mart),
        "columns": [_summarize_column(connection, mart, column, is_exact) for column in columns],
    }


def _datasets(connection: duckdb.DuckDBPyConnection, mart: Mart) -> list[dict[str, Any]]:
    if mart.name == "trajectories":
        return _dicts(connection, _BY_DATASET)
    if "dataset" not in mart.column_names:
        return []
    sql = (
        f"select dataset, count(*) as n_rows from {mart.relation}"  # noqa: S608
        " group by dataset order by dataset"
    )
    return _dicts(connection, sql)


def _summarize_column(
    connection: duckdb.DuckDBPyConnection, mart: Mart, column: Column, is_exact: bool
) -> dict[str, Any]:
    measures = _measures(column, is_exact)
    selected = ", ".join(f"{sql} as {name}" for name, sql in measures.items())
    (found,) = _dicts(connection, f"select {selected} from {mart.relation}")  # noqa: S608
    summary = {"name": column.name, "type": column.type, **found}
    is_category = column.type == "VARCHAR" and 0 < found["distinct"] <= _MOST_CATEGORIES
    if is_category:
        summary["top"] = _top_values(connection, mart, column)
    return summary


def _measures(column: Column, is_exact: bool) -> dict[str, str]:
    """SQL aggregates for a column, by name."""
    name = quote_identifier(column.name)
    kind = column.type
    measures = {"nulls": f"count(*) - count({name})"}
    if kind.endswith("]"):
        return measures | _spread(f"len({name})", "_length")
    if kind == "BOOLEAN":
        return measures | {'"true"': f"count(*) filter (where {name})"}
    if kind.startswith(_NESTED):
        return measures
    distinct = f"count(distinct {name})" if is_exact else f"approx_count_distinct({name})"
    measures["distinct"] = distinct
    if any(number in kind for number in _NUMBERS) and kind != "INTERVAL":
        return measures | _spread(name, "")
    if kind.startswith(_TIMES):
        return measures | {
            "min": f"min({name})::varchar",
            "max": f"max({name})::varchar",
        }
    if kind == "VARCHAR":
        return measures | _spread(f"length({name})", "_length")
    return measures


def _spread(value: str, suffix: str) -> dict[str, str]:
    return {
        f"min{suffix}": f"min({value})",
        f"median{suffix}": f"round(median({value}), 4)",
        f"max{suffix}": f"max({value})",
    }


def _top_values(
    connection: duckdb.DuckDBPyConnection, mart: Mart, column: Column
) -> list[dict[str, Any]]:
    name = quote_identifier(column.name)
    return _dicts(
        connection,
        f"select {name} as value, count(*) as n_rows from {mart.relation}"  # noqa: S608
        f" where {name} is not null group by all order by n_rows desc, value limit {_TOP_VALUES}",
    )


def _dicts(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = connection.execute(sql)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
