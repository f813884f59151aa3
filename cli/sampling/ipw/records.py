"""Rows written as records: lines of a generation run, verdicts on them, and the truth of both."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

from trajhouse.cli.sampling.ipw.rows import Row
from trajhouse.cli.sampling.ipw.texts import Call, Story, tell
from trajhouse.cli.sampling.writer import SampleWriter, Truth

REGRADES = "regrades/claude-haiku.jsonl"
_DATASET = "ipw"
_ROLES = {"user": "human", "assistant": "gpt"}

Message = dict[str, Any]


def write(rows: Iterable[Row], out: SampleWriter) -> None:
    """Write the runs, the verdicts and the truth, row by row."""
    out.write_text(REGRADES, "")
    for row in rows:
        record = _record(row, tell(row))
        if row.form == "cut":
            line = json.dumps(record, ensure_ascii=False)
            number = out.write_line(row.path, line[: line.index('"conversations"') + 30])
        else:
            number = out.write(row.path, record)
        out.tell(
            Truth(row.path, number, _DATASET, row.fate, row.reason, row.marts, dict(row.left_out))
        )
        for grader, verdict in enumerate(row.verdicts, 1):
            _write_verdict(row, grader, verdict, out)


def _write_verdict(row: Row, grader: int, verdict: bool | None, out: SampleWriter) -> None:
    record: dict[str, Any] = {"sample_id": row.sample_id, "teacher_model": str(row.teacher)}
    if verdict is not None:
        record["regraded_success"] = verdict
    record["grader_model"] = f"anthropic:claude-haiku-{grader}"
    number = out.write(REGRADES, record)
    if verdict is None:
        out.tell(Truth(REGRADES, number, _DATASET, "rejected", "verdict_missing"))
    else:
        out.tell(Truth(REGRADES, number, _DATASET, "reference"))


def _record(row: Row, story: Story) -> dict[str, Any]:
    messages = _messages(row, story)
    used = sorted({call.tool for call in story.calls})
    chance = random.Random(row.sample)
    return {
        "sample_id": row.sample_id,
        "conversations": messages,
        "tool_calls": [
            {"tool": call.tool, "input": call.input, "output": call.output} for call in story.calls
        ],
        "ground_truth": story.truth,
        "final_answer": story.answer,
        "success": row.success,
        "total_energy_joules": 0.0,
        "total_latency_seconds": round(chance.uniform(1, 60), 2),
        "total_cost_usd": 0.0,
        "total_tokens": sum(len(str(message)) for message in messages) // 4,
        "num_turns": row.n_calls + 1,
        "source_dataset": "generalthought",
        "category": row.category,
        "teacher_model": str(row.teacher),
        "tools_used": used,
    }


def _messages(row: Row, story: Story) -> list[Message]:
    messages = [_said("system", story.system), _said("user", story.question)]
    for number, call in enumerate(story.calls, 1):
        messages += _call_messages(row.form if number == 1 else "plain", call)
    messages += _answer_messages(row.form, story)
    if row.form == "from_value":
        return [_in_other_dialect(message) for message in messages]
    return messages


def _said(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _output(call: Call) -> Message:
    return {"role": "tool", "name": call.tool, "content": call.output}


def _call_messages(form: str, call: Call) -> list[Message]:
    thought, tool, given = call.thought, call.tool, call.input
    plain = f"THOUGHT: {thought}\nTOOL: {tool}\nINPUT: {given}"
    texts = {
        "one_line": f"THOUGHT: {thought} TOOL: {tool} INPUT: {given}",
        "bold": f"**THOUGHT:** {thought}\n**TOOL:** {tool}\n**INPUT:** {given}",
        "bold_line": f"**THOUGHT:** {thought}\n\n**TOOL: {tool}**\n**INPUT**: {given}",
        "thought_lines": f"THOUGHT: {thought}\nSo:\n\n{thought}\nTOOL: {tool}\nINPUT: {given}",
        "lower_case": f"thought: {thought}\ntool: {tool}\ninput: {given}",
        "missing_tool": f"THOUGHT: {thought}\nINPUT: {given}",
        "nameless_tool": f"THOUGHT: {thought}\nINPUT: {given}",
        "two_tools": f"{plain}\nTOOL: planner\nINPUT: {given}",
        "parallel": f"{plain}\nTOOL: {tool}\nINPUT: {given}",
    }
    messages = [_said("assistant", texts.get(form, plain))]
    if form == "nameless_tool":
        return [*messages, _said("tool", call.output)]
    if form == "lost_output":
        return messages
    return [*messages, *[_output(call)] * (2 if form == "parallel" else 1)]


def _answer_messages(form: str, story: Story) -> list[Message]:
    thought, answer = story.thought, story.answer
    texts = {
        "one_line": f"THOUGHT: {thought} FINAL_ANSWER: {answer}",
        "bold": f"**THOUGHT:** {thought}\n**FINAL_ANSWER:** {answer}",
        "bold_line": f"**THOUGHT:** {thought}\n\n**FINAL ANSWER: {answer}**",
        "thought_lines": f"THOUGHT: {thought}\n{thought}\n\nFINAL_ANSWER: {answer}",
        "lower_case": f"thought: {thought}\nfinal_answer: {answer}",
        "spaced_answer": f"THOUGHT: {thought}\nFINAL ANSWER: {answer}",
        "answer_lines": f"THOUGHT: {thought}\nFINAL_ANSWER: {answer}\n\nBecause:\n{thought}",
        "no_keyword": f"{thought} {answer}",
        "thought_only": f"THOUGHT: {thought}",
        "empty_answer": f"THOUGHT: {thought}\nFINAL_ANSWER:",
    }
    plain = f"THOUGHT: {thought}\nFINAL_ANSWER: {answer}"
    return [_said("assistant", texts.get(form, plain))]


def _in_other_dialect(message: Message) -> Message:
    role = message["role"]
    names = {"name": message["name"]} if "name" in message else {}
    return {"from": _ROLES.get(role, role), **names, "value": message["content"]}
