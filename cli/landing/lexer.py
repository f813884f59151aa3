"""Where JSON strings and brackets are, in text that may arrive in pieces."""

from __future__ import annotations

import re

# Until Python 3.11.5 a possessive group may match wrongly (cpython issue 106052): these are atomic.
_STRING_REST = rb'[^"\\]*+(?>(?:\\.[^"\\]*+)*)'
_STRING = rb'"' + _STRING_REST + rb'"'
STRING = re.compile(_STRING, re.DOTALL)
"""A whole JSON string, quotes included."""

_UP_TO_BRACKET = re.compile(rb'(?>(?:[^"\[\]{}]++|' + _STRING + rb")*)", re.DOTALL)
_UP_TO_SEPARATOR = re.compile(rb'(?>(?:[^"\[\]{},]++|' + _STRING + rb")*)", re.DOTALL)
_UP_TO_QUOTE = re.compile(_STRING_REST, re.DOTALL)

QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT = b'",[]{}'
WHITESPACE = b" \t\r\n"
"""What JSON allows between values (RFC 8259, section 2)."""
_SPACES = re.compile(rb"[ \t\r\n]*+")


class Nesting:
    """Depth and string state of a JSON text, carried from piece to piece.

    Brackets are counted, not matched by kind: a judge of each record finds those out.

    Args:
        flat_depth: At this depth commas are stopped at, too.
    """

    def __init__(self, flat_depth: int = -1) -> None:
        self.depth = 0
        self.flat_depth = flat_depth
        self.is_in_string = False
        self._is_escaped = False

    def next_stop(self, data: bytes, position: int) -> int:
        """The next bracket outside strings, or comma at the flat depth; len(data) where none is.

        The caller changes `depth` by what it finds there and goes on behind it.
        """
        end = len(data)
        while position < end:
            if self._is_escaped:
                self._is_escaped = False
                position += 1
                continue
            if self.is_in_string:
                position = _UP_TO_QUOTE.match(data, position).end()  # type: ignore[union-attr]
                if position < end:
                    self.is_in_string = data[position] != QUOTE
                    self._is_escaped = self.is_in_string
                    position += 1
                continue
            is_flat = self.depth == self.flat_depth
            pattern = _UP_TO_SEPARATOR if is_flat else _UP_TO_BRACKET
            position = pattern.match(data, position).end()  # type: ignore[union-attr]
            if position < end and data[position] != QUOTE:
                return position
            self.is_in_string = position < end
            position += 1
        return end


def skip_whitespace(text: bytes, start: int) -> int:
    """Where the whitespace at `start` ends."""
    return _SPACES.match(text, start).end()  # type: ignore[union-attr]


def end_of_value(text: bytes, start: int) -> int:
    """Where the object or list that starts at `start` closes; -1 where it does not.

    >>> end_of_value(b'{"a": [1]} x', 0)
    10
    """
    nesting = Nesting()
    position = start
    while (position := nesting.next_stop(text, position)) < len(text):
        nesting.depth += 1 if text[position] in b"[{" else -1
        position += 1
        if nesting.depth <= 0:
            return position
    return -1
