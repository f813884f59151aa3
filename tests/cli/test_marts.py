"""`trajhouse marts`, and what every reading command says of a warehouse that cannot be read."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import duckdb
import pytest

from trajhouse.cli.errors import CannotOpen

from .conftest import Call, Run

GOLDEN = Path(__file__).parent / "golden"
HEADER_BYTES = 4096
VERSION_OFFSET = 12


def test_list_is_golden(run: Run) -> None:
    done = run("marts")
    assert (done.code, done.err) == (0, "")
    assert done.out == (GOLDEN / "marts.txt").read_bytes()


def test_list_as_json(run: Run) -> None:
    listed = json.loads(run("marts", "--json").out)
    assert {mart["name"]: mart["rows"] for mart in listed} == {
        "duplicates": 1,
        "messages": 12,
        "rejections": 2,
        "sft_tokenized": 0,
        "tool_calls": 2,
        "trajectories": 3,
    }
    assert listed[0]["description"] is None


def test_mart_with_a_hostile_name(run: Run, warehouse: Path) -> None:
    with duckdb.connect(str(warehouse / "warehouse.duckdb")) as connection:
        connection.execute(
            'create table marts."x""; drop table marts.tool_calls; --" as select 1 a'
        )
    listed = json.loads(run("marts", "--json", warehouse=warehouse).out)
    assert {m["name"]: m["rows"] for m in listed}['x"; drop table marts.tool_calls; --'] == 1
    name = 'x"; drop table marts.tool_calls; --'
    assert json.loads(run("stats", name, "--json", warehouse=warehouse).out)["rows"] == 1
    assert json.loads(run("show", "tool_calls", "--json", warehouse=warehouse).out)["rows"] == 2


@pytest.mark.parametrize(
    "command",
    [["marts"], ["query", "from trajectories"], ["show", "trajectories"], ["stats", "messages"]],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("kind", ["missing", "empty", "text", "cut", "damaged", "newer"])
def test_unreadable_warehouse(call: Call, warehouse: Path, command: list[str], kind: str) -> None:
    _spoil(warehouse / "warehouse.duckdb", kind)
    with pytest.raises(CannotOpen) as caught:
        call(*command, warehouse=warehouse)
    assert len(caught.value.as_lines().splitlines()) == 3
    if kind == "newer":
        assert "version number" in caught.value.why


def test_unreadable_warehouse_ends_with_3(run: Run, warehouse: Path) -> None:
    _spoil(warehouse / "warehouse.duckdb", "text")
    done = run("query", "from trajectories", warehouse=warehouse)
    assert (done.code, done.out) == (3, b"")
    assert [line[:7] for line in done.err.splitlines()] == ["error: ", "  why: ", "  try: "]


def test_database_without_marts(run: Run, warehouse: Path) -> None:
    (warehouse / "warehouse.duckdb").unlink()
    duckdb.connect(str(warehouse / "warehouse.duckdb")).close()
    done = run("marts", warehouse=warehouse)
    assert done.code == 3
    assert "no marts in" in done.err


def test_database_open_for_writing_elsewhere(run: Run, warehouse: Path) -> None:
    with duckdb.connect(str(warehouse / "warehouse.duckdb")):
        done = run("marts", warehouse=warehouse)
    assert done.code == 5
    assert len(done.err.splitlines()) == 3


def test_reading_leaves_the_warehouse_as_it_was(run: Run, warehouse: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in warehouse.rglob("*")}
    for command in (
        ["marts"],
        ["show", "a-1"],
        ["stats", "messages"],
        ["status"],
        ["query", "select 1"],
    ):
        assert run(*command, warehouse=warehouse).code == 0
    assert {path: path.stat().st_mtime_ns for path in warehouse.rglob("*")} == before


def _spoil(database: Path, kind: str) -> None:
    content = bytearray(database.read_bytes())
    if kind == "missing":
        database.unlink()
        return
    if kind == "damaged":
        content[HEADER_BYTES : 3 * HEADER_BYTES] = bytes(2 * HEADER_BYTES)
    if kind == "newer":
        content[VERSION_OFFSET : VERSION_OFFSET + 8] = struct.pack("<Q", 2**20)
        content[:8] = struct.pack("<Q", _checksum(content[8:HEADER_BYTES]))
    spoilt = {"empty": b"", "text": b"not a database\n" * 999, "cut": content[:5000]}
    database.write_bytes(spoilt.get(kind, content))


def _checksum(block: bytearray) -> int:
    """DuckDB's checksum of a block of whole 64-bit words."""
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", bytes(block)):
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    return checksum
