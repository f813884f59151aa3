"""The conversations to tokenize, out of warehouses that are built once and kept in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from trajhouse.cli.building.publish import opened_to_write
from trajhouse.cli.project import project_folder
from trajhouse.cli.sampling.sera import INGESTS
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER

PROJECT = project_folder()
TAU_BENCH = PROJECT.parent / "shared" / "data" / "real" / "tau_bench" / "gpt-4o-airline.json"
_CHAT_TABLE = "intermediate.int_trajectories_chat"
_TAU_FIELDS = ("--field", "messages=traj", "--field", "task_id=task_id")
_NO_TESTS = ("--exclude-resource-types", "unit_test", "test")
_CHARS_A_TOKEN = 3.5
"""More characters of content than these conversations have for each token."""
_REPEAT = f"""
select chats.* replace (
    chats.record_id || '#' || copies.copy as record_id,
    chats.trajectory_id || '#' || copies.copy as trajectory_id,
    [struct_update(
        chats.chat_messages[1],
        content := chats.chat_messages[1].content || ' (' || copies.copy || ')'
    )] || chats.chat_messages[2:] as chat_messages
)
from source.{_CHAT_TABLE} as chats
cross join range({{copies}}) as copies(copy)
"""
_LONG_ROW = f"""
with numbered as (
    select chat_messages, row_number() over (order by trajectory_id) as row_number
    from source.{_CHAT_TABLE}
),
spread as (
    select
        row_number,
        generate_subscripts(chat_messages, 1) as place,
        unnest(chat_messages) as message
    from numbered
),
measured as (
    select
        *,
        coalesce(sum(length(message.content)) over (
            order by row_number, place rows between unbounded preceding and 1 preceding
        ), 0) as n_chars_before
    from spread
    where message.role <> 'system' or row_number = 1
),
joined as (
    select {{messages}} as chat_messages from measured where n_chars_before < {{n_chars}}
)
select chats.* replace (joined.chat_messages as chat_messages)
from (from source.{_CHAT_TABLE} order by trajectory_id limit 1) as chats
cross join joined
"""
_ALL_IN_ONE = """
list(message order by row_number, place)[1:2] || [struct_update(
    list(message order by row_number, place)[3],
    content := string_agg(message.content, chr(10) order by row_number, place)
)]
"""


@dataclass(frozen=True)
class Prepared:
    """A warehouse folder whose chat messages are built, and whose tokens are not.

    Attributes:
        name: What the table of results calls it.
        root: The warehouse folder.
    """

    name: str
    root: Path

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.root / "warehouse.duckdb"

    def examples(self) -> pa.Table:
        """All rows, as `tokenize_examples` takes them."""
        with self.open() as connection:
            return connection.sql(f"{examples_sql()} order by trajectory_id").to_arrow_table()

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that only reads."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("set enable_progress_bar = false")
            yield connection


def examples_sql() -> str:
    """Selects the columns that `tokenize_examples` and `read_conversations` take; all rows."""
    return f"""
        select
            chat_messages,
            tools,
            0::integer as trained_from,
            '{DEFAULT_TOKENIZER}' as tokenizer,
            '{{}}' as policy,
            n_bytes,
            rowid as row_place
        from {_CHAT_TABLE}
    """


def prepare_sera(folder: Path, rows: int) -> Prepared:
    """Trajectories of `trajhouse sample sera`, of realistic length, with no faults planted."""
    root = folder / f"sera-{rows}"
    with _made_once(root) as is_missing:
        if is_missing:
            raw = root / "raw"
            count = ("--rows", str(rows), "--faults", "none")
            _run("trajhouse", root, "sample", "sera", *count, "--out", str(raw))
            for ingest in INGESTS:
                paths = [str(raw / path) for path in ingest.paths]
                _ingest(root, ingest.family, *paths, "--dataset", ingest.dataset)
            shutil.rmtree(raw)
            _build_chats(root)
    return Prepared(f"SERA-like, {rows:,} rows", root)


def prepare_tau_bench(folder: Path, copies: int) -> Prepared | None:
    """The real rollouts, each `copies` times; None where they are not on this machine."""
    if not TAU_BENCH.is_file():
        return None
    once = folder / "tau_bench"
    with _made_once(once) as is_missing:
        if is_missing:
            _ingest(once, "openai", str(TAU_BENCH), "--dataset", "tau_bench", *_TAU_FIELDS)
            _build_chats(once)
    repeated = repeat(Prepared("", once), copies)
    return Prepared(f"tau_bench, 100 real rollouts x {copies}", repeated.root)


def repeat(prepared: Prepared, copies: int) -> Prepared:
    """The same rows `copies` times, each with a number in its first message."""
    name = f"{prepared.root.name}-x{copies}"
    return _with_other_chats(prepared, name, _REPEAT.format(copies=copies))


def prepare_long_row(prepared: Prepared, n_tokens: int, is_one_message: bool) -> Prepared:
    """One row of at least `n_tokens` tokens: the messages of several, or all their text in one."""
    name = f"{prepared.root.name}-long-{n_tokens}" + ("-message" if is_one_message else "")
    messages = _ALL_IN_ONE if is_one_message else "list(message order by row_number, place)"
    sql = _LONG_ROW.format(n_chars=int(n_tokens * _CHARS_A_TOKEN), messages=messages)
    return _with_other_chats(prepared, name, sql)


def _with_other_chats(prepared: Prepared, name: str, chats: str) -> Prepared:
    """A copy of a warehouse, its chat messages replaced by a query over those of `source`."""
    root = prepared.root.with_name(name)
    with _made_once(root) as is_missing:
        if is_missing:
            shutil.copy(prepared.database, root / "warehouse.duckdb")
            with opened_to_write(root / "warehouse.duckdb") as connection:
                connection.execute("set enable_progress_bar = false")
                connection.execute("set memory_limit = '2GB'")
                connection.execute("set preserve_insertion_order = false")
                connection.execute("set write_buffer_row_group_count = 1")
                connection.execute(f"attach '{prepared.database}' as source (read_only)")
                connection.execute(f"create or replace table {_CHAT_TABLE} as {chats}")
    return Prepared(name, root)


def dbt(root: Path, *arguments: str) -> list[str]:
    """The command that runs dbt over a warehouse folder; run it with `environment_of(root)`."""
    artifacts = str(root / ".dbt")
    folders = {"--project-dir": PROJECT, "--profiles-dir": PROJECT, "--target-path": artifacts}
    options = [str(word) for option in folders.items() for word in option]
    quiet = ("--quiet", "--log-path", artifacts)
    return [_program("dbt"), *quiet, *arguments, *options, *_NO_TESTS]


def environment_of(root: Path) -> dict[str, str]:
    """Variables under which dbt writes the warehouse in `root`."""
    return os.environ | {"TRAJHOUSE_WAREHOUSE": str(root)}


@contextmanager
def _made_once(root: Path) -> Iterator[bool]:
    """Whether `root` is still to be made; when it was, without an error, it is kept."""
    marker = root / ".ready"
    if marker.exists():
        yield False
        return
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    print(f"preparing {root}", file=sys.stderr)
    yield True
    marker.touch()


def _ingest(root: Path, *arguments: str) -> None:
    _run("trajhouse", root, "ingest", *arguments)


def _build_chats(root: Path) -> None:
    command = dbt(root, "build", "--select", "+int_trajectories_chat")
    subprocess.run(command, check=True, env=environment_of(root), stdout=sys.stderr)


def _run(program: str, root: Path, *arguments: str) -> None:
    command = [_program(program), "--warehouse", str(root), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
