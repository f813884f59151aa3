"""From examples to proven tokens, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.cli.errors import TrajhouseError
from trajhouse.udfs.flat_texts import FlatTexts
from trajhouse.udfs.tokens.assembly.assembler import (
    ASSEMBLY,
    JINJA,
    RENDERER_VARIABLE,
    assembler_of,
)
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.flat import FlatPieces, flat_pieces
from trajhouse.udfs.tokens.masking import control_faults, parts_of_tokens
from trajhouse.udfs.tokens.outline import Piece
from trajhouse.udfs.tokens.placing import Placed, encode_as_text, encode_placed
from trajhouse.udfs.tokens.policy import PARTS, ControlTokens, Policy, Reason, RejectedError
from trajhouse.udfs.tokens.rows import Conversation, pieces_as_text, pieces_of
from trajhouse.udfs.tokens.template import ChatTemplate
from trajhouse.udfs.tokens.vocabulary import vocabulary_of


@dataclass(frozen=True)
class Tokens:
    """A proven row.

    Attributes:
        ids: n.
        mask: 1 where a token is trained, 0 elsewhere; n.
        weights: The weight of each token in the loss; n.
        turn_ends: The number of tokens up to the end of each of the assistant's turns.
        n_trained: The sum of the mask.
        renderer: What rendered it.
        render: What the ids are of, one text.
    """

    ids: NDArray[np.int32]
    mask: NDArray[np.int8]
    weights: NDArray[np.float32]
    turn_ends: NDArray[np.int32]
    n_trained: int
    renderer: str
    render: FlatTexts

    @property
    def text(self) -> str:
        """The render."""
        return self.render[0]


def tokenize_rows(
    template: ChatTemplate, examples: Examples, policy: Policy
) -> list[Tokens | RejectedError]:
    """Tokens of each example, or why there are none; in order.

    Renders are assembled where they can be; the template itself renders the rest, all that would be
    rejected, and a sample of the others.

    Raises:
        TrajhouseError: An assembled row differs from the template's.
    """
    results: dict[int, Tokens | RejectedError] = {}
    checked: set[int] = set()
    assembler = assembler_of(template, policy)
    assembled = assembler.render(examples) if assembler is not None else None
    if assembled is not None:
        found = masked_rows(template, assembled.pieces, policy, ASSEMBLY)
        results = {
            row: result
            for row, result in zip(assembled.rows, found, strict=True)
            if isinstance(result, Tokens)
        }
        checked = assembler.sample(list(results)) | (assembled.learned & set(results))
    rest = [row for row in range(len(examples)) if row not in results or row in checked]
    by_jinja = _by_jinja(template, examples.conversations(rest), policy)
    for row, result in zip(rest, by_jinja, strict=True):
        if row in checked:
            _require_equal(results[row], result)
        else:
            results[row] = result
    return [results[row] for row in range(len(examples))]


def _require_equal(assembled: Tokens | RejectedError, expected: Tokens | RejectedError) -> None:
    if (
        isinstance(assembled, RejectedError)
        or isinstance(expected, RejectedError)
        or not np.array_equal(assembled.ids, expected.ids)
        or not np.array_equal(assembled.weights, expected.weights)
        or not np.array_equal(assembled.turn_ends, expected.turn_ends)
    ):
        raise TrajhouseError(
            "an assembled conversation differs from the chat template's render",
            "the template looks at more than messages and their neighbours",
            f"set {RENDERER_VARIABLE}={JINJA} and build again",
        )


def _by_jinja(
    template: ChatTemplate, rows: Sequence[Conversation], policy: Policy
) -> list[Tokens | RejectedError]:
    """Rows rendered by the template itself; what spells control tokens is refused or kept text."""
    results: list[Tokens | RejectedError | None] = [None] * len(rows)
    rendered: dict[int, list[Piece]] = {}
    for place, row in enumerate(rows):
        try:
            rendered[place] = pieces_of(template, row, policy)
        except RejectedError as error:
            results[place] = error
    found = masked_rows(template, flat_pieces(list(rendered.values())), policy, JINJA)
    for place, result in zip(rendered, found, strict=True):
        results[place] = result
    for place, row in enumerate(rows):
        result = results[place]
        if policy.control_tokens is ControlTokens.TEXT and isinstance(result, RejectedError):
            if result.can_be_text:
                results[place] = _as_text(template, row, policy)
    return [result for result in results if result is not None]


def _as_text(template: ChatTemplate, row: Conversation, policy: Policy) -> Tokens | RejectedError:
    try:
        pieces = pieces_as_text(template, row, policy)
    except RejectedError as error:
        return error
    flat = flat_pieces([pieces])
    return _masked(template, flat, encode_as_text(template, pieces), policy, JINJA)[0]


def masked_rows(
    template: ChatTemplate, flat: FlatPieces, policy: Policy, renderer: str
) -> list[Tokens | RejectedError]:
    """Tokens of each render, or why there are none; in order."""
    tokens = encode_placed(template.tokenizer, flat.texts())
    return _masked(template, flat, tokens, policy, renderer)


def _masked(
    template: ChatTemplate, flat: FlatPieces, tokens: Placed, policy: Policy, renderer: str
) -> list[Tokens | RejectedError]:
    vocabulary = vocabulary_of(template.tokenizer)
    controls = control_faults(flat, tokens, vocabulary)
    found = parts_of_tokens(flat, tokens, vocabulary)
    faults = found.faults | tokens.unplaced
    weight_of = np.array([0, *(policy.weights[part] for part in PARTS)], dtype=np.float32)
    mask = (weight_of > 0).astype(np.int8)[found.parts]
    weights = weight_of[found.parts]
    texts = flat.texts()
    n_trained = np.diff(np.concatenate([[0], np.cumsum(mask, dtype=np.int64)])[tokens.row_tokens])
    results: list[Tokens | RejectedError] = []
    for row, n in enumerate(n_trained.tolist()):
        first, last = tokens.row_tokens[row : row + 2]
        if row in controls:
            results.append(_control_rejection(template, flat, *controls[row]))
        elif row in faults:
            results.append(RejectedError(Reason.MASK_UNAVAILABLE, faults[row]))
        elif n == 0:
            results.append(RejectedError(Reason.NO_TRAINED_TOKENS, "no token is trained"))
        else:
            turn_ends = found.turn_ends[slice(*found.row_turns[row : row + 2])] - first
            span = slice(first, last)
            results.append(
                Tokens(
                    tokens.ids[span],
                    mask[span],
                    weights[span],
                    turn_ends.astype(np.int32),
                    n,
                    renderer,
                    texts.row(row),
                )
            )
    return results


def _control_rejection(
    template: ChatTemplate, flat: FlatPieces, token: int, piece: int
) -> RejectedError:
    spelled = template.tokenizer.reference.convert_ids_to_tokens(token)
    end = int(flat.ends[piece])
    start = int(flat.ends[piece - 1]) if piece else 0
    text = flat.data[start : min(end, start + 80)].tobytes().decode(errors="ignore")
    return RejectedError(Reason.CONTROL_TOKEN, f"{spelled} arises from content {text!r}")
