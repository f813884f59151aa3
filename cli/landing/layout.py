"""Whether a text holds a record a line, is one JSON document, or an object of records."""

from __future__ import annotations

from collections.abc import Iterator, Set

from trajhouse.cli.landing.lexer import (
    COMMA,
    OPEN_LIST,
    OPEN_OBJECT,
    STRING,
    WHITESPACE,
    Nesting,
    end_of_value,
    skip_whitespace,
)
from trajhouse.cli.landing.streams import Refused

UTF8_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# Where the zero bytes of the first two characters lie, both being ASCII (RFC 4627, section 3).
_WIDE_PATTERNS = (
    ((True, True, True, False), "UTF-32"),
    ((False, True, True, True), "UTF-32"),
    ((True, False, True, False), "UTF-16"),
    ((False, True, False, True), "UTF-16"),
)
_LINE_SUFFIXES = (".jsonl", ".ndjson")


def require_utf8(head: bytes) -> None:
    """Check that a text does not begin as UTF-16 or UTF-32 does.

    Raises:
        Refused: encoding.
    """
    zeros = tuple(byte == 0 for byte in head[:4])
    found = next((name for mark, name in _WIDE_MARKS if head.startswith(mark)), None)
    found = found or next((name for pattern, name in _WIDE_PATTERNS if zeros == pattern), None)
    if found:
        raise Refused("encoding", f"the text is {found}; convert it to UTF-8, with iconv say")


def is_document(head: bytes, is_all: bool, name: str) -> bool:
    """Whether a text is one JSON document (a list of records, or one object over several lines).

    The rule, on the first line that is not blank:

    - It neither starts a list nor an object: a record a line, to be rejected one by one.
    - The value that it starts is closed on it: a record a line, unless that value is a list and
      nothing follows the line.
    - A list is not closed on it: a document.
    - An object is not closed on it: a pretty-printed document, or lines whose first is broken.
      Lines if the next line starts another object, as that is where a pretty-printed one has a
      key. Names that do not say `.jsonl` or `.ndjson` need more: the next line must hold all of
      the object and nothing else.

    Args:
        head: The first bytes, byte order mark removed.
        is_all: Whether those are all there are.
        name: The file's name, without compression suffix.
    """
    start = skip_whitespace(head, 0)
    if start == len(head) or head[start] not in (OPEN_LIST, OPEN_OBJECT):
        return False
    is_list = head[start] == OPEN_LIST
    line_end = head.find(b"\n", start)
    line_end = len(head) if line_end < 0 else line_end
    next_start = skip_whitespace(head, line_end)
    has_more = next_start < len(head) or not is_all
    if end_of_value(head[start:line_end], 0) >= 0:
        return is_list and not has_more
    if is_list:
        return True
    if line_end == len(head) or next_start == len(head):
        return False
    if head[next_start] != OPEN_OBJECT:
        return True
    if name.lower().endswith(_LINE_SUFFIXES):
        return False
    next_end = head.find(b"\n", next_start)
    next_line = head[next_start : len(head) if next_end < 0 else next_end].rstrip(WHITESPACE)
    return end_of_value(next_line, 0) != len(next_line)


def is_entries(head: bytes, name: str, record_keys: Set[str]) -> bool:
    """Whether a text is one JSON object whose values are records, of a family that has such.

    It is one object, over one line or several, in a file that does not say `.jsonl` or `.ndjson`;
    and none of its keys, as far as they are in `head`, is one that a record has.

    Args:
        head: The first bytes, byte order mark removed.
        name: The file's name, without compression suffix.
        record_keys: Keys that only a record has.
    """
    start = skip_whitespace(head, 0)
    is_object = start < len(head) and head[start] == OPEN_OBJECT
    if not is_object or name.lower().endswith(_LINE_SUFFIXES):
        return False
    end = end_of_value(head, start)
    is_alone = end < 0 or skip_whitespace(head, end) == len(head)
    return is_alone and record_keys.isdisjoint(_keys(head, start + 1))


def _keys(text: bytes, position: int) -> Iterator[str]:
    """The keys of the object whose members start at `position`, up to the end of the text."""
    nesting = Nesting(flat_depth=1)
    nesting.depth = 1
    while nesting.depth and position < len(text):
        position = skip_whitespace(text, position)
        if key := STRING.match(text, position):
            yield key[0][1:-1].decode("utf-8", "replace")
        while (position := nesting.next_stop(text, position)) < len(text):
            found = text[position]
            position += 1
            if found == COMMA:
                break
            nesting.depth += 1 if found in b"[{" else -1
            if not nesting.depth:
                break
