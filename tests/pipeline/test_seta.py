"""The family seta, end to end: generated trials, trials written by hand, published rows."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipeline.processes import QWEN3, REAL, Built, built, trajhouse
from tests.pipeline.truth import assert_truth
from trajhouse.cli.sampling.seta import FAULTS
from trajhouse.cli.sampling.writer import SampleWriter, Truth

pytestmark = pytest.mark.slow

MARTS = ("seta_sft_thinking", "seta_sft_nothink")
ODD = '{ "command":"ls  -l",\t"é" : "\\u00e9" }'
TEMPLATE_FIELDS = (
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "name",
    "reasoning_content",
)
FEATURES = """
task_id: string, trial_uid: string, reward: float64, model: string, conv_json_path: string,
provider_token_counts: {cached_tokens: int64, completion_tokens: int64, prompt_tokens: int64,
total_tokens: int64}, local_token_count: int64, n_assistant_tokens: int64, n_messages: int64,
raw_conv_json: string, chat_template_str: string, input_ids: [int32], loss_mask: [int64]
"""
"""As the published dataset card lists them."""


def call(arguments: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "sh", "arguments": arguments}}


def chat(arguments: Any = ODD, first: str | None = "Be an agent.") -> list[dict[str, Any]]:
    system = [{"role": "system", "content": first}] if first is not None else []
    return [
        *system,
        {"role": "user", "content": "Fix it."},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Look.\n",
            "tool_calls": [call(arguments)],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a.txt"},
        {"role": "assistant", "content": "Done.", "reasoning_content": "Good."},
    ]


def inline_thinking() -> list[dict[str, Any]]:
    messages = chat()
    messages[2] |= {"content": "<think>\nLook.\n</think>\n\nNow."}
    del messages[2]["reasoning_content"]
    return messages


def text_parts() -> list[dict[str, Any]]:
    messages = chat()
    messages[1]["content"] = [{"type": "text", "text": "Fix "}, {"type": "text", "text": "it."}]
    return messages


def snapshot(messages: list[dict[str, Any]], counts: dict[str, Any] | None = None) -> str:
    response = {"choices": [{"message": messages[-1]}], "usage": counts}
    request = {"messages": messages[:-1]}
    return json.dumps({"model": "kimi-k2.5", "request": request, "response": response}, indent=1)


def ctrf(passed: int, tests: int) -> str:
    return json.dumps({"results": {"summary": {"tests": tests, "passed": passed}}})


def write_by_hand(out: SampleWriter) -> None:
    """Stray forms of trials, with the truth about each."""

    def trial(folder: str, text: str, report: str | None, **truth: Any) -> None:
        out.write_text(f"{folder}/CAMEL_LOG_DIR/x/conv_20260101_000000_000001.json", text)
        if report is not None:
            out.write_text(f"{folder}/verifier/ctrf.json", report)
        told = {"fate": "accepted", "marts": MARTS} | truth
        out.tell(Truth(source_file=folder, record_number=1, dataset="hand", **told))

    beaten = {"marts": (), "left_out": dict.fromkeys(MARTS, "better_trial")}
    deep = {"prompt_tokens_details": {"cached_tokens": 3}, "prompt_tokens": 10, "total_tokens": 12}
    trial("one/odd-spacing_t0_000001", snapshot(chat(), deep), ctrf(1, 1))
    trial("one/json-arguments_t0_000002", snapshot(chat({"n": 1.50, "é": "\x1b"})), ctrf(1, 2))
    trial("one/no-system_t0_000003", snapshot(chat(first=None)), ctrf(2, 3))
    trial("one/inline-thinking_t0_000004", snapshot(inline_thinking()), ctrf(1, 1))
    trial("one/text-parts_t0_000005", snapshot(text_parts()), ctrf(1, 1))
    trial("one/no-tests_t0_000006", snapshot(chat()), ctrf(0, 0))
    trial("one/impossible_t0_000007", snapshot(chat()), ctrf(2, 1), **rejected("verdict_missing"))
    trial("one/even_t0_000008", snapshot(chat()), ctrf(1, 1), **beaten)
    trial("two/even_t0_000009", snapshot(chat()), ctrf(1, 1))
    trial("one/better_t0_00000a", snapshot(chat()), ctrf(2, 2))
    trial("two/better_t0_00000b", snapshot(chat()), ctrf(1, 2), **beaten)
    trial("one/copy_t0_00000c", snapshot(chat()), ctrf(1, 1), **duplicate())
    trial("two/copy_t0_00000c", snapshot(chat()), ctrf(2, 2))
    for number, version in enumerate(("0.3.5", "0.6.1")):
        file = REAL / "ctrf" / f"ctrf_pytest-json-ctrf-{version}.json"
        report = file.read_text() if file.is_file() else ctrf(1, 3)
        trial(f"one/real-report-{version}_t0_00001{number}", snapshot(chat()), report)
    result = {"task_name": "harbor-task", "verifier_result": {"rewards": {"reward": 0.25}}}
    out.write_text("one/harbor-task__Ab1/result.json", json.dumps(result))
    trial("one/harbor-task__Ab1", snapshot(chat()), None)


def rejected(reason: str) -> dict[str, Any]:
    return {"fate": "rejected", "reason": reason, "marts": ()}


def duplicate() -> dict[str, Any]:
    return {"fate": "duplicate", "reason": "same_id", "marts": ()}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A generated sample with every fault, and the trials written by hand."""
    folder = tmp_path_factory.mktemp("samples")
    faults = ",".join(f"{name}=0.2" for name in FAULTS)
    done = trajhouse(
        folder / "none",
        *("sample", "seta", "--rows", "10", "--length", "short", "--faults", faults),
        *("--out", folder / "generated"),
    )
    assert done.returncode == 0, done.stderr
    with SampleWriter(folder / "hand") as out:
        write_by_hand(out)
    return [folder / "generated", folder / "hand"]


@pytest.fixture(scope="module")
def raw(samples: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The trial directories, landed and built."""
    generated, hand = samples
    return built(
        tmp_path_factory.mktemp("raw") / "warehouse",
        ("seta", f"{generated}/pass-*", "--dataset", "seta"),
        ("seta", f"{hand}/one", f"{hand}/two", "--dataset", "hand"),
    )


@pytest.fixture(scope="module")
def exports(raw: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both marts, exported."""
    folder = tmp_path_factory.mktemp("exports")
    for mart in MARTS:
        done = raw.run("export", mart, "--out", folder / mart)
        assert done.returncode == 0, done.stderr
    return {mart: folder / mart for mart in MARTS}


@pytest.fixture(scope="module")
def published(exports: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The export of the mart with thinking, landed as it is; and a row of it that lies."""
    folder = tmp_path_factory.mktemp("published")
    lying = parquet_of(exports["seta_sft_thinking"]).slice(0, 1)
    for name, value in {
        "task_id": "lying",
        "trial_uid": "lying_t0_000000",
        "local_token_count": 1,
        "n_assistant_tokens": 1,
        "n_messages": 1,
        "chat_template_str": "x",
        "input_ids": [1],
        "loss_mask": [1],
    }.items():
        index = lying.schema.get_field_index(name)
        lying = lying.set_column(index, name, pa.array([value], lying.schema.field(name).type))
    pq.write_table(lying, folder / "lying.parquet")
    data = str(exports["seta_sft_thinking"] / "data" / "train-*.parquet")
    return built(
        folder / "warehouse",
        ("seta", data, "--dataset", "seta"),
        ("seta", str(folder / "lying.parquet"), "--dataset", "lying"),
    )


def parquet_of(export: Path) -> pa.Table:
    (file,) = (export / "data").glob("*.parquet")
    return pq.read_table(file)


def load(export: Path) -> Any:
    from datasets import load_dataset

    return load_dataset(str(export), split="train", cache_dir=str(export.parent / "cache"))


@cache
def reference() -> Any:
    """Qwen3's tokenizer with its published template."""
    if not QWEN3.is_dir():
        pytest.skip("the published tokenizer (../shared/data/tokenizers) is not here")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(QWEN3)


def source_messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    """What the source pipeline passes to the template, from the snapshot's text."""
    conversation = json.loads(row["raw_conv_json"])
    messages = list(conversation["request"]["messages"])
    if isinstance(conversation["response"], dict):
        messages.append(conversation["response"]["choices"][0]["message"])
    for message in messages:
        if isinstance(message["content"], list):
            message["content"] = "".join(part["text"] for part in message["content"])
        message["content"] = message["content"] or ""
    return [{key: m[key] for key in TEMPLATE_FIELDS if key in m} for m in messages]


def without_thinking(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for message in messages:
        message.pop("reasoning_content", None)
        message["content"] = message["content"].rpartition("</think>\n\n")[2]
    if messages[0]["role"] != "system":
        return [{"role": "system", "content": "/no_think"}, *messages]
    messages[0]["content"] += " /no_think"
    return messages


def test_every_record_meets_its_fate(raw: Built, samples: list[Path]) -> None:
    assert_truth(raw.root / "warehouse.duckdb", *samples)


@pytest.mark.parametrize("mart", MARTS)
def test_rows_are_rendered_as_the_published_template_does(
    exports: dict[str, Path], mart: str
) -> None:
    tokenizer = reference()
    start, stop, assistant, newline = (
        tokenizer.encode(text)[0] for text in ("<|im_start|>", "<|im_end|>", "assistant", "\n")
    )
    rows = parquet_of(exports[mart]).to_pylist()
    assert len(rows) > 20
    for row in rows:
        messages = source_messages(row)
        assert row["n_messages"] == len(messages)
        shown = messages if mart == MARTS[0] else without_thinking(messages)
        text = tokenizer.apply_chat_template(shown, tokenize=False)
        assert row["chat_template_str"] == text
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert row["input_ids"] == ids
        is_trained, mask = False, []
        for k in range(len(ids)):
            is_trained |= ids[k : k + 2] == [start, assistant]
            mask.append(int(is_trained))
            is_trained &= ids[k - 1 : k + 1] != [stop, newline]
        assert row["loss_mask"] == mask
        assert (row["local_token_count"], row["n_assistant_tokens"]) == (len(ids), sum(mask))


def test_arguments_keep_their_spacing(raw: Built) -> None:
    """Canonical arguments are canonical; the published text has the source's own."""
    assert raw.rows(
        "select messages[4].tool_arguments from marts.trajectories where task_id = 'odd-spacing'"
    ) == [('{"command": "ls  -l", "é": "é"}',)]
    ((text,),) = raw.rows(
        "select chat_template_str from marts.seta_sft_thinking where task_id = 'odd-spacing'"
    )
    assert f'"arguments": {ODD}}}' in text


def test_rewards_are_shares_of_tests_in_both_dialects(raw: Built) -> None:
    found = dict(
        raw.rows(
            "select task_id, reward from marts.trajectories"
            " where dataset = 'hand' and not regexp_matches(task_id, 'even|better|copy')"
        )
    )
    assert found == {
        "odd-spacing": 1.0,
        "json-arguments": 0.5,
        "no-system": 2 / 3,
        "inline-thinking": 1.0,
        "text-parts": 1.0,
        "no-tests": 0.0,
        "real-report-0.3.5": 1 / 3,
        "real-report-0.6.1": 1 / 3,
        "harbor-task": 0.25,
    }


def test_reports_of_the_real_tool_are_read() -> None:
    """The two trials above carry them where they are; this test says so where they are not."""
    if not (REAL / "ctrf").is_dir():
        pytest.skip("the real reports (../shared/data/real/ctrf) are not here")
    assert len(list((REAL / "ctrf").glob("*.json"))) == 2


def test_odd_trials_are_flagged(raw: Built) -> None:
    """Two of ten rows each: responses that are a text, and notes with NaN."""
    assert raw.rows(
        "select flags, count(*) from marts.trajectories where flags != [] group by all order by all"
    ) == [(["response_unreadable"], 2), (["run_info_unreadable"], 2), (["text_parts"], 1)]


def test_provider_counts_are_those_of_the_response(raw: Built) -> None:
    def counts(task: str) -> list[tuple[Any, ...]]:
        return raw.rows(
            f"select provider_token_counts from marts.seta_sft_nothink where task_id = '{task}'"
        )

    none = dict.fromkeys(("cached_tokens", "completion_tokens", "prompt_tokens", "total_tokens"))
    deep = none | {"cached_tokens": 3, "prompt_tokens": 10, "total_tokens": 12}
    assert counts("odd-spacing") == [(deep,)]
    assert counts("no-tests") == [(none,)]


def test_statistics_are_those_of_the_exported_rows(raw: Built, exports: dict[str, Path]) -> None:
    rows = parquet_of(exports["seta_sft_thinking"]).to_pylist()
    tokens = sorted(len(row["input_ids"]) for row in rows)
    trained = sum(sum(row["loss_mask"]) for row in rows)
    perfect = sum(row["reward"] == 1 for row in rows)
    middle = (tokens[len(tokens) // 2] + tokens[(len(tokens) - 1) // 2]) / 2
    found = dict(raw.rows("select statistic, number from marts.stats_seta"))
    assert found == pytest.approx(
        {
            "rows": len(rows),
            "total tokens": sum(tokens),
            "trainable tokens": trained,
            "tokens / row (mean)": sum(tokens) / len(rows),
            "tokens / row (median)": middle,
            "tokens / row (max)": tokens[-1],
            "reward = 1.0 rows": perfect,
            "reward (mean)": sum(row["reward"] for row in rows) / len(rows),
        }
    )


@pytest.mark.parametrize("mart", MARTS)
def test_datasets_shows_the_features_of_the_card(exports: dict[str, Path], mart: str) -> None:
    def shown(feature: Any) -> str:
        if isinstance(feature, dict):
            return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in feature.items()) + "}"
        return feature.dtype if hasattr(feature, "dtype") else f"[{shown(feature.feature)}]"

    loaded = load(exports[mart])
    listed = ", ".join(f"{name}: {shown(kind)}" for name, kind in loaded.features.items())
    assert listed == " ".join(FEATURES.split())
    assert len(loaded) == parquet_of(exports[mart]).num_rows


def test_the_trainers_projection_leaves_long_rows_out(raw: Built, tmp_path: Path) -> None:
    """Rows over the limit are filtered, not cut, and can be counted."""
    ((limit,),) = raw.rows("select median(local_token_count)::int from marts.seta_sft_thinking")
    fits = f"local_token_count <= {limit}"
    done = raw.run(
        *("export", "seta_sft_thinking", "--out", tmp_path / "areal"),
        *("--columns", "input_ids,loss_mask", "--where", fits),
    )
    assert done.returncode == 0, done.stderr
    loaded = load(tmp_path / "areal")
    ((n_kept, n_left_out),) = raw.rows(
        f"select count_if({fits}), count_if(not {fits}) from marts.seta_sft_thinking"
    )
    assert list(loaded.features) == ["input_ids", "loss_mask"]
    assert len(loaded) == n_kept
    assert n_left_out > 0
    assert sorted(map(len, loaded["input_ids"])) == [
        count
        for (count,) in raw.rows(
            f"select local_token_count from marts.seta_sft_thinking where {fits} order by 1"
        )
    ]


def test_the_published_form_comes_back_byte_for_byte(
    published: Built, exports: dict[str, Path], tmp_path: Path
) -> None:
    """Either mart: the thinking export holds all that the other mart is made of."""
    for mart in MARTS:
        done = published.run(
            "export", mart, "--out", tmp_path / mart, "--where", "task_id != 'lying'"
        )
        assert done.returncode == 0, done.stderr
        files = [next((folder / "data").iterdir()) for folder in (exports[mart], tmp_path / mart)]
        assert files[0].read_bytes() == files[1].read_bytes(), mart


def test_raw_and_published_rows_are_equal_in_canonical_form(raw: Built, published: Built) -> None:
    hashes = "select source_key, content_hash, reward, success, task_id, model, tools"
    held = "select trajectory_id from marts.selections where is_selected"
    found = f"{hashes} from marts.trajectories where trajectory_id in ({held}) order by all"
    kept = [row for row in published.rows(found) if not row[0].startswith("lying")]
    assert kept == raw.rows(found)


def test_what_a_published_row_says_of_its_tokens_is_not_trusted(published: Built) -> None:
    rows = published.rows(
        "select * exclude (task_id, trial_uid) from marts.seta_sft_thinking where raw_conv_json ="
        " (select raw_conv_json from marts.seta_sft_thinking where task_id = 'lying')"
    )
    assert len(rows) == 2
    assert rows[0] == rows[1]
