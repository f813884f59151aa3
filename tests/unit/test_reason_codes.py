"""The seed table of reasons holds every code that anything can give, and no other."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from trajhouse.cli.landing.reasons import RECORD_REASONS
from trajhouse.udfs.role_grammar import ViolationCode
from trajhouse.udfs.tokens.policy import Reason

PROJECT = Path(__file__).resolve().parents[2]


def seeded(stage: str) -> set[str]:
    with (PROJECT / "seeds" / "rejection_reasons.csv").open(encoding="utf-8") as rows:
        return {row["reason"] for row in csv.DictReader(rows) if row["stage"] == stage}


def codes_in_models() -> set[str]:
    """Codes that check models and the reading of messages spell out."""
    models = [*PROJECT.glob("models/checks/chk_*.sql")]
    texts = [path.read_text(encoding="utf-8") for path in models]
    named = ("reference_reason", "tagged_text", "keyword_protocol")
    files = [*PROJECT.glob("macros/*/*_faults.sql")]
    files += [PROJECT / "macros" / "messages" / f"{name}.sql" for name in named]
    faults = "\n".join(path.read_text(encoding="utf-8") for path in files)
    macros = "\n".join(path.read_text(encoding="utf-8") for path in PROJECT.glob("macros/*/*.sql"))
    spelled = set(re.findall(r"message_fault\(\s*'([a-z_]+)'", macros))
    cases = re.findall(r"(?:then|else) '([a-z_]+)'", "\n".join([*texts, faults]))
    return spelled | set(cases) | set(re.findall(r"'([a-z_]+)' as reason", "\n".join(texts)))


def test_ingest_codes_are_seeded() -> None:
    assert seeded("ingest") == {str(reason) for reason in RECORD_REASONS}


def test_check_codes_are_seeded() -> None:
    assert seeded("check") == codes_in_models() | {str(code) for code in ViolationCode}


def test_tokenize_codes_are_seeded() -> None:
    fitted = PROJECT / "models" / "intermediate" / "int_examples_fitted.sql"
    cut = set(re.findall(r"'([a-z_]+)' as reason", fitted.read_text(encoding="utf-8")))
    assert seeded("tokenize") == {str(reason) for reason in Reason} | cut
