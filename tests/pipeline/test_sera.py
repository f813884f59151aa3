"""The family sera, whole: generated rollouts and their fates, the mart, both forms, real files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.pipeline.processes import PROJECT, REAL, Built, built, sample_landings
from tests.pipeline.truth import assert_truth
from trajhouse.cli.sampling.request import Length, SampleRequest
from trajhouse.cli.sampling.sera import FAULTS, INGESTS, draw, write
from trajhouse.cli.sampling.sera.rows import ODD_BUT_SOUND, SOURCES, Row, shares
from trajhouse.cli.sampling.writer import SampleWriter

pytestmark = pytest.mark.slow

CARD_COLUMNS = {
    "messages": "string",
    "instance_id": "string",
    "teacher": "string",
    "scale": "string",
    "rollout": "string",
    "func_name": "string",
    "func_path": "string",
    "line_level_recall": "float64",
}
ROWS = 40
EACH = 2
"""Records with each fault: 0.05 of the rows."""
EMPTY = 150
"""Records without a thought beside them, enough for every filler to be chosen."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of short rollouts with every fault."""
    path = tmp_path_factory.mktemp("sera") / "sample"
    request = SampleRequest(ROWS, 3, dict.fromkeys(FAULTS, 0.05), Length.SHORT)
    empty = (Row(SOURCES[0], 1000 + n, fault="empty_reasoning") for n in range(EMPTY))
    with SampleWriter(path) as out:
        write(chain(draw(request), empty), out)
    return path


@pytest.fixture(scope="module")
def warehouse(folder: Path) -> Built:
    """The sample, built."""
    return built(folder.parent / "warehouse", *sample_landings(INGESTS, folder))


@pytest.fixture(scope="module")
def exported(warehouse: Built, folder: Path) -> Path:
    """sera_sft as one file."""
    out = folder.parent / "export"
    done = warehouse.run("export", "sera_sft", "--out", out, "--single-file")
    assert done.returncode == 0, done.stderr
    return out


def file_of(export: Path) -> Path:
    return export / "data" / "train-00000-of-00001.parquet"


def rows_of(export: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(file_of(export)).to_pylist()
    return rows


def test_every_record_meets_its_fate(warehouse: Built, folder: Path) -> None:
    assert_truth(warehouse.root / "warehouse.duckdb", folder)


def test_what_was_converted_is_flagged(warehouse: Built) -> None:
    """As many rollouts as were planted with each oddity, and no other."""
    flags = (
        "select flag, count(*) from (select unnest(flags) as flag from marts.trajectories)"
        " where flag != 'answer_filled' group by flag order by flag"
    )
    assert warehouse.rows(flags) == [
        ("answers_folded", 2 * EACH),
        ("demonstrations_dropped", EACH),
        ("reasoning_filled", EACH + EMPTY),
        ("recall_mismatch", EACH),
        ("replies_dropped", 2 * EACH),
        ("submits_trimmed", EACH),
    ]


def test_every_trajectory_is_strict(warehouse: Built) -> None:
    """And has no submit among its calls."""
    found = warehouse.rows(
        "select count_if(not regexp_full_match(role_path, 'sur(tor)*a')),"
        " count_if(list_contains(tools_used, 'submit')) from marts.trajectories"
    )
    assert found == [(0, 0)]


def test_recorded_recalls_agree_with_the_patches(warehouse: Built) -> None:
    """Every sound T2 rollout has its T1 rollout; those that were recorded wrong are found."""
    n_second = sum(
        count for source, count in zip(SOURCES, shares(ROWS), strict=True) if source.is_second
    )
    assert warehouse.rows(
        "select is_mismatch, abs(computed_recall - recorded_recall) < 1e-9, count(*)"
        " from marts.sera_recall_checks group by all order by all"
    ) == [(False, True, n_second), (True, False, EACH)]


def test_load_dataset_shows_the_features_of_the_card(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    loaded = load_dataset(str(exported), split="train", cache_dir=str(tmp_path))
    assert {name: feature.dtype for name, feature in loaded.features.items()} == CARD_COLUMNS
    assert list(loaded.features) == list(CARD_COLUMNS)
    messages = json.loads(loaded[0]["messages"])
    assert [message["role"] for message in messages[:3]] == ["system", "user", "reasoning"]
    assert messages[-1]["role"] == "answer"
    assert messages[-1]["content"].startswith("<answer>")


def test_the_file_is_zstd_parquet(exported: Path) -> None:
    metadata = pq.read_metadata(file_of(exported))
    assert metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize(
    ("where", "keep"),
    [
        ("rollout = 'T2'", lambda row: row["rollout"] == "T2"),
        ("line_level_recall > 0.75", lambda row: (row["line_level_recall"] or 0) > 0.75),
        ("teacher = 'GLM-4.6'", lambda row: row["teacher"] == "GLM-4.6"),
    ],
)
def test_the_filters_of_the_card_work(
    warehouse: Built, exported: Path, tmp_path: Path, where: str, keep: Any
) -> None:
    kept = [row for row in rows_of(exported) if keep(row)]
    assert 0 < len(kept) < len(rows_of(exported))
    done = warehouse.run("query", f"select count(*) as n from sera_sft where {where}", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"n": len(kept)}]
    out = tmp_path / "out"
    done = warehouse.run("export", "sera_sft", "--out", out, "--single-file", "--where", where)
    assert done.returncode == 0, done.stderr
    assert rows_of(out) == kept


@pytest.fixture(scope="module")
def second(warehouse: Built, exported: Path) -> Built:
    """The export landed as input beside a few raw files, and built."""
    root = warehouse.root.parent
    again = ("sera", str(file_of(exported)), "--dataset", "published")
    real = [("sera", str(path), "--dataset", path.name) for path in real_folders()]
    return built(root / "second", again, *real)


def real_folders() -> Iterator[Path]:
    for name in ("swe_agent", "swe_smith"):
        if (REAL / name).is_dir():
            yield REAL / name


def test_the_published_form_round_trips(second: Built, exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    done = second.run("export", "sera_sft", "--out", out, "--single-file")
    assert done.returncode == 0, done.stderr
    assert file_of(out).read_bytes() == file_of(exported).read_bytes()


def test_both_forms_have_equal_content(warehouse: Built, second: Built) -> None:
    said = (
        "select source_key, task_id, model, tools, role_path, content_hash"
        " from marts.trajectories where dataset not in ('swe_agent', 'swe_smith') order by all"
    )
    raw = warehouse.rows(said)
    assert len(raw) == ROWS + EACH * len(ODD_BUT_SOUND) + EMPTY
    assert second.rows(said) == raw


def test_real_trajectories_are_read(second: Built) -> None:
    """All layouts of SWE-agent and SWE-smith: all end on a submit but one, which just stops.

    No name says their source, so sera_sft does not take them.
    """
    if not list(real_folders()):
        pytest.skip("the real trajectories (../shared/data/real) are not here")
    where = "where dataset in ('swe_agent', 'swe_smith')"
    assert second.rows(
        f"select dataset, count(*) from marts.trajectories {where} group by all order by all"
    ) == [("swe_agent", 13), ("swe_smith", 4)]
    assert second.rows(f"select reason, turn, detail from marts.rejections {where}") == [
        ("not_submitted", 10, "no submit and no answer after the last call")
    ]
    assert second.rows(f"select distinct reason from marts.selections {where}") == [
        ("source_unknown",)
    ]
    # the flags that the five capture-the-flag episodes hand in are their answers
    flags = second.rows(
        f"select count(*) from marts.trajectories {where}"
        " and regexp_full_match(messages[-1].content, '(?i)(HTB|flag)\\{.*\\}')"
    )
    assert flags == [(5,)]


def test_fillers_are_twelve_and_all_are_chosen(warehouse: Built) -> None:
    with (PROJECT / "seeds" / "reasoning_fillers.csv").open(encoding="utf-8") as lines:
        pool = {row["text"] for row in csv.DictReader(lines)}
    assert len(pool) == 12
    found = warehouse.rows(
        "select distinct messages[3].content from marts.trajectories"
        " where list_contains(flags, 'reasoning_filled')"
    )
    assert {text for (text,) in found} == pool


def test_samples_are_deterministic_and_as_long_as_the_card_says(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with SampleWriter(tmp_path / name) as out:
            write(draw(SampleRequest(8, seed=5, faults={"duplicate": 0.1})), out)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    calls = [row.n_calls for row in draw(SampleRequest(4000, seed=5))]
    assert min(calls) >= 13
    assert max(calls) <= 112
    assert abs(sum(calls) / len(calls) - 42.2) < 1
