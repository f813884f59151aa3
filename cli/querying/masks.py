"""`show ID --mask`: the tokens of a trajectory, and which of them are trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb

from trajhouse.cli.errors import CannotOpen, TrajhouseError
from trajhouse.cli.querying.inert import inert_line

if TYPE_CHECKING:
    from trajhouse.udfs.tokenizer import LoadedTokenizer

_EXAMPLES = """
select example_id, trajectory_id
from marts.sft_tokenized
where trajectory_id = $name or example_id = $name
order by example_id != $name, length(example_id), example_id
limit 4
"""
_ROW = """
select input_ids, loss_mask, n_tokens, n_trained_tokens, tokenizer
from marts.sft_tokenized
where example_id = ?
"""
_SHOWN = 3


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


def find_example(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[str, str] | None:
    """The ids of an example and of its trajectory, of which `name` is one; None without any.

    Raises:
        TrajhouseError: The trajectory has several.
    """
    found = connection.execute(_EXAMPLES, {"name": name}).fetchall()
    if not found:
        return None
    ids = [inert_line(example_id) for example_id, _ in found]
    if len(ids) > 1 and found[0][0] != name:
        raise TrajhouseError(
            f"{inert_line(name)} has several examples",
            ", ".join([*ids[:_SHOWN], *(["..."] if len(ids) > _SHOWN else [])]),
            f"trajhouse show {ids[0]!r} --mask",
        )
    return found[0]


def read_tokens(connection: duckdb.DuckDBPyConnection, example_id: str) -> MaskedTokens:
    """The tokens of an example.

    Raises:
        TrajhouseError: sft_tokenized has no such row.
    """
    row = connection.execute(_ROW, [example_id]).fetchone()
    if row is None:
        raise TrajhouseError(
            f"no tokens for {inert_line(example_id)}",
            "marts.sft_tokenized has no such row",
            f"trajhouse show {inert_line(example_id)} prints it without its mask",
        )
    ids, mask, n_tokens, n_trained, fingerprint = row
    if not len(ids) == len(mask) == n_tokens:
        raise TrajhouseError(
            f"the tokens of {inert_line(example_id)} are damaged",
            f"{len(ids)} ids, {len(mask)} mask values, n_tokens {n_tokens}",
            "trajhouse build writes them anew",
        )
    return MaskedTokens(ids, mask, n_trained, fingerprint)


def load_same_tokenizer(spec: str, fingerprint: str) -> LoadedTokenizer:
    """A tokenizer with the vocabulary that the row was made with.

    Raises:
        CannotOpen: It cannot be loaded, or has another vocabulary.
    """
    from trajhouse.udfs.tokenizer import load_tokenizer

    loaded = load_tokenizer(spec)
    if not fingerprint.startswith(loaded.vocabulary_hash):
        raise CannotOpen(
            f"tokenizer {spec} did not make these tokens",
            f"their fingerprint is {inert_line(fingerprint)}, where those of this tokenizer start "
            f"with {loaded.vocabulary_hash}",
            "set TRAJHOUSE_TOKENIZER to the one of the build, or run trajhouse build again",
        )
    return loaded


def spans_of(tokens: MaskedTokens, tokenizer: LoadedTokenizer) -> Iterator[Span]:
    """The tokens as spans, in order, decoded one by one; a control token is a span of its own."""
    import numpy as np

    ids, is_trained = np.asarray(tokens.input_ids), np.asarray(tokens.loss_mask) != 0
    flags = tokenizer.is_control
    is_control = (ids < len(flags)) & flags[np.minimum(ids, len(flags) - 1)]
    is_start = np.ones(len(ids), dtype=np.bool_)
    is_start[1:] = (is_trained[1:] != is_trained[:-1]) | is_control[1:] | is_control[:-1]
    starts = np.flatnonzero(is_start).tolist()
    for start, end in pairwise([*starts, len(ids)]):
        text = tokenizer.backend.decode(ids[start:end].tolist(), skip_special_tokens=False)
        yield Span(text, start, end - start, bool(is_trained[start]), bool(is_control[start]))


def as_json(tokens: MaskedTokens, spans: Iterable[Span]) -> dict[str, Any]:
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
