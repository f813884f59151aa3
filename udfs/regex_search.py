"""Regular expressions over a corpus: each compiled once, in time linear in the text."""

from __future__ import annotations

import re
import warnings

import pyarrow as pa
import pyarrow.compute as pc

FOUND = pa.struct(
    [
        ("pattern", pa.string()),
        ("fault", pa.string()),
        (
            "matches",
            pa.list_(pa.struct([("doc_id", pa.string()), ("context", pa.string())])),
        ),
    ]
)
_BEYOND_ASCII = re.compile(r"(?<!\\)(?:\\\\)*\\[wWdDsSbB]")
"""Classes that mean more in Python than in RE2 where a text is not ASCII."""
_NO_MINIMUM = re.compile(r"\{,\d+\}")
"""A repetition in Python, but plain text in RE2."""
_FIRST_SLICE = 256
"""Documents looked at before it is known whether a pattern is a common one; doubled from there."""


def regex_search(
    patterns: pa.Array, documents: pa.Array, flags: pa.Array, top_k: pa.Array, width: pa.Array
) -> pa.Array:
    """The first documents that each pattern matches, with the text around the first match.

    A pattern is one of RE2, which takes time linear in the text whatever the pattern.

    Args:
        patterns: list<string>; a row is searched for on its own.
        documents: list<struct<doc_id, text>>, in the order in which they are to be found.
        flags: Letters of flags for all patterns of the row: i, m, s.
        top_k: How many documents to find at most, the same in every row.
        width: How many characters of context before the match's start, and from it on.

    Returns:
        list<struct<pattern, fault, matches list<struct<doc_id, context>>>>, a struct a pattern.
        `fault` is `invalid` where the pattern is no regular expression of Python, and
        `unsupported` where RE2 cannot take it although Python can (lookaround, back references)
        or takes it otherwise (`{,n}`; word classes beyond ASCII); else null.
    """
    found: list[list[dict[str, object]] | None] = []
    for row in range(len(patterns)):
        corpus = documents[row].values
        if corpus is None or not patterns[row].is_valid:
            found.append(None)
            continue
        prefix = f"(?{flags[row].as_py()})" if flags[row].as_py() else ""
        doc_ids, texts = corpus.field("doc_id"), corpus.field("text")
        is_ascii = pc.all(pc.string_is_ascii(texts)).as_py() is not False
        found.append(
            [
                _search(pattern, prefix, doc_ids, texts, top_k[row].as_py(), width[row].as_py())
                if (fault := _fault(pattern, is_ascii)) is None
                else {"pattern": pattern, "fault": fault, "matches": []}
                for pattern in patterns[row].as_py()
            ]
        )
    return pa.array(found, pa.list_(FOUND))


def _search(
    pattern: str, prefix: str, doc_ids: pa.Array, texts: pa.Array, top_k: int, width: int
) -> dict[str, object]:
    """What `regex_search` gives for one pattern."""
    matches: list[dict[str, str]] = []
    start, size = 0, _FIRST_SLICE
    try:
        while start < len(texts) and len(matches) < top_k:
            part = texts.slice(start, size)
            hits = pc.indices_nonzero(pc.match_substring_regex(part, prefix + pattern))
            hits = hits.slice(0, top_k - len(matches))
            hit_texts = part.take(hits)
            offsets = pc.find_substring_regex(hit_texts, prefix + pattern)
            for hit, text, offset in zip(
                hits.to_pylist(), hit_texts.to_pylist(), offsets.to_pylist(), strict=True
            ):
                matches.append(
                    {
                        "doc_id": doc_ids[start + hit].as_py(),
                        "context": _around(text, offset, width),
                    }
                )
            start, size = start + size, size * 2
    except pa.ArrowInvalid:
        return {"pattern": pattern, "fault": "unsupported", "matches": []}
    return {"pattern": pattern, "fault": None, "matches": matches}


def _around(text: str, offset: int, width: int) -> str:
    """`width` characters on each side of a byte offset in the UTF-8 text."""
    at = len(text.encode()[:offset].decode())
    return text[max(0, at - width) : at + width]


def _fault(pattern: str, is_ascii: bool) -> str | None:
    """What is known to be wrong with a pattern before it is searched for."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return "invalid"
    if _NO_MINIMUM.search(pattern) or (not is_ascii and _BEYOND_ASCII.search(pattern)):
        return "unsupported"
    return None
