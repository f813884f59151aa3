"""Conversations to token ids with whole assistant turns trained, headers included.

The datasets of the family seta mask like this: 1 from the `<|im_start|>` of an assistant's turn,
through its `<|im_end|>` and the newline after it. Ids, mask and their proofs are those of
`tokenize` with the role header in; the rendered text is given as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np
import pyarrow as pa

from trajhouse.udfs.conversations import Message, chats_of
from trajhouse.udfs.tokenizer import load_tokenizer
from trajhouse.udfs.tokens.examples import Examples
from trajhouse.udfs.tokens.policy import (
    ControlTokens,
    Policy,
    Reason,
    RejectedError,
    RoleHeader,
)
from trajhouse.udfs.tokens.results import Tokens
from trajhouse.udfs.tokens.template import ChatTemplate, learn_template
from trajhouse.udfs.tokens.tokenizing import tokenize_rows

WHOLE_TURNS_TYPE = pa.struct(
    [
        ("chat_template_str", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("loss_mask", pa.list_(pa.int8())),
        ("n_tokens", pa.int32()),
        ("n_trained_tokens", pa.int32()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)

_ROWS_PER_SLICE = 64
_LONGEST_DETAIL = 500
_CHATML_HEADER = "<|im_start|>assistant"


def tokenize_whole_turns(
    messages: pa.Array | pa.ChunkedArray,
    arguments: pa.Array | pa.ChunkedArray,
    tokenizer: pa.Array | pa.ChunkedArray,
    control_tokens: pa.Array | pa.ChunkedArray,
) -> pa.ChunkedArray:
    """The rendered text, token ids and loss mask of each conversation, without tools.

    Args:
        messages: list<struct>, n rows, as in the mart sft_messages.
        arguments: string, n rows: a JSON list with the arguments of every call in order, as the
            source has them, to be rendered in place of the messages' own; null leaves those. A text
            is rendered as it is, other JSON as chat templates print it.
        tokenizer: string, n rows: as `load_tokenizer` takes it; its own chat template renders.
        control_tokens: string, n rows: what becomes of content that spells a control token, one of
            `ControlTokens`.

    Returns:
        WHOLE_TURNS_TYPE, n rows, in chunks that are never laid together. `reason` is null where the
        row is proven; otherwise it is a code of `Reason`, and all but `detail` are null.

    Raises:
        CannotOpen: A tokenizer cannot be loaded.
        UsageFault: A template prints the date.
        ValueError: A policy on control tokens is unknown; or arguments are not as many as calls.
    """
    messages = pa.chunked_array([messages]) if isinstance(messages, pa.Array) else messages
    sources = arguments.to_pylist()
    settings = list(zip(tokenizer.to_pylist(), control_tokens.to_pylist(), strict=True))
    slices = []
    start = 0
    for (spec, control), run in groupby(settings):
        stop = start + sum(1 for _ in run)
        loaded = load_tokenizer(spec)
        loaded.require_date()
        template = learn_template(loaded)
        policy = _policy(ControlTokens(control))
        for first in range(start, stop, _ROWS_PER_SLICE):
            last = min(first + _ROWS_PER_SLICE, stop)
            rows = messages.slice(first, last - first).combine_chunks()
            rows = _with_arguments(rows, sources[first:last])
            slices.append(_as_arrow(_whole_turns(template, rows, policy)))
        start = stop
    return pa.chunked_array(slices, WHOLE_TURNS_TYPE)


@lru_cache(maxsize=2)
def _policy(control_tokens: ControlTokens) -> Policy:
    """One object a choice, so that what was learnt for it is found again."""
    return Policy(control_tokens, RoleHeader.IN)


def _whole_turns(
    template: ChatTemplate, messages: pa.ListArray, policy: Policy
) -> list[Tokens | RejectedError]:
    n_rows = len(messages)
    if _CHATML_HEADER not in (template.shape.header or ""):
        detail = f"the template begins no turn with {_CHATML_HEADER}"
        return [RejectedError(Reason.MASK_UNAVAILABLE, detail)] * n_rows
    found = tokenize_rows(template, Examples(messages, [None] * n_rows, [0] * n_rows), policy)
    return [found.row(row) for row in range(n_rows)]


def _with_arguments(messages: pa.ListArray, arguments: Sequence[str | None]) -> pa.ListArray:
    """The messages with the arguments of the calls of each row replaced."""
    if all(text is None for text in arguments):
        return messages
    chats = zip(chats_of(messages), arguments, strict=True)
    return pa.array([_replaced(chat, text) for chat, text in chats], messages.type)


def _replaced(chat: list[Message], arguments: str | None) -> list[Message]:
    """The chat with the arguments of its calls replaced.

    JSON that is no text is printed as the filter `tojson` of chat templates prints it.
    """
    if arguments is None:
        return chat
    calls = [call for message in chat for call in message.get("tool_calls") or ()]
    for call, value in zip(calls, json.loads(arguments), strict=True):
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            call["function"]["arguments"] = text
    return chat


def _as_arrow(rows: Sequence[Tokens | RejectedError]) -> pa.StructArray:
    given = [row if isinstance(row, Tokens) else None for row in rows]
    refused = [row if isinstance(row, RejectedError) else None for row in rows]
    columns = [
        [row.text if row else None for row in given],
        [row.ids if row else None for row in given],
        [row.mask if row else None for row in given],
        [len(row.ids) if row else None for row in given],
        [int(row.mask.sum(dtype=np.int64)) if row else None for row in given],
        [str(row.reason) if row else None for row in refused],
        [row.detail[:_LONGEST_DETAIL] if row else None for row in refused],
    ]
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, WHOLE_TURNS_TYPE, strict=True)
    ]
    return pa.StructArray.from_arrays(arrays, fields=list(WHOLE_TURNS_TYPE))
