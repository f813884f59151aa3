"""`trajhouse show`: trajectories and marts for reading, and why one is not there."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from trajhouse.cli.errors import TrajhouseError

from .conftest import Call, Run

GOLDEN = Path(__file__).parent / "golden"

DUPLICATES_SQL = "-- Grain: one record dropped for\n-- another. Why: to be asked.\nselect 1\n"
DUPLICATES_YML = """
models:
  - name: duplicates
    data_tests:
      - unique_together: {arguments: {columns: [record_id, rule]}}
    columns:
      - name: record_id
        data_tests: [unique, not_null]
      - name: rule
        data_tests:
          - accepted_values: {arguments: {values: [same_id, same_content]}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project that knows one mart."""
    marts = tmp_path / "project" / "models" / "marts"
    marts.mkdir(parents=True)
    (tmp_path / "project" / "dbt_project.yml").write_text("name: x\n")
    (marts / "duplicates.sql").write_text(DUPLICATES_SQL)
    (marts / "duplicates.yml").write_text(DUPLICATES_YML)
    return tmp_path / "project"


@pytest.mark.parametrize(
    ("name", "golden"),
    [("airline/a-1", "show_trajectory.txt"), ("swe/django-7", "show_trajectory_sparse.txt")],
    ids=["full", "sparse"],
)
def test_trajectory_is_golden(run: Run, name: str, golden: str) -> None:
    done = run("show", name)
    assert (done.code, done.err) == (0, "")
    assert done.out == (GOLDEN / golden).read_bytes()


@pytest.mark.parametrize("part", ["a-1", "airline/a-1", "swe", "django-7"])
def test_unambiguous_part_of_an_id(
    call: Call, capfdbinary: pytest.CaptureFixture[bytes], part: str
) -> None:
    call("show", part, "--json")
    found = json.loads(capfdbinary.readouterr().out)
    assert found["trajectory_id"] == ("airline/a-1" if "a-1" in part else "swe/django-7")


def test_json_holds_the_row(run: Run) -> None:
    found = json.loads(run("show", "airline/a-1", "--json").out)
    assert found["landed_at"] == "2026-01-01T00:00:00Z"
    assert found["messages"][4]["content"] == "\x1b[31mRED\x1b[0m <b>bold</b>"
    assert found["n_duplicates_dropped"] == 1


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "airline/a-4",
            [
                "error: 'airline/a-4' was rejected (raw/airline.jsonl:4)",
                "  why: role_order, at check: answer after system (at position 2, turn 1)",
                "  try: trajhouse query \"from rejections where trajectory_id = 'airline/a-4'\"",
            ],
        ),
        (
            "airline/f1/3",
            [
                "error: 'airline/f1/3' was rejected (raw/airline.jsonl:3)",
                "  why: truncated_json, at ingest: ends at byte 12",
                "  try: trajhouse query \"from rejections where record_id = 'airline/f1/3'\"",
            ],
        ),
        (
            "airline/a-5",
            [
                "error: 'airline/a-5' is a duplicate and was dropped (raw/airline.jsonl:5)",
                "  why: rule same_content, score 1; the kept one is airline/a-1",
                "  try: trajhouse show airline/a-1",
            ],
        ),
        (
            "airline",
            [
                "error: 'airline' is not one trajectory",
                "  why: several ids begin or end so: airline/a-1, airline/a-2",
                "  try: write more of the id",
            ],
        ),
        (
            "swe/djnago-7",
            [
                "error: no trajectory or mart named 'swe/djnago-7'",
                "  why: it is neither accepted, rejected nor a duplicate in this build",
                "  try: did you mean swe/django-7?",
            ],
        ),
        (
            "tool_cals",
            [
                "error: no trajectory or mart named 'tool_cals'",
                "  why: it is neither accepted, rejected nor a duplicate in this build",
                "  try: did you mean tool_calls?",
            ],
        ),
    ],
    ids=["rejected", "rejected_record", "duplicate", "ambiguous", "near", "near_mart"],
)
def test_absent_is_explained(call: Call, name: str, lines: list[str]) -> None:
    with pytest.raises(TrajhouseError) as caught:
        call("show", name)
    assert caught.value.as_lines().splitlines() == lines
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("name", ['x"; drop table marts.tool_calls; --', "a'; select 1", "%", ""])
def test_names_are_never_executed(call: Call, run: Run, name: str) -> None:
    with pytest.raises(TrajhouseError):
        call("show", name)
    assert "2" in run("query", "select count(*) as n from tool_calls").text


def test_control_characters_in_a_name_are_shown(call: Call) -> None:
    with pytest.raises(TrajhouseError) as caught:
        call("show", "\x1b[2J")
    assert "\x1b" not in caught.value.as_lines()


def test_mart_is_golden(run: Run, project: Path) -> None:
    done = run("show", "duplicates", env={"TRAJHOUSE_PROJECT": str(project)})
    assert (done.code, done.err) == (0, "")
    assert done.out == (GOLDEN / "show_mart.txt").read_bytes()


def test_mart_without_a_project(run: Run, tmp_path: Path) -> None:
    found = json.loads(
        run("show", "messages", "--json", env={"TRAJHOUSE_PROJECT": str(tmp_path)}).out
    )
    assert found["tests"] is None
    assert found["rows"] == 12
    assert found["description"] == "One row a message."
    assert found["columns"][2] == {"name": "position", "type": "INTEGER", "description": None}


def test_mart_with_comments_on_columns(run: Run) -> None:
    found = json.loads(run("show", "trajectories", "--json").out)
    described = {c["name"]: c["description"] for c in found["columns"] if c["description"]}
    assert described == {
        "trajectory_id": "Key of a trajectory.",
        "reward": "Reward given by the source.",
    }


def test_mart_wins_over_trajectory(run: Run, warehouse: Path) -> None:
    with duckdb.connect(str(warehouse / "warehouse.duckdb")) as connection:
        connection.execute(
            "update intermediate.int_trajectories set trajectory_id = 'messages'"
            " where trajectory_id = 'airline/a-2'"
        )
    done = run("show", "messages", warehouse=warehouse)
    assert done.text.startswith("messages: 12 rows\n")


def test_mask_of_a_mart_is_usage(run: Run) -> None:
    assert run("show", "messages", "--mask").code == 2


def test_mask_without_tokens(run: Run) -> None:
    done = run("show", "airline/a-1", "--mask")
    assert done.code == 1
    assert "marts.sft_tokenized has no such row" in done.err
