"""Where the time of the function goes: by module of trajhouse, and by library."""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from pathlib import PurePath
from typing import Any

import pyarrow as pa

from tests.benchmarks.tokenizing.data import PROJECT
from tests.benchmarks.tokenizing.own import run_function

Place = tuple[str, int, str]
Row = tuple[str, float, float]
_BUILT_IN = "~"
_ENCODES = ("gigatoken", "BPETokenizer", "encode_batch")
_N_FUNCTIONS = 15
_LEAST_SHARE = 0.005


def profile(examples: pa.Table) -> tuple[float, float, list[Row], list[Row]]:
    """The profile of one run over all rows, in the thread that calls the function, once all is warm.

    The profiler makes Python code slower than it is, and leaves what Rust and C do as it is.

    Returns:
        Seconds without the profiler, and with it; (stage, seconds, share) by stage, built-in functions counted where they
        are called; and the same of the functions that took longest, what they call left out.
    """
    run_function(examples)
    bare = run_function(examples)
    profiler = cProfile.Profile()
    profiler.enable()
    work = run_function(examples)
    profiler.disable()
    stats: dict[Place, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    stages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for place, (_, _, own_seconds, _, callers) in stats.items():
        functions[_function(place)] += own_seconds
        if place[0] != _BUILT_IN or _is_encoding(place):
            stages[_stage(place)] += own_seconds
            continue
        for caller, (_, _, seconds, _) in callers.items():
            stages[_stage(caller)] += seconds
    total = sum(stages.values())
    tables = (stages.most_common(), functions.most_common(_N_FUNCTIONS))
    by_stage, by_function = (
        [(name, seconds, seconds / total) for name, seconds in table if seconds > _LEAST_SHARE * total]
        for table in tables
    )
    return bare.seconds, work.seconds, by_stage, by_function


def _stage(place: Place) -> str:
    file, _, _ = place
    path = PurePath(file)
    if _is_encoding(place):
        return "encoder (Rust)"
    if "udfs" in path.parts:
        return str(PurePath(*path.parts[path.parts.index("udfs") :]))
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    return "chat template (Jinja)" if file == "<template>" else "/".join(path.parts[-2:])


def _function(place: Place) -> str:
    file, line, name = place
    short = file.removeprefix(f"{PROJECT}/").rpartition("site-packages/")[2]
    return name if file == _BUILT_IN else f"{short}:{line} {name}"


def _is_encoding(place: Place) -> bool:
    return place[0] == _BUILT_IN and any(word in place[2] for word in _ENCODES)
