"""The file of a build keeps its small row groups, whoever writes to it, and spills beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment

from trajhouse.cli.building.publish import checkpoint, opened_to_write
from trajhouse.cli.project import project_folder

TABLE = "create table warehouse.main.numbers as select range as n from range(5_000)"
GROUPS = "select count from pragma_storage_info('numbers') where segment_type = 'BIGINT'"
SIZES = [904, 2048, 2048]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / "warehouse.duckdb"


@pytest.fixture
def dbt(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEnvironment]:
    """What dbt connects to by `profiles.yml`."""
    monkeypatch.setenv("TRAJHOUSE_DATABASE", str(database))
    profile = yaml.safe_load((project_folder() / "profiles.yml").read_text())
    target = rendered(profile["trajhouse"]["outputs"]["warehouse"])
    environment = LocalEnvironment(DuckDBCredentials.from_dict({"schema": "main"} | target))
    yield environment
    environment.close()


def rendered(value: Any) -> Any:
    """Part of the profile with the values of variables in it."""
    if isinstance(value, dict):
        return {key: rendered(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rendered(item) for item in value]
    if isinstance(value, str):
        return jinja2.Template(value).render(env_var=os.environ.get)
    return value


def group_sizes(database: Path) -> list[int]:
    """The sizes of the row groups of the table, as they are in the file."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return sorted(count for (count,) in connection.execute(GROUPS).fetchall())


def test_dbt_writes_small_row_groups(dbt: LocalEnvironment, database: Path) -> None:
    dbt.handle().cursor().execute(TABLE)
    dbt.close()
    assert group_sizes(database) == SIZES


def test_a_checkpoint_leaves_row_groups_as_they_are(database: Path) -> None:
    with opened_to_write(database) as connection:
        connection.execute(TABLE)
    with opened_to_write(database) as connection:
        connection.execute("create table later as select 1 as n")
    checkpoint(database)
    assert group_sizes(database) == SIZES
    assert not database.with_name("warehouse.duckdb.wal").exists()


def test_models_after_one_that_spilled_are_built(dbt: LocalEnvironment, database: Path) -> None:
    cursor = dbt.handle().cursor()
    cursor.execute("set memory_limit = '40MB'; set threads = 1")
    cursor.execute("create temp table held as select range::varchar as n from range(5_000_000)")
    spilled = list(database.parent.glob("*/*"))
    assert spilled
    assert {path.parent.name for path in spilled} == {f"{database.name}.tmp"}
    assert dbt.handle().cursor().execute("select count(*) from range(7)").fetchall() == [(7,)]
