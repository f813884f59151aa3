"""The model `int_trajectories_tokenized`: examples read, tokenized and given on piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from trajhouse.udfs.content_keys import content_keys
from trajhouse.udfs.example_batches import example_batches

if TYPE_CHECKING:
    import duckdb

CONVERSATIONS_AT_ONCE = 256
IDENTITY = ("record_id", "trajectory_id", "example_id", "dataset", "task_id")


def tokenized_examples(planned: duckdb.DuckDBPyRelation) -> pa.RecordBatchReader:
    """Every example of the conversations of a relation, tokenized as it is asked for.

    Args:
        planned: `int_trajectories_planned`.

    Returns:
        The columns of IDENTITY, the fields of `TOKENIZED_TYPE`, `content_key` and `is_reused`.

    Raises:
        CannotOpen: While it is read: a tokenizer or a chat template cannot be loaded.
        UsageFault: While it is read: a policy has unknown words.
    """
    return pa.RecordBatchReader.from_batches(_schema(), _tokenized(planned))


def _schema() -> pa.Schema:
    from trajhouse.udfs.tokenize import TOKENIZED_TYPE

    identity = [pa.field(name, pa.string()) for name in IDENTITY]
    added = [pa.field("content_key", pa.string()), pa.field("is_reused", pa.bool_())]
    return pa.schema([*identity, *TOKENIZED_TYPE, *added])


def _tokenized(planned: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    from trajhouse.udfs.tokenize import tokenize_examples

    schema = _schema()
    for conversations in planned.to_arrow_reader(CONVERSATIONS_AT_ONCE):
        for examples in example_batches(conversations):
            keyed = ("chat_messages", "tools", "trained_from")
            keys = content_keys([examples.column(name) for name in keyed])
            tokens = tokenize_examples(examples).combine_chunks()
            yield pa.RecordBatch.from_arrays(
                [
                    *(examples.column(name) for name in IDENTITY),
                    *tokens.flatten(),
                    pa.array(keys, pa.string()),
                    pa.repeat(False, len(keys)),
                ],
                schema=schema,
            )
