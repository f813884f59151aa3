"""Where the time of the function goes: by module of trajhouse, and by library."""

from __future__ import annotations

import cProfile
import pstats
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Profile:
    """Where the time of one run went, in seconds of processors.

    Attributes:
        bare: A run without the profiler, everything being warm.
        profiled: The run under it. It slows Python down, and neither Rust nor C.
        unseen: What of it is spent in threads without Python, which are those of encoders.
        stages: (name, seconds, share); a built-in function counts where it is called.
        functions: The same of the functions that took longest, what they call left out.
    """

    bare: float
    profiled: float
    unseen: float
    stages: list[Row]
    functions: list[Row]


def profile(examples: pa.Table) -> Profile:
    """Tokenize all rows under a profiler in every thread that runs Python."""
    run_function(examples)
    bare = run_function(examples)
    profilers: list[cProfile.Profile] = []

    def profile_this_thread(*_: object) -> None:
        profilers.append(cProfile.Profile(time.thread_time))
        profilers[-1].enable()

    threading.setprofile(profile_this_thread)
    profile_this_thread()
    profiled = run_function(examples)
    profilers[0].disable()
    threading.setprofile(None)
    stats: dict[Place, Any] = _added(profilers).stats  # type: ignore[attr-defined]
    stages: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for place, (_, _, own_seconds, _, callers) in stats.items():
        functions[_function(place)] += own_seconds
        if place[0] != _BUILT_IN or _is_encoding(place):
            stages[_stage(place)] += own_seconds
            continue
        for caller, (_, _, seconds, _) in callers.items():
            stages[_stage(caller)] += seconds
    return Profile(
        bare.elapsed.processor,
        profiled.elapsed.processor,
        profiled.elapsed.processor - sum(stages.values()),
        _largest(stages),
        _largest(functions)[:_N_FUNCTIONS],
    )


def _added(profilers: Sequence[cProfile.Profile]) -> pstats.Stats:
    total = pstats.Stats(profilers[0])
    for profiler in profilers[1:]:
        total.add(pstats.Stats(profiler))
    return total


def _largest(seconds: Counter[str]) -> list[Row]:
    total = sum(seconds.values())
    shares = [(name, float(own), own / total) for name, own in seconds.most_common()]
    return [row for row in shares if row[2] > _LEAST_SHARE]


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
