"""Raw input of the family ipw: generation runs of several teachers, and a grader's verdicts."""

from __future__ import annotations

from trajhouse.cli.sampling.ipw.draw import FAULTS, draw
from trajhouse.cli.sampling.ipw.records import write
from trajhouse.cli.sampling.ipw.rows import Row
from trajhouse.cli.sampling.request import Ingest

INGESTS = (
    Ingest("ipw", ("runs",), "ipw"),
    Ingest("ipw_regrades", ("regrades",), "ipw"),
)

__all__ = ["FAULTS", "INGESTS", "Row", "draw", "write"]
