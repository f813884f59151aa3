"""Conversations read message by message are those of the table, row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajhouse.udfs.read_conversations import ROWS_AT_ONCE, read_conversations

PLANNED = "select *, len(chat_messages) as n_bytes, rowid as row_place from chats"
SHAPE = json.dumps([{"content": "varchar", "calls": [{"id": "varchar"}]}])
CHATS = st.lists(
    st.none()
    | st.lists(
        st.none()
        | st.fixed_dictionaries(
            {
                "content": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
                "calls": st.none() | st.lists(st.fixed_dictionaries({"id": st.text("ab")})),
            }
        ),
        max_size=9,
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set threads = 1; set preserve_insertion_order = false")
        yield connection


def planned(session: duckdb.DuckDBPyConnection, chats: str) -> duckdb.DuckDBPyRelation:
    """A new table `chats` with the rows of a query."""
    session.execute(f"create or replace table chats as {chats}")
    return session.query(PLANNED)


def read(relation: duckdb.DuckDBPyRelation, size: int) -> list[dict[str, object]]:
    """What is read by message, row by row; by row it is the same."""
    by_message, by_row = (
        [row for batch in read_conversations(relation, size, most) for row in batch.to_pylist()]
        for most in (-1, 10**9)
    )
    assert by_message == by_row
    return by_message


def stored(session: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    """The same read by DuckDB as a whole; a conversation that is null has no messages."""
    sql = "select * replace (coalesce(chat_messages, []) as chat_messages) from chats"
    rows: list[dict[str, object]] = session.sql(sql).to_arrow_table().to_pylist()
    return rows


@given(chats=CHATS, size=st.sampled_from([1, 60, 10**6]))
def test_any_conversations(
    session: duckdb.DuckDBPyConnection, chats: list[object], size: int
) -> None:
    session.execute("create or replace table given (number int, chat json)")
    for number, chat in enumerate(chats):
        session.execute("insert into given values (?, ?)", [number, json.dumps(chat)]).fetchall()
    relation = planned(
        session, f"select number, from_json(chat, '{SHAPE}') as chat_messages from given"
    )
    expected = [{"number": k, "chat_messages": chat or []} for k, chat in enumerate(chats)]
    assert read(relation, size) == expected


LONG = """
    select
        number::varchar as name,
        if(number % 7 = 0, null, number) as maybe,
        list_transform(range(number % 5), lambda k: {{'content': number || '.' || k}})
            as chat_messages
    from range({}) as numbers(number)
"""


@pytest.mark.parametrize("n_rows", [0, 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 1])
def test_rows_of_several_stretches(session: duckdb.DuckDBPyConnection, n_rows: int) -> None:
    relation = planned(session, LONG.format(n_rows))
    assert read(relation, 10_000) == stored(session)
    assert len(stored(session)) == n_rows


def test_rows_that_are_gone_or_left_out(session: duckdb.DuckDBPyConnection) -> None:
    planned(session, LONG.format(3 * ROWS_AT_ONCE))
    session.execute("delete from chats where maybe between 1000 and 5000 or maybe % 3 = 0")
    relation = session.query(f"{PLANNED} where name not like '%1'")
    session.execute("delete from chats where name like '%1'")
    assert read(relation, 10_000) == stored(session)


def test_no_more_is_given_at_a_time_than_asked_for(session: duckdb.DuckDBPyConnection) -> None:
    text = "repeat('x', 100)"
    relation = planned(
        session,
        f"select n, list_transform(range(8), lambda k: {{'content': {text}}}) as chat_messages"
        " from range(10_000) as numbers(n)",
    )
    batches = list(read_conversations(relation, 1_000_000, -1))
    assert sum(batch.num_rows for batch in batches) == 10_000
    assert max(batch.nbytes for batch in batches) < 1_400_000
    assert len(batches) < 20


def test_a_long_conversation_is_not_divided(session: duckdb.DuckDBPyConnection) -> None:
    relation = planned(
        session,
        "select n, list_transform(range(if(n = 1, 5000, 2)), lambda k: {'content': n || '.' || k})"
        " as chat_messages from range(3) as numbers(n)",
    )
    lengths = [
        length
        for batch in read_conversations(relation, 1000, -1)
        for length in batch["chat_messages"].value_lengths().to_pylist()
    ]
    assert lengths == [2, 5000, 2]


def test_types_are_those_of_the_table(session: duckdb.DuckDBPyConnection) -> None:
    relation = planned(session, LONG.format(10))
    expected = session.sql("from chats").to_arrow_table()
    for most_whole in (-1, 10**9):
        (batch,) = read_conversations(relation, most_whole=most_whole)
        table = pa.Table.from_batches([batch]).select(expected.column_names)
        assert table.schema.types == expected.schema.types


@pytest.mark.parametrize("most_whole", [-1, 10**9])
def test_another_order_is_an_error(session: duckdb.DuckDBPyConnection, most_whole: int) -> None:
    relation = planned(session, LONG.format(100))
    with pytest.raises(AssertionError, match="another order"):
        list(read_conversations(relation.order("name desc"), most_whole=most_whole))


def test_names_are_quoted(session: duckdb.DuckDBPyConnection) -> None:
    relation = planned(session, 'select 1 as "a ""b"" c", [{\'content\': \'x\'}] as chat_messages')
    assert read(relation, 1) == stored(session)


def test_a_table_written_by_several_threads(session: duckdb.DuckDBPyConnection) -> None:
    session.execute("set threads = 4")
    planned(session, LONG.format(40_000))
    relation = planned(session, "select * from chats where maybe % 11 > 2")
    session.execute("set threads = 1")
    assert read(relation, 10_000) == stored(session)
