"""Writes trial directories: snapshots of the conversation, the test report, the run's notes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from trajhouse.cli.sampling.seta.conversations import messages_of, snapshot_of
from trajhouse.cli.sampling.seta.rows import MARTS, Conversation, Report, Row, Verdict
from trajhouse.cli.sampling.writer import SampleWriter, Truth

_START = 1_772_438_400
"""When every verification started, in seconds."""


def write(rows: Iterable[Row], out: SampleWriter) -> None:
    """Write each trial's directory and tell what must become of it."""
    for row in rows:
        if row.conversation is not Conversation.MISSING:
            _write_snapshots(row, out)
        _write_verdict(row, out)
        notes = json.dumps(_run_info(row), indent=2)
        if not row.has_sound_run_info:
            notes = notes.replace('"traj_i": 0', '"traj_i": NaN')
        out.write_text(f"{row.folder}/run_info.json", notes)
        is_chosen = row.fate == "accepted" and not row.left_out
        out.tell(
            Truth(
                source_file=row.folder,
                record_number=1,
                dataset="seta",
                fate=row.fate,
                reason=row.reason,
                marts=MARTS if is_chosen else (),
                left_out=row.left_out,
            )
        )


def _write_snapshots(row: Row, out: SampleWriter) -> None:
    """The complete snapshot last; before it what was written after earlier steps."""
    messages = messages_of(row)
    steps = [row.steps * k // row.n_snapshots for k in range(row.n_snapshots - 1)] + [row.steps]
    for n_steps in steps:
        text = json.dumps(snapshot_of(row, messages, n_steps), indent=2, ensure_ascii=False)
        if row.conversation is Conversation.CUT and n_steps == row.steps:
            text = text[:-20]
        minute, hour = n_steps % 60, 8 + n_steps // 60
        name = f"conv_20260302_{hour:02d}{minute:02d}00_{n_steps:06d}.json"
        out.write_text(f"{row.folder}/CAMEL_LOG_DIR/agent/{name}", text)


def _write_verdict(row: Row, out: SampleWriter) -> None:
    if row.verdict is None:
        out.write_text(f"{row.folder}/verifier/log.txt", "the trial ended before it was verified\n")
        return
    if row.verdict.report is Report.HARBOR:
        result = json.dumps(_harbor_result(row, row.verdict), indent=2)
        out.write_text(f"{row.folder}/result.json", result)
        return
    make = {Report.CTRF_SECONDS: _ctrf_seconds, Report.CTRF_MILLISECONDS: _ctrf_milliseconds}
    report = json.dumps(make[row.verdict.report](row.verdict), indent=2)
    out.write_text(f"{row.folder}/verifier/ctrf.json", report)


def _ctrf_seconds(verdict: Verdict) -> dict[str, Any]:
    """Times in seconds, names with underscores."""
    tests = [
        {
            "name": f"tests/test_state.py::test_{number}",
            "status": _status(verdict, number),
            "duration": 0.5,
            "start": _START + number / 2,
            "stop": _START + (number + 1) / 2,
            "retries": 0,
            "file_path": "tests/test_state.py",
        }
        for number in range(verdict.tests)
    ]
    return {
        "results": {"tool": {"name": "pytest"}, "summary": _summary(verdict, 1), "tests": tests}
    }


def _ctrf_milliseconds(verdict: Verdict) -> dict[str, Any]:
    """Times in whole milliseconds, names in camel case, and a header."""
    tests = [
        {
            "name": f"tests/test_state.py::test_{number}",
            "status": _status(verdict, number),
            "duration": 500,
            "filePath": "tests/test_state.py",
        }
        for number in range(verdict.tests)
    ]
    summary = _summary(verdict, 1000) | {"flaky": 0, "suites": 1}
    return {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "generatedBy": "pytest",
        "results": {"tool": {"name": "pytest"}, "summary": summary, "tests": tests},
    }


def _summary(verdict: Verdict, unit: int) -> dict[str, int]:
    return {
        "tests": verdict.tests,
        "passed": verdict.passed,
        "failed": verdict.tests - verdict.passed,
        "skipped": 0,
        "pending": 0,
        "other": 0,
        "start": _START * unit,
        "stop": (_START + verdict.tests) * unit,
    }


def _status(verdict: Verdict, number: int) -> str:
    return "passed" if number < verdict.passed else "failed"


def _harbor_result(row: Row, verdict: Verdict) -> dict[str, Any]:
    reward = verdict.passed / verdict.tests
    return {
        "task_name": row.task,
        "trial_name": row.uid,
        "agent_info": {"name": "terminal-agent", "version": "1"},
        "verifier_result": {"rewards": {"reward": reward}},
        "exception_info": None,
    }


def _run_info(row: Row) -> dict[str, Any]:
    reward = None if row.verdict is None else row.verdict.passed / row.verdict.tests
    return {
        "task_name": row.task,
        "uid": row.uid,
        "traj_i": 0,
        "error_info": "the container was lost" if row.verdict is None else None,
        "timings": {"agent": 60.0 * row.steps, "verifier": 5.0},
        "reward": reward,
        "evaluation": {"note": row.note},
        "agent_summary": {"steps": row.steps},
    }
