"""How long ingest takes, against DuckDB copying the same JSONL to Parquet unread.

Prints both times, their ratio (to be at most 1.5) and the peak memory of ingest with its workers.
The command is timed from its start to its end; DuckDB only for its COPY.

    .venv/bin/python tests/benchmarks/bench_ingest.py [--megabytes 300] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.memory import peak_memory

_RECORD_BYTES = 150_000
_TURNS = 44
_COPY = """
import sys, time, duckdb
source, target = sys.argv[1:]
duckdb.sql("SET enable_progress_bar = false")
started = time.perf_counter()
duckdb.sql(
    f"COPY (SELECT * FROM read_json_objects('{source}')) TO '{target}'"
    " (FORMAT parquet, COMPRESSION zstd)"
)
print(time.perf_counter() - started)
"""


def main() -> None:
    """Generate, measure in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as name:
        folder = Path(name)
        source = folder / "rollouts.jsonl"
        write_rollouts(source, options.megabytes * 1_000_000 // _RECORD_BYTES)
        print(f"{source.stat().st_size / 1e6:.0f} MB of JSONL, best of {options.rounds} rounds")
        copies, ingests = [], []
        for turn in range(options.rounds):
            copies.append(time_copy(source, folder / "copy.parquet"))
            ingests.append(time_ingest(source, folder / f"warehouse-{turn}"))
            print(f"  copy {copies[-1]:.2f} s, ingest {ingests[-1]:.2f} s", file=sys.stderr)
        peak = measure_memory(source, folder / "warehouse-memory")
        print(f"duckdb copy       {min(copies):.2f} s")
        print(f"trajhouse ingest  {min(ingests):.2f} s")
        print(f"ratio             {min(ingests) / min(copies):.2f} (at most 1.5)")
        print(f"peak memory       {peak / 1e6:.0f} MB, all processes")


def write_rollouts(path: Path, n_records: int) -> None:
    """Write records of about 150 KB and 90 messages each, with words like code and logs."""
    source = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz_"
    words = ["".join(source.choices(letters, k=source.randint(2, 10))) for _ in range(20_000)]
    ends = [*[" "] * 5, "\n", '"', "\t", "/"]

    def text(n_words: int) -> str:
        pairs = zip(source.choices(words, k=n_words), source.choices(ends, k=n_words), strict=True)
        return "".join(word + end for word, end in pairs)

    with path.open("w", encoding="utf-8") as lines:
        for number in range(n_records):
            messages = [
                {"role": "system", "content": text(400)},
                {"role": "user", "content": text(250)},
            ]
            for turn in range(_TURNS):
                call = {"name": "bash", "arguments": json.dumps({"command": text(30)})}
                calls = [{"id": f"call_{turn}", "type": "function", "function": call}]
                messages.append({"role": "assistant", "content": text(60), "tool_calls": calls})
                output = {"role": "tool", "tool_call_id": f"call_{turn}", "content": text(330)}
                messages.append(output)
            record = {"id": f"run-{number}", "messages": messages, "reward": number % 2}
            lines.write(json.dumps(record) + "\n")


def time_copy(source: Path, target: Path) -> float:
    """Seconds DuckDB takes, its start not counted."""
    command = [sys.executable, "-c", _COPY, str(source), str(target)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def time_ingest(source: Path, warehouse: Path) -> float:
    """Seconds of the whole command."""
    started = time.perf_counter()
    process = start_ingest(source, warehouse)
    if process.wait():
        raise SystemExit(f"ingest failed with exit code {process.returncode}")
    return time.perf_counter() - started


def measure_memory(source: Path, warehouse: Path) -> int:
    """Peak memory of the command and its workers in bytes, in a run that is not timed."""
    return peak_memory(start_ingest(source, warehouse))


def start_ingest(source: Path, warehouse: Path) -> subprocess.Popen[bytes]:
    """Start the command as a user would."""
    trajhouse = str(Path(sys.executable).with_name("trajhouse"))
    command = [trajhouse, "--warehouse", str(warehouse), "ingest", "openai", str(source)]
    return subprocess.Popen(
        [*command, "--dataset", "bench"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
