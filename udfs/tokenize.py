"""Conversations to token ids, labels and loss mask, proven row by row.

A conversation is rendered once, whole, by its tokenizer's chat template, and encoded once. What
the assistant produces is trained: after the role header, through the stop token and the newline
after it. A row whose ids or mask cannot be proven right is not given, and says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from trajhouse.udfs.conversations import chats_of
from trajhouse.udfs.masked_encoding import (
    ControlTokens,
    Conversation,
    RejectedError,
    Tokens,
    tokenize_rows,
)
from trajhouse.udfs.tokenizer import load_tokenizer

TOKENIZED_TYPE = pa.struct(
    [
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("loss_mask", pa.list_(pa.int8())),
        ("n_tokens", pa.int32()),
        ("n_trained_tokens", pa.int32()),
        ("tokenizer", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
IGNORED_LABEL = -100

_ROWS_PER_SLICE = 64
_LONGEST_DETAIL = 500


def tokenize_messages(
    messages: pa.Array | pa.ChunkedArray,
    tools: pa.Array | pa.ChunkedArray,
    tokenizer: pa.Array | pa.ChunkedArray,
    control_tokens: pa.Array | pa.ChunkedArray,
) -> pa.ChunkedArray:
    """Token ids, labels and loss mask of each conversation.

    Args:
        messages: list<struct>, n rows, as in the mart sft_messages. Arguments of calls are passed
            to the template as they are, JSON text.
        tools: string, n rows: the declared tools as a JSON list; null where none are declared.
        tokenizer: string, n rows: as `load_tokenizer` takes it.
        control_tokens: string, n rows: `reject` rejects a row whose content spells a control
            token, `text` encodes such content as ordinary text.

    Returns:
        TOKENIZED_TYPE, n rows, in chunks that are never laid together. `reason` is null where the
        row is proven; otherwise it is a code of `Reason`, `detail` tells more, and all of ids,
        labels, mask and counts are null.

    Raises:
        CannotOpen: A tokenizer cannot be loaded.
        ValueError: A policy on control tokens is unknown.
    """
    messages = pa.chunked_array([messages]) if isinstance(messages, pa.Array) else messages
    tool_texts = tools.to_pylist()
    settings = list(zip(tokenizer.to_pylist(), control_tokens.to_pylist(), strict=True))
    slices = []
    start = 0
    for (spec, policy), run in groupby(settings):
        stop = start + sum(1 for _ in run)
        loaded, policy = load_tokenizer(spec), ControlTokens(policy)
        for first in range(start, stop, _ROWS_PER_SLICE):
            last = min(first + _ROWS_PER_SLICE, stop)
            chats = chats_of(messages.slice(first, last - first).combine_chunks())
            conversations = map(Conversation, chats, tool_texts[first:last])
            rows = tokenize_rows(loaded, list(conversations), policy)
            slices.append(_as_arrow(rows, loaded.fingerprint(policy)))
        start = stop
    return pa.chunked_array(slices, TOKENIZED_TYPE)


def _as_arrow(rows: Sequence[Tokens | RejectedError], fingerprint: str) -> pa.StructArray:
    given = [row if isinstance(row, Tokens) else None for row in rows]
    refused = [row if isinstance(row, RejectedError) else None for row in rows]
    ids = np.concatenate([np.zeros(0, np.int32), *(row.ids for row in given if row)])
    mask = np.concatenate([np.zeros(0, np.int8), *(row.mask for row in given if row)])
    bounds = pa.array(np.cumsum([0, *(len(row.ids) if row else 0 for row in given)]), pa.int32())
    is_null = pa.array([row is None for row in given], pa.bool_())
    lists = [
        pa.ListArray.from_arrays(bounds, pa.array(values), mask=is_null)
        for values in (ids, np.where(mask == 1, ids, np.int32(IGNORED_LABEL)), mask)
    ]
    counts = [
        pa.array([len(row.ids) if row else None for row in given], pa.int32()),
        pa.array([int(row.mask.sum(dtype=np.int64)) if row else None for row in given], pa.int32()),
    ]
    texts = [
        pa.array([fingerprint] * len(rows), pa.string()),
        pa.array([str(row.reason) if row else None for row in refused], pa.string()),
        pa.array([row.detail[:_LONGEST_DETAIL] if row else None for row in refused], pa.string()),
    ]
    return pa.StructArray.from_arrays([*lists, *counts, *texts], fields=list(TOKENIZED_TYPE))


def tokenize_examples(examples):
    n = examples.num_rows
    return tokenize_messages(examples["chat_messages"], examples["tools"], examples["tokenizer"], pa.array(["reject"] * n))
