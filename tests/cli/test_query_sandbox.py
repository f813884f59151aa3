"""A query reads one database, and nothing that it says reaches further."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.querying.sandbox import open_sandbox

from .conftest import Call, Run

SECRET = "a secret outside"  # noqa: S105
CLOSED = {
    "read_csv": "from read_csv('secret.csv')",
    "read_parquet": "from read_parquet('secret.parquet')",
    "read_text": "from read_text('secret.csv')",
    "read_blob": "from read_blob('secret.csv')",
    "read_json": "from read_json('secret.csv')",
    "read_duckdb": "from read_duckdb('other.duckdb')",
    "glob": "from glob('*')",
    "glob_root": "from glob('/*')",
    "sniff_csv": "from sniff_csv('secret.csv')",
    "parquet_metadata": "from parquet_metadata('secret.parquet')",
    "direct_parquet": "from 'secret.parquet'",
    "direct_csv": "from 'secret.csv'",
    "query_table_file": "from query_table('secret.csv')",
    "query_function": "from query('from read_text(''secret.csv'')')",
    "network": "from 'https://example.com/x.parquet'",
    "copy_to": "copy trajectories to 'out.csv'",
    "copy_from": "copy marts.tool_calls from 'secret.csv'",
    "copy_database": "copy from database warehouse to other",
    "copy_in_cte": "with x as (copy (select 1) to 'out.csv') select * from x",
    "copy_in_nested_cte": "select (with x as (copy (select 1) to 'out.csv') select 1)",
    "copy_in_query": "from query('with x as (copy (select 1) to ''out.csv'') from x')",
    "copy_serialized": "from json_execute_serialized_sql(json_serialize_sql('with x as"
    " (copy (select 1) to ''out.csv'') from x'))",
    "copy_in_pivot": "with x as (copy (select 1) to 'out.csv' (use_tmp_file false))"
    " pivot tool_calls on dataset using count(*) group by turn",
    "export": "export database 'out'",
    "import": "import database 'out'",
    "attach_memory": "attach ':memory:' as m",
    "attach_file": "attach 'out.duckdb' as o",
    "attach_other": "attach 'other.duckdb' as o (read_only)",
    "detach": "detach warehouse",
    "use": "use raw",
    "install": "install httpfs",
    "load": "load json",
    "set": "set enable_external_access = true",
    "set_memory": "set memory_limit = '1GB'",
    "set_variable": "set variable x = 1",
    "reset": "reset lock_configuration",
    "pragma": "pragma database_list",
    "pragma_profiling": "pragma enable_profiling = 'json'",
    "call": "call pragma_version()",
    "logging": "from enable_logging(storage='file', storage_config={'path': 'out'})",
    "profiling": "from enable_profiling(format='json', save_location='out.json')",
    "checkpoint": "checkpoint",
    "checkpoint_function": "from force_checkpoint()",
    "resource": "from register_external_resource('a', 'b')",
    "create": "create table marts.x as select 1",
    "create_temp": "create temp table x as select 1",
    "create_macro": "create temp macro f() as 1",
    "create_secret": "create secret s (type s3)",
    "insert": "insert into marts.tool_calls default values",
    "insert_in_cte": "with x as (insert into raw.files default values returning *) from x",
    "update": "update marts.tool_calls set turn = 0",
    "update_in_cte": "with x as (update raw.files set n_bytes = 0 returning *) from x",
    "delete": "delete from marts.tool_calls",
    "delete_in_cte": "with x as (delete from raw.files returning *) select count(*) from x",
    "merge": "merge into raw.files using (select 1 as i) on false when not matched then insert",
    "truncate": "truncate marts.tool_calls",
    "drop": "drop table marts.tool_calls",
    "alter": "alter table marts.tool_calls add column x integer",
    "comment": "comment on table marts.tool_calls is 'x'",
    "vacuum": "vacuum",
    "begin": "begin",
    "prepare": "prepare p as select 1",
    "execute": "execute p",
    "getenv": "select getenv('HOME')",
    "python_variable": "from data",
    "python_arrow_scan": "from python_arrow_scan(1, 2, 3)",
    "secrets": "from duckdb_secrets()",
    "two_statements": "select 1; select 2",
    "hidden_second": "select 1; copy (select 1) to 'out.csv'",
    "closing_bracket": "select 1) to 'out.csv' --",
    "bracket_then_statement": "select 1); copy (select 1) to 'out.csv'; select (1",
    "explain_copy": "explain copy (select 1) to 'out.csv'",
    "explain_analyze_copy": "explain analyze copy (select 1) to 'out.csv'",
    "explain_options_copy": "explain (analyze, format json) copy (select 1) to 'out.csv'",
    "explain_commented_copy": "/* x */ explain -- y\n analyze copy (select 1) to 'out.csv'",
    "explain_cte_copy": "explain analyze with x as (copy (select 1) to 'out.csv') from x",
    "explain_create": "explain analyze create temp table x as select 1",
}
OPEN = {
    "select": "select count(*) from trajectories",
    "from": "from trajectories",
    "qualified": "select count(*) from marts.trajectories, raw.files",
    "other_schema": "from intermediate.int_trajectories",
    "values": "values (1)",
    "cte": "with x as (select 1) from x",
    "recursive": "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) "
    "from r",
    "set_operation": "select 1 union all select 2 order by 1",
    "describe": "describe trajectories",
    "summarize": "summarize tool_calls",
    "show": "show tables",
    "pivot": "pivot tool_calls on dataset using count(*) group by turn",
    "explain": "explain from trajectories",
    "explain_analyze": "explain analyze select count(*) from trajectories",
    "semicolon": "select ';' as a; -- done;",
    "settings_shown": "select value from duckdb_settings() where name = 'TimeZone'",
}


AS_PROCESS = [
    "read_text",
    "direct_parquet",
    "copy_in_cte",
    "copy_to",
    "attach_memory",
    "create_temp",
]


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with files that a query must not see."""
    folder = tmp_path / "cwd"
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    (folder / "secret.csv").write_text(f"a\n{SECRET}\n")
    with duckdb.connect(str(folder / "other.duckdb")) as connection:
        connection.execute(f"create table secrets as select '{SECRET}' as a")
        connection.execute(f"copy secrets to '{folder / 'secret.parquet'}'")
    return folder


@pytest.mark.parametrize("sql", CLOSED.values(), ids=CLOSED.keys())
def test_closed(
    call: Call,
    outside: Path,
    published: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    sql: str,
) -> None:
    before = _contents(outside) | _contents(published)
    with pytest.raises(TrajhouseError) as caught:
        call("query", sql)
    assert caught.value.exit_code == 1
    assert len(caught.value.as_lines().splitlines()) == 3
    assert SECRET not in caught.value.as_lines()
    assert capfdbinary.readouterr().out == b""
    assert _contents(outside) | _contents(published) == before


@pytest.mark.parametrize("name", AS_PROCESS)
def test_closed_as_a_process(run: Run, outside: Path, published: Path, name: str) -> None:
    before = _contents(outside) | _contents(published)
    done = run("query", CLOSED[name])
    assert (done.code, done.out) == (1, b"")
    assert [line[:7] for line in done.err.splitlines()] == ["error: ", "  why: ", "  try: "]
    assert _contents(outside) | _contents(published) == before


@pytest.mark.parametrize("sql", OPEN.values(), ids=OPEN.keys())
def test_open(call: Call, capfdbinary: pytest.CaptureFixture[bytes], sql: str) -> None:
    call("query", sql)
    shown = capfdbinary.readouterr()
    assert shown.out
    assert shown.err == b""


FORBIDDEN_WITHOUT_GUARD = [
    "with x as (copy (select 1) to '{folder}/out.csv') select * from x",
    "from query('with x as (copy (select 1) to ''{folder}/out.csv'') from x')",
    "copy (select 1) to '{folder}/out.csv'",
    "from read_text('{folder}/secret.csv')",
    "from '{folder}/secret.parquet'",
    "attach '{folder}/other.duckdb' as o (read_only)",
    "attach ':memory:' as m",
    "export database '{folder}/out'",
    "import database '{folder}/out'",
    "install httpfs",
    "load '{folder}/secret.csv'",
    "set enable_external_access = true",
    "set allowed_directories = ['{folder}']",
    "set temp_directory = '{folder}'",
    "reset lock_configuration",
    "from data",
]


@pytest.mark.parametrize("sql", FORBIDDEN_WITHOUT_GUARD, ids=lambda sql: sql[:24])
def test_connection_alone_is_closed(outside: Path, published: Path, sql: str) -> None:
    data = duckdb.sql("select 1")  # noqa: F841 - what a replacement scan would find
    before = _contents(outside)
    with (
        open_sandbox(published / "warehouse.duckdb") as connection,
        pytest.raises(duckdb.Error),
    ):
        connection.execute(sql.format(folder=outside)).fetchall()
    assert _contents(outside) == before


@pytest.mark.parametrize("name", ["warehouse.duckdb", "warehouse.duckdb.wal", "new.csv"])
@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{file}' (format csv, use_tmp_file false)",
        "from read_blob('{file}')",
        "from json_execute_serialized_sql(json_serialize_sql('with x as (copy (select 1) to"
        " ''{file}'' (format csv, use_tmp_file false)) from x'))",
        "with x as (copy (select 1) to '{file}' (format csv, use_tmp_file false))"
        " pivot tool_calls on dataset using count(*) group by turn",
    ],
    ids=["copy", "read", "serialized", "pivot"],
)
def test_not_even_the_warehouse_itself_can_be_reached(warehouse: Path, sql: str, name: str) -> None:
    before = _contents(warehouse)
    with (
        open_sandbox(warehouse / "warehouse.duckdb") as connection,
        pytest.raises(duckdb.Error),
    ):
        connection.execute(sql.format(file=warehouse / name)).fetchall()
    assert _contents(warehouse) == before
    with duckdb.connect(str(warehouse / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.trajectories").fetchall() != []


def _contents(folder: Path) -> dict[str, str]:
    """Hash by path of every file; folders have none."""
    return {
        str(path): sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }
