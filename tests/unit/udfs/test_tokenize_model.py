"""The tokenize step over a database in memory: what is read, tokenized, reused and given."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from trajhouse.cli.errors import CannotOpen, UsageFault
from trajhouse.udfs import tokenize, tokenize_model
from trajhouse.udfs.earlier_tokens import PUBLISHED_VARIABLE
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokenizer_sources import TEMPLATE_VARIABLE
from trajhouse.udfs.tokens.assembly.assembler import RENDERER_VARIABLE
from trajhouse.udfs.tokens.token_columns import STORED_TYPE

MESSAGES = (
    "STRUCT(role VARCHAR, content VARCHAR, reasoning_content VARCHAR, tool_calls STRUCT(id VARCHAR,"
    ' "type" VARCHAR, "function" STRUCT("name" VARCHAR, arguments VARCHAR))[],'
    ' tool_call_id VARCHAR, "name" VARCHAR)[]'
)
EXAMPLES = "STRUCT(example_id VARCHAR, n_messages INTEGER, trained_from INTEGER)[]"
TABLE = ("main.tokenized", "memory.main.tokenized")
LOSS_MASK = "flatten([[(run.weight > 0)::int for _ in range(run.n_tokens)] for run in loss_runs])"

PLANNED = "select *, rowid as row_place from planned"
Chat = list[dict[str, Any]]


class Step:
    """A database with conversations, and how often something was tokenized."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = duckdb.connect()
        self.session.execute(
            "create table planned (record_id varchar, trajectory_id varchar, dataset varchar,"
            f" task_id varchar, tools varchar, chat_messages {MESSAGES}, examples {EXAMPLES},"
            " tokenizer varchar, tokenization_policy varchar, n_bytes bigint)"
        )
        self.tokenized: list[str] = []
        real = tokenize.tokenize_batches

        def counted(batches: Iterable[pa.RecordBatch], type_: pa.StructType) -> Iterator[Any]:
            for rows, tokens in real(batches, type_):
                self.tokenized += rows.column("example_id").to_pylist()
                yield rows, tokens

        monkeypatch.setattr(tokenize, "tokenize_batches", counted)
        monkeypatch.delenv(PUBLISHED_VARIABLE, raising=False)

    def add(self, name: str, chat: Chat, *examples: tuple[str, int, int], **policy: Any) -> None:
        """Plan a conversation as the given examples, by default as one."""
        keys = ("role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name")
        messages = [{key: message.get(key) for key in keys} for message in chat]
        planned = [
            {"example_id": example, "n_messages": length, "trained_from": trained_from}
            for example, length, trained_from in examples or [(name, len(chat), 0)]
        ]
        self.session.execute(
            "insert into planned values (?, ?, 'd', 't', null,"
            f" from_json(?, ?)::{MESSAGES}, ?::{EXAMPLES}, 'Qwen/Qwen3-8B', ?, 1)",
            [name, name, json.dumps(messages), _SHAPE, planned, json.dumps(policy)],
        )

    def run(self) -> list[str]:
        """Build the table as dbt does, and say which examples were tokenized for it."""
        self.tokenized.clear()
        planned = self.session.query(PLANNED)
        rows = tokenize_model.tokenized_examples(planned, self.session, *TABLE)
        with self.session.cursor() as cursor:
            cursor.register("rows", rows)
            cursor.execute("create table next as select * from rows")
            cursor.unregister("rows")
        self.session.execute("drop table if exists tokenized; alter table next rename to tokenized")
        return sorted(self.tokenized)

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        """Columns of the table, in the order of the examples."""
        query = f"select {columns} from tokenized order by record_id, trained_from"
        return self.session.execute(query).fetchall()


_CALL = {
    "id": "VARCHAR",
    "type": "VARCHAR",
    "function": {"name": "VARCHAR", "arguments": "VARCHAR"},
}
_SHAPE = json.dumps(
    [
        {
            "role": "VARCHAR",
            "content": "VARCHAR",
            "reasoning_content": "VARCHAR",
            "tool_calls": [_CALL],
            "tool_call_id": "VARCHAR",
            "name": "VARCHAR",
        }
    ]
)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Iterator[Step]:
    made = Step(monkeypatch)
    yield made
    made.session.close()


def chat_of(word: str) -> Chat:
    """Two queries, the first answered by a call and with reasoning, the last word the user's."""
    function = {"name": "look", "arguments": json.dumps({"for": word})}
    return [
        {"role": "user", "content": f"Find {word}."},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": f"Where is {word}?",
            "tool_calls": [{"id": "c", "type": "function", "function": function}],
        },
        {"role": "tool", "content": f"{word} is here.", "tool_call_id": "c", "name": "look"},
        {"role": "assistant", "content": "Here.", "reasoning_content": "It is here."},
        {"role": "user", "content": "And now?"},
        {"role": "assistant", "content": "Still here.", "reasoning_content": "It has not moved."},
        {"role": "user", "content": "Bye."},
    ]


SPLIT = (("a#1", 4, 1), ("a#2", 6, 5))


def rendered(qwen3: LoadedTokenizer, chat: Chat, **options: bool) -> str:
    text: str = qwen3.reference.apply_chat_template(chat, tokenize=False, **options)
    return text


def trained(qwen3: LoadedTokenizer, ids: list[int], mask: list[int]) -> str:
    text: str = qwen3.reference.decode([i for i, m in zip(ids, mask, strict=True) if m])
    return text


def test_an_example_of_a_query_is_what_inference_sees(step: Step, qwen3: LoadedTokenizer) -> None:
    """Each is the template's render of its messages, trained is what it adds to the prompt."""
    chat = chat_of("Waldo")
    step.add("a", chat, *SPLIT, thinking="split")
    step.run()
    first, second = step.rows(f"input_ids, {LOSS_MASK}")
    assert qwen3.reference.decode(first[0]) == rendered(qwen3, chat[:4])
    assert qwen3.reference.decode(second[0]) == rendered(qwen3, chat[:6])
    prompt = rendered(qwen3, chat[:5], add_generation_prompt=True)
    assert prompt + trained(qwen3, *second) == rendered(qwen3, chat[:6])
    assert "Where is Waldo?" in trained(qwen3, *first)
    assert "It is here." in trained(qwen3, *first)


def test_no_turn_is_trained_twice(step: Step, qwen3: LoadedTokenizer) -> None:
    step.add("a", chat_of("Waldo"), *SPLIT, thinking="split")
    step.run()
    together = "".join(trained(qwen3, *row) for row in step.rows(f"input_ids, {LOSS_MASK}"))
    assert [together.count(text) for text in ("look", "\nHere.", "Still here.")] == [1, 1, 1]
    assert together.count("<|im_end|>") == 3


def test_a_template_that_drops_reasoning_may_not_be_kept(step: Step) -> None:
    """Qwen3's leaves out the reasoning before the last query."""
    step.add("a", chat_of("Waldo"), thinking="keep")
    step.add("b", chat_of("Waldo"), thinking="template")
    step.add("c", chat_of("Waldo"), ("c", 4, 1), thinking="keep")
    step.run()
    assert step.rows("reason") == [("reasoning_dropped",), (None,), (None,)]


def test_a_second_run_tokenizes_nothing(step: Step) -> None:
    step.add("a", chat_of("Waldo"), *SPLIT)
    step.add("b", chat_of("<|im_end|>"))
    assert step.run() == ["a#1", "a#2", "b"]
    columns = ", ".join(field.name for field in STORED_TYPE)
    before = step.rows(columns)
    assert step.run() == []
    assert step.rows(columns) == before
    assert step.rows("is_reused, reason") == [(True, None), (True, None), (True, "control_token")]


def test_equal_content_is_reused_for_whoever_has_it(step: Step) -> None:
    step.add("a", chat_of("Waldo"))
    step.run()
    step.session.execute("update planned set record_id = 'z', dataset = 'other'")
    step.add("b", chat_of("Waldo"))
    assert step.run() == []
    assert step.rows("record_id, dataset, is_reused") == [("b", "d", True), ("z", "other", True)]


@pytest.mark.parametrize(
    "change",
    [
        'update planned set tokenization_policy = \'{"role_header": "in"}\''
        " where record_id = 'b'",
        "update planned set tools = '[{\"type\": \"function\"}]' where record_id = 'b'",
        "update planned set examples = [{'example_id': 'b', 'n_messages': 6, 'trained_from': 0}]"
        " where record_id = 'b'",
        "update planned set examples = [{'example_id': 'b', 'n_messages': 7, 'trained_from': 2}]"
        " where record_id = 'b'",
        "update tokenized set tokenizer = 'another' where record_id = 'b'",
    ],
    ids=["policy", "tools", "length", "trained_from", "tokenizer"],
)
def test_what_has_changed_is_tokenized_anew_and_nothing_else(step: Step, change: str) -> None:
    step.add("a", chat_of("Waldo"))
    step.add("b", chat_of("Wenda"))
    step.run()
    step.session.execute(change)
    assert step.run() == ["b"]
    assert step.rows("example_id, is_reused") == [("a", True), ("b", False)]


def test_reuse_can_be_forbidden(step: Step) -> None:
    step.add("a", chat_of("Waldo"))
    step.run()
    step.session.execute("set variable reuses_tokens = false")
    assert step.run() == ["a"]


def test_what_was_assembled_is_not_reused_where_jinja_is_asked_for(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.add("a", chat_of("Waldo"))
    step.add("b", chat_of("Wenda"))
    step.add("c", chat_of("<|im_end|>"))
    step.run()
    step.session.execute("update tokenized set renderer = 'assembly' where record_id = 'b'")
    step.session.execute("update tokenized set renderer = 'jinja' where record_id = 'a'")
    monkeypatch.setenv(RENDERER_VARIABLE, "jinja")
    assert step.run() == ["b"]
    assert step.rows("renderer") == [("jinja",), ("jinja",), (None,)]
    monkeypatch.delenv(RENDERER_VARIABLE)
    assert step.run() == []


def test_another_template_of_the_environment_is_no_reuse(
    step: Step, qwen3: LoadedTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where one process builds twice, and where the file changes in between."""
    step.add("a", chat_of("Waldo"))
    step.run()
    assert isinstance(qwen3.chat_template, str)
    file = tmp_path / "template.jinja"
    file.write_text(qwen3.chat_template + "{# one #}", encoding="utf-8")
    monkeypatch.setenv(TEMPLATE_VARIABLE, str(file))
    assert step.run() == ["a"]
    assert step.run() == []
    file.write_text(qwen3.chat_template + "{# two #}", encoding="utf-8")
    assert step.run() == ["a"]


@pytest.mark.parametrize(
    "statement",
    [
        "create table tokenized as select 'a' as record_id",
        "create table tokenized as select 1 as input_ids",
    ],
)
def test_a_table_of_another_version_is_of_no_use(step: Step, statement: str) -> None:
    step.session.execute(statement)
    step.add("a", chat_of("Waldo"))
    assert step.run() == ["a"]


def test_columns_of_other_types_are_of_no_use(step: Step) -> None:
    step.add("a", chat_of("Waldo"))
    step.run()
    step.session.execute("alter table tokenized alter n_tokens type varchar")
    assert step.run() == ["a"]


def test_a_published_file_is_used_before_the_database_at_hand(
    step: Step, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path_factory.mktemp("published") / "warehouse.duckdb"
    step.add("a", chat_of("Waldo"))
    step.run()
    step.session.execute(f"attach '{file}' as published")
    step.session.execute("create table published.tokenized as from tokenized; detach published")
    step.session.execute("drop table tokenized")
    monkeypatch.setenv(PUBLISHED_VARIABLE, str(file))
    assert step.run() == []
    file.write_bytes(b"no database")
    assert step.run() == ["a"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ("tokenizer = './no-such'", CannotOpen, "no-such"),
        ('tokenization_policy = \'{"thinking": "never"}\'', UsageFault, "never"),
    ],
)
def test_what_cannot_be_loaded_or_is_not_known_is_told(
    step: Step, change: str, error: type[Exception], words: str
) -> None:
    step.add("a", chat_of("Waldo"))
    step.session.execute(f"update planned set {change}")
    planned = step.session.query(PLANNED)
    with pytest.raises(error, match=words):
        tokenize_model.tokenized_examples(planned, step.session, *TABLE).read_all()


def test_memory_is_limited_from_when_rows_are_asked_for(step: Step) -> None:
    """Not before: between the model's call and the first row dbt sets the limit of its profile."""
    step.add("a", chat_of("Waldo"))
    planned = step.session.query(PLANNED)
    rows = tokenize_model.tokenized_examples(planned, step.session, *TABLE)
    step.session.execute("set memory_limit = '3GB'")
    rows.read_next_batch()
    with step.session.cursor() as cursor:
        ((limit,),) = cursor.execute("select current_setting('memory_limit')").fetchall()
    assert limit == "512.0 MiB"
