"""Rows rendered by the chat template itself: the reference, and what tells why a row is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trajhouse.udfs.tokens.assembly.assembler import JINJA
from trajhouse.udfs.tokens.flat import flat_pieces
from trajhouse.udfs.tokens.outline import Piece
from trajhouse.udfs.tokens.placing import PlaceError, encode_as_text, encode_placed
from trajhouse.udfs.tokens.policy import ControlTokens, Policy, Reason, RejectedError
from trajhouse.udfs.tokens.proving import proven_rows
from trajhouse.udfs.tokens.results import TokenizedRows, select
from trajhouse.udfs.tokens.rows import Conversation, control_in_words, pieces_as_text, pieces_of
from trajhouse.udfs.tokens.template import ChatTemplate


def tokenize_by_jinja(
    template: ChatTemplate, rows: Sequence[Conversation], policy: Policy
) -> TokenizedRows:
    """Tokens of each conversation, or why there are none; in order.

    Where content spells control tokens, the row is refused or, by policy, encoded as text.
    """
    rendered: list[list[Piece]] = []
    refused: dict[int, RejectedError] = {}
    for place, row in enumerate(rows):
        try:
            rendered.append(pieces_of(template, row, policy))
        except RejectedError as error:
            refused[place] = error
            rendered.append([])
    flat = flat_pieces(rendered)
    tokens = encode_placed(template.tokenizer, flat.texts)
    whole = proven_rows(template, flat, tokens, policy, JINJA, refused)
    if policy.control_tokens is ControlTokens.REJECT:
        named = {
            place: _named(template, rows[place], policy, whole.refused[place])
            for place in whole.refused
        }
        return select([replace(whole, refused=named)], [(0, row) for row in range(len(rows))])
    parts = [whole]
    order = []
    for place, row in enumerate(rows):
        if place in whole.refused and whole.refused[place].can_be_text:
            order.append((len(parts), 0))
            parts.append(_as_text(template, row, policy))
        else:
            order.append((0, place))
    return select(parts, order)


def _named(
    template: ChatTemplate, row: Conversation, policy: Policy, error: RejectedError
) -> RejectedError:
    """The error, or the control token in content that it may come from, with its place."""
    where = control_in_words(template, row, policy) if error.can_be_text else None
    return error if where is None else RejectedError(Reason.CONTROL_TOKEN, where)


def _as_text(template: ChatTemplate, row: Conversation, policy: Policy) -> TokenizedRows:
    pieces: list[Piece] = []
    refused: dict[int, RejectedError] = {}
    try:
        pieces = pieces_as_text(template, row, policy)
        tokens = encode_as_text(template, pieces)
    except RejectedError as error:
        refused[0] = error
    except PlaceError as error:
        refused[0] = RejectedError(Reason.CONTROL_TOKEN, str(error))
    if refused:
        pieces = []
        tokens = encode_as_text(template, pieces)
    return proven_rows(template, flat_pieces([pieces]), tokens, policy, JINJA, refused)
