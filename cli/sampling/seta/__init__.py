"""Raw input of the family seta: trial directories of a terminal agent, in a chain of passes."""

from trajhouse.cli.sampling.request import Ingest
from trajhouse.cli.sampling.seta.rows import FAULTS, Conversation, Report, Row, Verdict, draw
from trajhouse.cli.sampling.seta.trials import write

INGESTS = (Ingest("seta", ("pass-*",), "seta"),)

__all__ = [
    "FAULTS",
    "INGESTS",
    "Conversation",
    "Report",
    "Row",
    "Verdict",
    "draw",
    "write",
]
