"""Where the pieces of renders are copied from: words of the template and texts of messages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokens.assembly.chunks import Trim
from trajhouse.udfs.tokens.assembly.columns import MESSAGE_FIELDS, MessageColumns
from trajhouse.udfs.tokens.assembly.learned import ItemTable
from trajhouse.udfs.tokens.assembly.white_space import (
    Bytes,
    ends_in_foreign_space,
    lead_until,
    space_at,
    trail_from,
)

_N_MESSAGE_FIELDS = len(MESSAGE_FIELDS)
_NEWLINES, _SPACE = int(Trim.NEWLINES), int(Trim.SPACE)


@dataclass(frozen=True)
class Spans:
    """Where the pieces of rows are copied from.

    Attributes:
        item: The item that each is; pieces.
        source: The text column that it lies in: words, and then FIELDS; pieces.
        starts, ends: Where in its bytes; pieces.
        row_pieces: Where the pieces of each row start, and their number; rows + 1.
    """

    item: Int
    source: NDArray[np.int8]
    starts: Int
    ends: Int
    row_pieces: Int


def spans_of(
    columns: MessageColumns,
    chunks: Int,
    ends: Int,
    table: ItemTable,
    offsets: tuple[Int, ...],
) -> Spans:
    """What each piece is, and where its text lies, nothing trimmed."""
    counts = np.diff(table.chunk_items)
    n_pieces = np.diff(sums_before(counts[chunks])[columns.row_messages]) + counts[ends]
    row_pieces = sums_before(n_pieces)
    item = np.empty(row_pieces[-1], np.int64)
    spans = Spans(
        item, np.empty(len(item), np.int8), np.empty_like(item), np.empty_like(item), row_pieces
    )
    _fill_spans(
        columns.row_messages,
        columns.message_calls,
        chunks,
        ends,
        (table.chunk_items, table.field, table.number),
        offsets,
        (spans.item, spans.source, spans.starts, spans.ends),
    )
    return spans


@compiled
def _fill_spans(
    row_messages: Int,
    message_calls: Int,
    chunks: Int,
    row_ends: Int,
    table: tuple[Int, Int, Int],
    offsets: tuple[Int, ...],
    spans: tuple[Int, NDArray[np.int8], Int, Int],
) -> None:
    chunk_items, field, number = table
    items, sources, starts, ends = spans
    piece = 0
    for row in range(len(row_ends)):
        for at in range(row_messages[row], row_messages[row + 1] + 1):
            is_end = at == row_messages[row + 1]
            message = at - 1 if is_end else at
            chunk = row_ends[row] if is_end else chunks[at]
            for item in range(chunk_items[chunk], chunk_items[chunk + 1]):
                source = field[item] + 1
                if source == 0:
                    text = number[item]
                elif source <= _N_MESSAGE_FIELDS:
                    text = message
                else:
                    text = message_calls[message] + number[item]
                items[piece] = item
                sources[piece] = source
                starts[piece] = offsets[source][text]
                ends[piece] = offsets[source][text + 1]
                piece += 1


def trimmed(spans: Spans, table: ItemTable, data: tuple[Bytes, ...]) -> NDArray[np.bool_]:
    """Make spans as short as the template makes their texts.

    Returns:
        By row, whether it has white space of which that cannot be told.
    """
    unclear = np.zeros(len(spans.item), dtype=np.bool_)
    edges = (table.lead, table.trail, table.lead_part, table.trail_part)
    _trim(
        table.is_trimmed,
        table.part,
        edges,
        data,
        (spans.item, spans.source, spans.starts, spans.ends),
        unclear,
    )
    is_unclear = np.zeros(len(spans.row_pieces) - 1, dtype=np.bool_)
    pieces = np.flatnonzero(unclear)
    is_unclear[np.searchsorted(spans.row_pieces, pieces, side="right") - 1] = True
    return is_unclear


@compiled
def _trim(
    is_trimmed: NDArray[np.bool_],
    part: NDArray[np.int8],
    edges: tuple[NDArray[np.int8], ...],
    data: tuple[Bytes, ...],
    spans: tuple[Int, NDArray[np.int8], Int, Int],
    unclear: NDArray[np.bool_],
) -> None:
    lead, trail, lead_part, trail_part = edges
    items, sources, starts, ends = spans
    for piece in range(len(items)):
        item = items[piece]
        if not is_trimmed[item]:
            continue
        text, start, end = data[sources[piece]], starts[piece], ends[piece]
        first = lead_until(text, start, end, False)
        last = trail_from(text, first, end, False)
        unclear[piece] = first == last or space_at(text, first, end) > 0
        unclear[piece] |= ends_in_foreign_space(text, first, last)
        if lead[item] == _SPACE:
            starts[piece] = first
        elif lead[item] == _NEWLINES:
            starts[piece] = lead_until(text, start, end, True)
        if trail[item] == _SPACE:
            ends[piece] = last
        elif trail[item] == _NEWLINES:
            ends[piece] = trail_from(text, first, end, True)
        unclear[piece] |= starts[piece] < first and lead_part[item] != part[item]
        unclear[piece] |= ends[piece] > last and trail_part[item] != part[item]
