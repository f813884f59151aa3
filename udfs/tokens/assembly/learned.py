"""What has been learnt of a template, in flat arrays that conversations are assembled from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.assembly.chunks import Item, Trim
from trajhouse.udfs.tokens.assembly.numbering import Numbering

UNKNOWN = -1
_MOST_CONTEXTS, _FIRST_ROOM = 2**62, 256


@dataclass(frozen=True)
class ItemTable:
    """Items of all chunks, laid end to end; one element an item unless said.

    Attributes:
        words: The distinct words.
        field: Position in FIELDS; -1 for words.
        number: Of words, which they are; of a text, the position of its call.
        cut: Bytes up to the end of the first separator in the template's words; 0 if there is none.
        is_content, part, lead, trail, lead_part, trail_part: As `Item` has them.
        chunk_items: Where the items of each chunk start, and their number; chunks + 1.
    """

    words: pa.LargeStringArray
    field: Int
    number: Int
    cut: Int
    is_content: NDArray[np.bool_]
    part: NDArray[np.int8]
    lead: NDArray[np.int8]
    trail: NDArray[np.int8]
    lead_part: NDArray[np.int8]
    trail_part: NDArray[np.int8]
    chunk_items: Int

    @cached_property
    def is_trimmed(self) -> NDArray[np.bool_]:
        """Whether the white space at the edges of an item matters."""
        found: NDArray[np.bool_] = (self.lead != Trim.NOTHING) | (self.trail != Trim.NOTHING)
        found |= (self.lead_part != self.part) | (self.trail_part != self.part)
        return found & (self.field >= 0)


class LearnedChunks:
    """Chunks by context; a chunk is a list of items, kept once however many contexts have it.

    Args:
        separators: Matches tokens behind which a render can be cut without a change of its ids.
    """

    def __init__(self, separators: re.Pattern[str]) -> None:
        self._separators = separators
        self._chunks: dict[tuple[Item, ...], int] = {}
        self._contexts = Numbering(_MOST_CONTEXTS)
        self._of_context = np.full((2, _FIRST_ROOM), UNKNOWN)
        self._table: ItemTable | None = None

    def find(self, keys: Int) -> tuple[Int, Int]:
        """For each context the chunk of its message, and the chunk after it if it is the last.

        UNKNOWN where it has not been learnt.
        """
        chunks, ends = self._of_context[:, self._contexts.find(keys, np.zeros_like(keys))]
        return chunks, ends

    def add(self, keys: Sequence[int], chunks: Sequence[Sequence[Item]]) -> None:
        """Learn a conversation.

        Args:
            keys: The context of each message.
            chunks: The items of each message, and those after the last text; messages + 1.
        """
        end = self._number(chunks[-1])
        nothing = self._number(())
        for place, key in enumerate(keys):
            number = self._contexts.add(key, 0)
            if number == self._of_context.shape[1]:
                room = np.full_like(self._of_context, UNKNOWN)
                self._of_context = np.concatenate([self._of_context, room], axis=1)
            if self._of_context[0, number] == UNKNOWN:
                is_last = place == len(keys) - 1
                found = self._number(chunks[place]), end if is_last else nothing
                self._of_context[:, number] = found

    def table(self) -> ItemTable:
        """All items."""
        if self._table is None:
            self._table = _table_of(list(self._chunks), self._separators)
        return self._table

    def _number(self, chunk: Sequence[Item]) -> int:
        key = tuple(chunk)
        if key not in self._chunks:
            self._chunks[key] = len(self._chunks)
            self._table = None
        return self._chunks[key]


def _table_of(chunks: Sequence[Sequence[Item]], separators: re.Pattern[str]) -> ItemTable:
    items = [item for chunk in chunks for item in chunk]
    words: dict[str, int] = {}
    number = [
        words.setdefault(item.text, len(words)) if item.field < 0 else item.call for item in items
    ]

    def cut_of(item: Item) -> int:
        found = None if item.is_content else separators.search(item.text)
        return len(item.text[: found.end()].encode()) if found else 0

    def small(name: str) -> NDArray[np.int8]:
        return np.array([getattr(item, name) for item in items], dtype=np.int8)

    return ItemTable(
        pa.array(list(words), pa.large_string()),
        np.array([item.field for item in items], dtype=np.int64),
        np.array(number, dtype=np.int64),
        np.array(list(map(cut_of, items)), dtype=np.int64),
        np.array([item.is_content for item in items], dtype=np.bool_),
        small("part"),
        small("lead"),
        small("trail"),
        small("lead_part"),
        small("trail_part"),
        np.cumsum([0, *map(len, chunks)], dtype=np.int64),
    )
