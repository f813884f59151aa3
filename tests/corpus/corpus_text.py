"""Corpus inputs about JSON text: cases 1 to 24 and 33."""

from __future__ import annotations

import json
from typing import Any

from corpus_records import Files, builder, chat, line, with_bad


@builder
def last_line_cut() -> Files:
    return {"cut.jsonl": line(chat("a")) + line(chat("b"))[:-20]}


@builder
def only_line_cut() -> Files:
    return {"cut.jsonl": line(chat("a"))[:-20]}


@builder
def list_cut() -> Files:
    return {"cut.json": b"[" + line(chat("a")) + b"," + line(chat("b"))[:-20]}


@builder
def list_cut_between_elements() -> Files:
    return {"cut.json": b"[" + line(chat("a")) + b"," + line(chat("b"))}


@builder
def no_final_newline() -> Files:
    return {"open.jsonl": line(chat("a")) + line(chat("b")).rstrip()}


@builder
def byte_order_mark() -> Files:
    return {
        "mark.jsonl": b"\xef\xbb\xbf" + line(chat("a")) + line(chat("b")),
        "mark.json": b"\xef\xbb\xbf[" + line(chat("c")) + b"]",
    }


@builder
def wide_encodings() -> Files:
    text = line(chat("a")).decode()
    return {f"{name}.jsonl": text.encode(name) for name in ("utf-16", "utf-16-be", "utf-32-le")}


@builder
def invalid_utf8() -> Files:
    return with_bad(b'{"id": "x", "messages": [{"role": "user", "content": "caf\xe9"}]}')


@builder
def lone_surrogate() -> Files:
    return with_bad(rb'{"id": "\ud800", "messages": []}')


@builder
def lone_surrogate_in_nested_text() -> Files:
    nested = r'[{"role": "user", "content": "\udc00"}]'
    return with_bad(json.dumps({"id": "x", "messages": nested}).encode())


@builder
def surrogate_pair() -> Files:
    return with_bad(json.dumps(chat("\U0001f600")).encode())


@builder
def nul_escape() -> Files:
    return with_bad(rb'{"id": "x", "messages": [{"role": "user", "content": "a\u0000b \\u0000"}]}')


@builder
def nul_escape_in_nested_text() -> Files:
    nested = r'[{"role": "user", "content": "a\u0000b \\u0000"}]'
    return with_bad(json.dumps({"id": "x", "messages": nested}).encode())


@builder
def raw_nul() -> Files:
    return with_bad(b'{"id": "a\x00b", "messages": []}')


@builder
def raw_control() -> Files:
    return with_bad(b'{"id": "a\x1bb", "messages": []}')


@builder
def line_of_nuls() -> Files:
    return with_bad(b"\0" * 64)


@builder
def duplicate_key() -> Files:
    return with_bad(b'{"id": 1, "messages": [], "id": 2}')


@builder
def duplicate_key_by_case() -> Files:
    return with_bad(b'{"id": 1, "messages": [{"role": "user", "Role": "tool", "content": ""}]}')


@builder
def trailer() -> Files:
    return with_bad(line(chat("x")).rstrip() + b"TRAILER")


@builder
def two_on_a_line() -> Files:
    return with_bad(line(chat("x")).rstrip() + line(chat("y")).rstrip())


@builder
def trailer_after_list() -> Files:
    return {"list.json": b"[" + line(chat("a")) + b"]\nTRAILER"}


@builder
def blank_lines() -> Files:
    return {"blank.jsonl": b"\n" + line(chat("a")) + b"  \t\n\n" + line(chat("b")) + b"\n"}


@builder
def crlf_lines() -> Files:
    return {"crlf.jsonl": (line(chat("a")) + b"\n" + line(chat("b"))).replace(b"\n", b"\r\n")}


@builder
def empty_file() -> Files:
    return {"empty.jsonl": b""}


@builder
def empty_list() -> Files:
    return {"empty.json": b"[]\n"}


@builder
def scalar_null_and_list_lines() -> Files:
    return {"mixed.jsonl": line(chat("a")) + b'null\n5\n"text"\n[1, 2]\n'}


@builder
def one_list() -> Files:
    records = [chat("a"), chat("b"), chat("c")]
    return {
        "compact.json": json.dumps(records).encode(),
        "pretty.json": json.dumps([*records, 4], indent=2).encode(),
        "line.jsonl": json.dumps([*records, 4, 5]).encode() + b"\n",
    }


@builder
def one_object() -> Files:
    return {
        "pretty.json": json.dumps(chat("a"), indent=1).encode(),
        "compact.json": json.dumps(chat("b")).encode(),
    }


@builder
def trailing_comma() -> Files:
    return with_bad(b'{"id": 1, "messages": [],}')


@builder
def trailing_comma_in_list() -> Files:
    return {"list.json": b"[\n" + line(chat("a")) + b",\n]"}


@builder
def nonfinite_numbers() -> Files:
    values = (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999")
    bad = b"".join(b'{"id": 1, "messages": [], "reward": %s}\n' % value for value in values)
    return {"bad.jsonl": line(chat("a")) + bad}


@builder
def long_integer_id() -> Files:
    return {"ids.jsonl": line(chat(123456789012345678901234567890))}


@builder
def ids_of_three_types() -> Files:
    return {"ids.jsonl": line(chat(1)) + line(chat("1")) + line(chat(1.0))}


@builder
def reward_as_word() -> Files:
    return with_bad(line(chat("x", reward="high")).rstrip())


@builder
def messages_as_object() -> Files:
    return with_bad(b'{"id": "x", "messages": {"role": "user"}}')


@builder
def messages_as_text() -> Files:
    record = chat("a")
    return {"text.jsonl": line(record | {"messages": json.dumps(record["messages"])})}


@builder
def messages_as_broken_text() -> Files:
    return with_bad(json.dumps({"id": "x", "messages": '[{"role": "us'}).encode())


def with_call(key: str, arguments: Any) -> dict[str, Any]:
    """A record with one tool call."""
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": arguments}}
    messages = [
        {"role": "user", "content": f"Add two to {key}."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "three"},
        {"role": "assistant", "content": "Three."},
    ]
    return {"id": key, "messages": messages}


@builder
def arguments_object_and_string() -> Files:
    lines = line(with_call("a", {"x": 1, "y": [2]})) + line(with_call("b", '{"x":1, "y":[2]}'))
    return {"calls.jsonl": lines}


@builder
def arguments_not_json() -> Files:
    return {"calls.jsonl": line(with_call("a", "x = 1, y"))}


@builder
def late_key() -> Files:
    records = [chat(str(number)) for number in range(24_000)]
    return {"late.jsonl": b"".join(map(line, [*records, chat("last", late={"inner": 7})]))}


@builder
def nested_5000_deep() -> Files:
    return with_bad(b'{"id": "x", "messages": [], "deep": ' + b"[" * 5000 + b"]" * 5000 + b"}")


@builder
def large_lines() -> Files:
    def padded(key: str, n_bytes: int) -> bytes:
        return line(chat(key, padding="x" * n_bytes))

    return {"large.jsonl": padded("a", 40_000_000) + padded("b", 200_000_000) + line(chat("c"))}


@builder
def many_turns() -> Files:
    turns = [
        {"role": role, "content": f"Turn {number}."}
        for number in range(2500)
        for role in ("user", "assistant")
    ]
    return {"long.jsonl": line({"id": "long", "messages": turns})}


@builder
def same_id() -> Files:
    other = chat("a") | {"messages": chat("b")["messages"]}
    return {"same.jsonl": line(chat("a")) * 2 + line(other)}
