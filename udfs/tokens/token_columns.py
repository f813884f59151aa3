"""Proven and refused rows as Arrow columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trajhouse.udfs.flat_texts import Int
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.policy import Policy
from trajhouse.udfs.tokens.results import TokenizedRows, select

_ABOUT = [
    ("turn_ends", pa.list_(pa.int32())),
    ("n_tokens", pa.int32()),
    ("n_trained_tokens", pa.int32()),
    ("tokenizer", pa.string()),
    ("reason", pa.string()),
    ("detail", pa.string()),
    ("renderer", pa.string()),
    ("encoder", pa.string()),
]
TOKENIZED_TYPE = pa.struct(
    [
        ("input_ids", pa.list_(pa.int32())),
        ("loss_mask", pa.list_(pa.int8())),
        ("loss_weight", pa.list_(pa.float32())),
        *_ABOUT,
    ]
)
RUN_TYPE = pa.struct([("n_tokens", pa.int32()), ("weight", pa.float32())])
"""Tokens in a row that weigh the same in the loss; 0 where they are not trained."""
STORED_TYPE = pa.struct(
    [("input_ids", pa.list_(pa.int32())), ("loss_runs", pa.list_(RUN_TYPE)), *_ABOUT]
)
"""The same with the mask and the weights as runs: a hundred times shorter to write."""

_LONGEST_DETAIL = 500


def token_columns(
    rows: TokenizedRows, tokenizer: LoadedTokenizer, policy: Policy, type_: pa.StructType
) -> pa.StructArray:
    """The rows as TOKENIZED_TYPE or STORED_TYPE; all that refused rows do not have is null.

    Raises:
        AssertionError: The runs of a row are not as long as its tokens.
    """
    if rows.refused:
        rows = select([rows], [(0, row) for row in range(len(rows))])
    if not np.array_equal(rows.runs.row_tokens, rows.row_tokens):
        raise AssertionError("the runs of a row are not as long as its tokens")
    n_rows = len(rows)
    is_null = np.zeros(n_rows, dtype=np.bool_)
    is_null[list(rows.refused)] = True
    refused = [rows.refused.get(row) for row in range(n_rows)]
    runs = rows.runs

    def lists(values: pa.Array, bounds: Int) -> pa.ListArray:
        offsets, mask = pa.array(bounds, pa.int32()), pa.array(is_null)
        return pa.ListArray.from_arrays(offsets, values, mask=mask)

    def numbers(values: NDArray[Any], bounds: Int) -> pa.ListArray:
        """Without a copy, nor a look at each."""
        type_ = pa.from_numpy_dtype(values.dtype)
        return lists(
            pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(values)]), bounds
        )

    def known(values: Any, type_: pa.DataType) -> pa.Array:
        return pa.array(values, type_, mask=is_null)

    def weights() -> pa.Array:
        if not policy.is_weighted:
            return pa.nulls(n_rows, pa.list_(pa.float32()))
        return numbers(runs.token_weights(), rows.row_tokens)

    def loss_runs() -> pa.Array:
        fields = [pa.array(runs.lengths), pa.array(runs.weights)]
        return lists(pa.StructArray.from_arrays(fields, fields=list(RUN_TYPE)), runs.row_runs)

    columns: dict[str, Callable[[], pa.Array]] = {
        "input_ids": lambda: numbers(rows.ids, rows.row_tokens),
        "loss_mask": lambda: numbers(runs.token_mask(), rows.row_tokens),
        "loss_weight": weights,
        "loss_runs": loss_runs,
        "turn_ends": lambda: numbers(rows.turn_ends, rows.row_turns),
        "n_tokens": lambda: known(np.diff(rows.row_tokens).astype(np.int32), pa.int32()),
        "n_trained_tokens": lambda: known(runs.n_trained.astype(np.int32), pa.int32()),
        "tokenizer": lambda: pa.repeat(tokenizer.fingerprint(policy.as_json), n_rows),
        "reason": lambda: pa.array([row and str(row.reason) for row in refused], pa.string()),
        "detail": lambda: pa.array(
            [row and row.detail[:_LONGEST_DETAIL] for row in refused], pa.string()
        ),
        "renderer": lambda: known(rows.renderers, pa.string()),
        "encoder": lambda: known(np.full(n_rows, tokenizer.encoder.name, object), pa.string()),
    }
    fields = list(type_)
    return pa.StructArray.from_arrays([columns[field.name]() for field in fields], fields=fields)
