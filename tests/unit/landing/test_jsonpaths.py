from __future__ import annotations

import json

import duckdb
import pytest

from trajhouse.cli.landing.jsonpaths import find_value, format_path, parse_path


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("traj", "$.traj"),
        ("$.traj", "$.traj"),
        ("info.task.user_id", "$.info.task.user_id"),
        ('$.a."b c"[0]', '$.a."b c"[0]'),
        ("steps[2].text", "$.steps[2].text"),
        ("task-id", '$."task-id"'),
        ('"a.b"', '$."a.b"'),
        ("$[3]", "$[3]"),
    ],
)
def test_path_is_normalised(text: str, normal: str) -> None:
    assert format_path(parse_path(text)) == normal


@pytest.mark.parametrize(
    "text", ["", "$", "a..b", "a.", "a[*]", "$.*", "a[-1]", "a b", 'a."b', "a[0]b", "$$.a"]
)
def test_malformed_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"path|names no key"):
        parse_path(text)


RECORD = '{"a": {"b c": [1, {"d-e": "x"}]}, "a.b": 2, "n": null}'


@pytest.mark.parametrize(
    "text", ['a."b c"[1].d-e', 'a."b c"[0]', '"a.b"', "a.missing", "a[0]", '"a.b".c', "n"]
)
def test_value_is_the_one_duckdb_finds(text: str) -> None:
    steps = parse_path(text)
    query = "SELECT json_extract_string(?::JSON, ?)"
    (found,) = duckdb.execute(query, [RECORD, format_path(steps)]).fetchone()
    value = find_value(json.loads(RECORD), steps)
    assert found == (None if value is None else str(value))
