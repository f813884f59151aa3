"""Tokenizing and masking, beside what a user could run instead, on the same rows in one run.

Two data sets: SERA-like trajectories of `trajhouse sample`, and the real tau_bench rollouts, which
are repeated for a timing of some seconds. On two cores, in turns, short ones several times in a
turn, the best of some rounds:

- `datasets.map(num_proc=2)` with `apply_chat_template(return_assistant_tokens_mask=True)`, on rows
  spread evenly over the data, as it is slow; the start of its processes is not counted;
- gigatoken alone on texts that are rendered already, the quicker of two ways to hand them over;
- `tokenize_examples`: render, tokenize, mask and prove;
- the dbt model that calls it, in a build of all models before it, the table written, by dbt's own
  clock.

Before ratios are printed, ids and masks are compared with the peers'. Then the peak of memory is
measured. The warehouses are kept in a folder for the next run; delete it to make them anew.

    python tests/benchmarks/bench_tokenize.py [--parts speed memory profile] [--data sera tau_bench]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.tokenizing import report
from tests.benchmarks.tokenizing.data import PROJECT, Prepared, prepare_sera, prepare_tau_bench
from tests.benchmarks.tokenizing.measuring import use_two_cores
from tests.benchmarks.tokenizing.memory import measure_all
from tests.benchmarks.tokenizing.speed import compare
from tests.benchmarks.tokenizing.stages import profile

PARTS = ("speed", "memory", "profile")
DATA = ("sera", "tau_bench")
MEMORY_LIMIT = 3 * 10**9
COPIES_FOR_MEMORY = (2, 5, 10)


def main() -> None:
    """Prepare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=PROJECT / "out" / "bench")
    parser.add_argument("--rows", type=int, default=2000, help="SERA-like trajectories")
    parser.add_argument("--copies", type=int, default=100, help="how often tau_bench is repeated")
    parser.add_argument("--peer-rows", type=int, default=200, help="rows given to datasets.map")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["speed", "memory"])
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    options = parser.parse_args()
    parts, data = set(options.parts), set(options.data)
    use_two_cores()
    folder = options.folder.resolve()
    sera = prepare_sera(folder, options.rows) if "sera" in data or "memory" in parts else None
    if sera is not None and "sera" in data:
        _measure(sera, parts, options)
    if "tau_bench" in data:
        tau_bench = prepare_tau_bench(folder, options.copies)
        if tau_bench is None:
            print("tau_bench is left out: the real rollouts are not on this machine\n")
        else:
            _measure(tau_bench, parts, options)
    if sera is not None and "memory" in parts:
        print(f"## memory, {sera.name}\n")
        peaks = measure_all(sera, COPIES_FOR_MEMORY, options.rounds)
        report.print_peaks(peaks, MEMORY_LIMIT)


def _measure(prepared: Prepared, parts: set[str], options: argparse.Namespace) -> None:
    if parts == {"memory"}:
        return
    print(f"## {prepared.name}\n")
    if "speed" in parts:
        compare(prepared, options.peer_rows, options.rounds)
    if "profile" in parts:
        report.print_profile(profile(prepared.examples()))


if __name__ == "__main__":
    main()
