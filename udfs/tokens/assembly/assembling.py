"""Laying the renders of many conversations together from learnt chunks and their own texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import ranges, sums_before
from trajhouse.udfs.tokens.assembly.beginnings import save_enough, shared_beginnings
from trajhouse.udfs.tokens.assembly.chunks import Trim
from trajhouse.udfs.tokens.assembly.columns import (
    FIELDS,
    MAY_BE_SPACE,
    MESSAGE_FIELDS,
    MessageColumns,
    bytes_of,
    offsets_of,
    white_edges,
)
from trajhouse.udfs.tokens.assembly.learned import ItemTable
from trajhouse.udfs.tokens.flat import FlatPieces


@dataclass(frozen=True)
class Assembled:
    """The renders of rows.

    Attributes:
        pieces: Their pieces; where beginnings are shared, those of each beginning and then of
            the rest of each row.
        beginnings: By row, which of these it begins with; None where none are shared.
        is_unclear: Whether white space of a row is beyond what was learnt; rows.
    """

    pieces: FlatPieces
    beginnings: Int | None
    is_unclear: NDArray[np.bool_]


def assemble(columns: MessageColumns, chunks: Int, ends: Int, table: ItemTable) -> Assembled:
    """Renders of rows all of whose chunks are known.

    Args:
        columns: The messages; rows without messages are not taken.
        chunks: The chunk of each message.
        ends: The chunk after the last text of each row; rows.
        table: The items of the chunks.
    """
    item, message, row_pieces = _items(columns, chunks, ends, table)
    source, sources = _sources(columns, table, item, message)
    shared = shared_beginnings(columns, chunks, table)
    is_shared = save_enough(shared, row_pieces, np.diff(offsets_of(sources))[source])
    if is_shared:
        kept, row_pieces = shared.parted(row_pieces)
        item, source = item[kept], source[kept]
    is_unclear = np.zeros(len(row_pieces) - 1, dtype=np.bool_)
    trimmed = _trimmed(table, item, source, sources)
    is_unclear[np.searchsorted(row_pieces, trimmed.unclear, side="right") - 1] = True
    if is_shared:
        is_unclear = is_unclear[shared.of_row] | is_unclear[-columns.n_rows :]
    if len(trimmed.places):
        source[trimmed.places] = len(sources) + np.arange(len(trimmed.places))
        sources = pa.concat_arrays([sources, trimmed.texts])
    texts = sources.take(pa.array(source))
    pieces = FlatPieces(
        bytes_of(texts)[: offsets_of(texts)[-1]],
        offsets_of(texts)[1:],
        table.is_content[item],
        table.part[item],
        row_pieces,
    )
    return Assembled(pieces, shared.of_row if is_shared else None, is_unclear)


def _items(
    columns: MessageColumns, chunks: Int, ends: Int, table: ItemTable
) -> tuple[Int, Int, Int]:
    """The item and the message of every piece, and where the pieces of each row start."""
    n_messages = len(chunks)
    last = columns.row_messages[1:]
    order = np.insert(np.arange(n_messages), last, n_messages - 1)
    sequence = np.insert(chunks, last, ends)
    firsts = table.chunk_items[sequence]
    counts = table.chunk_items[sequence + 1] - firsts
    row_chunks = np.concatenate([[0], last + np.arange(1, columns.n_rows + 1)])
    return ranges(firsts, counts), np.repeat(order, counts), sums_before(counts)[row_chunks]


def _sources(
    columns: MessageColumns, table: ItemTable, item: Int, message: Int
) -> tuple[Int, pa.LargeStringArray]:
    """Which text each item is of all texts laid end to end, and these."""
    arrays = [table.words, *(columns.texts[field] for field in FIELDS)]
    bases = np.cumsum([0, *map(len, arrays)])
    field = table.field[item]
    number = table.number[item]
    place = np.where(field < len(MESSAGE_FIELDS), message, columns.message_calls[message] + number)
    source = bases[field + 1] + np.where(field < 0, number, place)
    return source, pa.concat_arrays(arrays)


@dataclass(frozen=True)
class _Trimmed:
    """Items that are trimmed, the texts they become, and items that cannot be told."""

    places: Int
    texts: pa.LargeStringArray
    unclear: Int


def _trimmed(table: ItemTable, item: Int, source: Int, sources: pa.LargeStringArray) -> _Trimmed:
    places = np.flatnonzero(table.is_trimmed[item])
    offsets, data = offsets_of(sources), bytes_of(sources)
    starts, ends = offsets[source[places]], offsets[source[places] + 1]
    may_be_space = MAY_BE_SPACE[data[starts]] | MAY_BE_SPACE[data[ends - 1]]
    places, starts, ends = places[may_be_space], starts[may_be_space], ends[may_be_space]
    if not len(places):
        return _Trimmed(places, pa.array([], pa.large_string()), places)
    items = item[places]
    edges = white_edges(data, starts, ends)
    part, lead_mode, trail_mode = table.part[items], table.lead[items], table.trail[items]
    lead = np.select(
        [lead_mode == Trim.SPACE, lead_mode == Trim.NEWLINES], [edges.lead, edges.lead_newlines], 0
    )
    trail = np.select(
        [trail_mode == Trim.SPACE, trail_mode == Trim.NEWLINES],
        [edges.trail, edges.trail_newlines],
        0,
    )
    is_elsewhere = (edges.lead > lead) & (table.lead_part[items] != part)
    is_elsewhere |= (edges.trail > trail) & (table.trail_part[items] != part)
    changed = np.flatnonzero((lead > 0) | (trail > 0))
    texts = [
        data[start:end].tobytes()
        for start, end in zip(
            (starts + lead)[changed].tolist(), (ends - trail)[changed].tolist(), strict=True
        )
    ]
    return _Trimmed(
        places[changed],
        pa.array(texts, pa.large_binary()).cast(pa.large_string()),
        places[edges.is_unclear | is_elsewhere],
    )
