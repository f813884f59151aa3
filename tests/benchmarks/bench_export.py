"""How fast export is, against pyarrow writing the same table with the same settings.

Prints, for a messages mart and a tokenized one: the time of an export without the start of Python,
of pyarrow writing the rows once it holds them all, and of DuckDB fetching them and pyarrow writing
them; the ratios (the last is to be at least 0.8: without trajhouse one fetches too, and verifies
nothing); and the peak memory of the command. The marts are views over tables, in the order of their
key or shuffled.

    .venv/bin/python tests/benchmarks/bench_export.py [--megabytes 300] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import CHATS, MARTS, REJECTIONS, TOKENS, TRAJHOUSE

MESSAGES = 90
WORDS = 220
TOKENS_A_ROW = 30_000
CHAT_BYTES = 70_000
ROWS_A_BATCH = 100

_BASELINE = """
import json, sys, time
import duckdb, pyarrow.parquet as pq
from datasets import Features
from trajhouse.cli.exporting.shards import PARQUET_OPTIONS
database, mart, target, group = sys.argv[1:]
connection = duckdb.connect(database, read_only=True)
connection.execute("set enable_progress_bar = false")
started = time.perf_counter()
table = connection.sql(f"select * from marts.{mart} order by trajectory_id").to_arrow_table()
fetched = time.perf_counter()
schema = Features.from_arrow_schema(table.schema).arrow_schema
pq.write_table(table.cast(schema), target, row_group_size=int(group), **PARQUET_OPTIONS)
print(json.dumps([fetched - started, time.perf_counter() - fetched, table.nbytes]))
"""

_EXPORT = """
import sys, time
from pathlib import Path
from trajhouse.cli.exporting.exporter import run_export
from trajhouse.cli.exporting.request import ExportRequest
from trajhouse.cli.warehouse import Warehouse
import datasets
root, mart, out = sys.argv[1:]
request = ExportRequest(mart=mart, out=Path(out), force=True)
started = time.perf_counter()
run_export(Warehouse(Path(root)), request, lambda stage, done, total: None)
print(time.perf_counter() - started)
"""


def main() -> None:
    """Generate, measure in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = options.megabytes * 10**6 // CHAT_BYTES
    with tempfile.TemporaryDirectory() as folder:
        for order in ("ordered", "shuffled"):
            root = Path(folder) / order
            _generate(root, rows, order == "shuffled")
            for mart in ("sft_messages", "sft_tokenized"):
                best = min(
                    (_measure(root, mart, Path(folder)) for _ in range(options.rounds)),
                    key=lambda result: result["export"] / result["fetch and write"],
                )
                _print(order, mart, rows, best)


def _generate(root: Path, rows: int, shuffled: bool) -> None:
    root.mkdir()
    random = np.random.default_rng(7)
    numbers = random.permutation(rows) if shuffled else np.arange(rows)
    connection = duckdb.connect(str(root / "warehouse.duckdb"))
    connection.execute("create schema intermediate; create schema marts")
    for name, schema in (("chats", CHATS), ("tokens", TOKENS), ("rejected", REJECTIONS)):
        connection.register("given", schema.empty_table())
        connection.execute(f"create table intermediate.{name} as select * from given")
    for part in np.array_split(numbers, max(1, rows // ROWS_A_BATCH)):
        for name, schema, make in (("chats", CHATS, _chats), ("tokens", TOKENS, _tokens)):
            connection.register("given", pa.Table.from_pylist(list(make(part, random)), schema))
            connection.execute(f"insert into intermediate.{name} select * from given")
    connection.execute(MARTS)
    connection.close()


def _ids(number: int) -> dict[str, Any]:
    return {
        "trajectory_id": f"bench/{number:08d}",
        "dataset": "bench",
        "task_id": f"task-{number // 4}",
    }


def _chats(numbers: Any, random: Any) -> Iterator[dict[str, Any]]:
    """Trajectories of made-up words whose frequencies fall as those of real text do."""
    words = [f"{word:x}" * (1 + word % 2) for word in range(20_000)]
    roles = ("user", "assistant", "tool")
    for number in numbers:
        ranks = np.minimum(random.zipf(1.3, MESSAGES * WORDS), 20_000) - 1
        texts = [" ".join(words[rank] for rank in part) for part in ranks.reshape(MESSAGES, WORDS)]
        messages = [
            {"role": roles[place % 3], "content": text, "reasoning_content": None}
            for place, text in enumerate(texts)
        ]
        yield {**_ids(int(number)), "messages": messages}


def _tokens(numbers: Any, random: Any) -> Iterator[dict[str, Any]]:
    for number in numbers:
        ids = np.minimum(random.zipf(1.3, TOKENS_A_ROW), 151_000).astype(np.int32)
        mask = np.repeat(random.integers(0, 2, TOKENS_A_ROW // 300), 300).astype(np.int8)
        yield {
            **_ids(int(number)),
            "input_ids": ids,
            "labels": np.where(mask, ids, -100).astype(np.int32),
            "loss_mask": mask,
            "n_tokens": len(ids),
            "n_trained_tokens": int(mask.sum()),
            "tokenizer": "bench",
        }


def _measure(root: Path, mart: str, folder: Path) -> dict[str, float]:
    database, target = root / "warehouse.duckdb", folder / "baseline.parquet"
    seconds = float(_python(_EXPORT, root, mart, folder / "out"))
    manifest = json.loads((folder / "out/manifest.json").read_text())
    group = max(1, 32 * 2**20 * manifest["rows"] // manifest["splits"][0]["row_bytes"])
    fetch, write, size = json.loads(_python(_BASELINE, database, mart, target, group))
    command = [TRAJHOUSE, "--warehouse", root, "export", mart, "--force", "--out", folder / "out"]
    peak = int(_python(_PEAK, *command))
    return {
        "export": seconds,
        "write": write,
        "fetch and write": fetch + write,
        "bytes": size,
        "peak": peak,
    }


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _python(code: str, *arguments: Any) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _print(order: str, mart: str, rows: int, best: dict[str, float]) -> None:
    print(
        f"{mart}, {order}: {rows:,} rows, {best['bytes'] / 1e6:,.0f} MB\n"
        f"  export           {best['export']:6.2f} s, peak {best['peak'] / 1024:,.0f} MiB\n"
        f"  write            {best['write']:6.2f} s, ratio {best['write'] / best['export']:.2f}\n"
        f"  fetch and write  {best['fetch and write']:6.2f} s,"
        f" ratio {best['fetch and write'] / best['export']:.2f}"
    )


if __name__ == "__main__":
    main()
