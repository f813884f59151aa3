"""What each id of a vocabulary is: how many bytes of text, blank or not, control token or not."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.made_once import made_once
from trajhouse.udfs.tokenizer import LoadedTokenizer

_CLOSING_TAG = re.compile(r"</[^<>\s]+>")
_BLANK_LETTERS = frozenset("ĠĊĉčċČ")
"""Space, newline, tab, return, vertical tab, form feed: so byte-level vocabularies print them."""
_BLANK_PIECES = re.compile(r"[▁\s]+|<0x(20|0A|09|0D)>")
"""White space as other vocabularies print it."""


@dataclass(frozen=True)
class Vocabulary:
    """Facts of each id; one element an id.

    Attributes:
        n_bytes: How many bytes of text it stands for; None where ids do not stand for bytes.
        is_control: Whether it is a control token.
        can_stop: Whether it is a control token that can end a turn: no closing tag, unless it is
            the tokenizer's own end token.
        is_blank: Whether it stands for white space alone.
    """

    n_bytes: NDArray[np.unsignedinteger] | None
    is_control: NDArray[np.bool_]
    can_stop: NDArray[np.bool_]
    is_blank: NDArray[np.bool_]

    def controls(self, ids: NDArray[np.int32]) -> Int:
        """Where control tokens are.

        Raises:
            IndexError: An id is beyond the vocabulary.
        """
        return np.flatnonzero(self.is_control[ids.view(np.uint32)])


@made_once(maxsize=16)
def vocabulary_of(tokenizer: LoadedTokenizer) -> Vocabulary:
    """The facts of a tokenizer's vocabulary."""
    is_control = tokenizer.is_control
    can_stop = is_control.copy()
    end = tokenizer.template_variables.get("eos_token")
    for text, number in tokenizer.control_ids.items():
        can_stop[number] = text == end or not _CLOSING_TAG.fullmatch(text)
    is_blank = np.zeros(len(is_control), dtype=np.bool_)
    is_byte_level = _is_byte_level(tokenizer)
    n_bytes = np.zeros(len(is_control), dtype=np.int32)
    for text, number in tokenizer.vocabulary.items():
        n_bytes[number] = len(text)
        is_blank[number] = (
            _BLANK_LETTERS.issuperset(text) if is_byte_level else _BLANK_PIECES.fullmatch(text)
        )
    for number, token in tokenizer.backend.get_added_tokens_decoder().items():
        n_bytes[number] = len(token.content.encode())
        is_blank[number] = token.content.isspace()
    small = n_bytes.astype(np.min_scalar_type(n_bytes.max(initial=0)))
    return Vocabulary(small if is_byte_level else None, is_control, can_stop, is_blank)


def _is_byte_level(tokenizer: LoadedTokenizer) -> bool:
    """Whether a token's letters are the bytes of its text, and the text is at most normalised."""
    decoder = _state_of(tokenizer.backend.decoder)
    normalizer = _state_of(tokenizer.backend.normalizer) or {"type": "NFC"}
    return decoder.get("type") == "ByteLevel" and normalizer.get("type") == "NFC"


def _state_of(component: Any) -> dict[str, Any]:
    """A part of the encoder as its JSON tells it; empty where the encoder has none."""
    state: dict[str, Any] = {} if component is None else json.loads(component.__getstate__())
    return state
