"""`trajhouse stats`: a mart summarised by the types of its columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trajhouse.cli.errors import TrajhouseError

from .conftest import Call, Run

GOLDEN = Path(__file__).parent / "golden"


def test_stats_is_golden(run: Run) -> None:
    done = run("stats", "tool_calls")
    assert (done.code, done.err) == (0, "")
    assert done.out == (GOLDEN / "stats.txt").read_bytes()


def test_trajectories_by_dataset(run: Run) -> None:
    summary = json.loads(run("stats", "trajectories", "--json").out)
    assert summary["datasets"] == [
        {
            "dataset": "airline",
            "n_trajectories": 2,
            "mean_turns": 3.5,
            "mean_tool_calls": 0.5,
            "n_judged": 2,
            "success_rate": 0.5,
            "n_rewarded": 2,
            "mean_reward": 0.75,
        },
        {
            "dataset": "swe",
            "n_trajectories": 1,
            "mean_turns": 3.0,
            "mean_tool_calls": 1.0,
            "n_judged": 0,
            "success_rate": None,
            "n_rewarded": 0,
            "mean_reward": None,
        },
    ]


def test_columns_by_type(run: Run) -> None:
    summary = json.loads(run("stats", "trajectories", "--json").out)
    columns = {column.pop("name"): column for column in summary["columns"]}
    assert columns["reward"] == {
        "type": "DOUBLE",
        "nulls": 1,
        "distinct": 2,
        "min": 0.5,
        "median": 0.75,
        "max": 1.0,
    }
    assert columns["success"] == {"type": "BOOLEAN", "nulls": 1, "true": 1}
    assert columns["tools_used"] == {
        "type": "VARCHAR[]",
        "nulls": 0,
        "min_length": 0,
        "median_length": 1.0,
        "max_length": 1,
    }
    assert columns["dataset"]["top"] == [
        {"value": "airline", "n_rows": 2},
        {"value": "swe", "n_rows": 1},
    ]
    assert columns["landed_at"]["max"] == "2026-01-02 00:00:00+00"


def test_mart_without_rows(run: Run) -> None:
    done = run("stats", "sft_tokenized", "--json")
    assert done.code == 0
    assert json.loads(done.out)["rows"] == 0


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("tool_cals", "did you mean tool_calls?"),
        ('x"; drop table marts.tool_calls', "trajhouse marts lists them"),
        ("raw.files", "trajhouse marts lists them"),
        ("files", "trajhouse marts lists them"),
    ],
    ids=["misspelt", "injection", "other_schema", "other_table"],
)
def test_unknown_mart(call: Call, name: str, hint: str) -> None:
    with pytest.raises(TrajhouseError) as caught:
        call("stats", name)
    assert caught.value.exit_code == 2
    assert repr(name)[1:-1] in caught.value.what
    assert caught.value.hint == hint
