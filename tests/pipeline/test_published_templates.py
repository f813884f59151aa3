"""Real trajectories under published chat templates: ids and masks are those of `transformers`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.pipeline.processes import QWEN3, Built
from tests.unit.udfs.tokens.published import load_published
from tests.unit.udfs.tokens.reference import count_equal
from trajhouse.udfs.conversations import Message
from trajhouse.udfs.tokens.policy import Reason

pytestmark = pytest.mark.slow

WHOLE = ["qwen3", "qwen3_training", "qwen2_5_training", "glm4moe_training", "nemotron_3_nano"]


@pytest.mark.parametrize("name", [*WHOLE, "llama3_1", "gptoss_training"])
def test_real_trajectories(name: str, real: Built, tmp_path: Path) -> None:
    template_file = QWEN3.parent / "chat_templates.json"
    template = json.loads(template_file.read_text(encoding="utf-8"))[name]
    vocabulary = (QWEN3 / "tokenizer.json").read_text(encoding="utf-8")
    loaded = load_published(name, template, vocabulary, tmp_path)
    rows = real.rows("select messages, tools from marts.sft_messages order by trajectory_id")
    given = [(_chat(messages), tools) for messages, tools in rows]
    n_dropped = sum(_is_cut(name, chat) for chat, _ in given)
    assert (n_dropped > 0) == (name not in WHOLE)
    found = count_equal(name, loaded, template, given)
    assert found == Counter({"equal": 118 - n_dropped, Reason.TEMPLATE_DROPS: n_dropped})


def _is_cut(name: str, chat: list[Message]) -> bool:
    """Whether content beside calls is left out: llama3_1 does it, gptoss before an answer."""
    answers = [message for message in chat if message["role"] == "assistant"]
    talking = [bool(answer.get("tool_calls") and answer["content"].strip()) for answer in answers]
    if name.startswith("gptoss"):
        final = [k for k, answer in enumerate(answers) if not answer.get("tool_calls")]
        return any(talking[: max(final, default=0)])
    return name.startswith("llama") and any(talking)


def _chat(messages: list[Message]) -> list[Message]:
    """The messages without what is null."""
    chat = []
    for message in messages:
        plain = {name: value for name, value in message.items() if value is not None}
        chat.append({"content": "", **plain})
    return chat
