"""The connection that an export reads with is closed to everything outside, and silent."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from trajhouse.cli.errors import CannotOpen, DiskFault, TrajhouseError
from trajhouse.cli.exporting.source import explained, open_source
from trajhouse.cli.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).execute("create table t as select 1").close()
    return Warehouse(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("create table other as select 1", id="create"),
        pytest.param("copy t to '{folder}/out.csv'", id="copy"),
        pytest.param("export database '{folder}/out'", id="export"),
        pytest.param("attach '{folder}/other.duckdb'", id="attach"),
        pytest.param("select * from read_text('{folder}/*')", id="read"),
        pytest.param("install httpfs", id="install"),
        pytest.param("set enable_external_access = true", id="access"),
        pytest.param("set memory_limit = '1TB'", id="setting"),
        pytest.param("select * from local_variable", id="python"),
    ],
)
def test_is_closed(warehouse: Warehouse, tmp_path: Path, statement: str) -> None:
    local_variable = [1]
    assert local_variable
    with open_source(warehouse, None, None) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.format(folder=tmp_path)).fetchall()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["warehouse.duckdb"]


def test_stdout_is_left_to_the_command(warehouse: Warehouse) -> None:
    with open_source(warehouse, None, None) as connection:
        query = "select current_setting('enable_progress_bar'), current_setting('TimeZone')"
        assert connection.execute(query).fetchall() == [(False, "UTC")]


def test_spills_only_where_it_is_told(warehouse: Warehouse, tmp_path: Path) -> None:
    query = "select current_setting('temp_directory')"
    with open_source(warehouse, tmp_path / "spill", None) as connection:
        assert connection.execute(query).fetchall() == [(str(tmp_path / "spill"),)]
    with open_source(warehouse, None, None) as connection:
        assert connection.execute(query).fetchall() == [("",)]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"x" * 20_000)
    with pytest.raises(CannotOpen), open_source(Warehouse(tmp_path), None, None):
        pass


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        pytest.param(duckdb.InterruptException("stop"), KeyboardInterrupt, id="interrupted"),
        pytest.param(RuntimeError("Query interrupted"), KeyboardInterrupt, id="in Python"),
        pytest.param(OSError("IO Error: No space left on device"), DiskFault, id="full disk"),
        pytest.param(OSError("Conversion Error: 'x'"), TrajhouseError, id="through Arrow"),
        pytest.param(
            duckdb.OutOfMemoryException("Out of Memory Error"), TrajhouseError, id="memory"
        ),
        pytest.param(OSError(28, "No such thing"), OSError, id="not DuckDB's"),
        pytest.param(RuntimeError("other"), RuntimeError, id="a bug"),
    ],
)
def test_explains(raised: Exception, expected: type[BaseException]) -> None:
    with pytest.raises(expected), explained("reading"):
        raise raised
