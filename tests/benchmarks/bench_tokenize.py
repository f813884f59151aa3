"""Tokenize and mask generated agent trajectories, beside `datasets.map` with the chat template.

    python tests/benchmarks/bench_tokenize.py --rows 200

Both run on the same rows, in one run, with two processes or as many threads. Tool outputs are
slices of Python's own library, so that the text is like what agents read.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from trajhouse.udfs.tokenize import tokenize_messages
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER, load_tokenizer

SCHEMA = pa.schema(
    [
        (
            "messages",
            pa.list_(
                pa.struct(
                    [
                        ("role", pa.string()),
                        ("content", pa.string()),
                        ("reasoning_content", pa.string()),
                        (
                            "tool_calls",
                            pa.list_(
                                pa.struct(
                                    [
                                        ("id", pa.string()),
                                        ("type", pa.string()),
                                        (
                                            "function",
                                            pa.struct(
                                                [("name", pa.string()), ("arguments", pa.string())]
                                            ),
                                        ),
                                    ]
                                )
                            ),
                        ),
                        ("tool_call_id", pa.string()),
                        ("name", pa.string()),
                    ]
                )
            ),
        )
    ]
)


def generate_rows(n_rows: int, n_calls: int, seed: int = 7) -> pa.Table:
    """Trajectories of a system prompt, a task, `n_calls` calls with their outputs, an answer."""
    source = random.Random(seed)
    library = Path(random.__file__).parent
    texts = [file.read_text("utf-8") for file in sorted(library.glob("*.py"))]

    def excerpt(n_chars: int) -> str:
        text = source.choice(texts)
        start = source.randrange(max(1, len(text) - n_chars))
        return text[start : start + n_chars].replace("<", "(")

    def step(k: int) -> list[dict[str, Any]]:
        call = {"name": "bash", "arguments": f'{{"command": "sed -n {k},{k + 40}p file.py"}}'}
        return [
            {
                "role": "assistant",
                "content": excerpt(80),
                "reasoning_content": excerpt(300),
                "tool_calls": [{"id": f"c{k}", "type": "function", "function": call}],
            },
            {"role": "tool", "content": excerpt(1600), "tool_call_id": f"c{k}", "name": "bash"},
        ]

    rows = []
    for _ in range(n_rows):
        chat = [
            {"role": "system", "content": texts[0][:3000].replace("<", "(")},
            {"role": "user", "content": excerpt(2000)},
            *(message for k in range(n_calls) for message in step(k)),
            {"role": "assistant", "content": excerpt(500), "reasoning_content": excerpt(300)},
        ]
        rows.append({"messages": chat})
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def run_trajhouse(rows: pa.Table) -> int:
    """Tokens made; rows go in pieces of 2,048 as they do inside DuckDB."""
    n_tokens = 0
    for start in range(0, rows.num_rows, 2048):
        messages = rows["messages"].slice(start, 2048)
        n_rows = len(messages)
        result = tokenize_messages(
            messages,
            pa.nulls(n_rows, pa.string()),
            pa.array([DEFAULT_TOKENIZER] * n_rows),
            pa.array(["reject"] * n_rows),
        )
        for chunk in result.chunks:
            if chunk.field("reason").null_count != len(chunk):
                sys.exit(f"rejected: {chunk.field('detail').drop_null()[:3]}")
            n_tokens += sum(chunk.field("n_tokens").to_pylist())
    return n_tokens


def _apply_template(row: dict[str, Any]) -> dict[str, Any]:
    encoded = load_tokenizer(DEFAULT_TOKENIZER).reference.apply_chat_template(
        row["messages"], tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    return {"input_ids": encoded["input_ids"], "loss_mask": encoded["assistant_masks"]}


def run_datasets(rows: pa.Table) -> int:
    """The same by `datasets.map(num_proc=2)`."""
    import datasets

    datasets.disable_progress_bars()
    datasets.disable_caching()
    dataset = datasets.Dataset(rows)
    mapped = dataset.map(_apply_template, num_proc=2, remove_columns=["messages"])
    return sum(map(len, mapped.with_format("arrow")["input_ids"]))


def main() -> None:
    """Print both speeds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--calls", type=int, default=44, help="tool calls in each row")
    options = parser.parse_args()
    rows = generate_rows(options.rows, options.calls)
    load_tokenizer(DEFAULT_TOKENIZER)
    seconds = {}
    for name, run in (("trajhouse", run_trajhouse), ("datasets.map", run_datasets)):
        started = time.perf_counter()
        n_tokens = run(rows)
        seconds[name] = time.perf_counter() - started
        rate = options.rows / seconds[name]
        print(
            f"{name:<14}{rate:>8.1f} trajectories/s{n_tokens / seconds[name]:>12,.0f} tokens/s"
            f"{n_tokens / options.rows:>10,.0f} tokens a row"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"ratio {seconds['datasets.map'] / seconds['trajhouse']:.1f}; peak {peak:.2f} GiB")


if __name__ == "__main__":
    main()
