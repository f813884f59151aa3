"""Where tasks run: in this process for small inputs, in one process a core for large ones."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from trajhouse.cli.errors import TrajhouseError

P = ParamSpec("P")
T = TypeVar("T")

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT_BYTES = 1 << 30


class Pool:
    """Runs tasks, each when it is submitted and in this process; `WorkerPool` does it elsewhere."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `fn`, or have it run; the future holds what it returns or raises."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future

    def stop(self) -> None:
        """End at once; what is under way is lost."""


class WorkerPool(Pool):
    """Runs tasks in `n_workers` processes, which leave Ctrl-C to their parent and end with it."""

    def __init__(self, n_workers: int) -> None:
        others = set(multiprocessing.active_children())
        method = "fork" if sys.platform == "linux" else "spawn"
        self._executor = ProcessPoolExecutor(
            n_workers,
            multiprocessing.get_context(method),
            initializer=_start_worker,
            initargs=(os.getpid(),),
        )
        self._executor.submit(os.getpid)  # starts them
        self._workers = set(multiprocessing.active_children()) - others

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have `fn` run in a worker."""
        return self._executor.submit(fn, *args, **kwargs)

    def stop(self) -> None:
        """Kill the workers and wait until they are gone."""
        for worker in self._workers:
            worker.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for worker in self._workers:
            worker.join()


@contextmanager
def open_pool(n_workers: int) -> Iterator[Pool]:
    """A pool of `n_workers` processes; with one worker or none it is this process.

    Open it before locks are taken and threads are started: workers that are forked later would
    inherit them.

    Raises:
        TrajhouseError: A worker died, most likely for want of memory.
    """
    pool = WorkerPool(n_workers) if n_workers > 1 else Pool()
    try:
        yield pool
    except BrokenProcessPool as error:
        raise TrajhouseError(
            "a worker process died",
            "the system ended it, most likely because memory ran out",
            "free some memory, or ingest fewer files at once",
        ) from error
    finally:
        pool.stop()


def _start_worker(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(parent)
    _keep_memory()
    # Loaded now, while the parent still looks at the files.
    import trajhouse.cli.landing.parts  # noqa: F401


def _end_with(parent: int) -> None:
    """End this process when its parent ends, even by SIGKILL."""
    if sys.platform == "linux":
        libc: Any = ctypes.CDLL(None)
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _keep_memory() -> None:
    """Have the allocator reuse one block's memory for the next, which saves faulting it in."""
    libc: Any = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)
