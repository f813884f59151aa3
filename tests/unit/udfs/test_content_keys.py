"""Keys of content: equal for equal rows, whatever Arrow makes of them, and for no others."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from trajhouse.udfs.content_keys import content_keys

ROW = pa.struct([("name", pa.string()), ("calls", pa.list_(pa.struct([("text", pa.string())])))])
ROWS: list[list[dict[str, Any]] | None] = [
    [{"name": "ab", "calls": [{"text": "c"}]}],
    [{"name": "a", "calls": [{"text": "bc"}]}],
    [{"name": "ab", "calls": [{"text": "c"}, {"text": ""}]}],
    [{"name": "ab", "calls": [{"text": "c"}, {"text": None}]}],
    [{"name": "ab", "calls": []}],
    [{"name": "ab", "calls": None}],
    [{"name": None, "calls": None}],
    [{"name": "", "calls": None}],
    [{"name": "a", "calls": None}, {"name": "b", "calls": None}],
    [{"name": "ab", "calls": None}, {"name": "", "calls": None}],
    [],
    None,
]


def test_rows_that_differ_have_different_keys() -> None:
    keys = content_keys([pa.array(ROWS, pa.list_(ROW))])
    assert len(set(keys)) == len(ROWS)


def test_a_key_does_not_depend_on_the_rows_beside_it() -> None:
    together = pa.array(ROWS, pa.list_(ROW))
    alone = [content_keys([pa.array([row], pa.list_(ROW))])[0] for row in ROWS]
    assert content_keys([together]) == alone
    assert content_keys([together.slice(3, 5)]) == alone[3:8]
    assert content_keys([pa.concat_arrays([together.slice(9), together])])[:3] == alone[9:]


@pytest.mark.parametrize("column", [0, 1])
def test_every_column_counts(column: int) -> None:
    columns = [pa.array(["x", "x"]), pa.array([1, 1], pa.int32())]
    assert len(set(content_keys(columns))) == 1
    columns[column] = pa.array([None, columns[column][1].as_py()], columns[column].type)
    assert len(set(content_keys(columns))) == 2


def test_text_does_not_move_between_columns() -> None:
    columns = [pa.array(["ab", "a"]), pa.array(["c", "bc"])]
    assert len(set(content_keys(columns))) == 2
