"""Renders conversations without Jinja where every context of theirs has been learnt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import TemplateSyntaxError

from trajhouse.cli.errors import UsageFault
from trajhouse.udfs.flat_texts import Int, Texts
from trajhouse.udfs.made_once import made_once
from trajhouse.udfs.sampling import Sample
from trajhouse.udfs.sums import sums_before
from trajhouse.udfs.tokens.assembly.assembling import assemble
from trajhouse.udfs.tokens.assembly.chunks import (
    UnlearnableError,
    in_probes,
    learn_chunks,
    require_tools_near,
)
from trajhouse.udfs.tokens.assembly.columns import (
    FIELDS,
    MESSAGE_FIELDS,
    NAME_FIELDS,
    MessageColumns,
    has_known_fields,
    read_columns,
)
from trajhouse.udfs.tokens.assembly.contexts import Contexts, Contextualizer
from trajhouse.udfs.tokens.assembly.learned import UNKNOWN, LearnedChunks
from trajhouse.udfs.tokens.assembly.probing import is_local
from trajhouse.udfs.tokens.assembly.triggers import Triggers, triggers_of
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.flat import FlatPieces, flat_pieces
from trajhouse.udfs.tokens.policy import Policy, RejectedError
from trajhouse.udfs.tokens.rows import pieces_of
from trajhouse.udfs.tokens.template import ChatTemplate

RENDERER_VARIABLE = "TRAJHOUSE_RENDERER"
ASSEMBLY, JINJA = "assembly", "jinja"

_MOST_FAILURES = 64
_TRIED_FREELY = 128
_ROWS_PER_TRY = 4
"""After those tried freely, one row in so many may be learnt from, or it costs too much."""
_CHECK_AT_LEAST_EVERY = 4096


@dataclass(frozen=True)
class _KnownRows:
    """Rows all of whose chunks are known.

    Attributes:
        rows: Which rows they are; ascending.
        messages: Their messages.
        columns: The same, as columns.
        chunks: The chunk of each message.
        ends: The chunk after the last text of each row.
    """

    rows: Int
    messages: pa.ListArray
    columns: MessageColumns
    chunks: Int
    ends: Int

    def without(self, is_left: np.ndarray) -> _KnownRows:
        """Those that are not left out, of which there are some."""
        if not is_left.any():
            return self
        kept = np.flatnonzero(~is_left)
        messages = self.messages.take(pa.array(kept))
        chunks = self.chunks[~is_left[self.columns.rows_of_messages()]]
        return _KnownRows(
            self.rows[kept], messages, read_columns(messages), chunks, self.ends[kept]
        )


@dataclass(frozen=True)
class AssembledRows:
    """Renders of some rows of a batch.

    Attributes:
        pieces: Their pieces.
        rows: Which rows they are; ascending.
        learned: Those of them that something was learnt from.
    """

    pieces: FlatPieces
    rows: list[int]
    learned: set[int]


class Assembler:
    """Assembles the renders of one template under one policy, and learns as it goes.

    Attributes:
        can_learn: Whether the template looks for nothing that is in what it is learnt from, nor for
            a text in another.
    """

    def __init__(self, template: ChatTemplate, policy: Policy) -> None:
        self._template = template
        self._policy = policy
        self._contextualizer = Contextualizer()
        self._learned = LearnedChunks(template.tokenizer.encoder.separators)
        self._n_tried = self._n_failures = self._n_rendered = 0
        self._one_at_a_time = Lock()
        self._sample = Sample(_CHECK_AT_LEAST_EVERY)
        triggers = _triggers_of(template)
        self._triggers = _uncovered(triggers, template)
        self.can_learn = not any(in_probes(word) for word, _ in self._triggers)
        self.can_learn &= not any(one.compares_texts for one in triggers)

    def sample(self, rows: Sequence[int]) -> set[int]:
        """Which of the rows to render by the template as well."""
        return {rows[place] for place in self._sample.places(len(rows))}

    def render(self, examples: Examples) -> AssembledRows | None:
        """The renders of the rows whose contexts are known, after learning those that are not.

        Args:
            examples: The rows.

        Returns:
            None where none can be assembled.
        """
        most = _MOST_FAILURES + self._n_rendered // _ROWS_PER_TRY
        if self._n_failures >= most or not has_known_fields(examples.messages):
            return None
        columns = read_columns(examples.messages)
        is_left = columns.is_odd | self._triggered(columns)
        if self._template.takes_objects:
            is_left |= _has_calls(columns)
        with self._one_at_a_time:
            found = self._contextualizer.contexts(columns, examples.tools, examples.trained_from)
            is_left |= found.is_odd
            chunks, ends, learned = self._chunks_of(examples, columns, found, is_left)
            table = self._learned.table()
        is_left |= _any_by_row(columns, chunks == UNKNOWN)
        if is_left.all():
            return None
        known = _KnownRows(np.arange(len(examples)), examples.messages, columns, chunks, ends)
        known = known.without(is_left)
        assembled = assemble(known.columns, known.chunks, known.ends, table)
        if assembled.is_unclear.all():
            return None
        if assembled.is_unclear.any():
            known = known.without(assembled.is_unclear)
            assembled = assemble(known.columns, known.chunks, known.ends, table)
        rows = known.rows.tolist()
        self._n_rendered += len(rows)
        return AssembledRows(assembled.pieces, rows, learned & set(rows))

    def _chunks_of(
        self,
        examples: Examples,
        columns: MessageColumns,
        contexts: Contexts,
        is_left: np.ndarray,
    ) -> tuple[Int, Int, set[int]]:
        """The chunk of each message and the one after each row, and the rows learnt from."""
        tried: set[int] = set()
        learned: set[int] = set()
        last = np.maximum(columns.row_messages[1:] - 1, 0)
        while True:
            chunks, ends = self._learned.find(contexts.keys)
            unknown = _any_by_row(columns, chunks == UNKNOWN) & ~is_left
            row = next((int(row) for row in np.flatnonzero(unknown) if row not in tried), None)
            most = _TRIED_FREELY + self._n_rendered // _ROWS_PER_TRY
            if row is None or self._n_tried >= most:
                return chunks, ends[last] if len(ends) else ends, learned
            tried.add(row)
            self._n_tried += 1
            if self._learn(examples, row, contexts, slice(*columns.row_messages[row : row + 2])):
                learned.add(row)

    def _learn(self, examples: Examples, row: int, contexts: Contexts, messages: slice) -> bool:
        """Whether something could be learnt from a row, which has these of all messages."""
        try:
            chunks = learn_chunks(self._template, examples.conversations([row])[0], self._policy)
            require_tools_near(chunks, contexts.near_tools[messages].tolist())
        except (RejectedError, UnlearnableError):
            self._n_failures += 1
            return False
        self._learned.add(contexts.keys[messages].tolist(), chunks)
        return True

    def _triggered(self, columns: MessageColumns) -> np.ndarray:
        """Rows with a text in which the template looks for something, and finds it."""
        is_found = np.zeros(columns.n_rows, dtype=np.bool_)
        message_rows = columns.rows_of_messages()
        call_rows = np.repeat(message_rows, np.diff(columns.message_calls))
        for trigger, fields in self._triggers:
            for field in fields:
                texts = columns.texts[field]
                holds = pc.fill_null(pc.match_substring(texts, trigger), False)
                holds = holds.to_numpy(zero_copy_only=False)
                rows = message_rows if field in MESSAGE_FIELDS else call_rows
                is_found[rows[holds]] = True
        return is_found


def assembler_of(template: ChatTemplate, policy: Policy) -> Assembler | None:
    """The assembler of a template and a policy; None where the template itself is to render.

    Raises:
        UsageFault: TRAJHOUSE_RENDERER names no renderer.
    """
    wanted = os.environ.get(RENDERER_VARIABLE) or ASSEMBLY
    if wanted not in (ASSEMBLY, JINJA):
        raise UsageFault(
            f"{RENDERER_VARIABLE}={wanted!r} is no renderer",
            f"the renderers are {ASSEMBLY} and {JINJA}",
            f"unset {RENDERER_VARIABLE} to take the faster where it is proven",
        )
    return _assembler_of(template, policy) if wanted == ASSEMBLY else None


@made_once(maxsize=16)
def _assembler_of(template: ChatTemplate, policy: Policy) -> Assembler | None:
    try:
        assembler = Assembler(template, policy)
    except TemplateSyntaxError:
        return None

    def assembled(examples: Examples) -> Texts | None:
        rows = assembler.render(examples)
        return None if rows is None else rows.pieces.texts

    def expected(examples: Examples) -> Texts | None:
        try:
            pieces = pieces_of(template, examples.conversations([0])[0], policy)
        except RejectedError:
            return None
        return flat_pieces([pieces]).texts

    return assembler if assembler.can_learn and is_local(assembled, expected) else None


def _triggers_of(template: ChatTemplate) -> list[Triggers]:
    """What the template looks for, without tools and with them."""
    source = template.tokenizer.reference.get_chat_template
    return [triggers_of(source(None, None)), triggers_of(source(None, [{}]))]


def _uncovered(
    triggers: Sequence[Triggers], template: ChatTemplate
) -> list[tuple[str, Sequence[str]]]:
    """What a template looks for, and in which fields.

    But for control tokens, which no text may hold.
    """
    texts = {word for one in triggers for word in one.texts}
    names = {word for one in triggers for word in one.names}
    found: list[tuple[str, Sequence[str]]] = [(word, FIELDS) for word in sorted(texts)]
    found += [(word, NAME_FIELDS) for word in sorted(names - texts)]
    return [(word, fields) for word, fields in found if not template.control.search(word)]


def _has_calls(columns: MessageColumns) -> np.ndarray:
    return _any_by_row(columns, np.diff(columns.message_calls) > 0)


def _any_by_row(columns: MessageColumns, flags: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.diff(sums_before(flags)[columns.row_messages]) > 0
    return found
