"""The model `int_trajectories_tokenized`: examples read, tokenized and given on piece by piece."""

from __future__ import annotations

import os
from collections.abc import Container, Generator, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa

from trajhouse.cli.prefetch import prefetched
from trajhouse.udfs.content_keys import content_keys
from trajhouse.udfs.earlier_tokens import KEY, EarlierTokens, earlier_tokens
from trajhouse.udfs.engine_memory import limit_memory
from trajhouse.udfs.example_batches import example_batches
from trajhouse.udfs.read_conversations import read_conversations

if TYPE_CHECKING:
    import duckdb

BATCHES_AHEAD = 16
"""So many slices may be tokenized while the engine writes a row group."""
IDENTITY = ("record_id", "trajectory_id", "example_id", "dataset", "task_id")
PLACE = ("n_messages", "trained_from")
"""Which messages an example has, and from which on it is trained."""
NAME = ("record_id", "example_id")
"""What is unique in an example, also among duplicates."""


def tokenized_examples(
    planned: duckdb.DuckDBPyRelation, session: duckdb.DuckDBPyConnection, table: str, here: str
) -> pa.RecordBatchReader:
    """Every example of the conversations of a relation, tokenized as it is asked for.

    What an earlier build has tokenized by the same tokenizer and policy is taken from there,
    unless the session's variable `reuses_tokens` is false. Where the template itself is to render,
    what was assembled is not taken.

    Args:
        planned: `int_trajectories_planned`.
        session: The connection that `planned` is of.
        table: `schema.name` of the table that this becomes.
        here: The same with its database.

    Returns:
        The columns of IDENTITY and PLACE, the fields of `STORED_TYPE`, `content_key` and
        `is_reused`.

    Raises:
        CannotOpen: While it is read: a tokenizer or a chat template cannot be loaded.
        UsageFault: While it is read: a policy has unknown words.
    """
    given = prefetched(_given(planned, session, table, here), BATCHES_AHEAD)
    return pa.RecordBatchReader.from_batches(_schema(), given)


def _schema() -> pa.Schema:
    from trajhouse.udfs.tokens.token_columns import STORED_TYPE

    identity = _identity_fields()
    added = [pa.field("content_key", pa.string()), pa.field("is_reused", pa.bool_())]
    return pa.schema([*identity, *STORED_TYPE, *added])


def _identity_fields() -> list[pa.Field]:
    texts = [pa.field(name, pa.string()) for name in IDENTITY]
    return [*texts, *(pa.field(name, pa.int32()) for name in PLACE)]


def _given(
    planned: duckdb.DuckDBPyRelation, session: duckdb.DuckDBPyConnection, table: str, here: str
) -> Generator[pa.RecordBatch]:
    from trajhouse.udfs.tokens.token_columns import STORED_TYPE

    # Not before rows are asked for: until then dbt sets limits of its own.
    limit_memory(session, planned)
    reused: frozenset[tuple[str, ...]] = frozenset()
    if session.sql("select getvariable('reuses_tokens')").fetchall() != [(False,)]:
        with earlier_tokens(session, table, here, list(STORED_TYPE)) as earlier:
            if earlier is not None:
                wanted = _wanted(_examples(planned))
                matched = earlier.matches(wanted, _distrusted_renderer())
                yield from _taken_over(earlier, matched)
                if matched.num_rows == wanted.num_rows:
                    return
                reused = frozenset(_names(matched))
    yield from _tokenized(_left(_examples(planned), reused))


def _taken_over(earlier: EarlierTokens, matched: pa.Table) -> Iterator[pa.RecordBatch]:
    if not matched.num_rows:
        return
    schema = _schema()
    for rows in earlier.rows(matched):
        columns = dict(zip(rows.schema.names, rows.columns, strict=True))
        columns["is_reused"] = pa.repeat(True, rows.num_rows)
        yield pa.RecordBatch.from_arrays(
            [columns[field.name].cast(field.type) for field in schema], schema=schema
        )


def _wanted(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    """Of each example the columns of IDENTITY and PLACE, and those of KEY."""
    keys = [pa.field(name, pa.string()) for name in KEY]
    schema = pa.schema([*_identity_fields(), *keys])
    wanted = []
    fingerprint = cache(_fingerprint)
    for examples in batches:
        settings = zip(
            examples.column("tokenizer").to_pylist(),
            examples.column("policy").to_pylist(),
            strict=True,
        )
        columns = [
            *(examples.column(name) for name in (*IDENTITY, *PLACE)),
            pa.array(_keys(examples), pa.string()),
            pa.array([fingerprint(*setting) for setting in settings], pa.string()),
        ]
        wanted.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    return pa.Table.from_batches(wanted, schema)


def _distrusted_renderer() -> str | None:
    """The renderer whose rows are not reused: whoever asks for Jinja may have seen it fail."""
    from trajhouse.udfs.tokens.assembly.assembler import ASSEMBLY, JINJA, RENDERER_VARIABLE

    return ASSEMBLY if os.environ.get(RENDERER_VARIABLE) == JINJA else None


def _fingerprint(spec: str, policy_text: str) -> str:
    from trajhouse.udfs.tokens.policy import parse_policy
    from trajhouse.udfs.tokens.template import tokenizer_under

    policy = parse_policy(policy_text)
    return tokenizer_under(policy, spec).fingerprint(policy.as_json)


def _tokenized(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    from trajhouse.udfs.tokenize import tokenize_batches
    from trajhouse.udfs.tokens.token_columns import STORED_TYPE

    schema = _schema()
    for rows, tokens in tokenize_batches(batches, STORED_TYPE):
        yield pa.RecordBatch.from_arrays(
            [
                *(rows.column(name) for name in (*IDENTITY, *PLACE)),
                *tokens.flatten(),
                pa.array(_keys(rows), pa.string()),
                pa.repeat(False, len(tokens)),
            ],
            schema=schema,
        )


def _left(
    batches: Iterable[pa.RecordBatch], but: Container[tuple[str, ...]]
) -> Iterator[pa.RecordBatch]:
    """Examples whose names are not in `but`."""
    for examples in batches:
        if but:
            examples = examples.filter(pa.array([name not in but for name in _names(examples)]))
        if examples.num_rows:
            yield examples


def _examples(planned: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
    renamed = planned.select("* rename (tokenization_policy as policy)")
    for conversations in read_conversations(renamed):
        yield from example_batches(conversations)


def _keys(examples: pa.RecordBatch) -> list[str]:
    return content_keys(
        [examples.column(name) for name in ("chat_messages", "tools", "trained_from")]
    )


def _names(examples: pa.RecordBatch | pa.Table) -> list[tuple[str, ...]]:
    return list(zip(*(examples.column(name).to_pylist() for name in NAME), strict=True))
