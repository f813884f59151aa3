"""The family rlvr, whole: generated rollouts and their fates, the marts, both forms, the replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.processes import Built, built, sample_landings
from tests.pipeline.truth import assert_truth
from trajhouse.cli.sampling.request import Length, SampleRequest
from trajhouse.cli.sampling.rlvr import FAULTS, INGESTS, draw, write
from trajhouse.cli.sampling.rlvr.rows import ENVIRONMENTS, Environment, Rollout
from trajhouse.cli.sampling.writer import SampleWriter

pytestmark = pytest.mark.slow

CARD_FEATURES = {
    "messages": "string",
    "qa_id": "string",
    "status": "string",
    "gt_seen_in_search": "bool",
    "gt_opened": "bool",
    "gt_cited": "bool",
    "cited_doc_ids": "string",
    "n_searches": "int64",
    "n_opens": "int64",
    "n_tool_actions": "int64",
}
MARTS = {environment.mart: environment for environment in ENVIRONMENTS}
REQUEST = SampleRequest(24, 5, dict.fromkeys(FAULTS, 0.08), Length.SHORT)
NO_MART = ("unfinished", "malformed_call", "parallel_calls", "missing_reasoning", "no_system")
NO_MART += ("keyless", "failed", "question_missing")

SYSTEM = {"role": "system", "content": "Cite."}
USER = {"role": "user", "content": "Which?"}
OUTPUT = {"role": "tool_output", "content": "<tool_response>One.</tool_response>"}
ANSWER = {"role": "answer", "content": "<answer>[d1]</answer>"}
THOUGHT = {"role": "reasoning", "content": "<think>Hm.</think>"}
ODD: dict[str, tuple[Any, str | None]] = {
    "messages that are no JSON": ("[{", "truncated_json"),
    "no messages": (None, "no_messages"),
    "a message that is a text": (json.dumps([SYSTEM, USER, "Hm.", ANSWER]), "message_not_object"),
    "a call that is a text": (
        json.dumps([SYSTEM, USER, THOUGHT, {"role": "tool_call", "content": "open d1"}, OUTPUT]),
        "tool_calls_malformed",
    ),
    "no thought before an answer": (json.dumps([SYSTEM, USER, ANSWER]), "role_transition"),
    "no answer": (json.dumps([SYSTEM, USER, THOUGHT]), "role_end"),
    "no corpus": (
        [
            SYSTEM,
            USER,
            THOUGHT,
            {
                "role": "tool_call",
                "content": '{"name": "open_document", "arguments": {"doc_id": "d1"}}',
            },
            OUTPUT,
            THOUGHT,
            ANSWER,
        ],
        None,
    ),
}
"""Records of an environment without corpus, by what is odd: messages, and why they are rejected."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of short rollouts with every fault."""
    path = tmp_path_factory.mktemp("rlvr") / "sample"
    with SampleWriter(path) as out:
        write(draw(REQUEST), out)
    return path


@pytest.fixture(scope="module")
def sample(folder: Path) -> Built:
    """The sample, built, and nothing else."""
    return built(folder.parent / "warehouse", *sample_landings(INGESTS, folder))


def export(warehouse: Built, out: Path) -> Path:
    """The three marts, each in a folder of its own."""
    for mart in MARTS:
        done = warehouse.run("export", mart, "--out", out / mart)
        assert done.returncode == 0, done.stderr
    return out


def data_of(folder: Path, mart: str) -> Path:
    return folder / mart / "data" / "train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def exported(sample: Built, folder: Path) -> Path:
    return export(sample, folder.parent / "exported")


@pytest.fixture(scope="module")
def published(exported: Path, folder: Path) -> Built:
    """The export landed again, with the questions and the corpus of one environment alone.

    Beside it are odd records of an environment that no mart is made of.
    """
    landings = [
        ("rlvr", str(data_of(exported, mart)), "--dataset", environment.name)
        for mart, environment in MARTS.items()
    ]
    for part in ("questions", "documents"):
        file = folder / "nvdocs" / f"{part}.jsonl"
        landings.append((f"rlvr_{part}", str(file), "--dataset", "nvdocs"))
    odd = folder.parent / "odd.jsonl"
    lines = [{"qa_id": name, "messages": messages} for name, (messages, _) in ODD.items()]
    odd.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    landings.append(("rlvr", str(odd), "--dataset", "odd"))
    return built(folder.parent / "published", *landings)


def plans_in(environment: Environment) -> list[Rollout]:
    """The plans that an environment's mart holds."""
    return [
        plan
        for plan in draw(REQUEST)
        if isinstance(plan, Rollout)
        and plan.question.corpus.environment == environment.name
        and not plan.is_dropped
        and plan.fault not in NO_MART
    ]


def test_every_record_meets_its_fate(sample: Built, folder: Path) -> None:
    assert_truth(sample.root / "warehouse.duckdb", folder)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_statistics_are_those_of_the_plans(sample: Built, environment: Environment) -> None:
    plans = plans_in(environment)
    n_rows = len(plans)
    n_forced = sum(plan.is_forced for plan in plans)
    counts = [
        n_rows - n_forced,
        n_forced,
        sum(plan.is_seen for plan in plans),
        sum(plan.is_opened for plan in plans),
        sum(plan.is_cited for plan in plans),
    ]
    n_searches = sum(plan.n_searches for plan in plans)
    n_opens = sum(plan.n_opens for plan in plans)
    n_others = sum(plan.n_others + (plan.fault == "malformed_arguments") for plan in plans)
    expected = [str(n_rows)]
    expected += [f"{count} ({100 * count / n_rows:.1f}%)" for count in counts]
    totals = (n_searches, n_opens, n_searches + n_opens + n_others)
    expected += [f"{total / n_rows:.1f}" for total in totals]
    column = environment.mart.removeprefix("rlvr_")
    found = sample.rows(f"select {column} from marts.stats_rlvr order by position")
    assert [row[0] for row in found] == expected


def test_what_was_mended_is_the_documents_text_in_every_mart(sample: Built, folder: Path) -> None:
    """Of an opened document: in the messages, the chat and the published row, whatever the form."""
    mended = sample.rows(
        """
        select trajectory_id, dataset, position, recorded, mended from marts.rlvr_mended_outputs
        where reason = 'document_differs'
        """
    )
    assert len(mended) == REQUEST.n_faulty("wrong_open_output")
    for key, environment, position, recorded, output in mended:
        documents = (folder / environment / "documents.jsonl").read_text().splitlines()
        texts = {row["doc_id"]: row["text"] for row in map(json.loads, documents) if row["text"]}
        ((arguments, content),) = sample.rows(
            f"""
            select messages[{position} - 1].tool_arguments, messages[{position}].content
            from marts.trajectories where trajectory_id = '{key}'
            """
        )
        text = texts[json.loads(arguments)["doc_id"]]
        assert content == output
        assert recorded != output
        assert (json.loads(output)["text"] if output.startswith("{") else output) == text
        ((chat,),) = sample.rows(
            f"select messages from marts.sft_messages where trajectory_id = '{key}'"
        )
        assert output in [message["content"] for message in chat]
        mart = next(mart for mart, plan in MARTS.items() if plan.name == environment)
        qa_id = key.removeprefix(f"{environment}/")
        ((messages,),) = sample.rows(f"select messages from marts.{mart} where qa_id = '{qa_id}'")
        contents = [message["content"] for message in json.loads(messages)]
        assert f"<tool_response>{output}</tool_response>" in contents


def test_datasets_loads_the_features_of_the_card(exported: Path) -> None:
    from datasets import load_dataset

    for mart, environment in MARTS.items():
        cache = str(exported / "cache")
        rows = load_dataset(str(exported / mart), split="train", cache_dir=cache)
        assert {name: feature.dtype for name, feature in rows.features.items()} == CARD_FEATURES
        assert list(rows.features) == list(CARD_FEATURES)
        assert len(rows) == len(plans_in(environment))
        for row in rows:
            roles = [message["role"] for message in json.loads(row["messages"])]
            steps = ["tool_call", "tool_output", "reasoning"] * row["n_tool_actions"]
            assert roles == ["system", "user", "reasoning", *steps, "answer"]


def test_the_published_form_comes_back_byte_for_byte(
    exported: Path, published: Built, folder: Path
) -> None:
    again = export(published, folder.parent / "again")
    for mart in MARTS:
        assert data_of(again, mart).read_bytes() == data_of(exported, mart).read_bytes()


def test_canonical_content_is_equal_whichever_way_it_came_in(
    sample: Built, published: Built
) -> None:
    raw = dict(sample.rows("select trajectory_id, content_hash from marts.trajectories"))
    again = dict(
        published.rows(
            "select trajectory_id, content_hash from marts.trajectories where dataset != 'odd'"
        )
    )
    assert again.items() <= raw.items()
    assert len(again) == sum(len(plans_in(environment)) for environment in ENVIRONMENTS)


def test_the_replay_of_what_it_mended_mends_nothing(sample: Built, published: Built) -> None:
    mended = "select count(*) from marts.rlvr_mended_outputs"
    assert sample.rows(mended) == [(4 * REQUEST.n_faulty("wrong_open_output"),)]
    assert published.rows(mended) == [(0,)]


def test_odd_records_are_rejected_with_their_reason(published: Built) -> None:
    found = dict(
        published.rows("select record_number, reason from marts.rejections where dataset = 'odd'")
    )
    reasons = enumerate((reason for _, reason in ODD.values()), start=1)
    assert found == {number: reason for number, reason in reasons if reason}


def test_a_rollout_without_a_corpus_is_neither_replayed_nor_rejected(published: Built) -> None:
    found = published.rows(
        "select task_id, messages[5].content, flags from marts.trajectories where dataset = 'odd'"
    )
    assert found == [("no corpus", "One.", ["question_missing"])]
    assert published.rows("select distinct reason from marts.selections where dataset = 'odd'") == [
        ("other_environment",)
    ]
