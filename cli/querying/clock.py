"""A time limit on a query: the database's time, not that of whoever reads the output."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from trajhouse.cli.errors import TimedOut


class TimeLimit:
    """Interrupts a connection once it has worked for so many seconds in all; 0 is no limit.

    Attributes:
        seconds_left: What remains; without meaning where there is no limit.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self.seconds_left = seconds
        self._is_over = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of a `with` block.

        Raises:
            TimedOut: The limit was reached.
        """
        started_at = time.monotonic()
        timer = threading.Timer(max(self.seconds_left, 0), self._stop)
        timer.daemon = True
        if self._seconds:
            timer.start()
        try:
            yield
        except (duckdb.InterruptException, RuntimeError):
            if not self._is_over:
                raise
        finally:
            timer.cancel()
            if timer.ident is not None:
                timer.join()
            self.seconds_left -= time.monotonic() - started_at
        if self._is_over:
            raise TimedOut(
                f"the query was stopped after {self._seconds:g} s",
                "it reached the time limit",
                "narrow it with where, or raise the limit with --timeout SECONDS (0 for none)",
            )

    def _stop(self) -> None:
        self._is_over = True
        self._connection.interrupt()
