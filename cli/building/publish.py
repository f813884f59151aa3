"""Turns the file that dbt wrote into the published build, or keeps it aside when it failed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trajhouse.cli.disk import sync
from trajhouse.cli.warehouse import Warehouse, quote_literal

if TYPE_CHECKING:
    import duckdb

ROW_GROUP_SIZE = 2048
"""Rows; as in `profiles.yml`."""


def start_afresh(warehouse: Warehouse) -> None:
    """Remove what an interrupted build left behind."""
    for leftover in (warehouse.next_database, _log_of(warehouse.next_database)):
        leftover.unlink(missing_ok=True)


def checkpoint(database: Path) -> None:
    """Write everything that is still in the write-ahead log into the file."""
    with opened_to_write(database) as connection:
        connection.execute("force checkpoint")


@contextmanager
def opened_to_write(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a warehouse file with its tables' row groups as they are.

    One that opens the file itself would lay them together, of all tables, when it closes.
    """
    import duckdb

    with duckdb.connect(config={"temp_directory": f"{database}.tmp"}) as connection:
        options = f"row_group_size {ROW_GROUP_SIZE}"
        connection.execute(f"attach {quote_literal(str(database))} as warehouse ({options})")
        connection.execute("use warehouse")
        yield connection


def publish(warehouse: Warehouse) -> None:
    """Rename the finished build over the published one: readers see the old or the new."""
    sync(warehouse.next_database)
    os.replace(warehouse.next_database, warehouse.database)
    warehouse.failed_database.unlink(missing_ok=True)
    sync(warehouse.root)


def set_aside(warehouse: Warehouse) -> None:
    """Keep a build that failed its tests, so that the offending rows can be queried."""
    if warehouse.next_database.exists():
        os.replace(warehouse.next_database, warehouse.failed_database)
    _log_of(warehouse.next_database).unlink(missing_ok=True)


def _log_of(database: Path) -> Path:
    return database.with_name(database.name + ".wal")
