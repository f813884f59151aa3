"""The column of weights is exported where there are weights, or where it is asked for."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from trajhouse.cli.exporting.plan import make_plan
from trajhouse.cli.exporting.request import ExportRequest

WITHOUT = ("example_id", "dataset")
WITH = (*WITHOUT, "loss_weight")


@pytest.mark.parametrize(
    ("where", "columns", "exported"),
    [
        pytest.param(None, None, WITH, id="one-has"),
        pytest.param("dataset = 'a'", None, WITHOUT, id="none-has"),
        pytest.param("dataset = 'a'", WITH, WITH, id="asked-for"),
    ],
)
def test_weights_are_left_out_where_no_row_has_any(
    where: str | None, columns: tuple[str, ...] | None, exported: tuple[str, ...]
) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.tokens (example_id varchar, dataset varchar, loss_weight float[])"
        )
        connection.execute("insert into marts.tokens values ('x', 'a', null), ('y', 'b', [0.5])")
        request = ExportRequest("tokens", Path("out"), where=where, columns=columns)
        assert make_plan(connection, request).columns == exported
