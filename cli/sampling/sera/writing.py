"""Writes SERA rollouts as rows of four JSONL files, with the truth about each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from trajhouse.cli.sampling.request import Length
from trajhouse.cli.sampling.sera.messages import func_name_of, messages_of
from trajhouse.cli.sampling.sera.patches import first_change, path_of, second_change
from trajhouse.cli.sampling.sera.rows import REJECTED, Row
from trajhouse.cli.sampling.writer import SampleWriter, Truth


def write(rows: Iterable[Row], out: SampleWriter) -> None:
    """Write every row to the file of its dataset, and tell what must become of it."""
    for row in rows:
        path = f"{row.source.dataset}.jsonl"
        line = json.dumps(record_of(row), ensure_ascii=False)
        if row.fault == "broken_line":
            line = line[: len(line) * 2 // 3]
        number = out.write_line(path, line)
        out.tell(_truth(row, path, number))


def record_of(row: Row) -> dict[str, Any]:
    """One row of a source dataset."""
    recall: float | None = None
    change = first_change(row)
    first_patch = change.patch()
    if row.source.is_second:
        change, recall = second_change(row)
    patch = change.patch()
    messages = messages_of(row, patch)
    record: dict[str, Any] = {
        "instance_id": f"{row.source.pair}__{row.number:06d}",
        "messages": json.dumps(messages, ensure_ascii=False) if row.number % 2 else messages,
        "func_name": func_name_of(row),
        "func_path": path_of(row),
        "line_level_recall": recall,
    }
    if row.fault == "wrong_recall" and recall is not None:
        record["line_level_recall"] = recall - 0.5 if recall >= 0.5 else recall + 0.5
        record["t1_patch"] = first_patch
    if row.fault == "limit_exit":
        record["resolved"] = True
        record["info"] = {"exit_status": "submitted (exit_cost)", "submission": patch}
    elif row.length is not Length.SHORT and row.number % 3:
        record["info"] = {"exit_status": "submitted", "submission": patch}
    return record


def _truth(row: Row, path: str, number: int) -> Truth:
    if row.fault in REJECTED:
        fate, reason = "rejected", REJECTED[row.fault]
    elif row.fault == "duplicate":
        fate, reason = "duplicate", "same_id"
    else:
        return Truth(path, number, row.source.dataset, "accepted", marts=("sera_sft",))
    return Truth(path, number, row.source.dataset, fate, reason)
