"""Raw input of the family sera: SWE-agent rollouts of four source datasets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trajhouse.cli.sampling.request import Ingest
from trajhouse.cli.sampling.sera.rows import FAULT_SHARES, SOURCES, Row, draw
from trajhouse.cli.sampling.sera.writing import write

FAULTS: Mapping[str, float] = MappingProxyType(FAULT_SHARES)

INGESTS = tuple(Ingest("sera", (f"{source.dataset}.jsonl",), source.dataset) for source in SOURCES)

__all__ = ["FAULTS", "INGESTS", "Row", "draw", "write"]
