"""Many texts, and the ids of many, each laid end to end in one buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Int = NDArray[np.int64]

_HIGH_BITS = 0x8080808080808080
_FIRST_BYTE = 0xC0
"""The least byte that a character beyond ASCII begins with."""


@dataclass(frozen=True)
class FlatTexts:
    """Texts laid end to end.

    Attributes:
        data: Their UTF-8, bytes, and nothing else.
        bounds: Where each starts in `data`, and where the last ends; texts + 1.
    """

    data: NDArray[np.uint8]
    bounds: Int

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

    @cached_property
    def foreign_characters(self) -> NDArray[np.uint32]:
        """The code points of all characters beyond ASCII, in order."""
        foreign = self.data[self._foreign_bytes]
        return np.frombuffer(foreign.tobytes().decode().encode("utf-32-le"), dtype="<u4")

    @cached_property
    def _foreign_bytes(self) -> Int:
        """Where the bytes beyond ASCII are, looked for eight at a time: most texts have few."""
        if self.data.max(initial=0) <= 0x7F:
            return np.zeros(0, np.int64)
        n_words = len(self.data) // 8
        is_high = self.data[: 8 * n_words].view(np.uint64) & np.uint64(_HIGH_BITS)
        words = np.flatnonzero(is_high != 0)
        if len(words) > n_words // 8:
            return np.flatnonzero(self.data > 0x7F)
        near = (8 * words[:, None] + np.arange(8)).ravel()
        near = np.append(near, np.arange(8 * n_words, len(self.data)))
        found: Int = near[self.data[near] > 0x7F]
        return found

    def rows_with(self, which: NDArray[np.bool_]) -> list[int]:
        """The texts that hold some of `foreign_characters`; ascending.

        Args:
            which: Those that are looked for; one flag a foreign character.
        """
        places = self._foreign_bytes
        places = places[self.data[places] >= _FIRST_BYTE][which]
        rows: list[int] = np.unique(np.searchsorted(self.bounds, places, side="right") - 1).tolist()
        return rows

    def as_awkward(self) -> Any:
        """The same buffers as an array of awkward, which holds no Python objects."""
        import awkward as ak

        content = ak.contents.NumpyArray(self.data, parameters={"__array__": "char"})
        offsets = ak.index.Index64(self.bounds)
        texts = ak.contents.ListOffsetArray(offsets, content, parameters={"__array__": "string"})
        return ak.Array(texts)


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
