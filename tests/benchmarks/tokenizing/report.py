"""The tables of results, as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from tests.benchmarks.tokenizing.measuring import Timing
from tests.benchmarks.tokenizing.memory import Peak
from tests.benchmarks.tokenizing.stages import Profile

_GB = 10**9


def print_timings(timings: Mapping[str, Timing]) -> None:
    """Rows and tokens a second, and how busy the machine was."""
    header = (
        *("", "rows", "tokens/row", "seconds", "cpu s", "rows/s", "tokens/s"),
        *("load", "others' cores"),
    )
    rows = [
        (
            name,
            f"{timing.work.rows:,}",
            f"{timing.work.tokens / timing.work.rows:,.0f}",
            f"{timing.work.elapsed.wall:.2f}",
            _number(timing.work.elapsed.processor),
            f"{timing.rows_a_second:,.1f}",
            f"{timing.tokens_a_second:,.0f}",
            f"{timing.load:.1f}",
            _number(timing.others),
        )
        for name, timing in timings.items()
    ]
    print_table(header, rows)


def print_ratios(timings: Mapping[str, Timing], targets: Iterable[tuple[str, str, float]]) -> None:
    """Ratios of tokens a second beside what they are to be; and of tokens a processor second.

    Args:
        timings: The timings by name.
        targets: The name above the line, that below it, and the least ratio.
    """
    rows = []
    for above, below, target in targets:
        ours, theirs = timings[above], timings[below]
        ratio = ours.tokens_a_second / theirs.tokens_a_second
        by_processor = ours.tokens_a_processor_second / theirs.tokens_a_processor_second
        verdict = "met" if ratio >= target else "MISSED"
        name = f"{above} : {below}"
        rows.append((name, f"{ratio:.2f}", f"{target:g}", verdict, _number(by_processor)))
    print_table(("ratio of tokens/s", "", "at least", "", "of tokens/cpu s"), rows)


def print_peaks(peaks: Mapping[str, Sequence[Peak]], limit: int) -> None:
    """The median peak of memory, the least and the most, in bytes, and whether all keep the limit.

    The speed is with all that a first run does.
    """
    rows = []
    for name, rounds in peaks.items():
        held = [peak.peak for peak in rounds]
        rows.append(
            (
                name,
                f"{rounds[0].rows:,}",
                f"{rounds[0].tokens:,}",
                f"{rounds[0].rows / median(peak.seconds for peak in rounds):,.0f}",
                *(f"{of(held) / 10**6:,.0f}" for of in (median, min, max)),
                "met" if max(held) < limit else "MISSED",
            )
        )
    header = ("", "rows", "tokens", "rows/s", "peak MB", "least", "most")
    print_table((*header, f"under {limit / _GB:g} GB"), rows)


def print_profile(profile: Profile) -> None:
    """Seconds and shares, by stage and by function."""
    times = f"{profile.bare:.2f} cpu s, under the profiler {profile.profiled:.2f} cpu s"
    print(f"one run: {times}, of which {profile.unseen:.2f} in threads of encoders\n")
    for title, rows in (("stage", profile.stages), ("function", profile.functions)):
        shares = [(name, f"{seconds:.3f}", f"{share:.1%}") for name, seconds, share in rows]
        print_table((title, "cpu s", "share"), shares)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        first, *rest = (
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *rest)).rstrip())
    print()


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
