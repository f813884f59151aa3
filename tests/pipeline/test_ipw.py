"""The family ipw end to end: a generated sample with every fault, and its published file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.processes import Built, built, sample_landings
from tests.pipeline.truth import assert_truth
from trajhouse.cli.sampling import ipw
from trajhouse.cli.sampling.ipw.draw import unreadable
from trajhouse.cli.sampling.ipw.rows import MALFORMED_CALLS, STRAY_FORMS, UNREADABLE_FORMS, Teacher
from trajhouse.cli.sampling.request import Length, SampleRequest
from trajhouse.cli.sampling.writer import SampleWriter

pytestmark = pytest.mark.slow

DATASET = "ipw"
ROLES = {"human": "user", "gpt": "assistant"}
COLUMNS = {
    "sample_id": "string",
    "conversations": "list<element: struct<role: string, content: string, name: string>>",
    "tool_calls": "list<element: struct<tool: string, input: string, output: string>>",
    "ground_truth": "string",
    "final_answer": "string",
    "success": "bool",
    "total_energy_joules": "double",
    "total_latency_seconds": "double",
    "total_cost_usd": "double",
    "total_tokens": "int64",
    "num_turns": "int64",
    "source_dataset": "string",
    "category": "string",
    "teacher_model": "string",
    "tools_used": "list<element: string>",
}


def planned() -> Iterator[ipw.Row]:
    """A drawn sample with the usual faults, and one row in each form of the protocol."""
    yield from ipw.draw(SampleRequest(100, seed=3, faults=ipw.FAULTS, length=Length.SHORT))
    number = 10_000
    for form in STRAY_FORMS:
        number += 1
        yield ipw.Row(number, Teacher.KIMI, "Forms", 1, form=form)
    for form, reason in (UNREADABLE_FORMS | MALFORMED_CALLS).items():
        number += 1
        yield unreadable(ipw.Row(number, Teacher.KIMI, "Forms", 1), form, reason)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's folder."""
    out = tmp_path_factory.mktemp("ipw") / "sample"
    with SampleWriter(out) as writer:
        ipw.write(planned(), writer)
    return out


@pytest.fixture(scope="module")
def raw(folder: Path) -> Built:
    """The sample, landed as runs and verdicts, and built."""
    return built(folder.parent / "raw", *sample_landings(ipw.INGESTS, folder))


@pytest.fixture(scope="module")
def exports(raw: Built, folder: Path) -> dict[str, Path]:
    """Both published marts, exported."""
    return {mart: export(raw, mart, folder.parent / "first") for mart in ("sft", "sft_with_opus")}


@pytest.fixture(scope="module")
def published(exports: dict[str, Path], folder: Path) -> Built:
    """The larger export, landed as published input and built."""
    files = str(exports["sft_with_opus"] / "data")
    return built(folder.parent / "published", ("ipw", files, "--dataset", DATASET))


def export(warehouse: Built, mart: str, out: Path) -> Path:
    done = warehouse.run("export", f"ipw_{mart}", "--out", out / mart)
    assert done.returncode == 0, done.stderr
    return out / mart


def source_records(folder: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    records: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for file in sorted((folder / "runs").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.endswith("}"):
                record = json.loads(line)
                key = record["sample_id"], record["teacher_model"]
                records.setdefault(key, []).append(record)
    return records


def said(message: dict[str, Any]) -> tuple[str, str, str | None]:
    role = message.get("role") or message["from"]
    text = message["content"] if "content" in message else message["value"]
    return ROLES.get(role, role), text, message.get("name")


def test_every_record_becomes_what_the_truth_says(raw: Built, folder: Path) -> None:
    assert_truth(raw.root / "warehouse.duckdb", folder)


def test_published_text_is_the_sources_byte_for_byte(raw: Built, folder: Path) -> None:
    sources = source_records(folder)
    rows = raw.rows("select sample_id, teacher_model, conversations from marts.ipw_sft_with_opus")
    assert len(rows) > 100
    for sample_id, teacher_model, conversations in rows:
        found = [(m["role"], m["content"], m["name"]) for m in conversations]
        candidates = sources[sample_id, teacher_model]
        assert found in [[said(m) for m in record["conversations"]] for record in candidates]


def test_calls_of_every_form_are_the_planned_ones(raw: Built, folder: Path) -> None:
    sources = source_records(folder)
    rows = raw.rows(
        "select sample_id, teacher_model, tool_calls from marts.ipw_sft where category = 'Forms'"
    )
    assert len(rows) == len(STRAY_FORMS)
    for sample_id, teacher_model, tool_calls in rows:
        (record,) = sources[sample_id, teacher_model]
        once = [call for k, call in enumerate(tool_calls) if call not in tool_calls[:k]]
        assert once == record["tool_calls"]


def test_regraded_failures_are_published_as_correct(raw: Built) -> None:
    assert raw.rows("select distinct success from marts.ipw_sft") == [(True,)]
    assert raw.rows(
        "select teacher, number from marts.stats_ipw_teachers where teacher like '%regraded%'"
    ) == [("Claude Sonnet (regraded)", max(1, round(0.017 * 100)))]


def test_answers_are_verified_as_they_were_made(raw: Built, folder: Path) -> None:
    rows = {row.sample_id: row for row in planned() if row.fate == "accepted"}
    checks = raw.rows(
        "select task_id, agrees_with_success from marts.answer_checks"
        " semi join (select task_id from marts.trajectories group by 1 having count(*) = 1)"
        " using (task_id)"
    )
    for sample_id, agrees in checks:
        assert agrees in (None, not rows[sample_id].is_misgraded)
    assert sum(agrees is not None for _, agrees in checks) > 0.9 * len(checks)
    assert raw.rows(
        "select bool_and(list_contains(flags, 'answer_disagrees') = (not agrees_with_success))"
        " from marts.trajectories join marts.answer_checks using (trajectory_id)"
        " where agrees_with_success is not null"
    ) == [(True,)]


def test_features_are_the_cards(exports: dict[str, Path], tmp_path: Path) -> None:
    from datasets import load_dataset

    for path in exports.values():
        rows = load_dataset(str(path), split="train", cache_dir=str(tmp_path))
        found = {field.name: str(field.type) for field in rows.features.arrow_schema}
        assert {name: kind.replace("item:", "element:") for name, kind in found.items()} == COLUMNS
        assert list(found) == list(COLUMNS)


def test_published_form_has_equal_content(raw: Built, published: Built) -> None:
    hashes = "select trajectory_id, content_hash, role_path from marts.trajectories"
    assert published.rows("select * from marts.rejections") == []
    before = {key: row for key, *row in raw.rows(hashes)}
    after = {key: row for key, *row in published.rows(hashes)}
    assert len(after) == len(raw.rows("select 1 from marts.ipw_sft_with_opus"))
    assert after == {key: before[key] for key in after}


@pytest.mark.parametrize("mart", ["sft", "sft_with_opus"])
def test_published_round_trip_is_byte_identical(
    published: Built, exports: dict[str, Path], mart: str, tmp_path: Path
) -> None:
    again = export(published, mart, tmp_path)
    files = sorted(path.name for path in (exports[mart] / "data").iterdir())
    assert files == sorted(path.name for path in (again / "data").iterdir())
    for name in files:
        assert (again / "data" / name).read_bytes() == (exports[mart] / "data" / name).read_bytes()
