"""Raw input of the family rlvr: rollouts, questions and a corpus for each of three environments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trajhouse.cli.sampling.request import Ingest
from trajhouse.cli.sampling.rlvr.corpus import corpus_of
from trajhouse.cli.sampling.rlvr.draw import FAULTS, draw
from trajhouse.cli.sampling.rlvr.render import qa_id, question_text, rollout_record
from trajhouse.cli.sampling.rlvr.rows import (
    BY_NAME,
    ENVIRONMENTS,
    Document,
    Question,
    Rollout,
    Row,
)
from trajhouse.cli.sampling.writer import SampleWriter, Truth

__all__ = ["FAULTS", "INGESTS", "draw", "write"]

_PARTS = {"": "rollouts", "_questions": "questions", "_documents": "documents"}
INGESTS = tuple(
    Ingest(f"rlvr{part}", (f"{environment.name}/{name}.jsonl",), environment.name)
    for environment in ENVIRONMENTS
    for part, name in _PARTS.items()
)

_REJECTED = {
    "unfinished": "role_end",
    "malformed_call": "tool_calls_malformed",
    "parallel_calls": "outputs_missing",
    "missing_reasoning": "role_transition",
    "no_system": "role_start",
    "keyless": "key_missing",
    "repeated": "key_repeated",
    "truthless": "value_missing",
    "textless": "value_missing",
}
_LEFT_OUT = {"failed": "not_completed", "question_missing": "question_missing"}
_MENDED = ("wrong_open_output", "wrong_regex_output", "foreign_snippet", "surplus_results")


def write(rows: Iterable[Row], out: SampleWriter) -> None:
    """Write the records of the plans, and the truth about each, as they come."""
    for row in rows:
        if isinstance(row, Rollout):
            _write_rollout(row, out)
        elif isinstance(row, Question):
            _write_reference(row, "questions", _question_record(row), out)
        else:
            _write_reference(row, "documents", _document_record(row), out)


def _write_rollout(row: Rollout, out: SampleWriter) -> None:
    environment = row.question.corpus.environment
    file = f"{environment}/rollouts.jsonl"
    number = out.write(file, rollout_record(row))
    fault = row.fault or ""
    if fault in _REJECTED:
        out.tell(Truth(file, number, environment, "rejected", _REJECTED[fault]))
    elif row.is_dropped:
        out.tell(Truth(file, number, environment, "duplicate", "same_id"))
    else:
        mart = BY_NAME[environment].mart
        left_out = {other.mart: "other_environment" for other in ENVIRONMENTS if other.mart != mart}
        if fault in _LEFT_OUT:
            left_out[mart] = _LEFT_OUT[fault]
        marts = () if fault in _LEFT_OUT else (mart,)
        mended = int(fault in _MENDED)
        out.tell(Truth(file, number, environment, "accepted", None, marts, left_out, mended))


def _write_reference(
    row: Document | Question, name: str, record: dict[str, Any], out: SampleWriter
) -> None:
    environment = row.corpus.environment
    file = f"{environment}/{name}.jsonl"
    number = out.write(file, record)
    if row.fault is None:
        out.tell(Truth(file, number, environment, "reference"))
    else:
        out.tell(Truth(file, number, environment, "rejected", _REJECTED[row.fault]))


def _question_record(row: Question) -> dict[str, Any]:
    truth = corpus_of(row.corpus).doc_id(row.document)
    ids = [] if row.fault == "truthless" else [truth]
    return {
        "qa_id": qa_id(row),
        "question": question_text(row),
        "ground_truth_doc_ids": ids,
    }


def _document_record(row: Document) -> dict[str, Any]:
    corpus = corpus_of(row.corpus)
    text = None if row.fault == "textless" else corpus.texts[row.number]
    return {"doc_id": corpus.doc_id(row.number), "text": text}
