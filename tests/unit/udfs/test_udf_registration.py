"""The grammar works as an Arrow function inside DuckDB, and rows of DuckDB are tokenized."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from duckdb.func import ARROW, SPECIAL

from trajhouse.udfs.role_grammar import role_grammar_violations
from trajhouse.udfs.tokenize import tokenize_examples
from trajhouse.udfs.tokenizer import LoadedTokenizer

MESSAGES = (
    "STRUCT(role VARCHAR, content VARCHAR, reasoning_content VARCHAR,"
    ' tool_calls STRUCT(id VARCHAR, "type" VARCHAR,'
    ' "function" STRUCT(name VARCHAR, arguments VARCHAR))[],'
    " tool_call_id VARCHAR, name VARCHAR)[]"
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.create_function(
            "role_grammar_violations",
            role_grammar_violations,
            ["VARCHAR", "VARCHAR"],
            "STRUCT(code VARCHAR, position INTEGER)",
            type=ARROW,
            null_handling=SPECIAL,
        )
        yield opened


def test_grammar_in_sql(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "select word, role_grammar_violations(word, 'dialogue') as violation"
        " from (values ('sutoa'), ('uo'), (null)) as words(word)"
    ).fetchall()
    assert found == [
        ("sutoa", None),
        ("uo", {"code": "outputs_surplus", "position": 2}),
        (None, {"code": "no_messages", "position": 1}),
    ]


def test_tokens_of_rows_of_duckdb(
    connection: duckdb.DuckDBPyConnection, qwen3: LoadedTokenizer
) -> None:
    answers = pa.table({"id": range(3000), "answer": [f"number {i}" for i in range(3000)]})
    connection.register("answers", answers)
    examples = connection.sql(
        f"""
        select
            id, null::varchar as tools, 0 as trained_from, '{qwen3.spec}' as tokenizer,
            '{{}}' as policy,
            case when id % 10 > 0 then
                [{{role: 'user', content: 'q'}}, {{role: 'assistant', content: answer}}]::{MESSAGES}
            end as chat_messages
        from answers
        """
    ).to_arrow_table()
    found = pa.table({"id": examples["id"], "tokens": tokenize_examples(examples)})
    connection.register("found", found)
    connection.execute("create table tokenized as select id, unnest(tokens) from found")
    counts = connection.execute(
        """
        select
            reason, count(*), count(input_ids),
            count(*) filter (len(input_ids) = n_tokens and len(loss_mask) = n_tokens),
            count(*) filter (list_sum(loss_mask) = n_trained_tokens)
        from tokenized group by all order by reason nulls first
        """
    ).fetchall()
    assert counts == [(None, 2700, 2700, 2700, 2700), ("no_trained_tokens", 300, 0, 0, 0)]
    ids = connection.execute("select input_ids from tokenized where id = 2999").fetchall()[0][0]
    text = qwen3.backend.decode(ids, skip_special_tokens=False)
    assert text.endswith("</think>\n\nnumber 2999<|im_end|>\n")
