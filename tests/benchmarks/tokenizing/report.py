"""The tables of results, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.benchmarks.tokenizing.measuring import Timing
from tests.benchmarks.tokenizing.memory import Peak

_GB = 10**9


def print_timings(timings: Mapping[str, Timing]) -> None:
    """Rows and tokens a second, and how busy the machine was."""
    header = ("", "rows", "tokens/row", "seconds", "rows/s", "tokens/s", "load", "others' cores")
    rows = [
        (
            name,
            f"{timing.work.rows:,}",
            f"{timing.work.tokens / timing.work.rows:,.0f}",
            f"{timing.work.seconds:.2f}",
            f"{timing.rows_a_second:,.1f}",
            f"{timing.tokens_a_second:,.0f}",
            f"{timing.load:.1f}",
            f"{timing.others:.2f}",
        )
        for name, timing in timings.items()
    ]
    print_table(header, rows)


def print_ratio(what: str, ratio: float, target: float) -> None:
    """A ratio beside what it is to be."""
    verdict = "met" if ratio >= target else "MISSED"
    print(f"{what:<56}{ratio:>8.2f}   at least {target:g}: {verdict}")


def print_peaks(peaks: Mapping[str, Peak], limit: int) -> None:
    """Peaks of memory beside the limit, in bytes."""
    rows = [
        (
            name,
            f"{peak.rows:,}",
            f"{peak.tokens:,}",
            f"{peak.peak / 10**6:,.0f}",
            "met" if peak.peak < limit else "MISSED",
        )
        for name, peak in peaks.items()
    ]
    print_table(("", "rows", "tokens", "peak MB", f"under {limit / _GB:g} GB"), rows)


def print_shares(title: str, rows: Iterable[tuple[str, float, float]]) -> None:
    """Seconds and shares."""
    shares = [(name, f"{seconds:.3f}", f"{share:.1%}") for name, seconds, share in rows]
    print_table((title, "seconds", "share"), shares)


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
