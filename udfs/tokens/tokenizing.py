"""From examples to proven tokens, many at once."""

from __future__ import annotations

import numpy as np

from trajhouse.cli.errors import TrajhouseError
from trajhouse.udfs.tokens.assembly.assembler import (
    ASSEMBLY,
    JINJA,
    RENDERER_VARIABLE,
    assembler_of,
)
from trajhouse.udfs.tokens.by_jinja import tokenize_by_jinja
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.placing import encode_placed
from trajhouse.udfs.tokens.policy import Policy, RejectedError
from trajhouse.udfs.tokens.proving import proven_rows
from trajhouse.udfs.tokens.results import TokenizedRows, select
from trajhouse.udfs.tokens.template import ChatTemplate


def tokenize_rows(template: ChatTemplate, examples: Examples, policy: Policy) -> TokenizedRows:
    """Tokens of each example, or why there are none; in order.

    Renders are assembled where they can be; the template itself renders the rest, all that would be
    rejected, and a sample of the others.

    Raises:
        TrajhouseError: An assembled row differs from the template's.
    """
    assembler = assembler_of(template, policy)
    assembled = assembler.render(examples) if assembler is not None else None
    if assembler is None or assembled is None:
        return tokenize_by_jinja(template, examples.conversations(range(len(examples))), policy)
    tokens = encode_placed(template.tokenizer, assembled.pieces.texts)
    fast = proven_rows(template, assembled.pieces, tokens, policy, ASSEMBLY)
    places = {row: k for k, row in enumerate(assembled.rows) if k not in fast.refused}
    checked = assembler.sample(list(places)) | (assembled.learned & set(places))
    if len(places) == len(examples) and not checked:
        return fast
    rest = [row for row in range(len(examples)) if row not in places or row in checked]
    slow = tokenize_by_jinja(template, examples.conversations(rest), policy)
    again = {row: k for k, row in enumerate(rest)}
    for row in checked:
        _require_equal(fast, places[row], slow, again[row])
    if len(places) == len(examples):
        return fast
    order = [(0, places[row]) if row in places else (1, again[row]) for row in range(len(examples))]
    return select([fast, slow], order)


def _require_equal(fast: TokenizedRows, k: int, slow: TokenizedRows, n: int) -> None:
    assembled, expected = fast.row(k), slow.row(n)
    if (
        isinstance(assembled, RejectedError)
        or isinstance(expected, RejectedError)
        or not np.array_equal(assembled.ids, expected.ids)
        or not np.array_equal(assembled.mask, expected.mask)
        or not np.array_equal(assembled.weights, expected.weights)
        or not np.array_equal(assembled.turn_ends, expected.turn_ends)
    ):
        raise TrajhouseError(
            "an assembled conversation differs from the chat template's render",
            "the template looks at more than messages and their neighbours",
            f"set {RENDERER_VARIABLE}={JINJA} and build again",
        )
