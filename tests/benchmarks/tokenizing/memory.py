"""How much memory tokenizing takes: of the function and of dbt's process, each in a fresh process.

python -m tests.benchmarks.tokenizing.memory DATABASE    (prints what `Peak` has as JSON)
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from tests.benchmarks.tokenizing.data import (
    PROJECT,
    Prepared,
    environment_of,
    examples_sql,
    prepare_long_row,
    repeat,
)
from tests.benchmarks.tokenizing.own import (
    count_tokens,
    drop_tokens,
    model_command,
    model_counts,
    model_seconds,
    tokenized,
)
from trajhouse.udfs.read_conversations import read_conversations

_MEMORY_OF_DUCKDB = "150MB"
_INTERVAL = 0.05
"""Seconds."""


@dataclass(frozen=True)
class Peak:
    """The rows and tokens that a process made, in how many seconds, and the most bytes it held.

    Raises:
        RuntimeError: The system does not tell what it held.
    """

    rows: int
    tokens: int
    seconds: float
    peak: int

    def __post_init__(self) -> None:
        if not self.peak:
            raise RuntimeError("the system does not tell the peak memory of a process")


def measure_all(
    prepared: Prepared, copies: Sequence[int], rounds: int
) -> dict[str, Sequence[Peak]]:
    """Peaks for the rows and for so many times as many, in turns, and once for single long rows.

    Whether more rows take more memory is seen only beside what the same rows take another time.
    """
    repeated = {f"x {number}": repeat(prepared, number) for number in copies}
    peaks: dict[str, list[Peak]] = defaultdict(list)
    for _ in range(rounds):
        for what, rows in {"as they are": prepared, **repeated}.items():
            peaks[f"function, rows {what}"].append(measure_function(rows))
            peaks[f"model in dbt, rows {what}"].append(measure_model(rows))
    for n_tokens, is_one in ((30_000, False), (1_000_000, False), (1_000_000, True)):
        of = "in one message" if is_one else "in many messages"
        long_row = prepare_long_row(prepared, n_tokens, is_one)
        peaks[f"function, one row of {n_tokens:,} tokens {of}"].append(measure_function(long_row))
    return peaks


def measure_function(prepared: Prepared) -> Peak:
    """The function over all rows of a warehouse, which are read and dropped batch by batch."""
    module = ["-m", "tests.benchmarks.tokenizing.memory", str(prepared.database)]
    output = subprocess.run(
        [sys.executable, *module], check=True, cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ).stdout
    return Peak(**json.loads(output))


def measure_model(prepared: Prepared) -> Peak:
    """The model in dbt's process, with DuckDB and what it keeps of the tables in memory.

    Raises:
        RuntimeError: dbt failed.
    """
    drop_tokens(prepared)
    process = subprocess.Popen(
        model_command(prepared), env=environment_of(prepared.root), stdout=sys.stderr
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _peak_of(str(process.pid)))
        time.sleep(_INTERVAL)
    if process.returncode:
        raise RuntimeError(f"dbt failed with exit code {process.returncode}")
    return Peak(*model_counts(prepared), model_seconds(prepared), peak)


def main(database: str) -> None:
    """Tokenize all rows of a database and print the counts and the peak of this process."""
    n_rows = n_tokens = 0
    started = time.perf_counter()
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"set memory_limit = '{_MEMORY_OF_DUCKDB}'; set threads = 1")
        batches = read_conversations(connection.sql(examples_sql()))
        for rows, tokens in map(count_tokens, tokenized(batches)):
            n_rows, n_tokens = n_rows + rows, n_tokens + tokens
    seconds = time.perf_counter() - started
    print(json.dumps(asdict(Peak(n_rows, n_tokens, seconds, _peak_of("self")))))


def _peak_of(process: str) -> int:
    """The most bytes that a process has held; 0 where it has ended.

    Unlike `ru_maxrss` without what its parent held when it forked; unlike a look at what it holds
    now, peaks between two looks count.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main(*sys.argv[1:])
