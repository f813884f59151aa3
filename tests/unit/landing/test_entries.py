"""JSON documents that are objects of records, and how they are told from single records."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.landing.test_documents import pieces_of
from trajhouse.cli.landing.documents import split_document
from trajhouse.cli.landing.families import Family, Field, load_family
from trajhouse.cli.landing.judge import Judge, Rejection
from trajhouse.cli.landing.layout import is_entries
from trajhouse.cli.landing.rows import inspect_parquet

KEYS = frozenset({"messages", "text"})


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        (b'{"a": {"x": 1}, "b": {}}', [b'{"key": "a", "x": 1}', b'{"key": "b"}']),
        (b'{\n "a\\"}" :\n {"x": [1, {"y": "}"}]}\n}', [b'{"key": "a\\"}", "x": [1, {"y": "}"}]}']),
        (b"{}", []),
        (b'{"a": 1, "b": {"x": 2}}', [b'"a": 1', b'{"key": "b", "x": 2}']),
        (b'{"a": {"x": 1},}', [b'{"key": "a", "x": 1}', b"}"]),
        (b'{"a": {"x": 1}, "b": {"x', [b'{"key": "a", "x": 1}', b'{"key": "b", "x']),
        (b'[{"x": 1}]', [b'{"x": 1}']),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_values_are_records_with_their_keys(text: bytes, elements: list[bytes], size: int) -> None:
    found = split_document(pieces_of(text, size), entry_key="key")
    assert [element.data for element in found] == elements


@given(
    st.dictionaries(st.text(max_size=3), st.dictionaries(st.sampled_from("abc"), st.text('"{},'))),
    st.sampled_from([None, 0, 2]),
    st.integers(1, 9),
)
def test_entries_are_those_of_the_object(
    values: dict[str, dict[str, str]], indent: int | None, size: int
) -> None:
    text = json.dumps(values, indent=indent).encode()
    elements = list(split_document(pieces_of(text, size), entry_key="key"))
    assert [json.loads(element.data) for element in elements] == [
        {"key": key, **value} for key, value in values.items()
    ]
    for element in elements:
        assert element.line == text[: element.offset].count(b"\n") + 1


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (b'{"6238": {"messages": []}}', "a.json", True),
        (b'{\n  "6238": {\n    "messages": []\n  }\n}\n', "a.json", True),
        (b'{"6238": {"messages": [', "a.json", True),
        (b'{"6238": {"messages": []}}', "a.jsonl", False),
        (b'{"id": 1, "messages": []}', "a.json", False),
        (b'{\n "meta": {"a": [1, 2]},\n "text": "x"\n}', "a.json", False),
        (b'{"a": {}}\n{"b": {}}', "a.json", False),
        (b'[{"a": {}}]', "a.json", False),
        (b"", "a.json", False),
    ],
)
def test_object_is_of_records_where_no_key_is_a_records(
    text: bytes, name: str, expected: bool
) -> None:
    assert is_entries(text, name, KEYS) is expected


def test_family_declares_the_name_of_the_key(tmp_path: Path) -> None:
    assert load_family("react").entry_key == "record_key"
    assert {"messages", "traj", "text", "record_key"} <= load_family("react").record_keys()
    assert load_family("openai").entry_key is None


@pytest.mark.parametrize(("value", "is_fit"), [("true", True), ("0.5", True), ('"high"', False)])
def test_score_is_a_number_or_a_verdict(value: str, is_fit: bool) -> None:
    judge = Judge(Family("test", (), (Field("reward", (("reward",),), "score"),)))
    record = f'{{"reward": {value}}}'.encode()
    if is_fit:
        assert judge.judge(record).text == record
    else:
        with pytest.raises(Rejection, match="true or false"):
            judge.judge(record)


def test_a_text_stands_for_messages_in_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["Thought: Hm."]}), tmp_path / "a.parquet")
    shape = inspect_parquet(str(tmp_path / "a.parquet"), load_family("react"))
    assert shape.group_rows == (1,)
