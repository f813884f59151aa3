"""Examples over builds: what is tokenized again and what not, policies, and what is too long."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.processes import Built, built

pytestmark = pytest.mark.slow

IDS = "select example_id from marts.sft_tokenized order by 1"
REJECTED = "select example_id, reason, is_accepted from marts.rejected_examples order by 1"


def chat(name: str, *answers: str) -> dict[str, Any]:
    """A conversation in which each answer has its query."""
    messages = []
    for number, answer in enumerate(answers, 1):
        messages.append({"role": "user", "content": f"Question {number} of {name}?"})
        messages.append({"role": "assistant", "content": answer})
    return {"id": name, "messages": messages}


def write(file: Path, chats: Sequence[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(one) + "\n" for one in chats), encoding="utf-8")
    return file


def build(warehouse: Built, *options: str) -> dict[bool, int]:
    """Build, and say how many examples were reused (True) and tokenized (False)."""
    done = warehouse.run("build", "--json", *options)
    assert done.returncode == 0, done.stderr
    counts = {True: 0, False: 0}
    for entry in json.loads(done.stdout)["tokenized"]:
        counts[entry["is_reused"]] += entry["n_examples"]
    return counts


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Three conversations: of one query, of two, and of two whose second answer is refused."""
    folder = tmp_path_factory.mktemp("examples")
    chats = [chat("one", "Yes."), chat("two", "No.", "Ten."), chat("odd", "Fine.", "<|im_end|>")]
    file = write(folder / "chats.jsonl", chats)
    return built(folder / "warehouse", ("openai", str(file), "--dataset", "d"))


def test_builds_tokenize_what_has_changed_and_nothing_else(
    warehouse: Built, tmp_path: Path
) -> None:
    """In one go, for each build stands on the one before."""
    assert warehouse.rows(IDS) == [("d/one",), ("d/two",)]
    assert warehouse.rows(REJECTED) == [("d/odd", "control_token", False)]
    tokens = warehouse.rows("select * from marts.sft_tokenized order by example_id")

    assert build(warehouse) == {True: 3, False: 0}
    assert warehouse.rows("select * from marts.sft_tokenized order by example_id") == tokens

    late = write(tmp_path / "late.jsonl", [chat("late", "Soon.")])
    assert warehouse.run("ingest", "openai", late, "--dataset", "e").returncode == 0
    assert build(warehouse, "--var", "max_length=20") == {True: 3, False: 1}
    assert build(warehouse, "--full-refresh") == {True: 0, False: 4}

    text = warehouse.run("build", "--var", "control_tokens=text")
    assert re.search(
        r"^4 examples tokenized \(\d by gigatoken and \w+.*\), 0 reused$", text.stdout, re.MULTILINE
    )
    assert warehouse.rows(REJECTED) == []


def test_each_query_is_an_example_and_a_sound_one_is_enough(
    warehouse: Built, tmp_path: Path
) -> None:
    """The first answer of `odd` is sound, so the trajectory stays, and the second is not lost."""
    build(warehouse, "--var", "thinking=split")
    ids = [example for (example,) in warehouse.rows(IDS) if example.startswith("d/")]
    assert ids == ["d/odd#1", "d/one#1", "d/two#1", "d/two#2"]
    assert warehouse.rows(REJECTED) == [("d/odd#2", "control_token", True)]
    assert ("d/odd",) in warehouse.rows("select trajectory_id from marts.trajectories")
    done = warehouse.run("export", "sft_tokenized", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr


def test_what_is_too_long_is_recorded(warehouse: Built) -> None:
    """A conversation of one query fits into 30 tokens, one of two does not, but each half does."""
    options = ("--var", "max_length=30", "--var", "over_length=split")
    build(warehouse, *options)
    rows = warehouse.rows(
        "select example_id, over_length, n_tokens, n_tokens_whole from marts.sft_tokenized"
        " where trajectory_id in ('d/one', 'd/two') order by 1"
    )
    assert [row[:2] for row in rows] == [
        ("d/one", None),
        ("d/two~1", "split"),
        ("d/two~2", "split"),
    ]
    (_, _, n_one, whole_one), (_, _, n_first, whole), (_, _, n_second, whole_again) = rows
    assert n_one == whole_one <= 30 < whole == whole_again
    assert n_first + n_second == whole
