"""The content hash sees every value and no layout; a row's bytes depend on the row alone."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajhouse.cli.exporting.layout import ContentHash, row_bytes

INNER = pa.struct([("name", pa.string()), ("ids", pa.list_(pa.int8()))])
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("flag", pa.bool_()),
        ("number", pa.float64()),
        ("items", pa.list_(INNER)),
        ("nothing", pa.null()),
    ]
)

inner = st.none() | st.fixed_dictionaries(
    {
        "name": st.none() | st.text(max_size=4),
        "ids": st.none() | st.lists(st.none() | st.integers(-128, 127), max_size=3),
    }
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | st.text(max_size=5),
            "flag": st.none() | st.booleans(),
            "number": st.none() | st.floats(allow_nan=False),
            "items": st.none() | st.lists(inner, max_size=3),
        }
    ),
    max_size=12,
)


def digest(*tables: pa.Table) -> str:
    content = ContentHash()
    for table in tables:
        content.update(table)
    return content.hexdigest()


@settings(deadline=None)
@given(rows, st.integers(0, 12), st.integers(0, 12))
def test_hash_is_the_same_however_rows_are_cut(rows: list[Any], first: int, second: int) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    low, high = sorted((first, second))
    parts = [table.slice(0, low), table.slice(low, high - low), table.slice(high)]
    assert digest(*parts) == digest(table) == digest(pa.concat_tables(parts))


@settings(deadline=None)
@given(rows, rows)
def test_hash_differs_where_rows_differ(left: list[Any], right: list[Any]) -> None:
    tables = [pa.Table.from_pylist(rows, SCHEMA) for rows in (left, right)]
    # repr tells 0.0 from -0.0, as the hash does.
    same = repr(tables[0].to_pylist()) == repr(tables[1].to_pylist())
    assert (digest(tables[0]) == digest(tables[1])) == same


@pytest.mark.parametrize(
    ("left", "right", "kind"),
    [
        pytest.param(["a", None], ["a", ""], pa.string(), id="null and empty text"),
        pytest.param(["ab", "c"], ["a", "bc"], pa.string(), id="text cut elsewhere"),
        pytest.param([[1], [2]], [[1, 2], []], pa.list_(pa.int32()), id="list cut elsewhere"),
        pytest.param([None, []], [[], None], pa.list_(pa.int32()), id="null and empty list"),
        pytest.param([1, 2], [2, 1], pa.int64(), id="order"),
        pytest.param([None, 0], [0, None], pa.int64(), id="place of a null"),
        pytest.param([{"a": None}], [None], pa.struct([("a", pa.int8())]), id="null of nulls"),
    ],
)
def test_hash_tells_apart(left: list[Any], right: list[Any], kind: pa.DataType) -> None:
    tables = [pa.table({"x": pa.array(values, kind)}) for values in (left, right)]
    assert digest(tables[0]) != digest(tables[1])


def test_hash_does_not_see_what_is_under_a_null() -> None:
    hidden = pa.StructArray.from_arrays(
        [pa.array(["seen", "hidden"])], ["a"], mask=pa.array([False, True])
    )
    plain = pa.array([{"a": "seen"}, None], hidden.type)
    assert digest(pa.table({"x": hidden})) == digest(pa.table({"x": plain}))


def test_row_bytes_by_hand() -> None:
    table = pa.table(
        {
            "text": ["abc", "", None],  # 4 + 3, 4, 4
            "ids": pa.array([[1, 2], [], None], pa.list_(pa.int32())),  # 4 + 8, 4, 4
            "call": pa.array(  # 8 + 4 + 1, 8 + 4, 8 + 4
                [{"n": 1, "s": "x"}, {"n": 2, "s": None}, None],
                pa.struct([("n", pa.int64()), ("s", pa.string())]),
            ),
        }
    )
    assert row_bytes(table).tolist() == [7 + 12 + 13, 4 + 4 + 12, 4 + 4 + 12]


@settings(deadline=None)
@given(rows, st.integers(0, 12))
def test_row_bytes_are_the_same_in_a_slice(rows: list[Any], start: int) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA)
    assert row_bytes(table.slice(start)).tolist() == row_bytes(table).tolist()[start:]
