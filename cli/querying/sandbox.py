"""A connection that can read one database file, and neither write nor reach anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from trajhouse.cli.errors import CannotOpen, Locked, TrajhouseError
from trajhouse.cli.querying.inert import inert_line
from trajhouse.cli.querying.interrupts import interruptible
from trajhouse.cli.warehouse import MARTS_SCHEMA, quote_literal


@contextmanager
def open_sandbox(
    database: Path, memory_limit: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to `database`, closed to files, network, extensions and settings.

    Unqualified names are looked up in `marts`. Times are UTC. Closing external access leaves the
    database file, its log and the temporary folder open to SQL, for writing as well; so the file
    system itself is closed once the database is open, and nothing can spill to disk.

    Args:
        database: A DuckDB file.
        memory_limit: Such as `2GB`; DuckDB's default is four fifths of the machine.

    Raises:
        CannotOpen: There is no such file, or it is not a database that this version reads.
        Locked: Another process has it open for writing.
        KeyboardInterrupt: The work in the `with` block was interrupted or terminated.
    """
    connection = _connect(database, memory_limit)
    try:
        with interruptible(connection):
            _close_doors(connection)
            yield connection
    finally:
        connection.close()


def unreadable(database: Path, error: Exception) -> TrajhouseError:
    """The error for a file that is there and does not open or is damaged inside."""
    reason = (
        inert_line(str(error).splitlines()[0])
        .removeprefix("IO Error: ")
        .replace(f'"{database}" ', "")
    )
    if "lock" in reason and "Could not set" in reason:
        return Locked(
            f"cannot read {database}", reason, "end the process that has the file open for writing"
        )
    is_newer = "version number" in reason and "can only read" in reason
    return CannotOpen(
        f"cannot read {database}",
        reason,
        "install the trajhouse that built it, or run trajhouse build with this one"
        if is_newer
        else "trajhouse build writes it anew from the landing area",
    )


def _connect(database: Path, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {
        "python_enable_replacements": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "temp_directory": "",
    }
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    try:
        return duckdb.connect(str(database), read_only=True, config=config)
    except duckdb.Error as error:
        raise unreadable(database, error) from None


def _close_doors(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    found = connection.execute(
        "select 1 from information_schema.schemata"
        " where schema_name = ? and catalog_name = current_database()",
        [MARTS_SCHEMA],
    ).fetchone()
    if found:
        connection.execute(f"set search_path = {quote_literal(MARTS_SCHEMA)}")
    connection.execute("set enable_external_access = false")
    connection.execute("set disabled_filesystems = 'LocalFileSystem'")
    connection.execute("set lock_configuration = true")
