"""Text made harmless to look at: what would control a terminal is shown, not obeyed."""

from __future__ import annotations

import re
import unicodedata

ELLIPSIS = "…"

# C0, DEL, C1, soft hyphen and other format characters, line and paragraph separators, tags. The
# zero-width joiners stay: scripts and emoji need them.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS_IN_TEXT = re.compile(_CONTROLS.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def inert_line(text: str) -> str:
    r"""`text` on one line, every control and format character written out.

    >>> inert_line("a\tb\x1b[31m")
    'a\\tb\\x1b[31m'
    """
    return text if text.isascii() and text.isprintable() else _CONTROLS.sub(_written_out, text)


def inert_text(text: str) -> str:
    """The same, line feeds and tabs kept."""
    return _CONTROLS_IN_TEXT.sub(_written_out, text)


def inert_json(text: str) -> str:
    r"""JSON text whose strings hold no raw control or format character: `\u…` instead.

    The value that it parses to is the same.
    """
    is_plain = text.isascii() and "\x7f" not in text
    return text if is_plain else _CONTROLS.sub(_as_json_escape, text)


def display_width(text: str) -> int:
    """Columns that `text`, which holds no control character, takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def clip(text: str, width: int) -> str:
    """`text` cut to `width` terminal columns; the last is an ellipsis where something was cut."""
    if len(text) <= width and display_width(text) <= width:
        return text
    used = 0
    for position, character in enumerate(text):
        used += _character_width(character)
        if used > width - 1:
            return text[:position] + ELLIPSIS
    return text


def pad(text: str, width: int, to_right: bool) -> str:
    """`text` with spaces up to `width` terminal columns; longer text stays as it is."""
    spaces = " " * max(0, width - display_width(text))
    return spaces + text if to_right else text + spaces


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _written_out(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def _as_json_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] == "\n":
        return "\n"
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
