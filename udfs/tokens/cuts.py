"""Where a text may be cut so that both sides are encoded alone as they are together.

An encoder cuts every text at its added tokens before it does anything else, so that what stands
before one has no effect on what follows it. That holds for a token that is looked for before the
text is normalised, which takes in nothing of what stands before it, and which no other added token
reaches into; and it is tried out.
"""

from __future__ import annotations

import string

from trajhouse.udfs.made_once import made_once
from trajhouse.udfs.tokenizer import LoadedTokenizer

_BEFORE = ("", "a", "a ", " \n", "\n\n", "1", "é", "<", "</", "Word\t")
_AFTER = ("", "b", " b", "\n b", "2", "\u0301", ">", "user\nWord")


_PUNCTUATION = frozenset(string.punctuation) - {"_"}
"""What no word ends with: tokens that stand for whole words look at what comes next."""


@made_once(maxsize=16)
def may_cut_before(tokenizer: LoadedTokenizer, token: str) -> bool:
    """Whether a text may be cut before a control token that it spells."""
    added = tokenizer.backend.get_added_tokens_decoder().values()
    own = next(one for one in added if one.content == token)
    if own.normalized or own.lstrip or own.single_word or token[0] not in _PUNCTUATION:
        return False
    if any(_reaches_into(other.content, token) for other in added):
        return False
    return all(
        _ids(tokenizer, before + token + after)
        == _ids(tokenizer, before) + _ids(tokenizer, token + after)
        for before in _BEFORE
        for after in _AFTER
    )


def _reaches_into(other: str, text: str) -> bool:
    """Whether a token may begin before the text and end in it or behind it."""
    return any(
        other[k:].startswith(text) or text.startswith(other[k:]) for k in range(1, len(other))
    )


def _ids(tokenizer: LoadedTokenizer, text: str) -> list[int]:
    found: list[int] = tokenizer.backend.encode(text, add_special_tokens=False).ids
    return found
