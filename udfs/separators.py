"""Added tokens behind which a text can be cut in two without a change of its ids.

An encoder cuts a text at its added tokens before it does anything else, so this holds for nearly
all of them. It does not for one that takes in white space behind it, for one that overlaps with
another, or where an encoder writes a space before every text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from itertools import product

from trajhouse.udfs.flat_texts import FlatIds, FlatTexts
from trajhouse.udfs.word_patterns import any_of

Encode = Callable[[FlatTexts], FlatIds]

_BEFORE, _AFTER = ("a", " ", "\n"), ("b", " b", "\nb")


def separators(added: Collection[str], encode: Encode, expected: Encode) -> re.Pattern[str]:
    """Matches those of some added tokens that are proven to be such.

    Args:
        added: The added tokens.
        encode: What the two parts are encoded by.
        expected: Gives the ids of a whole text.
    """
    able = _alone(added)
    cases = [(f"{before}{one}", after) for one, before, after in product(able, _BEFORE, _AFTER)]
    parts = encode(FlatTexts.of([part for case in cases for part in case]))
    wholes = expected(FlatTexts.of(["".join(case) for case in cases]))
    changed = {
        number // (len(_BEFORE) * len(_AFTER))
        for number in range(len(cases))
        if [*parts[2 * number], *parts[2 * number + 1]] != wholes[number].tolist()
    }
    return any_of(one for number, one in enumerate(able) if number not in changed)


def _alone(added: Collection[str]) -> list[str]:
    """The tokens of which no other one can take the end into itself, nor the beginning."""
    inside = {
        one[start:end]
        for one in added
        for start in range(len(one))
        for end in range(start + 1, len(one))
    }
    ends = {one[start:] for one in added for start in range(1, len(one))}
    return [
        one
        for one in added
        if one not in inside and ends.isdisjoint(one[:end] for end in range(1, len(one)))
    ]
