"""Opening the published build for the commands that ask it fixed questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from trajhouse.cli.errors import CannotOpen
from trajhouse.cli.querying.catalog import Mart, list_marts
from trajhouse.cli.querying.sandbox import open_sandbox, unreadable
from trajhouse.cli.warehouse import Warehouse


@contextmanager
def reading(
    warehouse: Warehouse,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Mart]]]:
    """A closed connection to the published build, and its marts by name.

    Raises:
        CannotOpen: Nothing is built, the file cannot be read, or it is no warehouse.
    """
    database = warehouse.require_database()
    with open_sandbox(database) as connection:
        try:
            marts = list_marts(connection)
            if not marts:
                raise CannotOpen(
                    f"no marts in {database}",
                    "it is a database, but not one that trajhouse built",
                    "trajhouse build",
                )
            yield connection, marts
        except duckdb.CatalogException as error:
            raise CannotOpen(
                f"{database} is not as this version expects",
                str(error).splitlines()[0],
                "trajhouse build writes it anew from the landing area",
            ) from None
        except duckdb.Error as error:
            raise unreadable(database, error) from None
