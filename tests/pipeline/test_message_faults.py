"""Messages that are odd or broken (rows 34 to 44 of the table of bad inputs), and their fates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.processes import Built, built

pytestmark = pytest.mark.slow

Message = dict[str, Any]
USER: Message = {"role": "user", "content": "Go."}
ANSWER: Message = {"role": "assistant", "content": "Done."}
NOT_QUITE_JSON = {"id": "a", "function": {"name": "run", "arguments": '{"a": NaN,}'}}


def calls(*ids: str, **more: Any) -> Message:
    made = [{"id": i, "function": {"name": "run", "arguments": "{}"}} for i in ids]
    return {"role": "assistant", "content": None, "tool_calls": made, **more}


def output(call_id: str, content: Any = "ok") -> Message:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


REJECTED: dict[str, tuple[Any, str, int | None]] = {
    "34 messages empty": ([], "no_messages", None),
    "34 messages null": (None, "no_messages", None),
    "35 unknown role": ([USER, {"role": "oracle", "content": "x"}], "role_unknown", 2),
    "35 user without content": ([{"role": "user"}, ANSWER], "missing_content", 1),
    "35 answer without content": ([USER, {"role": "assistant"}], "missing_content", 2),
    "36 assistant first": ([ANSWER, USER, ANSWER], "role_start", 1),
    "36 two answers in a row": ([USER, ANSWER, ANSWER], "role_transition", 3),
    "37 output without a call": ([USER, output("a"), ANSWER], "outputs_surplus", 2),
    "37 call never answered": ([USER, calls("a"), ANSWER], "outputs_missing", 3),
    "37 output of another call": (
        [USER, calls("a"), output("b"), calls("c"), output("c"), ANSWER],
        "call_without_output",
        2,
    ),
    "37 ids twice in a turn": (
        [USER, calls("a", "a"), output("a"), output("a"), ANSWER],
        "call_id_repeated",
        2,
    ),
    "37 one output too many": (
        [USER, calls("a"), output("a"), output("a"), ANSWER],
        "outputs_surplus",
        4,
    ),
    "38 an image": (
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, ANSWER],
        "unsupported_part",
        None,
    ),
    "40 control token in user text": (
        [{"role": "user", "content": "<|im_end|>\n<|im_start|>system"}, ANSWER],
        "control_token",
        None,
    ),
    "40 control token in tool text": (
        [USER, calls("a"), output("a", "x <|im_start|> y"), ANSWER],
        "control_token",
        None,
    ),
    "41 think in user text": (
        [{"role": "user", "content": "Say <think> twice."}, ANSWER],
        "control_token",
        None,
    ),
    "41 tool_call in tool text": (
        [USER, calls("a"), output("a", "<tool_call>"), ANSWER],
        "control_token",
        None,
    ),
    "no assistant at all": ([USER], "no_trained_tokens", None),
    "35 one of our own roles": ([USER, {"role": "answer", "content": "x"}], "role_unknown", 2),
    "35 a message that is null": ([USER, None, ANSWER], "message_not_object", None),
}
ACCEPTED: dict[str, tuple[list[Message], str, list[str]]] = {
    "35 role with spaces and capitals": (
        [{"role": " USER ", "content": "Hi."}, ANSWER],
        "ua",
        ["role_normalized"],
    ),
    "36 two users in a row": ([USER, {"role": "user", "content": "Now."}, ANSWER], "uua", []),
    "36 ends on a tool result": ([USER, calls("a"), output("a")], "uto", []),
    "37 last call unanswered": ([USER, calls("b")], "ut", ["last_call_unanswered"]),
    "37 parallel outputs out of order": (
        [USER, calls("a", "b"), output("b"), output("a"), ANSWER],
        "uttooa",
        ["outputs_out_of_order"],
    ),
    "37 ids used again by a later turn": (
        [USER, calls("a"), output("a"), calls("a"), output("a", "2"), ANSWER],
        "utotoa",
        ["call_id_reused"],
    ),
    "38 text parts": (
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}, " there"]}, ANSWER],
        "ua",
        ["text_parts"],
    ),
    "39 content null and empty": (
        [USER, calls("a", content=""), output("a", ""), {"role": "assistant", "content": ""}],
        "utoa",
        [],
    ),
    "42 halves of a control token": (
        [{"role": "user", "content": "<|im_"}, {"role": "user", "content": "end|>"}, ANSWER],
        "uua",
        [],
    ),
    "43 hidden characters": (
        [{"role": "user", "content": "a\u200bb\u202e"}, ANSWER],
        "ua",
        ["hidden_unicode"],
    ),
    "43 not in NFC": ([{"role": "user", "content": "e\u0301"}, ANSWER], "ua", ["not_nfc"]),
    "35 role with a line break": (
        [{"role": "user\n", "content": "Hello."}, ANSWER],
        "ua",
        ["role_normalized"],
    ),
    "37 outputs without ids": (
        [USER, calls("a", "b"), {"role": "tool", "content": "1"}, output("", "2"), ANSWER],
        "uttooa",
        [],
    ),
    "20 arguments that only a lax parser takes": (
        [USER, {"role": "assistant", "tool_calls": [NOT_QUITE_JSON]}, output("a"), ANSWER],
        "utoa",
        ["args_invalid"],
    ),
    "empty reasoning field beside a full one": (
        [USER, {**ANSWER, "reasoning_content": "", "reasoning": "Hm."}],
        "ura",
        [],
    ),
    "empty reasoning field beside thinking in the text": (
        [USER, {"role": "assistant", "content": "\n<think>Hm.</think>So.", "reasoning": ""}],
        "ura",
        [],
    ),
    "no tool calls beside a function call": (
        [
            USER,
            {"role": "assistant", "tool_calls": [], "function_call": {"name": "f"}},
            {"role": "function", "name": "f", "content": "1"},
            ANSWER,
        ],
        "utoa",
        ["role_normalized"],
    ),
    "44 observation cut": (
        [USER, calls("a"), output("a", "a very long..."), ANSWER],
        "utoa",
        ["truncated_observation"],
    ),
}


def write(path: Path, cases: dict[str, Any]) -> Path:
    lines = [json.dumps({"id": name, "messages": case[0]}) for name, case in cases.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All cases, built; equal control tokens in two policies are the tokenizer's tests."""
    folder = tmp_path_factory.mktemp("cases")
    return built(
        folder / "warehouse",
        ("openai", str(write(folder / "rejected.jsonl", REJECTED)), "--dataset", "rejected"),
        ("openai", str(write(folder / "accepted.jsonl", ACCEPTED)), "--dataset", "accepted"),
    )


@pytest.mark.parametrize("name", REJECTED)
def test_broken_messages_are_rejected_with_code_and_position(cases: Built, name: str) -> None:
    _, reason, position = REJECTED[name]
    found = cases.rows(
        f"select reason, position from marts.rejections where trajectory_id = 'rejected/{name}'"
    )
    assert found == [(reason, position)]


@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_messages_are_accepted_with_flags(cases: Built, name: str) -> None:
    _, role_path, flags = ACCEPTED[name]
    found = cases.rows(
        f"select role_path, flags from marts.trajectories where trajectory_id = 'accepted/{name}'"
    )
    assert found == [(role_path, flags)]


def test_a_sound_record_is_not_dropped_for_a_rejected_one(tmp_path: Path) -> None:
    """Both have one id; the first is rejected at tokenization, so the second is kept."""
    bad = {"id": "k", "messages": [{"role": "user", "content": "<|im_end|>"}, ANSWER]}
    good = {"id": "k", "task_id": "", "messages": [USER, ANSWER]}
    file = tmp_path / "pair.jsonl"
    file.write_text(json.dumps(bad) + "\n" + json.dumps(good), encoding="utf-8")
    warehouse = built(tmp_path / "a[1]" / "w", ("openai", str(file), "--dataset", "pair"))
    assert warehouse.rows("select task_id from marts.trajectories") == [("k",)]
    assert warehouse.rows("select reason from marts.rejections") == [("control_token",)]
    assert warehouse.rows("select * from marts.duplicates") == []


def test_what_no_field_took_is_metadata(tmp_path: Path) -> None:
    """A second place of a field, an extra key, and tools that cannot be read."""
    chat = {"id": "a", "uuid": "b", "more": [1.5], "tools": "hammer", "messages": [USER, ANSWER]}
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(chat), encoding="utf-8")
    warehouse = built(tmp_path / "dataset=x", ("openai", str(file), "--dataset", "one"))
    found = warehouse.rows("select dataset, metadata, tools, flags from marts.trajectories")
    assert found == [("one", '{"uuid":"b","more":[1.5]}', None, ["tools_unreadable"])]


def test_twins_in_nfc_and_nfd_are_duplicates(tmp_path: Path) -> None:
    twins = {
        "nfc": ([{"role": "user", "content": "caf\u00e9"}, ANSWER],),
        "nfd": ([{"role": "user", "content": "cafe\u0301"}, ANSWER],),
    }
    warehouse = built(
        tmp_path / "warehouse",
        ("openai", str(write(tmp_path / "twins.jsonl", twins)), "--dataset", "twins"),
    )
    assert warehouse.rows("select trajectory_id, rule from marts.duplicates") == [
        ("twins/nfd", "same_content")
    ]
