"""What a user could run instead: `datasets.map` with the chat template, and bare gigatoken."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tests.benchmarks.tokenizing.measuring import N_CORES, Elapsed, Work
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER, load_tokenizer


class DatasetsMap:
    """`datasets.map(num_proc=2)` with `apply_chat_template(return_assistant_tokens_mask=True)`.

    What it takes to start its processes is measured on two rows, and not counted.

    Args:
        examples: The rows, as `tokenize_examples` takes them.

    Attributes:
        mapped: What the last run gave: input_ids and loss_mask, list<int>, n rows.
    """

    def __init__(self, examples: pa.Table) -> None:
        import datasets

        datasets.disable_progress_bars()
        datasets.disable_caching()
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self._dataset = datasets.Dataset(examples.select(["chat_messages", "tools"]))
        self.mapped = pa.table({})

    def run(self) -> Work:
        """Tokenize all rows."""
        start = self._map(self._dataset.select(range(N_CORES)))
        elapsed = self._map(self._dataset)
        n_tokens = len(self.mapped["input_ids"].combine_chunks().flatten())
        return Work(len(self._dataset), n_tokens, elapsed - start)

    def _map(self, dataset: Any) -> Elapsed:
        started = Elapsed.now()
        mapped = dataset.map(
            _apply_chat_template, num_proc=N_CORES, remove_columns=dataset.column_names
        )
        elapsed = Elapsed.now() - started
        self.mapped = mapped.with_format("arrow")[:]
        return elapsed


class BareGigatoken:
    """gigatoken alone on texts that are rendered already, the quicker of its two ways to take them.

    Args:
        texts: The rendered conversations.
    """

    def __init__(self, texts: list[str]) -> None:
        import awkward as ak
        from gigatoken.gigatoken_rs import load_hf_json

        self._tokenizer = load_hf_json(load_tokenizer(DEFAULT_TOKENIZER).backend.to_str())
        self._texts = texts
        self._flat = ak.from_arrow(pa.array(texts, pa.large_string()))

    def run_texts(self) -> Work:
        """From a list of str."""
        return self._run(self._texts)

    def run_flat(self) -> Work:
        """From one flat buffer."""
        return self._run(self._flat)

    def ids(self) -> NDArray[np.uint32]:
        """The ids of all texts, one after the other."""
        return _flat_ids(self._tokenizer.encode_batch(self._texts))

    def _run(self, texts: Any) -> Work:
        started = Elapsed.now()
        ids = self._tokenizer.encode_batch(texts)
        elapsed = Elapsed.now() - started
        return Work(len(self._texts), len(_flat_ids(ids)), elapsed)


def render_all(examples: pa.Table) -> list[str]:
    """Every conversation as `transformers` renders it."""
    reference = load_tokenizer(DEFAULT_TOKENIZER).reference
    texts = []
    for batch in examples.select(["chat_messages", "tools"]).to_batches(max_chunksize=100):
        for row in batch.to_pylist():
            tools = _parsed(row["tools"])
            chat = row["chat_messages"]
            texts.append(reference.apply_chat_template(chat, tools=tools, tokenize=False))
    return texts


def _apply_chat_template(row: dict[str, Any]) -> dict[str, Any]:
    encoded = load_tokenizer(DEFAULT_TOKENIZER).reference.apply_chat_template(
        row["chat_messages"],
        tools=_parsed(row["tools"]),
        tokenize=True,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    return {"input_ids": encoded["input_ids"], "loss_mask": encoded["assistant_masks"]}


@lru_cache(maxsize=256)
def _parsed(tools: str | None) -> list[dict[str, Any]] | None:
    return None if tools is None else json.loads(tools)


def _flat_ids(ids: Any) -> NDArray[np.uint32]:
    import awkward as ak

    return np.asarray(ak.flatten(ids))
