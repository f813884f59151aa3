"""The real trajectories, end to end; the reference for tokens and masks is transformers itself."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.processes import QWEN3, REAL, Built

pytestmark = pytest.mark.slow

HEADER = "'<|im_start|>' + message.role + '\\n"
BRANCH = "        {%- if loop.index0 > ns.last_query_index %}"
END = "        {{- '<|im_end|>\\n' }}\n    {%- elif message.role == \"tool\" %}"


@cache
def reference() -> Any:
    """Qwen3's tokenizer, its published template marked where the assistant speaks.

    The header of an assistant's turn moves out of the branches, in front of the mark; what is
    rendered stays the same.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(QWEN3)
    published = tokenizer.chat_template
    assert published.count(BRANCH) == published.count(END) == 1
    before, after = published.split(BRANCH)
    after = after.replace(HEADER + "<think>", "'<think>").replace(HEADER + "' + content", "content")
    after = after.replace(END, END.replace("}}", "}}{% endgeneration %}", 1))
    tokenizer.chat_template = (
        f"{before}        {{{{- {HEADER}' }}}}{{% generation %}}\n{BRANCH}{after}"
    )
    return tokenizer


def test_the_marked_template_renders_as_the_published_one() -> None:
    if not QWEN3.is_dir():
        pytest.skip("the published tokenizer (../shared/data/tokenizers) is not here")
    from transformers import AutoTokenizer

    published = AutoTokenizer.from_pretrained(QWEN3)
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "c"},
        {"role": "user", "content": "d"},
        {"role": "assistant", "content": "e", "reasoning_content": "f"},
    ]
    render = {"conversation": messages, "tokenize": False}
    assert reference().apply_chat_template(**render) == published.apply_chat_template(**render)


def test_every_real_record_is_accepted(real: Built) -> None:
    assert real.rows("select * from marts.rejections") == []
    assert real.rows("select * from marts.duplicates") == []
    assert real.rows(
        "select dataset, count(*) from marts.trajectories group by all order by all"
    ) == [("swe_agent", 14), ("swe_smith", 4), ("tau_bench", 100)]


def test_old_layouts_became_calls_and_outputs(real: Built) -> None:
    assert real.rows(
        """
        select count(*) from marts.trajectories
        where dataset != 'tau_bench' and not regexp_full_match(role_path, 'suu?(c?t(o|$))+')
        """
    ) == [(0,)]


def test_tau_bench_keeps_its_fields(real: Built) -> None:
    found = real.rows(
        """
        select count(distinct task_id), sum(reward), count(metadata->'$.trial'),
            count_if(regexp_matches(role_path, 'u.*u'))
        from marts.trajectories where dataset = 'tau_bench'
        """
    )
    rollouts = json.loads((REAL / "tau_bench" / "gpt-4o-airline.json").read_text())
    assert found == [(25, sum(rollout["reward"] for rollout in rollouts), 100, 100)]


@pytest.fixture(scope="module")
def exports(real: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both sft marts, exported."""
    folder = tmp_path_factory.mktemp("exports")
    for mart in ("sft_messages", "sft_tokenized"):
        done = real.run("export", mart, "--out", folder / mart)
        assert done.returncode == 0, done.stderr
        assert real.run("verify", folder / mart).returncode == 0
    return {mart: folder / mart for mart in ("sft_messages", "sft_tokenized")}


def load(folder: Path) -> dict[str, dict[str, Any]]:
    from datasets import load_dataset

    rows = load_dataset(str(folder), split="train", cache_dir=str(folder.parent / "cache"))
    return {row["trajectory_id"]: row for row in rows}


def test_datasets_loads_equal_messages(real: Built, exports: dict[str, Path]) -> None:
    loaded = load(exports["sft_messages"])
    rows = real.rows("select trajectory_id, messages from marts.sft_messages")
    assert {key: loaded[key]["messages"] for key, _ in rows} == dict(rows)
    assert len(loaded) == len(rows) == 118


def test_source_texts_arrive_byte_for_byte(exports: dict[str, Path]) -> None:
    loaded = load(exports["sft_messages"])
    rollouts = json.loads((REAL / "tau_bench" / "gpt-4o-airline.json").read_text())
    source = sorted(
        [[m["role"], m["content"] or ""] for m in rollout["traj"]] for rollout in rollouts
    )
    ours = sorted(
        [[m["role"], m["content"]] for m in row["messages"]]
        for row in loaded.values()
        if row["dataset"] == "tau_bench"
    )
    assert ours == source


def test_ids_and_masks_equal_transformers_on_every_row(exports: dict[str, Path]) -> None:
    chats, tokens = load(exports["sft_messages"]), load(exports["sft_tokenized"])
    assert chats.keys() == tokens.keys()
    for key, chat in chats.items():
        messages = [
            {name: value for name, value in message.items() if value is not None}
            for message in chat["messages"]
        ]
        expected = reference().apply_chat_template(
            messages,
            tools=json.loads(chat["tools"]) if chat["tools"] else None,
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
        row = tokens[key]
        assert row["input_ids"] == expected["input_ids"], key
        assert row["loss_mask"] == expected["assistant_masks"], key
        pairs = zip(row["input_ids"], row["loss_mask"], strict=True)
        assert row["labels"] == [token if trained else -100 for token, trained in pairs], key
