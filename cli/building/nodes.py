"""What is told of a dbt node that has run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NodeDone:
    """A dbt node that has just run."""

    name: str
    kind: str
    status: str
    seconds: float
    index: int
    total: int


@dataclass(frozen=True)
class NodeFailed:
    """A dbt node that failed.

    Attributes:
        name: The model or test.
        kind: model, seed, test or unit_test.
        message: dbt's own words.
        query: The compiled SQL; for a data test the query that returns the offending rows.
        rows: How many rows offend; None where the node did not get that far.
    """

    name: str
    kind: str
    message: str
    query: str
    rows: int | None
