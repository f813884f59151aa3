"""The family react end to end: the real FireAct records, and episodes in one text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.processes import REAL, Built, built

pytestmark = pytest.mark.slow

FIREACT = REAL / "fireact"
STEPS = (
    "Thought 1: I have to look.\nAction 1: Search[the lake]\nObservation 1: It is deep.\n"
    "Thought 2: Now I know.\nAction 2: Finish[deep]"
)


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """FireAct's rollouts and fine-tuning rows, where they are, and episodes of our own."""
    folder = tmp_path_factory.mktemp("react")
    own = folder / "own.jsonl"
    records: list[dict[str, Any]] = [
        {"id": "field", "question": "How is the lake?", "text": STEPS, "reward": 1},
        {"id": "section", "trajectory": f"Question: How is the lake?\n{STEPS}", "reward": False},
        {"id": "cut", "question": "How?", "text": "Thought: I look.\nAction: search[the"},
        {"id": "silent", "question": "How?", "text": "Thought: I look.\nAction: finish[]"},
    ]
    own.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    landings: list[tuple[str, ...]] = [("react", str(own), "--dataset", "own")]
    if FIREACT.is_dir():
        (rollouts,) = FIREACT.glob("*.json")
        (rows,) = FIREACT.glob("*.jsonl")
        landings += [
            ("react", str(rollouts), "--dataset", "rollouts"),
            ("react", str(rows), "--dataset", "rows"),
        ]
    return built(folder / "warehouse", *landings)


def test_an_episode_in_one_text_reads_like_one_in_messages(episodes: Built) -> None:
    found = episodes.rows(
        """
        select source_key, success, reward, role_path,
            list_transform(messages, lambda m: coalesce(m.content, m.tool_arguments))
        from marts.trajectories where dataset = 'own' order by all
        """
    )
    said = ["How is the lake?", "I have to look.", '{"input": "the lake"}', "It is deep."]
    # both say the same, so that one is the other's duplicate: the first of the file is kept
    assert found == [("field", True, 1.0, "urtora", [*said, "Now I know.", "deep"])]
    assert episodes.rows(
        "select trajectory_id, rule from marts.duplicates where dataset = 'own'"
    ) == [("own/section", "same_content")]


def test_own_records_that_cannot_be_read_are_rejected_with_the_turn(episodes: Built) -> None:
    assert episodes.rows(
        "select trajectory_id, reason, turn from marts.rejections where dataset = 'own' order by 1"
    ) == [("own/cut", "tool_unnamed", 2), ("own/silent", "answer_empty", 2)]


@pytest.fixture(scope="module")
def fireact(episodes: Built) -> dict[str, list[dict[str, str]]]:
    """The source messages of the real records: rollouts by their key, rows by their number."""
    if not FIREACT.is_dir():
        pytest.skip("the real episodes (../shared/data/real/fireact) are not here")
    return source_messages(FIREACT)


def source_messages(folder: Path) -> dict[str, list[dict[str, str]]]:
    (rollouts,) = folder.glob("*.json")
    (rows,) = folder.glob("*.jsonl")
    sources = {
        f"rollouts/{key}": value["traj"] for key, value in json.loads(rollouts.read_text()).items()
    }
    for number, line in enumerate(rows.read_text().splitlines(), 1):
        sources[f"rows/{number}"] = json.loads(line)["messages"]
    return sources


def real_trajectories(episodes: Built) -> dict[str, list[dict[str, Any]]]:
    found = episodes.rows(
        """
        select case dataset when 'rows' then 'rows/' || record_number else trajectory_id end,
            messages
        from marts.trajectories where dataset != 'own'
        """
    )
    return dict(found)


def test_all_real_records_but_an_empty_answer_are_accepted(
    episodes: Built, fireact: dict[str, Any]
) -> None:
    assert len(fireact) == 465 + 500
    assert episodes.rows(
        "select trajectory_id, reason, detail from marts.rejections where dataset != 'own'"
    ) == [("rollouts/6952", "answer_empty", "Thought: failed Action: finish[]")]
    assert episodes.rows("select * from marts.duplicates where dataset != 'own'") == []
    assert set(real_trajectories(episodes)) == set(fireact) - {"rollouts/6952"}


def test_nothing_that_a_real_model_said_is_lost(
    episodes: Built, fireact: dict[str, list[dict[str, str]]]
) -> None:
    for key, messages in real_trajectories(episodes).items():
        turns: dict[int, list[dict[str, Any]]] = {}
        for message in messages:
            turns.setdefault(message["turn"], []).append(message)
        source = fireact[key]
        assert sorted(turns) == list(range(1, len(source))), key
        for number, turn in turns.items():
            assert spelled(turn) == source[number - 1]["content"], (key, number)
        ending = json.loads(next(m["extra"] for m in turns[len(source) - 1] if m["extra"]))
        assert "Observation: " + ending["observation"] == source[-1]["content"]


def spelled(turn: list[dict[str, Any]]) -> str:
    """A turn's source text, from its canonical messages."""
    extra = json.loads(turn[0]["extra"] or "{}")
    if "protocol_text" in extra:
        return str(extra["protocol_text"])
    if turn[0]["role"] == "user":
        return str(turn[0]["content"])
    if turn[0]["role"] == "tool_output":
        return f"Observation: {turn[0]['content']}"
    lines = {
        "reasoning": lambda m: f"Thought: {m['content']}",
        "tool_call": lambda m: (
            f"Action: {m['tool_name']}[{json.loads(m['tool_arguments'])['input']}]"
        ),
        "answer": lambda m: f"Action: finish[{m['content']}]",
    }
    return "\n".join(lines[message["role"]](message) for message in turn)


def test_only_turns_of_several_actions_have_text_set_aside(
    episodes: Built, fireact: dict[str, list[dict[str, str]]]
) -> None:
    several = {
        key
        for key, messages in fireact.items()
        if any(
            len(re.findall(r"^Action: ", message["content"], re.MULTILINE)) > 1
            for message in messages
        )
    }
    flagged = episodes.rows(
        "select trajectory_id from marts.trajectories where list_contains(flags, 'text_set_aside')"
    )
    assert {key for (key,) in flagged} == several - {"rollouts/6952"}


def test_rewards_and_keys_of_rollouts_are_kept(episodes: Built, fireact: dict[str, Any]) -> None:
    (file,) = FIREACT.glob("*.json")
    rollouts = json.loads(file.read_text())
    found = episodes.rows(
        "select source_key, success, reward, metadata->>'$.gt', metadata->>'$.pred'"
        " from marts.trajectories where dataset = 'rollouts'"
    )
    assert len(found) == 464
    for key, success, reward, expected, predicted in found:
        source = rollouts[key]
        assert (success, reward) == (source["em"], float(source["reward"]))
        assert (expected, predicted) == (source["gt"], source["pred"])


def test_every_thought_is_in_the_rendered_conversation(episodes: Built) -> None:
    """An ending said by the user would make chat templates drop all thinking before it."""
    assert episodes.rows(
        """
        select count(*) from marts.sft_messages
        where messages[-1].role != 'assistant'
            or len(list_filter(messages, lambda m: m.role = 'user')) != 1
        """
    ) == [(0,)]
