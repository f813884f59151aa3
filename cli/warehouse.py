"""Where a warehouse keeps its parts, and the names of its relations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trajhouse.cli.errors import CannotOpen

MARTS_SCHEMA = "marts"


@dataclass(frozen=True)
class Warehouse:
    """A warehouse folder.

    ``landing/`` holds one folder per ingest with immutable Parquet parts, ``warehouse.duckdb`` the
    published build, ``warehouse.next.duckdb`` the build under way, and ``tmp/`` what is being
    written aside.
    """

    root: Path

    @property
    def landing(self) -> Path:
        """One folder per completed ingest; nothing else."""
        return self.root / "landing"

    @property
    def database(self) -> Path:
        """The published build."""
        return self.root / "warehouse.duckdb"

    @property
    def next_database(self) -> Path:
        """The build under way; renamed over `database` once its tests pass."""
        return self.root / "warehouse.next.duckdb"

    @property
    def failed_database(self) -> Path:
        """The last build that failed its tests, kept so that its rows can be looked at."""
        return self.root / "warehouse.failed.duckdb"

    @property
    def scratch(self) -> Path:
        """Work in progress, on the same file system as the rest so that a rename publishes it."""
        return self.root / "tmp"

    def lock_file(self, name: str) -> Path:
        """The file that the lock `name` is held on."""
        return self.root / f".{name}.lock"

    def require_database(self) -> Path:
        """The published build.

        Raises:
            CannotOpen: Nothing has been built here yet.
        """
        if not self.database.is_file():
            raise CannotOpen(
                f"no warehouse at {self.root}",
                f"{self.database.name} is not there: nothing has been built yet",
                "trajhouse ingest FAMILY PATH --dataset NAME, then trajhouse build",
            )
        return self.database


def quote_identifier(name: str) -> str:
    """`name` as a quoted SQL identifier, whatever it contains.

    >>> quote_identifier('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """`text` as a quoted SQL string.

    >>> quote_literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
