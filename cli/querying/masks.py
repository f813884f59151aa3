"""`show ID --mask`: the tokens of a trajectory, and which of them are trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import duckdb

from trajhouse.cli.errors import CannotOpen, TrajhouseError
from trajhouse.cli.querying.inert import inert_line, inert_text

if TYPE_CHECKING:
    from trajhouse.udfs.tokenizer import LoadedTokenizer

OPEN, CLOSE = "[[", "]]"
CONTROL_OPEN, CONTROL_CLOSE = "⟨", "⟩"
_GREEN, _MAGENTA, _PLAIN = "\x1b[32m", "\x1b[1;35m", "\x1b[0m"
_ROW = """
select input_ids, loss_mask, n_tokens, n_trained_tokens, tokenizer
from marts.sft_tokenized
where trajectory_id = ?
"""


@dataclass(frozen=True)
class Span:
    """Neighbouring tokens that are all trained or all not, and all text or one control token.

    Attributes:
        text: What the tokens decode to.
        start: Position of the first token, from 0.
        n_tokens: How many there are.
        is_trained: Whether the loss mask is 1.
        is_control: Whether it is a control token.
    """

    text: str
    start: int
    n_tokens: int
    is_trained: bool
    is_control: bool


@dataclass(frozen=True)
class MaskedTokens:
    """A row of sft_tokenized; one mask value a token."""

    input_ids: Sequence[int]
    loss_mask: Sequence[int]
    n_trained_tokens: int
    fingerprint: str


def read_tokens(connection: duckdb.DuckDBPyConnection, trajectory_id: str) -> MaskedTokens:
    """The tokens of a trajectory.

    Raises:
        TrajhouseError: sft_tokenized has no such row.
    """
    row = connection.execute(_ROW, [trajectory_id]).fetchone()
    if row is None:
        raise TrajhouseError(
            f"no tokens for {inert_line(trajectory_id)}",
            "marts.sft_tokenized has no such row",
            f"trajhouse show {inert_line(trajectory_id)} prints it without its mask",
        )
    ids, mask, n_tokens, n_trained, fingerprint = row
    if not len(ids) == len(mask) == n_tokens:
        raise TrajhouseError(
            f"the tokens of {inert_line(trajectory_id)} are damaged",
            f"{len(ids)} ids, {len(mask)} mask values, n_tokens {n_tokens}",
            "trajhouse build writes them anew",
        )
    return MaskedTokens(ids, mask, n_trained, fingerprint)


def load_same_tokenizer(spec: str, fingerprint: str) -> LoadedTokenizer:
    """The tokenizer that the row was made with.

    Raises:
        CannotOpen: It cannot be loaded, or another one made the row.
    """
    from trajhouse.udfs.tokenizer import load_tokenizer

    loaded = load_tokenizer(spec)
    identity = fingerprint.split("-")[0]
    if identity != loaded.identity:
        raise CannotOpen(
            f"tokenizer {spec} did not make these tokens",
            f"theirs has the fingerprint {inert_line(identity)}, this one {loaded.identity}; the "
            "tokenizer, its chat template or a library version differs",
            "set TRAJHOUSE_TOKENIZER to the one of the build, or run trajhouse build again",
        )
    return loaded


def spans_of(tokens: MaskedTokens, tokenizer: LoadedTokenizer) -> list[Span]:
    """The tokens as spans, in order; a control token is a span of its own."""
    is_control = tokenizer.is_control
    keys = []
    for position, (token, mask) in enumerate(zip(tokens.input_ids, tokens.loss_mask, strict=True)):
        control = bool(token < len(is_control) and is_control[token])
        keys.append((bool(mask), control, position if control else -1))
    spans = []
    start = 0
    for (trained, control, _), group in groupby(keys):
        n_tokens = len(list(group))
        ids = list(tokens.input_ids[start : start + n_tokens])
        text = tokenizer.backend.decode(ids, skip_special_tokens=False)
        spans.append(Span(text, start, n_tokens, trained, control))
        start += n_tokens
    return spans


def masked_text(spans: Sequence[Span], is_coloured: bool) -> Iterator[str]:
    """The whole conversation as the model sees it, the trained part marked, in pieces of text.

    Args:
        spans: As `spans_of` gives them.
        is_coloured: Green for trained and magenta for control tokens, instead of `[[…]]` around
            the trained part and `⟨…⟩` around each control token.
    """
    for trained, group in groupby(spans, key=lambda span: span.is_trained):
        if trained and not is_coloured:
            yield OPEN
        for span in group:
            yield _coloured(span) if is_coloured else _bracketed(span)
        if trained and not is_coloured:
            yield CLOSE
    yield "\n"


def as_json(tokens: MaskedTokens, spans: Sequence[Span]) -> dict[str, Any]:
    """Counts, fingerprint and spans, for `--json`."""
    return {
        "tokenizer": tokens.fingerprint,
        "n_tokens": len(tokens.input_ids),
        "n_trained_tokens": tokens.n_trained_tokens,
        "spans": [
            {
                "text": span.text,
                "start": span.start,
                "n_tokens": span.n_tokens,
                "is_trained": span.is_trained,
                "is_control": span.is_control,
            }
            for span in spans
        ],
    }


def _bracketed(span: Span) -> str:
    text = inert_text(span.text)
    return f"{CONTROL_OPEN}{text}{CONTROL_CLOSE}" if span.is_control else text


def _coloured(span: Span) -> str:
    if span.is_control:
        return f"{_MAGENTA}{inert_text(span.text)}{_PLAIN}"
    return f"{_GREEN}{inert_text(span.text)}{_PLAIN}" if span.is_trained else inert_text(span.text)
