"""Registers the Python functions on the connection that dbt builds with; nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import ARROW, SPECIAL

CHAT_MESSAGES = (
    "STRUCT(role VARCHAR, content VARCHAR, reasoning_content VARCHAR,"
    ' tool_calls STRUCT(id VARCHAR, "type" VARCHAR,'
    ' "function" STRUCT("name" VARCHAR, arguments VARCHAR))[],'
    ' tool_call_id VARCHAR, "name" VARCHAR)[]'
)
DOCUMENTS = "STRUCT(doc_id VARCHAR, text VARCHAR)[]"
FOUND = (
    "STRUCT(pattern VARCHAR, fault VARCHAR, matches STRUCT(doc_id VARCHAR, context VARCHAR)[])[]"
)
VIOLATION = "STRUCT(code VARCHAR, position INTEGER)"
ANSWER_CHECK = "STRUCT(verdict VARCHAR, method VARCHAR)"
WHOLE_TURNS = (
    "STRUCT(chat_template_str VARCHAR, input_ids INTEGER[], loss_mask TINYINT[],"
    " n_tokens INTEGER, n_trained_tokens INTEGER, reason VARCHAR, detail VARCHAR)"
)


def role_grammar_violations(role_path: pa.Array, grammar: pa.Array) -> pa.Array:
    """`trajhouse.udfs.role_grammar`, loaded when a model first calls it."""
    from trajhouse.udfs import role_grammar

    return role_grammar.role_grammar_violations(role_path, grammar)


def check_answers(answers: pa.Array, truths: pa.Array) -> pa.Array:
    """`trajhouse.udfs.answer_check`, loaded when a model first calls it."""
    from trajhouse.udfs import answer_check

    return answer_check.check_answers(answers, truths)


def regex_search(
    patterns: pa.Array, documents: pa.Array, flags: pa.Array, top_k: pa.Array, width: pa.Array
) -> pa.Array:
    """`trajhouse.udfs.regex_search`, loaded when a model first calls it."""
    from trajhouse.udfs import regex_search as searching

    return searching.regex_search(patterns, documents, flags, top_k, width)


def tokenize_whole_turns(
    messages: pa.Array, arguments: pa.Array, tokenizer: pa.Array, control_tokens: pa.Array
) -> pa.Array:
    """`trajhouse.udfs.whole_turns`, loaded when a model first calls it."""
    from trajhouse.udfs import whole_turns

    return whole_turns.tokenize_whole_turns(messages, arguments, tokenizer, control_tokens)


def preload_tokenizer(tokenizer: pa.Array, policy: pa.Array) -> pa.Array:
    """`trajhouse.udfs.preloading`."""
    from trajhouse.udfs import preloading

    return preloading.preload_tokenizer(tokenizer, policy)


class Plugin(BasePlugin):
    """The dbt-duckdb plugin named in `profiles.yml`."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the warehouse folder, which a first plain `dbt build` does not find."""
        for attached in creds.attach or ():
            Path(attached.path).parent.mkdir(parents=True, exist_ok=True)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register every function, once per connection."""
        conn.create_function(
            "role_grammar_violations",
            role_grammar_violations,
            ["VARCHAR", "VARCHAR"],
            VIOLATION,
            type=ARROW,
            null_handling=SPECIAL,
        )
        conn.create_function(
            "check_answers",
            check_answers,
            ["VARCHAR", "VARCHAR"],
            ANSWER_CHECK,
            type=ARROW,
            null_handling=SPECIAL,
        )
        conn.create_function(
            "regex_search",
            regex_search,
            ["VARCHAR[]", DOCUMENTS, "VARCHAR", "INTEGER", "INTEGER"],
            FOUND,
            type=ARROW,
            null_handling=SPECIAL,
        )
        conn.create_function(
            "tokenize_whole_turns",
            tokenize_whole_turns,
            [CHAT_MESSAGES, "VARCHAR", "VARCHAR", "VARCHAR"],
            WHOLE_TURNS,
            type=ARROW,
            null_handling=SPECIAL,
        )
        conn.create_function(
            "preload_tokenizer",
            preload_tokenizer,
            ["VARCHAR", "VARCHAR"],
            "BOOLEAN",
            type=ARROW,
            null_handling=SPECIAL,
            side_effects=True,
        )
