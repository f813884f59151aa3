"""Ctrl-C and termination reach a query at once.

Python runs signal handlers only between its own instructions, and DuckDB can be away from those for
as long as a query takes. So a thread is woken by the signal itself, and interrupts the connection.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let both signals end the work of `connection` in a `with` block with a KeyboardInterrupt.

    Outside the main thread, which alone gets signals, nothing is done.

    Raises:
        KeyboardInterrupt: One of the signals came.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    before_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reader, connection), daemon=True)
    watcher.start()
    try:
        yield
    except (duckdb.InterruptException, RuntimeError) as error:
        # DuckDB's own words for a signal that came while it was working.
        if isinstance(error, RuntimeError) and str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None
    finally:
        signal.set_wakeup_fd(before_fd)
        signal.signal(signal.SIGTERM, before)
        os.close(writer)
        watcher.join()
        os.close(reader)


def _watch(reader: int, connection: duckdb.DuckDBPyConnection) -> None:
    """Interrupt the connection for each signal, until the other end of the pipe is closed."""
    while caught := os.read(reader, 1):
        if caught[0] in _SIGNALS:
            connection.interrupt()
