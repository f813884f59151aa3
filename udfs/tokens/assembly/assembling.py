"""Laying the renders of many conversations together from learnt chunks and their own texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.arrow_buffers import bytes_of, offsets_of
from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokens.assembly.columns import FIELDS, MessageColumns
from trajhouse.udfs.tokens.assembly.laying import lay_out
from trajhouse.udfs.tokens.assembly.learned import ItemTable
from trajhouse.udfs.tokens.assembly.spans import spans_of, trimmed
from trajhouse.udfs.tokens.flat import FlatPieces


@dataclass(frozen=True)
class Assembled:
    """The renders of rows.

    Attributes:
        pieces: Their pieces.
        is_unclear: Whether white space of a row is beyond what was learnt; rows.
    """

    pieces: FlatPieces
    is_unclear: NDArray[np.bool_]


def assemble(columns: MessageColumns, chunks: Int, ends: Int, table: ItemTable) -> Assembled:
    """Renders of rows all of whose chunks are known.

    Args:
        columns: The messages; rows without messages are not taken.
        chunks: The chunk of each message.
        ends: The chunk after the last text of each row; rows.
        table: The items of the chunks.
    """
    texts = [table.words, *(columns.texts[field] for field in FIELDS)]
    spans = spans_of(columns, chunks, ends, table, tuple(map(offsets_of, texts)))
    data = tuple(map(bytes_of, texts))
    is_unclear = trimmed(spans, table, data)
    places = sums_before(spans.ends - spans.starts)
    pieces = FlatPieces(
        lay_out(spans, places, table, data),
        places[1:],
        table.is_content[spans.item],
        table.part[spans.item],
        spans.row_pieces,
    )
    return Assembled(pieces, is_unclear)
