"""Small inputs for ingest, and ways to look at what landed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from trajhouse.cli.landing.discover import FoundFile
from trajhouse.cli.landing.families import Family, Field
from trajhouse.cli.landing.outcome import Outcome
from trajhouse.cli.warehouse import Warehouse

FAMILY = Family("openai", (), (Field("messages", (("messages",),), "messages"),))
OTHER_FIELDS = Family("openai", (), (Field("messages", (("traj",),), "messages"),))
OTHER_FAMILY = Family("swe_agent", (), FAMILY.fields)
DOCUMENT_FAMILY = Family("seta", (), (Field("messages", (("conv",),), "document"),))
TYPED_FAMILY = Family(
    "test",
    (),
    (
        Field("messages", (("messages",), ("info", "log")), "messages"),
        Field("id", (("id",),), "text"),
        Field("reward", (("reward",),), "number"),
        Field("success", (("success",),), "boolean"),
        Field("tools", (("tools",),), "json"),
    ),
)


def record(number: int) -> bytes:
    return json.dumps({"id": number, "messages": [{"content": "word " * 20}]}).encode()


def lines(start: int, end: int) -> bytes:
    return b"".join(record(number) + b"\n" for number in range(start, end))


def write(folder: Path, **contents: bytes) -> list[FoundFile]:
    files = []
    for name, content in contents.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content)
        files.append(FoundFile(path.as_posix()))
    return files


def statuses(outcome: Outcome) -> list[str]:
    return [file.status for file in outcome.files]


def table(warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    paths = sorted(warehouse.landing.glob(f"*/{name}-*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }
