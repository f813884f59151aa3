"""Which rows, whole or in pieces, make up which pack, and in which order packs are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from trajhouse.cli.exporting.cutting import TurnTooLong, cut_to_fill
from trajhouse.cli.exporting.packing import Numbers

METHOD = "best-fit decreasing"
POSITIONS = "position_ids"
LENGTHS = "seq_lengths"
STARTS = "seq_starts"
DESCRIPTIONS = {
    POSITIONS: "Position of each token in its sequence, from 0.",
    LENGTHS: "Tokens of each sequence in the pack, in order.",
    STARTS: "Where in its row each sequence starts, in tokens; 0 where it is not cut off.",
}
FIRST_TOKEN = {"labels": -100, "loss_mask": 0, "loss_weight": 0}
"""What a sequence's first token gets: predicting it would cross from another sequence."""


@dataclass(frozen=True)
class PackFigures:
    """What a split's packs add up to."""

    name: str
    rows: int
    cut_rows: int
    sequences: int
    packs: int
    tokens: int
    max_length: int

    @property
    def padding(self) -> int:
        """Tokens that are missing in the packs."""
        return self.packs * self.max_length - self.tokens

    @property
    def fill_rate(self) -> float:
        """Tokens over what the packs could hold, at most 1."""
        return self.tokens / (self.packs * self.max_length)

    def as_dict(self) -> dict[str, Any]:
        """The same for a manifest; the rate is rounded to six digits."""
        return {
            "rows": self.rows,
            "cut_rows": self.cut_rows,
            "sequences": self.sequences,
            "packs": self.packs,
            "tokens": self.tokens,
            "padding": self.padding,
            "fill_rate": round(self.fill_rate, 6),
        }


@dataclass(frozen=True)
class Packs:
    """The packs of all splits.

    A sequence is a row of the mart, or a piece of one. Rows are numbered in the order of their key;
    `first_sequence[row]` is the number of a row's first sequence, and that of `row` + 1 is beyond
    its last. A sequence's slot is its place in what is written.

    Args:
        max_length: The tokens that a pack holds.
        first_sequence: For N rows, N + 1 numbers of sequences.
        lengths: Tokens of each sequence.
        starts: Where in its row each sequence starts, in tokens.
        slots: The slot of each sequence.
        pack_ends: For each pack, the slot behind its last.
        pack_splits: For each pack, the position of its split.
        figures: What each split's packs add up to.
    """

    max_length: int
    first_sequence: Numbers
    lengths: Numbers
    starts: Numbers
    slots: Numbers
    pack_ends: Numbers
    pack_splits: Numbers
    figures: tuple[PackFigures, ...]

    @property
    def total(self) -> PackFigures:
        """What all packs add up to."""
        fields = ("rows", "cut_rows", "sequences", "packs", "tokens")
        sums = {name: sum(getattr(split, name) for split in self.figures) for name in fields}
        return PackFigures(name="all", max_length=self.max_length, **sums)

    def as_dict(self) -> dict[str, Any]:
        """The same for a manifest."""
        return {
            "max_length": self.max_length,
            "method": METHOD,
            **self.total.as_dict(),
            "splits": {split.name: split.as_dict() for split in self.figures},
        }


@dataclass(frozen=True)
class Packing:
    """How the rows of a mart become packs.

    Args:
        packs: Where every row goes.
        keys: The rows' keys, N rows in the order of their numbers.
        token_columns: Columns with one value a token; they are laid end to end.
        id_columns: Columns that name a row, and what the list of them in a pack is called.
        has_starts: Whether it is said where in its row a sequence starts: rows may be cut.
    """

    packs: Packs
    keys: pa.Table
    token_columns: tuple[str, ...]
    id_columns: Mapping[str, str]
    has_starts: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a pack."""
        boundaries = (POSITIONS, LENGTHS, STARTS) if self.has_starts else (POSITIONS, LENGTHS)
        return (*self.token_columns, *boundaries, *self.id_columns.values())

    @property
    def descriptions(self) -> dict[str, str]:
        """What the columns mean that a mart does not have."""
        named = {new: f"{old} of each sequence's row" for old, new in self.id_columns.items()}
        return {**DESCRIPTIONS, **named}


def lay_out(
    lengths: Numbers,
    splits: Numbers,
    names: Sequence[str],
    max_length: int,
    ends: Mapping[int, Numbers],
) -> Packs:
    """Plan the packs of every split.

    A pack's sequences are in the order of their rows, packs in that of their first sequences.

    Args:
        lengths: N lengths of rows in tokens, at least 1, in the order of their key.
        splits: N positions of splits.
        names: The splits' names; each has rows.
        max_length: The tokens that a pack holds.
        ends: For each row that is longer, where its turns end.

    Raises:
        TurnTooLong: A row cannot be cut into pieces that fit.
    """
    parts, figures, opened = [], [], 0
    for position, name in enumerate(names):
        rows = np.flatnonzero(splits == position)
        own_ends = {place: ends[row] for place, row in enumerate(rows.tolist()) if row in ends}
        try:
            pieces = cut_to_fill(lengths[rows], own_ends, max_length)
        except TurnTooLong as error:
            raise TurnTooLong(int(rows[error.row])) from None
        packs = int(pieces.packs.max()) + 1
        sizes = (len(rows), len(own_ends), len(pieces.rows), packs, int(pieces.lengths.sum()))
        figures.append(PackFigures(name, *sizes, max_length))
        parts.append((rows[pieces.rows], pieces.starts, pieces.lengths, pieces.packs + opened))
        opened += packs
    return _ordered(parts, splits, len(lengths), max_length, tuple(figures))


def _ordered(
    parts: Sequence[tuple[Numbers, Numbers, Numbers, Numbers]],
    splits: Numbers,
    n_rows: int,
    max_length: int,
    figures: tuple[PackFigures, ...],
) -> Packs:
    """Number the sequences and place them; `parts` has rows, starts, lengths, packs by split."""
    rows, starts, lengths, packs = (np.concatenate(column) for column in zip(*parts, strict=True))
    by_row = np.lexsort((starts, rows))
    rows, starts, lengths, packs = (column[by_row] for column in (rows, starts, lengths, packs))
    sequences = np.arange(len(rows))
    first_of_pack = np.full(int(packs.max()) + 1, len(rows), dtype=np.int64)
    np.minimum.at(first_of_pack, packs, sequences)
    order = np.lexsort((sequences, first_of_pack[packs], splits[rows]))
    slots = np.empty_like(sequences)
    slots[order] = sequences
    is_last = np.append(np.diff(packs[order]) != 0, True)
    return Packs(
        max_length=max_length,
        first_sequence=np.searchsorted(rows, np.arange(n_rows + 1)),
        lengths=lengths,
        starts=starts,
        slots=slots,
        pack_ends=np.flatnonzero(is_last) + 1,
        pack_splits=splits[rows[order]][is_last],
        figures=figures,
    )


def key_tuples(keys: pa.Table | pa.RecordBatch) -> list[tuple[Any, ...]]:
    """The key of each row."""
    return list(zip(*(column.to_pylist() for column in keys.columns), strict=True))
