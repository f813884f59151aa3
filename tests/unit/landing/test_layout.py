from __future__ import annotations

import json

import pytest

from trajhouse.cli.landing.layout import is_document, require_utf8
from trajhouse.cli.landing.streams import Refused

RECORD = {"id": 1, "messages": [{"role": "user", "content": "{["}, {}]}
LINE = json.dumps(RECORD).encode() + b"\n"


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        pytest.param(LINE * 2, "a.jsonl", False, id="lines"),
        pytest.param(LINE * 2, "a.json", False, id="lines_named_json"),
        pytest.param(b"\n \n" + LINE * 2, "a.json", False, id="lines_after_blank_ones"),
        pytest.param(LINE, "a.json", False, id="one_line"),
        pytest.param(json.dumps([RECORD]).encode(), "a.jsonl", True, id="list_named_jsonl"),
        pytest.param(json.dumps([RECORD]).encode() + b"\n\n", "a", True, id="list_then_blank"),
        pytest.param(b"[1]\n[2]\n", "a.json", False, id="lists_in_lines"),
        pytest.param(json.dumps([RECORD] * 2, indent=0).encode(), "a.jsonl", True, id="indented"),
        pytest.param(b"[" + LINE + b"," + LINE + b"]", "a.json", True, id="list_with_line_each"),
        pytest.param(json.dumps(RECORD, indent=0).encode(), "a.jsonl", True, id="pretty_object"),
        pytest.param(json.dumps(RECORD, indent=2).encode(), "a.traj", True, id="pretty_traj"),
        pytest.param(LINE[:-9] + b"\n" + LINE, "a.jsonl", False, id="broken_first_line"),
        pytest.param(LINE[:-9] + b"\n" + LINE, "a.json", False, id="broken_first_line_named_json"),
        pytest.param(LINE[:-9] + b"\n" + LINE[:-9], "a.jsonl", False, id="two_broken_lines"),
        pytest.param(LINE[:-9], "a.jsonl", False, id="only_line_broken"),
        pytest.param(b'{"m": [\n{"a": 1},\n{"b": 2}]}', "a.json", True, id="list_in_object"),
        pytest.param(b"hello\nworld\n", "a.json", False, id="no_json"),
        pytest.param(b"", "a.json", False, id="nothing"),
    ],
)
def test_layout_is_decided_by_content(text: bytes, name: str, expected: bool) -> None:
    assert is_document(text, True, name) is expected


def test_list_that_goes_on_after_the_head_is_a_document() -> None:
    assert is_document(b'[{"a": "', False, "a.jsonl")


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_wide_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(Refused) as caught:
        require_utf8('{"a": 1}'.encode(encoding))
    assert caught.value.reason == "encoding"
    assert encoding[:6].upper() in caught.value.detail


@pytest.mark.parametrize(
    "head", [b"", b"{", b'{"\x00', b"\0\0\0\0", b"\xef\xbb\xbf{}", b"\xc3\xa9"]
)
def test_other_bytes_are_left_to_the_judge(head: bytes) -> None:
    require_utf8(head)
