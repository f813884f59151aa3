"""The SERA dataset at the counts of its card: 211,363 source rows, 211,360 published."""

from __future__ import annotations

from collections.abc import Iterator

from trajhouse.cli.sampling.sera import Row
from trajhouse.cli.sampling.sera.rows import SOURCES

CARD = {
    "Sera-4.5A-Full-T1": ("GLM-4.5-Air", "full", "T1", 72_118, 72_118),
    "Sera-4.5A-Full-T2": ("GLM-4.5-Air", "full", "T2", 66_337, 66_337),
    "Sera-4.6-Lite-T1": ("GLM-4.6", "lite", "T1", 36_825, 36_824),
    "Sera-4.6-Lite-T2": ("GLM-4.6", "lite", "T2", 36_083, 36_081),
}
"""Teacher, scale, rollout, rows of the source (Origin) and rows published (Data Distribution)."""

ODDITIES = ("trailing_submits", "mid_answer", "mid_submit", "empty_reasoning", "demonstration")
ODD_EVERY = 7

Counts = dict[str, tuple[int, int]]


def counts(scale: int) -> Counts:
    """Rows of each source and how many of them are published; what is dropped does not scale."""
    found = {}
    for dataset, (*_, landed, published) in CARD.items():
        n_published = round(published / scale)
        found[dataset] = (n_published + landed - published, n_published)
    return found


def rows(scale: int) -> Iterator[Row]:
    """Short rollouts, every seventh with something to convert, and the three that cannot be."""
    for source in SOURCES:
        n_landed, n_published = counts(scale)[source.dataset]
        for number in range(n_landed):
            fault = "nested_answer" if number >= n_published else None
            if fault is None and number % ODD_EVERY == 0:
                fault = ODDITIES[number // ODD_EVERY % len(ODDITIES)]
            yield Row(source, number, fault=fault)


def expected(scale: int) -> dict[str, list[tuple[object, ...]]]:
    """The card's two tables."""
    found = counts(scale)
    total = sum(n_published for _, n_published in found.values())
    return {
        "select teacher, scale, rollout, rows_shown, n_rows from marts.stats_sera_distribution"
        " order by position": [
            *(
                (teacher, size, rollout, f"{found[dataset][1]:,}", found[dataset][1])
                for dataset, (teacher, size, rollout, *_) in CARD.items()
            ),
            ("Total", "", "", f"{total:,}", total),
        ],
        "select source_dataset, rows_shown, teacher, scale, rollout from marts.stats_sera_sources"
        " order by position": [
            (f"allenai/{dataset}", f"{found[dataset][0]:,}", teacher, size, rollout)
            for dataset, (teacher, size, rollout, *_) in CARD.items()
        ],
    }
