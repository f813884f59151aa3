"""Vars of one build, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from trajhouse.cli.building.dbt_vars import parse_vars
from trajhouse.cli.errors import UsageFault

PROJECT = Path(__file__).resolve().parents[3]


def test_values_are_yaml() -> None:
    texts = ["duplicate_scope=warehouse", "untokenized_families=[sera, rlvr]", "tokenizer=a=b"]
    assert parse_vars(PROJECT, texts) == {
        "duplicate_scope": "warehouse",
        "untokenized_families": ["sera", "rlvr"],
        "tokenizer": "a=b",
    }


def test_none_are_none() -> None:
    assert parse_vars(PROJECT, []) == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("duplicate_scope", "is not NAME=VALUE"),
        ("duplicate_scop=x", "no var named"),
        ("checks={a: b", "is not YAML"),
        ("untokenized_families=[sera, opnai]", "no family named 'opnai'"),
        ("duplicate_by_id_only=3", "no family named 3"),
        ("control_tokens_by_family={opena: text}", "no family named 'opena'"),
    ],
)
def test_what_is_off_is_a_usage_fault(text: str, why: str) -> None:
    with pytest.raises(UsageFault, match=why):
        parse_vars(PROJECT, [text])
