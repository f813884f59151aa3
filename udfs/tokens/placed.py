"""Tokens with their places in the bytes of the renders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokens.token_places import TokenPlaces


@dataclass(frozen=True)
class Placed:
    """The tokens of rows, laid end to end.

    Attributes:
        ids: n.
        controls: Which of them are control tokens; ascending.
        control_starts, control_ends: Where each of these lies in the bytes of the renders.
        places: Where each token lies there.
        row_tokens: Where the tokens of each row start, and their number; rows + 1.
        unplaced: By row, why its places are not known.
    """

    ids: NDArray[np.int32]
    controls: Int
    control_starts: Int
    control_ends: Int
    places: TokenPlaces
    row_tokens: Int
    unplaced: dict[int, str]
