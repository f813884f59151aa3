"""Examples to token ids, loss mask and weights, proven row by row.

A conversation is rendered whole by its tokenizer's chat template; its ids are those of that render.
A row whose ids or mask cannot be proven right is not given, and says why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.cli.cores import count_cores
from trajhouse.udfs.encoder import encode_alone
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.policy import Policy, parse_policy
from trajhouse.udfs.tokens.template import ChatTemplate, learn_template, tokenizer_under
from trajhouse.udfs.tokens.token_columns import TOKENIZED_TYPE, token_columns
from trajhouse.udfs.tokens.tokenizing import tokenize_rows

Rows: TypeAlias = pa.Table | pa.RecordBatch
_BYTES_PER_SLICE = 12_000_000
_MOST_ROWS_PER_SLICE = 3072
_AHEAD = 1
"""So many slices may be tokenized before any is asked for, besides one a core."""


def tokenize_examples(examples: Rows) -> pa.ChunkedArray:
    """Token ids, loss mask and weights of each example.

    Args:
        examples: n rows with the columns `chat_messages`, list<struct> as in the mart sft_messages
            with arguments of calls as JSON text; `tools`, string, the declared tools as a JSON list
            or null; `trained_from`, int32, the first message whose turn may be trained;
            `tokenizer`, string, as `load_tokenizer` takes it; `policy`, string, as `parse_policy`.

    Returns:
        TOKENIZED_TYPE, n rows. `reason` is null where the row is proven; otherwise it is a code of
        `Reason`, `detail` tells more, and ids, mask, weights and counts are null.
        `loss_weight` is null where the policy asks for no weights. `turn_ends`: the number of
        tokens up to the end of each trained turn of the assistant.

    Raises:
        CannotOpen: A tokenizer or a chat template cannot be loaded.
        UsageFault: A policy has unknown words, or no date for a template that prints one.
    """
    found = [tokens for _, tokens in tokenize_batches([examples])]
    return pa.chunked_array(found, TOKENIZED_TYPE)


def tokenize_batches(
    batches: Iterable[Rows], type_: pa.StructType = TOKENIZED_TYPE
) -> Iterator[tuple[Rows, pa.StructArray]]:
    """The examples of batches as `tokenize_examples` gives them, slice by slice, in order.

    Slices are tokenized on all cores, some of them ahead of what has been taken.

    Args:
        batches: As for `tokenize_examples`.
        type_: TOKENIZED_TYPE or STORED_TYPE.

    Yields:
        A slice of a batch, and the tokens of its rows.
    """
    n_cores = count_cores()
    with ThreadPoolExecutor(n_cores, initializer=encode_alone) as threads:
        ahead: deque[tuple[Rows, Future[pa.StructArray]]] = deque()
        for rows, template, examples, policy in _slices(batches):
            ahead.append((rows, threads.submit(_tokenize_slice, template, examples, policy, type_)))
            if len(ahead) > n_cores + _AHEAD:
                rows, tokens = ahead.popleft()
                yield rows, tokens.result()
        for rows, tokens in ahead:
            yield rows, tokens.result()


def _slices(batches: Iterable[Rows]) -> Iterator[tuple[Rows, ChatTemplate, Examples, Policy]]:
    for batch in batches:
        for rows in batch.to_batches() if isinstance(batch, pa.Table) else [batch]:
            yield from _slices_of(rows)


def _slices_of(batch: pa.RecordBatch) -> Iterator[tuple[Rows, ChatTemplate, Examples, Policy]]:
    messages, tools = batch.column("chat_messages"), batch.column("tools")
    trained_from = batch.column("trained_from").to_numpy().tolist()
    specs, of_spec = _distinct(batch.column("tokenizer"))
    policies, of_policy = _distinct(batch.column("policy"))
    most = _rows_per_slice(messages)
    for start, stop in pairwise(_runs(of_spec, of_policy)):
        policy = parse_policy(policies[of_policy[start]])
        loaded = tokenizer_under(policy, specs[of_spec[start]])
        loaded.require_date()
        template = learn_template(loaded)
        for first, last in pairwise(_cut(start, stop, most)):
            size = last - first
            known, which = _distinct(tools.slice(first, size))
            declared = [known[number] for number in which.tolist()]
            examples = Examples(messages.slice(first, size), declared, trained_from[first:last])
            yield batch.slice(first, size), template, examples, policy


def _distinct(texts: pa.StringArray) -> tuple[list[Any], NDArray[np.int32]]:
    """The distinct texts, and which of them each text is: most rows have the same."""
    encoded = texts.cast(pa.string()).dictionary_encode(null_encoding="encode")
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()


def _runs(*numbers: NDArray[np.int32]) -> list[int]:
    """Where runs of rows with the same numbers start, and the number of rows."""
    is_other = np.logical_or.reduce([np.diff(each) != 0 for each in numbers])
    n_rows = len(numbers[0])
    return [0, *(np.flatnonzero(is_other) + 1).tolist(), n_rows] if n_rows else [0]


def _tokenize_slice(
    template: ChatTemplate, examples: Examples, policy: Policy, type_: pa.StructType
) -> pa.StructArray:
    rows = tokenize_rows(template, examples, policy)
    return token_columns(rows, template.tokenizer, policy, type_)


def _rows_per_slice(messages: pa.ListArray) -> int:
    """So many that what is done once a slice takes little beside what is done for its rows."""
    average = messages.nbytes / max(len(messages), 1)
    return max(1, min(_MOST_ROWS_PER_SLICE, int(_BYTES_PER_SLICE / max(average, 1))))


def _cut(start: int, stop: int, most: int) -> list[int]:
    """Where slices start, and the end; ever smaller ones, so that all cores end about together."""
    least = -(-most // 4)
    bounds = [start]
    while bounds[-1] < stop:
        left = stop - bounds[-1]
        size = min(most, max(least, left // count_cores()))
        is_last = left <= most and left - size < least
        bounds.append(stop if is_last else bounds[-1] + size)
    return bounds
