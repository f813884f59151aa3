"""One timed piece of work, and how busy the machine was with the work of others meanwhile."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

N_CORES = 2
_LEAST_SECONDS = 2.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Elapsed:
    """Time, in seconds: of the clock, and of processors in this process and its ended children."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> Elapsed:
        """Since some fixed moment."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(time.perf_counter(), sum(usage.ru_utime + usage.ru_stime for usage in used))

    def __sub__(self, other: Elapsed) -> Elapsed:
        return Elapsed(self.wall - other.wall, self.processor - other.processor)


@dataclass(frozen=True)
class Work:
    """Rows and tokens done, and the time that counts; nan where a part of it is not known."""

    rows: int
    tokens: int
    elapsed: Elapsed


@dataclass(frozen=True)
class Timing:
    """A measured piece of work.

    Attributes:
        name: What was measured.
        work: What it did.
        load: The load average over a minute when it began, of this benchmark and of others.
        others: How many cores other processes kept busy meanwhile; nan where that is not known.
    """

    name: str
    work: Work
    load: float
    others: float

    @property
    def rows_a_second(self) -> float:
        """Rows a second."""
        return self.work.rows / self.work.elapsed.wall

    @property
    def tokens_a_second(self) -> float:
        """Tokens a second."""
        return self.work.tokens / self.work.elapsed.wall

    @property
    def tokens_a_processor_second(self) -> float:
        """Tokens for each second of one processor, which others that are busy change less."""
        return self.work.tokens / self.work.elapsed.processor


Runner = Callable[[], Work]


def use_two_cores() -> None:
    """Keep this process, and those that it starts, on two cores of those that it may use."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:N_CORES])


def measure_in_turns(runners: dict[str, Runner], rounds: int) -> dict[str, Timing]:
    """Run all of them in each round, short ones several times; the fastest timing of each.

    A process that has forked pays for each page of memory that it writes to next. One run after
    `datasets.map` would measure that.
    """
    best: dict[str, Timing] = {}
    for _ in range(rounds):
        for name, run in runners.items():
            started = time.perf_counter()
            while True:
                timing = _measure(name, run)
                if name not in best or timing.tokens_a_second > best[name].tokens_a_second:
                    best[name] = timing
                if time.perf_counter() - started >= _LEAST_SECONDS:
                    break
    return best


def count_seconds(run: Callable[[], Iterable[tuple[int, int]]]) -> Work:
    """Time work that tells, piece by piece, of the rows and tokens it has done."""
    started = Elapsed.now()
    rows, tokens = (sum(counts) for counts in zip(*run(), strict=True))
    return Work(rows, tokens, Elapsed.now() - started)


def _measure(name: str, run: Runner) -> Timing:
    load = os.getloadavg()[0]
    started, busy = Elapsed.now(), _busy_seconds()
    work = run()
    elapsed = Elapsed.now() - started
    others = max(0.0, _busy_seconds() - busy - elapsed.processor) / elapsed.wall
    return Timing(name, work, load, others)


def _busy_seconds() -> float:
    """Processor time of all processes; nan where the system does not tell."""
    try:
        first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    except OSError:
        return float("nan")
    user, nice, system, _idle, _waiting, irq, soft_irq, stolen = map(int, first[:8])
    return (user + nice + system + irq + soft_irq + stolen) / _TICKS
