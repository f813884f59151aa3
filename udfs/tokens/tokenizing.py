"""From examples to proven tokens, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import FlatTexts
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.flat import FlatPieces, flat_pieces
from trajhouse.udfs.tokens.masking import control_faults, parts_of_tokens
from trajhouse.udfs.tokens.outline import Piece
from trajhouse.udfs.tokens.placing import Placed, PlaceError, encode_as_text, encode_placed
from trajhouse.udfs.tokens.policy import PARTS, ControlTokens, Policy, Reason, RejectedError
from trajhouse.udfs.tokens.rows import Conversation, control_in_words, pieces_as_text, pieces_of
from trajhouse.udfs.tokens.template import ChatTemplate
from trajhouse.udfs.tokens.vocabulary import vocabulary_of

JINJA = "jinja"


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
    """Tokens of each example, or why there are none; in order."""
    rows = list(range(len(examples)))
    return _by_jinja(template, examples.conversations(rows), policy)


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
    for place, masked in zip(rendered, found, strict=True):
        results[place] = masked
    for place, row in enumerate(rows):
        result = results[place]
        if not isinstance(result, RejectedError) or not result.can_be_text:
            continue
        if policy.control_tokens is ControlTokens.TEXT:
            results[place] = _as_text(template, row, policy)
        elif (where := control_in_words(template, row, policy)) is not None:
            results[place] = RejectedError(Reason.CONTROL_TOKEN, where)
    return [result for result in results if result is not None]


def _as_text(template: ChatTemplate, row: Conversation, policy: Policy) -> Tokens | RejectedError:
    try:
        pieces = pieces_as_text(template, row, policy)
        tokens = encode_as_text(template, pieces)
    except RejectedError as error:
        return error
    except PlaceError as error:
        return RejectedError(Reason.CONTROL_TOKEN, str(error))
    return _masked(template, flat_pieces([pieces]), tokens, policy, JINJA)[0]


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
