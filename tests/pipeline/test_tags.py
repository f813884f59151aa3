"""The family tags, whole: WebDancer's real trajectories, and layouts of the same kind."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.pipeline.processes import REAL, Built, built

pytestmark = pytest.mark.slow

WEBDANCER = REAL / "webdancer" / "sample_traj.jsonl"

SYSTEM = {"role": "system", "content": "<tools>\n{'name': 1}\n</tools> Be brief."}
USER = {"role": "user", "content": "Which?"}
CALL = '<tool_call>\n{"name": "look", "arguments": {"at": 1}}\n</tool_call>'
OUTPUT = {"role": "user", "content": "<tool_response>\nOne.\n</tool_response>"}
ANSWER = {"role": "assistant", "content": "<think>\nSo.\n</think>\n<answer>\nOne.\n</answer>"}


def says(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


ACCEPTED: dict[str, tuple[list[dict[str, str]], str]] = {
    "a call in tags": (
        [SYSTEM, USER, says(f"<think>Hm.</think>{CALL}"), OUTPUT, ANSWER],
        "surtora",
    ),
    "two calls, two outputs": (
        [
            USER,
            says(CALL + CALL),
            {"role": "tool", "content": OUTPUT["content"] * 2},
            ANSWER,
        ],
        "uttoora",
    ),
    "a plain chat": ([USER, says("Which what?"), USER, says("One.")], "uaua"),
    "an output without tags": (
        [USER, says(CALL), {"role": "tool", "content": "One."}, ANSWER],
        "utora",
    ),
    "a user who shows the tags": ([USER, says("What?"), OUTPUT, ANSWER], "uaura"),
    "keys of ShareGPT": (
        [
            {"from": "human", "value": "Which?"},
            {"from": "function_call", "value": '{"name": "look", "arguments": {}}'},
            {"from": "observation", "value": "One."},
            {"from": "gpt", "value": "One."},
        ],
        "utoa",
    ),
    "six roles": (
        [
            USER,
            {"role": "reasoning", "content": "<think>Hm.</think>"},
            {"role": "tool_call", "content": CALL},
            {"role": "tool_output", "content": "<tool_response>One.</tool_response>"},
            {"role": "reasoning", "content": "<think>So.</think>"},
            {"role": "answer", "content": "<answer>One.</answer>"},
        ],
        "urtora",
    ),
}
"""Messages by what is special about them, with the roles that they become."""

REJECTED: dict[str, tuple[list[dict[str, str]], str, int]] = {
    "a call that is no JSON": (
        [USER, says("<tool_call>{'name': 'look'}</tool_call>"), OUTPUT],
        "tool_calls_malformed",
        2,
    ),
    "a call without its end": (
        [USER, says('<tool_call>{"name": "look"}'), OUTPUT],
        "tags_unbalanced",
        2,
    ),
    "an answer without its end": ([USER, says("<answer>One.")], "tags_unbalanced", 2),
    "an output that the assistant made up": (
        [USER, says(f"{CALL}<tool_response>One.</tool_response>")],
        "tool_response_misplaced",
        2,
    ),
    "a call beside an answer": (
        [USER, says(f"{CALL}<answer>One.</answer>")],
        "answer_beside_call",
        2,
    ),
    "a call that nobody answers": ([USER, says(CALL), ANSWER], "outputs_missing", 3),
}
"""Messages by what is wrong with them, with the reason and the turn."""


@pytest.fixture(scope="module")
def tags(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The layouts, and WebDancer where it is here, in one build."""
    folder = tmp_path_factory.mktemp("tags")
    landings = []
    for name, cases in (("accepted", ACCEPTED), ("rejected", REJECTED)):
        file = folder / f"{name}.jsonl"
        lines = [json.dumps({"id": case, "messages": value[0]}) for case, value in cases.items()]
        file.write_text("\n".join(lines), encoding="utf-8")
        landings.append(("tags", str(file), "--dataset", name))
    if WEBDANCER.is_file():
        landings.append(("tags", str(WEBDANCER), "--dataset", "webdancer"))
    return built(folder / "warehouse", *landings)


@pytest.fixture(scope="module")
def webdancer() -> list[dict[str, Any]]:
    """The records as they were published."""
    if not WEBDANCER.is_file():
        pytest.skip("WebDancer's trajectories (../shared/data/real/webdancer) are not here")
    return [json.loads(line) for line in WEBDANCER.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ACCEPTED)
def test_layouts_become_canonical_roles(tags: Built, name: str) -> None:
    found = tags.rows(
        f"select role_path from marts.trajectories where trajectory_id = 'accepted/{name}'"
    )
    assert found == [(ACCEPTED[name][1],)]


def test_the_same_steps_read_alike_in_tags_and_in_six_roles(tags: Built) -> None:
    found = tags.rows(
        """
        select list_transform(
            list_filter(messages, lambda m: m.role != 'system'),
            lambda m: [m.role, m.content, m.tool_arguments]
        )
        from marts.trajectories
        where trajectory_id in ('accepted/a call in tags', 'accepted/six roles')
        """
    )
    assert found[0] == found[1]


@pytest.mark.parametrize("name", REJECTED)
def test_what_cannot_be_read_is_rejected_with_code_and_turn(tags: Built, name: str) -> None:
    found = tags.rows(
        f"select reason, turn from marts.rejections where trajectory_id = 'rejected/{name}'"
    )
    assert found == [REJECTED[name][1:]]


def test_every_record_of_webdancer_is_accepted(
    tags: Built, webdancer: list[dict[str, Any]]
) -> None:
    found = tags.rows("select count(*) from marts.trajectories where dataset = 'webdancer'")
    assert found == [(len(webdancer),)]
    assert tags.rows("select * from marts.rejections where dataset = 'webdancer'") == []


def test_webdancers_steps_are_all_there(tags: Built, webdancer: list[dict[str, Any]]) -> None:
    """Thoughts, calls, outputs and answers, taken out of the records by another way of reading."""
    expected = []
    for record in webdancer:
        said = "".join(message["content"] for message in record["messages"][2:])
        pattern = r"<(think|tool_call|tool_response|answer)>(.*?)</\1>"
        expected.append([piece.strip("\n") for _, piece in re.findall(pattern, said, re.DOTALL)])
    found = tags.rows(
        """
        select list_transform(
            messages[3:],
            lambda m: coalesce(m.content, m.tool_name || m.tool_arguments)
        )
        from marts.trajectories where dataset = 'webdancer' order by record_number
        """
    )
    for row, pieces in zip(found, expected, strict=True):
        calls = [
            call["name"] + json.dumps(call["arguments"], ensure_ascii=False)
            if piece.startswith('{"name"') and (call := json.loads(piece))
            else piece
            for piece in pieces
        ]
        assert row[0] == calls


def test_the_tools_are_those_of_the_prompt(tags: Built, webdancer: list[dict[str, Any]]) -> None:
    """The column `functions` names other parameters; it is kept, and the record flagged."""
    found = tags.rows(
        """
        select distinct
            tools->>'$[*].name', (tools->'$[0].parameters.properties.query') is not null,
            (metadata->'$.declared_tools[0].parameters.properties.queries') is not null,
            list_contains(flags, 'tools_disagree'), list_contains(flags, 'tool_not_declared')
        from marts.trajectories where dataset = 'webdancer'
        """
    )
    assert found == [(["search", "visit"], True, True, True, False)]
    assert "query" not in webdancer[0]["functions"][0]["parameters"]["properties"]


def test_rollouts_of_one_question_are_one_task(
    tags: Built, webdancer: list[dict[str, Any]]
) -> None:
    found = tags.rows(
        "select count(distinct task_id) from marts.trajectories where dataset = 'webdancer'"
    )
    assert found == [(len({record["messages"][1]["content"] for record in webdancer}),)]


def test_prompts_that_spell_tags_out_are_tokenized_as_text(
    tags: Built, webdancer: list[dict[str, Any]]
) -> None:
    found = tags.rows("select count(*) from marts.sft_tokenized where dataset = 'webdancer'")
    assert found == [(len(webdancer),)]
