"""The four published datasets from raw input, at the counts of their cards, in one build.

    .venv/bin/python tests/replica/run.py --out out/replica [--scale 1] [--families ipw,seta]

Generates the raw input of every family, lands it, builds all of it in one go, and compares every
record's fate with `truth.jsonl` and every table of the cards with the `stats_*` marts. Prints what
each step took. At scale 100 the counts are divided by 100.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.memory import peak_memory
from tests.pipeline.truth import assert_truth
from trajhouse.cli.sampling.writer import SampleWriter

FAMILIES = ("ipw", "seta", "rlvr", "sera")
UNTOKENIZED = "untokenized_families=[ipw, rlvr, sera]"
"""Only seta's card has tokens; the trajectories of the others are not tokenized here."""
TRAJHOUSE = Path(sys.executable).with_name("trajhouse")


@dataclass(frozen=True)
class Step:
    """What one process took: seconds, and bytes at the peak."""

    name: str
    seconds: float
    peak: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the whole of it and print a table of the steps."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--families", default=",".join(FAMILIES))
    options = parser.parse_args(arguments)
    families = options.families.split(",")
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    steps = [*generate(options.out, families, options.scale), *build(options.out, families)]
    check(options.out, families, options.scale)
    for step in steps:
        print(f"{step.name:<16} {step.seconds:8.1f} s  {step.peak / 1e9:6.2f} GB")
    worked = [step for step in steps if not step.name.startswith("generate")]
    total, peak = sum(step.seconds for step in worked), max(step.peak for step in worked)
    print(f"{'landed and built':<16} {total:8.1f} s  {peak / 1e9:6.2f} GB")
    print("every record's fate and every table of the cards is as it must be")


def generate(out: Path, families: Sequence[str], scale: int) -> list[Step]:
    """Write each family's sample to `out/<family>`."""
    steps = []
    for family in families:
        started = time.perf_counter()
        plan = importlib.import_module(f"tests.replica.{family}")
        module = importlib.import_module(f"trajhouse.cli.sampling.{family}")
        with SampleWriter(out / family) as writer:
            module.write(plan.rows(scale), writer)
        steps.append(Step(f"generate {family}", time.perf_counter() - started, 0))
    return steps


def build(out: Path, families: Sequence[str]) -> list[Step]:
    """Land every sample and build once."""
    steps = []
    for family in families:
        for ingest in importlib.import_module(f"trajhouse.cli.sampling.{family}").INGESTS:
            paths = [str(out / family / path) for path in ingest.paths]
            words = ["ingest", ingest.family, *paths, "--dataset", ingest.dataset]
            steps.append(_run(out, f"ingest {ingest.dataset}", words))
    return [*steps, _run(out, "build", ["build", "--var", UNTOKENIZED])]


def check(out: Path, families: Sequence[str], scale: int) -> None:
    """Compare the build with the truth and with the tables of the cards."""
    database = out / "warehouse" / "warehouse.duckdb"
    assert_truth(database, *(out / family for family in families))
    with duckdb.connect(str(database), read_only=True) as connection:
        for family in families:
            plan = importlib.import_module(f"tests.replica.{family}")
            for query, rows in plan.expected(scale).items():
                found = connection.execute(query).fetchall()
                assert found == rows, f"{query}\n  is        {found}\n  should be {rows}"


def _run(out: Path, name: str, words: list[str]) -> Step:
    started = time.perf_counter()
    log = out / "log.txt"
    command: list[Any] = [TRAJHOUSE, "--warehouse", out / "warehouse", *words]
    with log.open("ab") as lines, subprocess.Popen(command, stdout=lines, stderr=lines) as process:
        peak = peak_memory(process)
    if process.returncode:
        raise SystemExit(f"{name} failed with exit code {process.returncode}; see {log}")
    return Step(name, time.perf_counter() - started, peak)


if __name__ == "__main__":
    main()
