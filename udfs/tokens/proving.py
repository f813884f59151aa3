"""Rows whose tokens have places become rows with masks, or are refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trajhouse.udfs.tokens.flat import FlatPieces
from trajhouse.udfs.tokens.masking import control_faults, parts_of_tokens
from trajhouse.udfs.tokens.placed import Placed
from trajhouse.udfs.tokens.policy import PARTS, Policy, Reason, RejectedError
from trajhouse.udfs.tokens.results import TokenizedRows
from trajhouse.udfs.tokens.template import ChatTemplate
from trajhouse.udfs.tokens.vocabulary import vocabulary_of


def proven_rows(
    template: ChatTemplate,
    flat: FlatPieces,
    tokens: Placed,
    policy: Policy,
    renderer: str,
    refused: Mapping[int, RejectedError] | None = None,
) -> TokenizedRows:
    """The masks of rows, each proven by the places of its tokens.

    Args:
        template: What rendered them.
        flat: The pieces of their renders.
        tokens: The tokens of their renders.
        policy: What is trained, and with which weight.
        renderer: The name of what rendered them.
        refused: Rows that were refused before; they have no pieces.
    """
    vocabulary = vocabulary_of(template.tokenizer)
    controls = control_faults(flat, tokens)
    found = parts_of_tokens(flat, tokens, vocabulary)
    weight_of = np.array([0, *(policy.weights[part] for part in PARTS)], dtype=np.float32)
    runs = found.runs(weight_of)
    nothing = RejectedError(Reason.NO_TRAINED_TOKENS, "no token is trained")
    faults = dict.fromkeys(np.flatnonzero(runs.n_trained == 0).tolist(), nothing)
    for row, detail in (found.faults | tokens.unplaced).items():
        faults[row] = RejectedError(Reason.MASK_UNAVAILABLE, detail)
    for row, (token, piece) in controls.items():
        faults[row] = _control_rejection(template, flat, token, piece)
    turn_rows = np.repeat(np.arange(flat.n_rows), np.diff(found.row_turns))
    return TokenizedRows(
        tokens.ids,
        tokens.row_tokens,
        runs,
        (found.turn_ends - tokens.row_tokens[turn_rows]).astype(np.int32),
        found.row_turns,
        flat.texts.__getitem__,
        [renderer] * flat.n_rows,
        faults | dict(refused or {}),
    )


def _control_rejection(
    template: ChatTemplate, flat: FlatPieces, token: int, piece: int
) -> RejectedError:
    spelled = template.tokenizer.reference.convert_ids_to_tokens(token)
    end = int(flat.ends[piece])
    start = int(flat.ends[piece - 1]) if piece else 0
    text = flat.texts.between(start, min(end, start + 80)).decode(errors="ignore")
    return RejectedError(Reason.CONTROL_TOKEN, f"{spelled} arises from content {text!r}")
