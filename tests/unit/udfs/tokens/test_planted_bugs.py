"""Mask bugs planted in the engine, and the check that catches each.

The name of a test is the bug and, after `by`, the check of `mask_checks` that fails once it is
planted. Every check passes without a bug. `proof` says that the engine itself refuses the row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from trajhouse.udfs import tokenize
from trajhouse.udfs.flat_texts import FlatIds, FlatTexts, Texts
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens import masking, outline, placing, proving, rows, template
from trajhouse.udfs.tokens.masking import TokenParts
from trajhouse.udfs.tokens.policy import ControlTokens, Part, Policy
from trajhouse.udfs.tokens.results import LossRuns, TokenizedRows
from trajhouse.udfs.tokens.stand_ins import Slot
from trajhouse.udfs.tokens.turns import Turn

pytest.register_assert_rewrite("tests.unit.udfs.tokens.mask_checks")
from tests.unit.udfs.tokens.mask_checks import CHECKS, Checks  # noqa: E402

Planter = Callable[["Garden"], None]
STOP_TOKEN = 151645
START_OF_USER = (151644, 872)
HEADER = "<|im_start|>assistant\n"


class Garden:
    """Puts bugs into the engine, wherever a module of it has taken a function in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def plant(self, original: Any, bug: Any) -> None:
        """Everything that is `original` in a module of the engine becomes `bug`."""
        modules = [module for name, module in sys.modules.items() if "trajhouse.udfs" in name]
        places = [
            (module, name)
            for module in modules
            for name, value in vars(module).items()
            if value is original
        ]
        assert places, original
        for module, name in places:
            self._patch.setattr(module, name, bug)


@pytest.fixture
def garden(monkeypatch: pytest.MonkeyPatch) -> Iterator[Garden]:
    """Nothing learnt before a bug is used with it, nor after."""
    template.learn_template.cache_clear()
    yield Garden(monkeypatch)
    monkeypatch.undo()
    template.learn_template.cache_clear()


@pytest.fixture
def checks(
    run_tokenize: Any, qwen3: LoadedTokenizer, with_tiny_vocabulary: Callable[[str], str]
) -> Checks:
    return Checks(run_tokenize, qwen3, with_tiny_vocabulary)


def runs_moved(garden: Garden, at: str, by: int) -> None:
    """The tokens where turns or parts of turns begin or end are others by one."""

    def bug(*args: Any) -> TokenParts:
        found = PARTS_OF_TOKENS(*args)
        before, after = np.append(np.int8(0), found.parts[:-1]) > 0, found.parts > 0
        chosen = {"start": ~before & after, "end": before & ~after, "part": before & after}[at]
        bounds = found.bounds.copy()
        bounds[:-1][chosen] += by
        return replace(found, bounds=bounds)

    garden.plant(PARTS_OF_TOKENS, bug)


def turns_moved(garden: Garden, start: int = 0, end: int = 0) -> None:
    """The characters where the template's turns begin and end are others."""

    def bug(*args: Any) -> list[Turn]:
        turns = MARKED_TURNS(*args)
        return [replace(turn, start=turn.start + start, end=turn.end + end) for turn in turns]

    garden.plant(MARKED_TURNS, bug)


def turns_of(garden: Garden, opening: str) -> None:
    """Each turn is the nearest one before it that opens so."""

    def bug(text: str, *args: Any) -> list[Turn]:
        found = []
        for turn in MARKED_TURNS(text, *args):
            header = text.rfind(opening, found[-1].end if found else 0, turn.header)
            start = header + len(opening)
            is_there = header >= 0
            found.append(Turn(header, start, text.index("<|im_", start)) if is_there else turn)
        return found

    garden.plant(MARKED_TURNS, bug)


def header_swapped(garden: Garden) -> None:
    original = outline.outline_of
    garden.plant(original, lambda *args: original(*args[:-1], not args[-1]))


def parts_mistaken(garden: Garden, is_mistaken: Callable[[Slot], bool]) -> None:
    original = outline.part_of

    def bug(slot: Slot, message: Any) -> Part:
        return Part.ANSWER if is_mistaken(slot) else original(slot, message)

    garden.plant(original, bug)


def mask_changed(garden: Garden, change: Callable[[TokenizedRows, Policy], Any]) -> None:
    """The mask of a batch of rows becomes another before it is written."""
    original = tokenize.tokenize_rows

    def bug(chat_template: Any, examples: Any, policy: Policy) -> TokenizedRows:
        found = original(chat_template, examples, policy)
        mask = np.asarray(change(found, policy), dtype=np.float32)
        each = np.ones(len(mask), np.int32)
        return replace(found, runs=LossRuns(each, mask, found.row_tokens))

    garden.plant(original, bug)


def masked(change: Callable[[TokenizedRows, Policy], Any]) -> Planter:
    return partial(mask_changed, change=change)


def runs_kept(garden: Garden, kept: slice) -> None:
    """Only some of the turns of each row are trained."""

    def change(found: TokenizedRows, _: Policy) -> Any:
        mask = np.zeros_like(found.runs.token_mask())
        for row in range(len(found)):
            first, last = found.row_tokens[row : row + 2]
            edges = np.diff(found.runs.token_mask()[first:last], prepend=0, append=0)
            starts, ends = np.flatnonzero(edges == 1)[kept], np.flatnonzero(edges == -1)[kept]
            for start, end in zip(starts, ends, strict=True):
                mask[first + start : first + end] = 1
        return mask

    mask_changed(garden, change)


def users_trained(found: TokenizedRows, _: Policy) -> Any:
    opens = (found.ids[:-1] == START_OF_USER[0]) & (found.ids[1:] == START_OF_USER[1])
    mask = found.runs.token_mask().copy()
    for start in np.flatnonzero(opens):
        mask[start + 3 : start + np.argmax(found.ids[start:] == STOP_TOKEN) + 2] = 1
    return mask


def shifted_where_text(found: TokenizedRows, policy: Policy) -> Any:
    is_text = policy.control_tokens is ControlTokens.TEXT
    return np.roll(found.runs.token_mask(), 1) if is_text else found.runs.token_mask()


def characters_for_bytes(garden: Garden) -> None:
    """Pieces end at their number of characters, tokens at their number of bytes."""

    def bug(pieces: Any, *args: Any) -> TokenParts:
        data = np.frombuffer("".join(pieces.texts).encode(), np.uint8)
        n_chars = np.append(0, np.cumsum((data & 0xC0) != 0x80))
        return PARTS_OF_TOKENS(replace(pieces, ends=n_chars[pieces.ends]), *args)

    garden.plant(PARTS_OF_TOKENS, bug)


def prefixes_encoded_alone(garden: Garden) -> None:
    """What stands before an answer is encoded for itself, as a prefix rendered alone is."""
    original = placing.encode_placed

    def bug(tokenizer: LoadedTokenizer, texts: Texts) -> Any:
        return original(replace(tokenizer, encoder=Alone(tokenizer.encoder)), texts)

    garden.plant(original, bug)


class Alone:
    """Encodes texts cut after each header of the assistant."""

    def __init__(self, encoder: Any) -> None:
        self._encoder, self.name = encoder, encoder.name

    def encode(self, texts: Texts) -> FlatIds:
        def ids(text: str) -> Any:
            cut = text.replace(HEADER, f"{HEADER}\0").split("\0")
            return self._encoder.encode(FlatTexts.of(cut)).ids

        return FlatIds.of([ids(text) for text in texts])


PARTS_OF_TOKENS, MARKED_TURNS = masking.parts_of_tokens, rows.marked_turns
BUGS: dict[str, tuple[Planter, str]] = {
    "turn-starts-a-token-early": (partial(runs_moved, at="start", by=-1), "transformers"),
    "turn-starts-a-token-late": (partial(runs_moved, at="start", by=1), "transformers"),
    "turn-ends-a-token-early": (partial(runs_moved, at="end", by=-1), "transformers"),
    "turn-ends-a-token-late": (partial(runs_moved, at="end", by=1), "transformers"),
    "turn-starts-a-character-early": (partial(turns_moved, start=-1), "transformers"),
    "turn-starts-a-character-late": (partial(turns_moved, start=1), "proof"),
    "turn-ends-before-its-stop-token": (partial(turns_moved, end=-11), "proof"),
    "turn-ends-inside-its-stop-token": (partial(turns_moved, end=-2), "proof"),
    "newline-after-stop-left-out": (partial(turns_moved, end=-1), "transformers"),
    "newline-after-stop-left-in": (partial(turns_moved, end=1), "newline_out"),
    "user-trained": (partial(turns_of, opening="<|im_start|>user\n"), "proof"),
    "system-trained": (partial(turns_of, opening="<|im_start|>system\n"), "proof"),
    "tool-output-trained": (partial(turns_of, opening="<tool_response>\n"), "proof"),
    "user-trained-after-the-proof": (masked(users_trained), "properties"),
    "header-in-instead-of-out": (header_swapped, "hand"),
    "header-out-instead-of-in": (header_swapped, "header_in"),
    "stop-token-not-trained": (
        masked(lambda found, _: found.runs.token_mask() * (found.ids != STOP_TOKEN)),
        "properties",
    ),
    "shifted-after-control-token-in-content": (masked(shifted_where_text), "content"),
    "shifted-by-a-multi-byte-character": (characters_for_bytes, "transformers"),
    "only-last-turn": (partial(runs_kept, kept=slice(-1, None)), "transformers"),
    "only-first-turn": (partial(runs_kept, kept=slice(1)), "transformers"),
    "first-turn-lost": (partial(runs_kept, kept=slice(1, None)), "transformers"),
    "reasoning-counted-as-answer": (
        partial(parts_mistaken, is_mistaken=lambda slot: slot.field == "reasoning_content"),
        "parts",
    ),
    "neighbouring-call-counted-as-answer": (
        partial(parts_mistaken, is_mistaken=lambda slot: slot.call == 1),
        "parts",
    ),
    "weights-swapped": (lambda garden: garden.plant(proving.PARTS, proving.PARTS[::-1]), "parts"),
    "part-starts-a-token-early": (partial(runs_moved, at="part", by=-1), "parts"),
    "part-starts-a-token-late": (partial(runs_moved, at="part", by=1), "parts"),
    "prefixes-encoded-alone": (prefixes_encoded_alone, "transformers"),
    "control-token-in-content-unnoticed": (
        lambda garden: garden.plant(masking.control_faults, lambda *_: {}),
        "content",
    ),
    "shifted-right": (masked(lambda found, _: np.roll(found.runs.token_mask(), 1)), "properties"),
    "shifted-left": (masked(lambda found, _: np.roll(found.runs.token_mask(), -1)), "properties"),
    "inverted": (masked(lambda found, _: 1 - found.runs.token_mask()), "hand"),
    "everything-trained": (masked(lambda found, _: found.runs.token_mask() | 1), "properties"),
}

PROOFS = {
    BUGS[bug][0]: detail
    for bug, detail in {
        "turn-starts-a-character-late": "a turn begins within a token",
        "turn-ends-before-its-stop-token": "a trained turn does not end with a stop token",
        "turn-ends-inside-its-stop-token": "a trained turn does not end with a stop token",
        "user-trained": "a trained turn holds the content of message 2",
        "system-trained": "a trained turn holds the content of message 1",
        "tool-output-trained": "a trained turn holds the content of message 7",
    }.items()
}
"""What the engine says to bugs that its own proof finds."""


@pytest.mark.parametrize("check", CHECKS)
def test_check_passes_without_a_bug(check: str, checks: Checks) -> None:
    getattr(checks, check)()


@pytest.mark.parametrize(
    ("plant", "check"), BUGS.values(), ids=[f"{bug}-by-{by}" for bug, (_, by) in BUGS.items()]
)
def test_planted_bug_is_caught(plant: Planter, check: str, garden: Garden, checks: Checks) -> None:
    plant(garden)
    with pytest.raises(AssertionError, match=PROOFS.get(plant)):
        getattr(checks, check)()
