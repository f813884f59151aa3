"""What `datasets` loads from an export is what the marts hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import Fixture, make_warehouse, rejection

Load = Callable[[Path], Any]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    return make_warehouse(tmp_path_factory.mktemp("content") / "warehouse", rows=60)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    return lambda folder: datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


def export(marts: Fixture, tmp_path: Path, *arguments: str) -> Path:
    out = tmp_path / "out"
    done = marts.run("export", *arguments, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def test_messages_come_back_equal(marts: Fixture, tmp_path: Path, load: Load) -> None:
    loaded = load(export(marts, tmp_path, "sft_messages"))
    assert list(loaded) == ["train"]
    assert loaded["train"].to_list() == marts.chats


def test_tokens_come_back_equal_and_as_small_as_they_were(
    marts: Fixture, tmp_path: Path, load: Load
) -> None:
    loaded = load(export(marts, tmp_path, "sft_tokenized"))["train"]
    assert loaded.to_list() == marts.tokens
    assert {name: str(field.type) for name, field in fields(loaded).items()} == {
        "trajectory_id": "string",
        "dataset": "string",
        "task_id": "string",
        "input_ids": "list<item: int32>",
        "labels": "list<item: int32>",
        "loss_mask": "list<item: int8>",
        "n_tokens": "int32",
        "n_trained_tokens": "int32",
        "tokenizer": "string",
    }


def fields(dataset: Any) -> dict[str, Any]:
    schema = dataset.features.arrow_schema
    return {name: schema.field(name) for name in schema.names}


def test_a_message_each_in_the_order_of_the_conversation(
    marts: Fixture, tmp_path: Path, load: Load
) -> None:
    loaded = load(export(marts, tmp_path, "messages"))["train"].to_list()
    expected = [
        {
            "trajectory_id": chat["trajectory_id"],
            "dataset": chat["dataset"],
            "position": position,
            "role": message["role"],
            "content": message["content"],
        }
        for chat in marts.chats
        for position, message in enumerate(chat["messages"], start=1)
    ]
    assert loaded == expected


def test_rejections_in_the_order_of_their_records(
    marts: Fixture, tmp_path: Path, load: Load
) -> None:
    expected = sorted((rejection(number) for number in range(9)), key=lambda row: row["record_id"])
    assert load(export(marts, tmp_path, "rejections"))["train"].to_list() == expected


def test_types_that_datasets_lacks_are_spelled_in_those_it_has(
    marts: Fixture, tmp_path: Path, load: Load
) -> None:
    rows = load(export(marts, tmp_path, "stats_models"))["train"].to_list()
    assert [row["model"] for row in rows] == ["some-model", "unknown"]
    assert all(row["counts"] == [{"key": "a", "value": 1}] for row in rows)
    assert all(row["level"] == "high" for row in rows)
    assert sum(row["total"] for row in rows) == sum(row["n_tokens"] for row in marts.tokens)


def test_rows_without_a_key_have_an_order_all_the_same(
    marts: Fixture, tmp_path: Path, load: Load
) -> None:
    rows = load(export(marts, tmp_path, "repeated"))["train"].to_list()
    values = [row["value"] for row in rows]
    assert sorted(values) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert sum(a != b for a, b in pairwise(values)) == 2, "equal rows are apart"


def test_where_and_columns(marts: Fixture, tmp_path: Path, load: Load) -> None:
    options = ["--where", "success and reward > 2 -- good ones", "--columns", "reward,Task_ID"]
    loaded = load(export(marts, tmp_path, "sft_messages", *options))["train"].to_list()
    expected = [
        {"reward": chat["reward"], "task_id": chat["task_id"]}
        for chat in marts.chats
        if chat["success"] and chat["reward"] > 2
    ]
    assert loaded == expected
    assert 0 < len(expected) < len(marts.chats)


def test_many_shards_load_as_one(marts: Fixture, tmp_path: Path, load: Load) -> None:
    out = export(marts, tmp_path, "sft_messages", "--max-shard-size", "4KB")
    assert len(list((out / "data").iterdir())) > 3
    assert load(out)["train"].to_list() == marts.chats
