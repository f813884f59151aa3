from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landing_samples import DOCUMENT_FAMILY, TYPED_FAMILY

from trajhouse.cli.landing.judge import Judge, Rejection


def reason_of(raw: bytes) -> str | None:
    try:
        Judge(TYPED_FAMILY).judge(raw)
    except Rejection as rejection:
        return rejection.reason
    return None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a": "b', "truncated_json"),
        (b'{"a": [1, {"b": 2}', "truncated_json"),
        (b'{"a": "caf\xc3', "truncated_json"),
        (b'{"a": "caf\xc3"}', "invalid_utf8"),
        (b'{"caf\xff": 1}', "invalid_utf8"),
        (b'{"a": \xff}', "invalid_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "invalid_utf8"),
        (rb'{"a": "\ud83dx"}', "lone_surrogate"),
        (rb'{"a": "\ude00\ud83d"}', "lone_surrogate"),
        (rb'{"\udc00": 1}', "lone_surrogate"),
        (b'{"a": "\x00"}', "control_char"),
        (b'{"a": "x\ny"}', "control_char"),
        (b'{"a":\x01 1}', "control_char"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"x": [{"a": 1, "A": 2}]}', "duplicate_key"),
        (b'{"x": {"\xc3\xa9": 1, "\xc3\x89": 2}}', "duplicate_key"),
        (b'{"a": 1} {"b": 2}', "trailing_data"),
        (b'{"a": 1}]', "trailing_data"),
        (b"[]", "not_object"),
        (b"null", "not_object"),
        (b"12", "not_object"),
        (b'{"a": 1,}', "invalid_json"),
        (b"{'a': 1}", "invalid_json"),
        (b'{"a": 01}', "invalid_json"),
        (b'{"a": tru}', "invalid_json"),
        (b'{"a": "\\x"}', "invalid_json"),
        (b'{"a": "inf", "b": x}', "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        (b'{"a": NaN}', "nonfinite_number"),
        (b'{"a": nan}', "nonfinite_number"),
        (b'{"a": [-Infinity]}', "nonfinite_number"),
        (b'{"a": -1e999}', "nonfinite_number"),
        (b'{"a": {"b": [1e400]}}', "nonfinite_number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "nonfinite_number"),
        (b'{"a": ' + b"[" * 201 + b"]" * 201 + b"}", "too_deep"),
        (b'{"messages": 5}', "type_mismatch"),
        (b'{"messages": {}}', "type_mismatch"),
        (b'{"messages": "{}"}', "type_mismatch"),
        (b'{"info": {"log": 5}}', "type_mismatch"),
        (b'{"messages": "[1,"}', "truncated_json"),
        (b'{"messages": "[NaN]"}', "nonfinite_number"),
        (b'{"messages": "[] x"}', "trailing_data"),
        (b'{"messages": "[{\\"a\\": 1, \\"A\\": 1}]"}', "duplicate_key"),
        (b'{"id": {}}', "type_mismatch"),
        (b'{"reward": "1"}', "type_mismatch"),
        (b'{"reward": true}', "type_mismatch"),
        (b'{"success": "yes"}', "type_mismatch"),
        (b'{"success": 2}', "type_mismatch"),
    ],
)
def test_bad_record_gets_its_reason(raw: bytes, reason: str) -> None:
    assert reason_of(raw) == reason


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a": 123456789012345678901234567890, "b": 1e308, "c": 1e-999}',
        rb'{"a": "\ud83d\ude00 \\ud800 \\u0000"}',
        b'{"messages": null}',
        b'{"messages": []}',
        b'{"messages": ""}',
        b'{"messages": " null "}',
        b'{"messages": "[]"}',
        b'{"messages": null, "info": {"log": []}}',
        b'{"id": 1.5, "reward": -2, "success": 0, "tools": "x"}',
        b'{"id": true, "reward": null, "success": null}',
        b'{"info": "log"}',
        b'{"a": "NaN", "b": "[1,"}',
    ],
)
def test_sound_record_passes_byte_for_byte(raw: bytes) -> None:
    accepted = Judge(TYPED_FAMILY).judge(raw)
    assert (accepted.text, accepted.flags) == (raw, ())


def test_detail_says_what_was_found_and_where() -> None:
    with pytest.raises(Rejection) as caught:
        Judge(TYPED_FAMILY).judge(b'{"reward": "high"}')
    assert caught.value.detail == "reward at $.reward is a string, not a number"
    with pytest.raises(Rejection) as caught:
        Judge(TYPED_FAMILY).judge(b'{"messages": "[1,,2]"}')
    assert caught.value.detail == "inside the string at $.messages: expected value at byte 3"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb'{"a": "\u0000"}', rb'{"a": "\ufffd"}'),
        (rb'{"a": "\u0000\u0000"}', rb'{"a": "\ufffd\ufffd"}'),
        (rb'{"a": "\\\u0000 \\u0000"}', rb'{"a": "\\\ufffd \\u0000"}'),
        (rb'{"a\u0000": 1}', rb'{"a\ufffd": 1}'),
        (rb'{"messages": "[\"\\u0000\"]"}', rb'{"messages": "[\"\\ufffd\"]"}'),
        (rb'{"messages": "[\"\\\\u0000 \\u0000\"]"}', rb'{"messages": "[\"\\\\u0000 \\ufffd\"]"}'),
        (rb'{"messages": "[\"\u005cu0000\"]"}', rb'{"messages": "[\"\\ufffd\"]"}'),
    ],
)
def test_nul_escape_is_replaced_and_flagged(raw: bytes, text: bytes) -> None:
    accepted = Judge(TYPED_FAMILY).judge(raw)
    assert (accepted.text, accepted.flags) == (text, ("nul_char",))


def test_nul_in_text_about_json_is_left_alone() -> None:
    raw = rb'{"note": "[\"\\u0000\"]", "messages": []}'
    assert Judge(TYPED_FAMILY).judge(raw).text == raw


def test_keys_made_equal_by_replacement_are_rejected() -> None:
    assert reason_of(rb'{"\u0000": 1, "\ufffd": 2}') == "duplicate_key"


def test_one_record_does_not_bear_on_the_next() -> None:
    judge = Judge(TYPED_FAMILY)
    judge.judge(b'{"a": 1, "b": 1e10}')
    with pytest.raises(Rejection):
        judge.judge(b'{"a": 1, "b": 1e999}')
    with pytest.raises(Rejection):
        judge.judge(b'{"a": 1, "A": 2}')
    with pytest.raises(Rejection):
        judge.judge(b'{"a": 1, "A": 2}')


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcdef", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON_VALUES, st.booleans())
def test_what_json_writes_passes(value: object, is_ascii: bool) -> None:
    raw = json.dumps({"value": value}, ensure_ascii=is_ascii).encode()
    assert Judge(TYPED_FAMILY).judge(raw).text == raw


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('{"request": {"messages": []}}', None),
        ({"request": 1}, None),
        ("", None),
        (None, None),
        ("null", None),
        ('{"request": ', "truncated_json"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
        ('{"a": 1, "A": 2}', "duplicate_key"),
        ('{"a": NaN}', "nonfinite_number"),
        ("[1]", "type_mismatch"),
        ([1], "type_mismatch"),
        (7, "type_mismatch"),
    ],
)
def test_a_document_is_an_object_or_a_text_that_holds_one(value: object, reason: str) -> None:
    raw = json.dumps({"conv": value}).encode()
    if reason is None:
        assert Judge(DOCUMENT_FAMILY).judge(raw).text == raw
        return
    with pytest.raises(Rejection) as caught:
        Judge(DOCUMENT_FAMILY).judge(raw)
    assert caught.value.reason == reason


def test_nul_inside_a_document_is_replaced_and_flagged() -> None:
    raw = json.dumps({"conv": r'{"a": "\u0000"}', "other": r"\u0000"}).encode()
    accepted = Judge(DOCUMENT_FAMILY).judge(raw)
    assert accepted.flags == ("nul_char",)
    landed = json.loads(accepted.text)
    assert json.loads(landed["conv"]) == {"a": "\ufffd"}
    assert landed["other"] == r"\u0000"
