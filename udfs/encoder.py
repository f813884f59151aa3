"""Encoding many texts at once: by gigatoken where it is proven equal to `tokenizers`, else by that.

gigatoken is some hundred times faster. It is proven when a tokenizer is loaded (a probe text with
every added token), for each character before a text that holds it is trusted to it, and on a
sample of the texts themselves. Characters that are newer than this Python's Unicode tables are not
trusted: the two libraries follow different versions of Unicode there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cached_property
from threading import Lock, local
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trajhouse.cli.errors import TrajhouseError, UsageFault
from trajhouse.udfs.flat_texts import FlatIds, FlatTexts, Texts
from trajhouse.udfs.sampling import Sample
from trajhouse.udfs.separators import separators
from trajhouse.udfs.word_patterns import any_of

ENCODER_VARIABLE = "TRAJHOUSE_ENCODER"
ENCODERS = ("gigatoken", "tokenizers")

_UNKNOWN, _PROVEN, _DISTRUSTED = 0, 1, 2
_N_CODE_POINTS = 0x110000
_CONTEXTS = ("{}", "a{}", "{}a", " {}", "{} ", "1{}", "{}1", ".{}", "{}.", "\n{}", "{}\n", "{0}{0}")
_CHECK_AT_LEAST_EVERY = 1024
_CHECKED_CHARACTERS = 4096
"""Of a longer text so many are checked: the reference takes two hundred times as long."""
_GOLDEN = 0.618034


_THREAD = local()


def encode_alone() -> None:
    """From now on this thread encodes by itself: others beside it, one a core, do the same."""
    _THREAD.encodes_alone = True


class Encoder(Protocol):
    """Encodes texts without adding special tokens."""

    name: str

    @property
    def separators(self) -> re.Pattern[str]:
        """Matches tokens behind which texts can be cut; nothing where that is of no use."""

    def prepare(self, n_threads: int) -> None:
        """Make ahead what so many threads need to encode at a time."""

    def encode(self, texts: Texts) -> FlatIds:
        """The ids of each text."""


class ReferenceEncoder:
    """The `tokenizers` library, on all cores."""

    name = "tokenizers"
    separators = any_of([])

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def prepare(self, n_threads: int) -> None:
        """Nothing: one tokenizer lets in all threads."""

    def encode(self, texts: Texts) -> FlatIds:
        """The ids of each text."""
        encodings = self._backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return FlatIds.of([np.array(encoding.ids, dtype=np.int32) for encoding in encodings])


class GigatokenEncoder:
    """gigatoken, with the reference at its side.

    Args:
        backend: The `tokenizers.Tokenizer` that it has to equal.
        make: Makes gigatoken's tokenizer of the same definition.
    """

    name = "gigatoken"

    def __init__(self, backend: Any, make: Callable[[], Any]) -> None:
        self._reference = ReferenceEncoder(backend)
        self._make = make
        self._idle = [make()]
        self._characters = np.zeros(_N_CODE_POINTS, dtype=np.uint8)
        self._sample = Sample(_CHECK_AT_LEAST_EVERY)
        self._one_at_a_time = Lock()
        self._added = {token.content for token in backend.get_added_tokens_decoder().values()}
        self._any_added = any_of(self._added)
        self._spread = 0.0

    @cached_property
    def separators(self) -> re.Pattern[str]:
        """Matches added tokens behind which a text can be cut without a change of its ids."""
        return separators(self._added, self.encode_unchecked, self._reference.encode)

    def prepare(self, n_threads: int) -> None:
        """Make ahead what so many threads need to encode at a time: a tokenizer each (0.3 s)."""
        self._idle += [self._make() for _ in range(n_threads - len(self._idle))]

    def encode(self, texts: Texts) -> FlatIds:
        """The ids of each text.

        Raises:
            TrajhouseError: The two differ on a text of the sample.
        """
        parts = texts.parts
        found = self.encode_unchecked(parts)
        distrusted = self._distrusted(parts)
        if distrusted:
            reference = self._reference.encode(FlatTexts.of([parts[k] for k in distrusted]))
            found = found.with_rows(distrusted, reference)
        whole = texts.whole(found)
        self._check_sample(texts, whole)
        return whole

    def encode_unchecked(self, texts: FlatTexts) -> FlatIds:
        """The ids of each text by gigatoken alone.

        One tokenizer of it lets in one caller at a time, so each caller gets one of its own.
        """
        if not len(texts):
            return FlatIds.of([])
        from gigatoken._parallel import resolve_parallel

        # No lock: a forked process must not wait for a thread that it does not have.
        try:
            fast = self._idle.pop()
        except IndexError:
            fast = self._make()
        is_parallel = resolve_parallel(None) and not getattr(_THREAD, "encodes_alone", False)
        layout = fast.encode_batch(texts.as_awkward(), parallel=is_parallel).layout
        self._idle.append(fast)
        offsets = np.asarray(layout.offsets, dtype=np.int64)
        ids = np.asarray(layout.content.data)[offsets[0] : offsets[-1]]
        return FlatIds(ids.view(np.int32), offsets - offsets[0])

    def _distrusted(self, texts: FlatTexts) -> list[int]:
        """The texts with a character on which the two are not proven to agree."""
        codes = texts.foreign_characters
        with self._one_at_a_time:
            states = self._characters[codes]
            if (states == _UNKNOWN).any():
                self._prove(np.unique(codes[states == _UNKNOWN]))
                states = self._characters[codes]
        is_distrusted = states == _DISTRUSTED
        return texts.rows_with(is_distrusted) if is_distrusted.any() else []

    def _prove(self, codes: NDArray[np.uint32]) -> None:
        """Encode each character in several contexts by both, and remember how it went."""
        characters = [chr(code) for code in codes]
        assigned = [char for char in characters if unicodedata.category(char) not in ("Cn", "Cs")]
        texts = FlatTexts.of([context.format(char) for char in assigned for context in _CONTEXTS])
        expected, found = self._reference.encode(texts), self.encode_unchecked(texts)
        same = [np.array_equal(found[k], expected[k]) for k in range(len(texts))]
        self._characters[codes] = _DISTRUSTED
        for number, char in enumerate(assigned):
            if all(same[number * len(_CONTEXTS) : (number + 1) * len(_CONTEXTS)]):
                self._characters[ord(char)] = _PROVEN

    def _check_sample(self, texts: Texts, found: FlatIds) -> None:
        for place in self._sample.places(len(texts)):
            text, ids = texts[place], found[place]
            if len(text) > _CHECKED_CHARACTERS and self._agree_in_part(text, ids):
                continue
            if not np.array_equal(ids, self._reference_ids(text)):
                raise TrajhouseError(
                    "gigatoken and tokenizers give different ids",
                    f"for a text of {len(text):,} characters",
                    f"set {ENCODER_VARIABLE}=tokenizers and build again",
                )

    def _agree_in_part(self, text: str, ids: NDArray[np.int32]) -> bool:
        """Whether the ids of some of a text are right: from one added token to another."""
        self._spread = (self._spread + _GOLDEN) % 1
        first = self._any_added.search(text, int(self._spread * len(text)))
        if first is None:
            return False
        last = self._any_added.search(text, first.start() + _CHECKED_CHARACTERS)
        part = text[first.start() : last.end() if last else len(text)]
        expected = self._reference_ids(part)
        places = np.flatnonzero(ids == expected[0])
        number = text.count(first[0], 0, first.start())
        if number >= len(places):
            return False
        start = places[number]
        return np.array_equal(ids[start : start + len(expected)], expected)

    def _reference_ids(self, text: str) -> NDArray[np.int32]:
        return self._reference.encode(FlatTexts.of([text])).ids


def make_encoder(backend: Any, probe: str, wanted: str | None = None) -> Encoder:
    """The fastest encoder that equals the tokenizer.

    Args:
        backend: A `tokenizers.Tokenizer`.
        probe: A text on which it has to equal; with all added tokens in it.
        wanted: One of `ENCODERS`, and no other.

    Raises:
        UsageFault: `wanted` is no encoder, or is gigatoken, which does not equal the tokenizer.
    """
    if wanted is not None and wanted not in ENCODERS:
        raise UsageFault(
            f"{ENCODER_VARIABLE}={wanted!r} is no encoder",
            f"the encoders are {', '.join(ENCODERS)}",
            f"unset {ENCODER_VARIABLE} to take the fastest that is proven",
        )
    reference = ReferenceEncoder(backend)
    encoder = None if wanted == "tokenizers" else _load_gigatoken(backend)
    if encoder is not None:
        probes = FlatTexts.of([probe])
        if np.array_equal(encoder.encode_unchecked(probes)[0], reference.encode(probes)[0]):
            return encoder
    if wanted == "gigatoken":
        raise UsageFault(
            f"{ENCODER_VARIABLE}=gigatoken cannot be used",
            "it cannot read this tokenizer, or does not equal it on a probe text",
            f"unset {ENCODER_VARIABLE}",
        )
    return reference


def _load_gigatoken(backend: Any) -> GigatokenEncoder | None:
    """Gigatoken with what it makes of the same definition; None where it does not take it."""
    from gigatoken.gigatoken_rs import load_hf_json

    definition = backend.to_str()
    try:
        return GigatokenEncoder(backend, lambda: load_hf_json(definition))
    except (ValueError, RuntimeError):
        return None
