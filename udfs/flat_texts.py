"""Many texts, and the ids of many, each laid end to end in one buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.compiled import compiled

Ids = NDArray[np.int32]
Int = NDArray[np.int64]

_HIGH_BITS = np.uint64(0x8080808080808080)
_WORD, _BLOCK = 8, 512
"""So many bytes are looked at in one go, since most texts have few characters beyond ASCII."""
_FIRST_BYTE = 0xC0
"""The least byte that a character beyond ASCII begins with."""


class Texts(Protocol):
    """Texts, and what of them is to be encoded."""

    @property
    def parts(self) -> FlatTexts:
        """What is to be encoded."""

    @property
    def bounds(self) -> Int:
        """Where each starts were they laid end to end, and where the last ends; texts + 1."""

    def whole(self, found: FlatIds) -> FlatIds:
        """The ids of each text, given those of each of the parts."""

    def between(self, start: int, end: int) -> bytes:
        """The bytes from one place in `bounds` to another in the same text."""

    def __len__(self) -> int: ...

    def __getitem__(self, k: int) -> str: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True)
class FlatTexts:
    """Texts laid end to end, encoded as they are.

    Attributes:
        data: Their UTF-8, bytes, and nothing else.
        bounds: Where each starts in `data`, and where the last ends; texts + 1.
        is_foreign: Which blocks of `data` may hold characters beyond ASCII; None: not known yet.
    """

    data: NDArray[np.uint8]
    bounds: Int
    is_foreign: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> FlatTexts:
        """The texts of a list."""
        encoded = [text.encode() for text in texts]
        bounds = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, k: int) -> str:
        start, end = self.bounds[k : k + 2]
        return self.data[start:end].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return (self[k] for k in range(len(self)))

    @property
    def parts(self) -> FlatTexts:
        """Themselves."""
        return self

    def whole(self, found: FlatIds) -> FlatIds:
        """The ids as they are."""
        return found

    def between(self, start: int, end: int) -> bytes:
        """The bytes from one place in `bounds` to another."""
        return self.data[start:end].tobytes()

    @property
    def foreign_characters(self) -> NDArray[np.uint32]:
        """The code points of all characters beyond ASCII, in order."""
        return self._foreign[0]

    @cached_property
    def _foreign(self) -> tuple[NDArray[np.uint32], Int]:
        """All characters beyond ASCII, and where they begin."""
        is_foreign = self.is_foreign
        if is_foreign is None:
            is_foreign = nothing_known(self.data)
            find_foreign(whole_blocks(self.data), 0, len(self.data), is_foreign)
        n_most = np.count_nonzero(is_foreign) * _BLOCK
        codes, places = np.empty(n_most, np.uint32), np.empty(n_most, np.int64)
        n_found = _fill_foreign(self.data, is_foreign, codes, places)
        return codes[:n_found], places[:n_found]

    def rows_with(self, which: NDArray[np.bool_]) -> list[int]:
        """The texts that hold some of `foreign_characters`; ascending.

        Args:
            which: Those that are looked for; one flag a foreign character.
        """
        places = self._foreign[1][which]
        rows: list[int] = np.unique(np.searchsorted(self.bounds, places, side="right") - 1).tolist()
        return rows

    def as_awkward(self) -> Any:
        """The same buffers as an array of awkward, which holds no Python objects."""
        import awkward as ak

        content = ak.contents.NumpyArray(self.data, parameters={"__array__": "char"})
        offsets = ak.index.Index64(self.bounds)
        texts = ak.contents.ListOffsetArray(offsets, content, parameters={"__array__": "string"})
        return ak.Array(texts)


def nothing_known(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Flags for `FlatTexts.is_foreign` before any block was looked at."""
    return np.ones(-(-len(data) // _BLOCK), np.bool_)


def whole_blocks(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """All blocks but one that is cut off at the end, as `find_foreign` takes them."""
    return data[: len(data) // _BLOCK * _BLOCK].view(np.uint64).reshape(-1, _BLOCK // _WORD)


@compiled
def find_foreign(
    blocks: NDArray[np.uint64], number: int, end: int, is_foreign: NDArray[np.bool_]
) -> int:
    """Which blocks have bytes beyond ASCII: those from a number on that end at or before a place.

    Returns:
        The number of the next block.
    """
    while (number + 1) * _BLOCK <= end:
        bits = np.uint64(0)
        for word in blocks[number]:
            bits |= word
        is_foreign[number] = bits & _HIGH_BITS != 0
        number += 1
    return number


@compiled
def _fill_foreign(
    data: NDArray[np.uint8],
    is_foreign: NDArray[np.bool_],
    codes: NDArray[np.uint32],
    places: Int,
) -> int:
    """Fill in the characters beyond ASCII, and tell how many there are."""
    found = 0
    for number in range(len(is_foreign)):
        if is_foreign[number]:
            for place in range(number * _BLOCK, min((number + 1) * _BLOCK, len(data))):
                if data[place] >= _FIRST_BYTE:
                    codes[found] = _code_at(data[place:])
                    places[found] = place
                    found += 1
    return found


@compiled
def _code_at(data: NDArray[np.uint8]) -> int:
    """The code point of the character beyond ASCII that UTF-8 begins with."""
    first = int(data[0])
    size = 2 + (first >= 0xE0) + (first >= 0xF0)
    code = first & (0x7F >> size)
    for k in range(1, size):
        code = code << 6 | int(data[k]) & 0x3F
    return code


@dataclass(frozen=True)
class FlatIds:
    """Ids of texts laid end to end.

    Attributes:
        ids: n.
        bounds: Where those of each text start, and where the last end; texts + 1.
    """

    ids: Ids
    bounds: Int

    @classmethod
    def of(cls, rows: Sequence[Ids]) -> FlatIds:
        """The ids of a list."""
        bounds = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        return cls(np.concatenate([np.zeros(0, dtype=np.int32), *rows]), bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, k: int) -> Ids:
        return self.ids[self.bounds[k] : self.bounds[k + 1]]

    def with_rows(self, places: Sequence[int], others: FlatIds) -> FlatIds:
        """The same with the ids of some texts replaced."""
        rows = [self[k] for k in range(len(self))]
        for place, k in zip(places, range(len(others)), strict=True):
            rows[place] = others[k]
        return FlatIds.of(rows)
