"""The six-role form is read back as what was written, whatever the contents hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.macros.rendered import rendered

WRITTEN_AND_READ = """
with given as (
    select
        number,
        conversation[1]::json::struct(
            role varchar, content varchar, tool_name varchar, tool_arguments varchar
        )[] as given,
        conversation[2] as given_tools
    from (select unnest($1::varchar[][]) as conversation, unnest(range(len($1))) as number)
),
canonical as materialized (
    select
        number,
        list_transform(given, lambda message: struct_update(
            message, tool_arguments := {{ canonical_json('message.tool_arguments') }}
        )) as given,
        {{ canonical_json('given_tools') }} as given_tools
    from given
),
written as materialized (
    select *, {{ six_role_json('given', 'given_tools') }} as said from canonical
),
parsed as materialized (
    select *, {{ json_parse('said', six_role_shape()) }} as source_messages from written
),
marked as materialized (
    select *, {{ six_role_starts('source_messages') }} as turn_marks from parsed
),
read as materialized (
    select
        *,
        {{ six_role_messages('source_messages', 'turn_marks') }} as messages,
        {{ six_role_tools('source_messages[1].content') }} as tools,
        {{ six_role_faults('source_messages', 'turn_marks') }} as faults
    from marked
)
select
    given, given_tools, messages, tools, said,
    {{ six_role_json('messages', 'tools') }} as said_again, faults
from read
order by number
"""
Conversation = tuple[list[dict[str, Any]], str | None]
TAGS = ["think", "tool_call", "tool_response", "answer", "tools"]
PIECES = st.sampled_from(
    [f"<{tag}>" for tag in TAGS]
    + [f"</{tag}>" for tag in TAGS]
    + ["\n", "\n\n", '"', "\\", " ", "é", "\u2028"]
)
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=6).map("".join)
TOOLS = st.one_of(
    st.none(),
    st.lists(
        st.builds(lambda name, text: {"name": name, "description": text}, TEXT, TEXT),
        min_size=1,
        max_size=2,
    ).map(lambda tools: json.dumps(tools, ensure_ascii=False)),
)
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXT, inner, max_size=2)),
    max_leaves=4,
)
ARGUMENTS = st.one_of(
    JSON_VALUES.map(lambda value: json.dumps(value, ensure_ascii=False)),
    st.sampled_from(["", "{", "open", '{"a": 1', "null", '"a"', "5", "NaN", "[1,]"]),
)


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages of a strict trajectory."""
    messages = [
        {"role": "system", "content": draw(TEXT.filter(lambda text: "<tools>" not in text))},
        {"role": "user", "content": draw(TEXT)},
        {"role": "reasoning", "content": draw(TEXT)},
    ]
    for _ in range(draw(st.integers(0, 2))):
        name = draw(TEXT.filter(bool))
        messages += [
            {"role": "tool_call", "tool_name": name, "tool_arguments": draw(ARGUMENTS)},
            {"role": "tool_output", "content": draw(TEXT), "tool_name": name},
            {"role": "reasoning", "content": draw(TEXT)},
        ]
    messages.append({"role": "answer", "content": draw(TEXT)})
    empty = {"content": None, "tool_name": None, "tool_arguments": None}
    return [empty | message for message in messages]


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@dataclass(frozen=True)
class Read:
    """A conversation after it was written and read.

    Args:
        given, given_tools: As the warehouse holds it: JSON in canonical form.
        messages, tools: As it was read.
        said: The text between.
        said_again: The text that is written of what was read.
        faults: What could not be read.
    """

    given: list[dict[str, Any]]
    given_tools: str | None
    messages: list[dict[str, Any]]
    tools: str | None
    said: str
    said_again: str
    faults: list[Any]


def read_back(engine: duckdb.DuckDBPyConnection, *conversations: Conversation) -> list[Read]:
    """Write conversations and read them, in one query."""
    rows = engine.execute(
        rendered(WRITTEN_AND_READ), [[[json.dumps(said), tools] for said, tools in conversations]]
    ).fetchall()
    return [Read(*row) for row in rows]


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(conversations(), TOOLS), min_size=1, max_size=12))
def test_what_was_written_is_read_back(
    engine: duckdb.DuckDBPyConnection, conversations: list[Conversation]
) -> None:
    for found in read_back(engine, *conversations):
        kept = [{key: message[key] for key in found.given[0]} for message in found.messages]
        assert kept == found.given
        assert found.tools == found.given_tools
        assert found.faults == []
        assert found.said_again == found.said


def test_a_content_of_null_is_written_as_an_empty_one(engine: duckdb.DuckDBPyConnection) -> None:
    nothing = {"content": None, "tool_name": None, "tool_arguments": None}
    said = read_back(engine, ([{"role": "reasoning", **nothing}], None))[0].said
    assert said == '[{"role": "reasoning", "content": "<think></think>"}]'


def test_the_published_form_is_a_json_list_of_roles_and_contents(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    call = {"role": "tool_call", "content": None, "tool_name": "f", "tool_arguments": '{"a": 1}'}
    output = {"role": "tool_output", "content": "é\n", "tool_name": "f", "tool_arguments": None}
    said = read_back(engine, ([call, output], None))[0].said
    assert json.loads(said) == [
        {
            "role": "tool_call",
            "content": '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>',
        },
        {"role": "tool_output", "content": "<tool_response>é\n</tool_response>"},
    ]
