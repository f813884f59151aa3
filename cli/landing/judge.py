"""The one strict parser: takes a record's bytes, gives JSON text fit to land or a reason."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import jiter

from trajhouse.cli.landing.families import Family
from trajhouse.cli.landing.jsonpaths import find_value, format_path
from trajhouse.cli.landing.lexer import STRING

# Keyed by how the parser's message begins. A control character is reported in a string only, and
# NaN and its like not by name: `_refine` tells those from plain bad grammar.
_PARSER_MESSAGES: Final = (
    ("EOF while parsing", "truncated_json"),
    ("trailing characters", "trailing_data"),
    ("Detected duplicate key", "duplicate_key"),
    ("recursion limit exceeded", "too_deep"),
    ("invalid unicode code point", "invalid_utf8"),
    ("lone leading surrogate in hex escape", "lone_surrogate"),
    ("unexpected end of hex escape", "lone_surrogate"),
    ("control character", "control_char"),
    ("number out of range", "nonfinite_number"),
)
_MESSAGE_POSITION = re.compile(r" at line (\d+) column (\d+)$")
_NONFINITE = re.compile(rb"[-+]?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)
_INFINITIES = (float("inf"), float("-inf"))
_LARGEST_DOUBLE_BITS = 1024
_MAX_KNOWN_KEYS = 1000
_NESTED: Final[dict[str, type[list[Any]] | type[dict[str, Any]]]] = {
    "messages": list,
    "document": dict,
}
"""Field types that may also be a string holding such a value as JSON."""

_NUL_ESCAPE = re.compile(rb"(?<!\\)((?>(?:\\\\)*))\\u0000")
_REPLACEMENT = rb"\1\\ufffd"


class Rejection(Exception):
    """A record that does not land.

    Args:
        reason: A code of `RECORD_REASONS`.
        detail: What was found, and where.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Accepted:
    """A record that lands: its JSON text in UTF-8 and its sorted flags."""

    text: bytes
    flags: tuple[str, ...] = ()


class Judge:
    """Judges records of one family; no record bears on what becomes of another."""

    def __init__(self, family: Family) -> None:
        self._fields = [
            (field.name, field.type, [(path, format_path(path)) for path in field.paths])
            for field in family.fields
        ]
        self._known_keys: set[tuple[str, ...]] = set()

    def judge(self, raw: bytes) -> Accepted:
        """Judge the bytes of one record, without whitespace around them.

        Raises:
            Rejection: The record does not land.
        """
        value = parse_strictly(raw)
        if not isinstance(value, dict):
            raise Rejection("not_object", f"the record is {_type_name(value)}")
        check_values(value, self._known_keys)
        nested_with_nul = self._check_fields(value)
        if b"\\u0000" not in raw and not nested_with_nul:
            return Accepted(raw)
        text = replace_nul_escapes(raw, nested_with_nul)
        if text == raw:
            return Accepted(raw)
        parse_strictly(text)  # two keys may have become one
        return Accepted(text, ("nul_char",))

    def _check_fields(self, record: dict[str, Any]) -> list[str]:
        """Check the declared fields; returns nested JSON texts that hold NUL escapes."""
        nested_with_nul: list[str] = []
        for name, kind, paths in self._fields:
            for steps, path in paths:
                value = find_value(record, steps)
                if value is None:
                    continue
                if kind in _NESTED and isinstance(value, str):
                    if check_nested(value, name, path, self._known_keys, _NESTED[kind]):
                        nested_with_nul.append(value)
                else:
                    _check_type(value, kind, name, path)
                break
        return nested_with_nul


def parse_strictly(raw: bytes) -> Any:
    """The value of a JSON text (RFC 8259), or the reason why it is none.

    Raises:
        Rejection: With a code and the position.
    """
    try:
        return jiter.from_json(
            raw, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys"
        )
    except ValueError as error:
        raise _explain(raw, str(error)) from None


def check_values(value: Any, known_keys: set[tuple[str, ...]]) -> None:
    """Check what a parser lets pass: keys that differ in case only, and overflowing numbers.

    Args:
        value: A parsed object or list.
        known_keys: Keys of objects seen to be in order; records of a file repeat them.

    Raises:
        Rejection: duplicate_key or nonfinite_number.
    """
    pending = [value]
    while pending:
        container = pending.pop()
        if type(container) is dict:
            keys = tuple(container)
            if keys not in known_keys:
                _require_distinct(keys)
                if len(known_keys) < _MAX_KNOWN_KEYS:
                    known_keys.add(keys)
            items = container.values()
        else:
            items = container
        for item in items:
            kind = type(item)
            if kind is str:
                continue
            if kind is dict or kind is list:
                pending.append(item)
            elif (kind is float and item in _INFINITIES) or (
                kind is int and item.bit_length() > _LARGEST_DOUBLE_BITS
            ):
                raise Rejection("nonfinite_number", "a number is larger than a double holds")


def check_nested(
    text: str,
    name: str,
    path: str,
    known_keys: set[tuple[str, ...]],
    wanted: type[list[Any]] | type[dict[str, Any]] = list,
) -> bool:
    """Check a field that is a string holding a JSON list, or an object where `wanted` is dict.

    Blank is left to later stages. Returns whether it holds NUL escapes.

    Raises:
        Rejection: The code the text itself would get, or type_mismatch.
    """
    if not text.strip():
        return False
    inner = text.encode()
    try:
        value = parse_strictly(inner)
        if isinstance(value, wanted):
            check_values(value, known_keys)
        elif value is not None:
            kind = "a list" if wanted is list else "an object"
            raise Rejection("type_mismatch", f"{name} is {_type_name(value)}, not {kind}")
    except Rejection as rejection:
        detail = f"inside the string at {path}: {rejection.detail}"
        raise Rejection(rejection.reason, detail) from None
    return _NUL_ESCAPE.search(inner) is not None


def replace_nul_escapes(raw: bytes, nested: list[str]) -> bytes:
    r"""The record with each escape of NUL as an escape of U+FFFD.

    A backslash that is itself escaped starts no escape: ``\\u0000`` stays, except inside the
    strings of `nested`, which are JSON texts of their own.
    """
    text = _NUL_ESCAPE.sub(_REPLACEMENT, raw)
    if not nested:
        return text

    def mend(match: re.Match[bytes]) -> bytes:
        token = match[0]
        if b"u0000" not in token or (inner := jiter.from_json(token)) not in nested:
            return token
        mended = _NUL_ESCAPE.sub(_REPLACEMENT, inner.encode()).decode()
        return json.dumps(mended, ensure_ascii=False).encode()

    return STRING.sub(mend, text)


def _check_type(value: Any, kind: str, name: str, path: str) -> None:
    if kind in _NESTED:
        is_fit = isinstance(value, _NESTED[kind])
    elif kind == "text":
        is_fit = not isinstance(value, dict | list)
    elif kind == "number":
        is_fit = isinstance(value, int | float) and not isinstance(value, bool)
    elif kind == "score":
        is_fit = isinstance(value, bool | int | float)
    elif kind == "boolean":
        is_fit = isinstance(value, bool | int | float) and value in (0, 1)
    else:
        is_fit = True
    if not is_fit:
        wanted = {
            "messages": "a list",
            "document": "an object",
            "number": "a number",
            "score": "a number, true or false",
            "boolean": "true, false, 0 or 1",
        }
        expected = wanted.get(kind, "text")
        found = _type_name(value)
        raise Rejection("type_mismatch", f"{name} at {path} is {found}, not {expected}")


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number"}
    return names[type(value)]


def _require_distinct(keys: tuple[str, ...]) -> None:
    seen: dict[str, str] = {}
    for key in keys:
        twin = seen.setdefault(key.lower(), key)
        if twin is not key:
            raise Rejection("duplicate_key", f"keys {twin!r} and {key!r} differ in case only")


def _explain(raw: bytes, message: str) -> Rejection:
    reason = next((code for start, code in _PARSER_MESSAGES if message.startswith(start)), None)
    position = _error_position(raw, message)
    what = _MESSAGE_POSITION.sub("", message)
    if reason is None:
        reason, what = _refine(raw, position, what)
    return Rejection(reason, f"{what} at byte {position}")


def _refine(raw: bytes, position: int, what: str) -> tuple[str, str]:
    """Tell apart what the parser reports as plain bad grammar."""
    if raw.startswith(b"\xef\xbb\xbf"):
        return "invalid_json", "byte order mark inside the file"
    found = raw[position : position + 1]
    if found and found < b" " and found not in b"\t\r\n":
        return "control_char", f"control character 0x{found.hex()} outside a string"
    if found >= b"\x80":
        return "invalid_utf8", f"byte 0x{found.hex()} outside a string"
    near = _NONFINITE.search(raw, max(0, position - 2), position + 10)
    if near and near.start() <= position:
        return "nonfinite_number", f"{near[0].decode()} is no JSON number"
    return "invalid_json", what


def _error_position(raw: bytes, message: str) -> int:
    """The parser's line and column (both from 1) as an offset from 0."""
    match = _MESSAGE_POSITION.search(message)
    if match is None:
        return 0
    start = 0
    for _ in range(int(match[1]) - 1):
        start = raw.find(b"\n", start) + 1
    return max(0, start + int(match[2]) - 1)
