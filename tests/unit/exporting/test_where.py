"""What is one boolean expression, and means the same on every run."""

from __future__ import annotations

import pytest

from trajhouse.cli.errors import UsageFault
from trajhouse.cli.exporting.where import check_expression, unknown_column
from trajhouse.cli.nearest import nearest

VOLATILE = {"random", "now", "uuid", "today", "current_date"}


@pytest.mark.parametrize(
    "text",
    [
        "success",
        "not success",
        "reward > 0.5 and dataset in ('a', 'b')",
        "list_contains(tools_used, 'find')",
        "len(list_filter(messages, lambda m: m.role = 'user')) > 1",
        "task_id in (select task_id from marts.trajectories)",
        "case when success then true else reward > 1 end",
        "model is not null -- the known ones",
        "messages[1].role = 'system'",
    ],
)
def test_accepts(text: str) -> None:
    check_expression(text, VOLATILE)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1=1; drop table x", id="two statements"),
        pytest.param("drop table x", id="a statement"),
        pytest.param("select 1", id="a query"),
        pytest.param("(select true)", id="a query in brackets"),
        pytest.param("with x as (select 1) select 1", id="a query with a name"),
        pytest.param("copy x to 'file'", id="a copy"),
        pytest.param("attach 'file'", id="an attach"),
        pytest.param("set x = 1", id="a setting"),
        pytest.param("true) or (true", id="brackets the wrong way round"),
        pytest.param("a, b", id="two expressions"),
        pytest.param("a as b", id="a named expression"),
        pytest.param("a = 'x", id="an open text"),
        pytest.param("1=1 /* x", id="an open comment"),
        pytest.param("", id="nothing"),
    ],
)
def test_refuses_what_is_no_expression(text: str) -> None:
    with pytest.raises(UsageFault, match="is not one SQL expression"):
        check_expression(text, VOLATILE)


@pytest.mark.parametrize(
    "text",
    [
        "random() < 0.5",
        "landed_at > now()",
        "landed_at > current_timestamp",
        "landed_at::date = today()",
        "id in (select id from t tablesample 10 percent)",
        "uuid() > 'x'",
    ],
)
def test_refuses_what_differs_between_runs(text: str) -> None:
    with pytest.raises(UsageFault, match="depends on"):
        check_expression(text, VOLATILE)


def test_names_the_unknown_column_and_the_nearest() -> None:
    assert unknown_column("sucess and reward > 1", ["success", "reward"]) == ("sucess", "success")
    assert unknown_column("Success", ["success"]) is None
    assert nearest("qqq", ["success"]) is None
