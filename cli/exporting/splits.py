"""Deals rows to splits by a hash of their task, so that a task is in one split and stays there.

The first 8 bytes of `sha256(task_id)`, read as a big-endian number and divided by 2^64, place a
task in [0, 1). The splits divide that interval in the order they are given. The place depends on
nothing but the task's id, so adding data moves no task, and two datasets that share a task go
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from itertools import accumulate

from trajhouse.cli.exporting.request import Split

HASH_SPACE = 2**64
RULE = "first 8 bytes of sha256(task_id), big-endian, / 2^64, against the cumulative fractions"


def upper_bounds(splits: Sequence[Split]) -> list[int]:
    """The first hash beyond each split but the last, which takes the rest."""
    with localcontext() as context:
        context.prec = 60
        shares = accumulate(split.fraction for split in splits[:-1])
        return [min(int(share * HASH_SPACE), HASH_SPACE) for share in shares]


def split_expression(task: str, splits: Sequence[Split]) -> str:
    """SQL for the position of a row's split.

    Args:
        task: SQL for the text that must never straddle two splits.
        splits: The splits, in order.

    Returns:
        A TINYINT expression, 0 for the first split.
    """
    if len(splits) == 1:
        return "0::tinyint"
    place = f"('0x' || left(sha256({task}), 16))::ubigint::hugeint"
    cases = " ".join(
        f"when {place} < {bound} then {position}"
        for position, bound in enumerate(upper_bounds(splits))
    )
    return f"(case {cases} else {len(splits) - 1} end)::tinyint"


def as_text(fraction: Decimal) -> str:
    """A fraction as it goes in a manifest: `0.05`, never `5E-2`."""
    return format(fraction.normalize(), "f")
