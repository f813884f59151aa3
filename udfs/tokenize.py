"""Examples to token ids, labels, loss mask and weights, proven row by row.

A conversation is rendered whole by its tokenizer's chat template and encoded once. A row whose ids
or mask cannot be proven right is not given, and says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from trajhouse.udfs.tokenizer import load_tokenizer
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.policy import Policy, RejectedError, parse_policy
from trajhouse.udfs.tokens.template import ChatTemplate, learn_template
from trajhouse.udfs.tokens.tokenizing import Tokens, tokenize_rows

TOKENIZED_TYPE = pa.struct(
    [
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("loss_mask", pa.list_(pa.int8())),
        ("loss_weight", pa.list_(pa.float32())),
        ("turn_ends", pa.list_(pa.int32())),
        ("n_tokens", pa.int32()),
        ("n_trained_tokens", pa.int32()),
        ("tokenizer", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("renderer", pa.string()),
        ("encoder", pa.string()),
    ]
)
IGNORED_LABEL = -100

_ROWS_PER_SLICE = 64
_LONGEST_DETAIL = 500


def tokenize_examples(examples: pa.Table | pa.RecordBatch) -> pa.ChunkedArray:
    """Token ids, labels, loss mask and weights of each example.

    Args:
        examples: n rows with the columns `chat_messages`, list<struct> as in the mart sft_messages
            with arguments of calls as JSON text; `tools`, string, the declared tools as a JSON list
            or null; `trained_from`, int32, the first message whose turn may be trained;
            `tokenizer`, string, as `load_tokenizer` takes it; `policy`, string, as `parse_policy`.

    Returns:
        TOKENIZED_TYPE, n rows. `reason` is null where the row is proven; otherwise it is a code of
        `Reason`, `detail` tells more, and ids, labels, mask, weights and counts are null.
        `loss_weight` is null where the policy asks for no weights. `turn_ends`: the number of
        tokens up to the end of each trained turn of the assistant.

    Raises:
        CannotOpen: A tokenizer or a chat template cannot be loaded.
        UsageFault: A policy has unknown words, or no date for a template that prints one.
    """
    messages = _laid_together(examples.column("chat_messages"))
    tools = examples.column("tools").to_pylist()
    trained_from = examples.column("trained_from").to_pylist()
    settings = list(
        zip(
            examples.column("tokenizer").to_pylist(),
            examples.column("policy").to_pylist(),
            strict=True,
        )
    )
    slices = []
    start = 0
    for (spec, text), run in groupby(settings):
        stop = start + sum(1 for _ in run)
        policy = parse_policy(text)
        loaded = load_tokenizer(spec, policy.chat_template_file, policy.template_date)
        loaded.require_date()
        template = learn_template(loaded)
        for first in range(start, stop, _ROWS_PER_SLICE):
            last = min(first + _ROWS_PER_SLICE, stop)
            rows = Examples(
                messages.slice(first, last - first), tools[first:last], trained_from[first:last]
            )
            slices.append(_as_arrow(tokenize_rows(template, rows, policy), template, policy))
        start = stop
    return pa.chunked_array(slices, TOKENIZED_TYPE)


def _laid_together(column: pa.Array | pa.ChunkedArray) -> pa.ListArray:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _as_arrow(
    rows: Sequence[Tokens | RejectedError], template: ChatTemplate, policy: Policy
) -> pa.StructArray:
    given = [row if isinstance(row, Tokens) else None for row in rows]
    refused = [row if isinstance(row, RejectedError) else None for row in rows]
    is_null = pa.array([row is None for row in given], pa.bool_())
    counts = [len(row.ids) if row else None for row in given]
    bounds = np.cumsum([0, *(n or 0 for n in counts)])
    found = [row for row in given if row]

    def lists(values: np.ndarray, starts: np.ndarray = bounds) -> pa.ListArray:
        return pa.ListArray.from_arrays(
            pa.array(starts, pa.int32()), pa.array(values), mask=is_null
        )

    ids = _joined([row.ids for row in found], np.int32)
    mask = _joined([row.mask for row in found], np.int8)
    turn_bounds = np.cumsum([0, *(len(row.turn_ends) if row else 0 for row in given)])
    weights: pa.Array = pa.nulls(len(rows), TOKENIZED_TYPE.field("loss_weight").type)
    if policy.is_weighted:
        weights = lists(_joined([row.weights for row in found], np.float32))
    tokenizer = template.tokenizer
    columns = [
        lists(ids),
        lists(np.where(mask, ids, np.int32(IGNORED_LABEL))),
        lists(mask),
        weights,
        lists(_joined([row.turn_ends for row in found], np.int32), turn_bounds),
        pa.array(counts, pa.int32()),
        pa.array([row.n_trained if row else None for row in given], pa.int32()),
        pa.array([tokenizer.fingerprint(policy.as_json())] * len(rows), pa.string()),
        pa.array([str(row.reason) if row else None for row in refused], pa.string()),
        pa.array([row.detail[:_LONGEST_DETAIL] if row else None for row in refused], pa.string()),
        pa.array([row.renderer if row else None for row in given], pa.string()),
        pa.array([tokenizer.encoder.name if row else None for row in given], pa.string()),
    ]
    return pa.StructArray.from_arrays(columns, fields=list(TOKENIZED_TYPE))


def _joined(arrays: Sequence[np.ndarray], dtype: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype=dtype), *arrays])
