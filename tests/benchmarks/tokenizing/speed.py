"""trajhouse beside its peers on the rows of one warehouse: their results, then their times."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tests.benchmarks.tokenizing import own, report
from tests.benchmarks.tokenizing.data import Prepared
from tests.benchmarks.tokenizing.measuring import Runner, measure_in_turns
from tests.benchmarks.tokenizing.peers import BareGigatoken, DatasetsMap, render_all

MAP, TEXTS, FLAT = "datasets.map", "gigatoken, list of str", "gigatoken, one buffer"
FUNCTION, SAME_ROWS, MODEL = "tokenize_examples", "tokenize_examples, rows of map", "model in dbt"


def compare(prepared: Prepared, n_peer_rows: int, rounds: int) -> None:
    """Check that all give the same, measure, and print the times and the ratios.

    Args:
        prepared: The rows.
        n_peer_rows: How many of them `datasets.map` is given.
        rounds: How often each is run.
    """
    examples = prepared.examples()
    peer_rows = _spread(examples, n_peer_rows)
    peer = DatasetsMap(peer_rows)
    gigatoken = BareGigatoken(render_all(examples))
    _check_ids(examples, gigatoken)
    runners: dict[str, Runner] = {
        MAP: peer.run,
        TEXTS: gigatoken.run_texts,
        FLAT: gigatoken.run_flat,
        FUNCTION: lambda: own.run_function(examples),
        SAME_ROWS: lambda: own.run_function(peer_rows),
        MODEL: lambda: own.run_model(prepared),
    }
    timings = measure_in_turns(runners, rounds)
    _check_masks(peer_rows, peer)
    report.print_timings(timings)
    fastest = max(TEXTS, FLAT, key=lambda name: timings[name].tokens_a_second)
    targets = [(FUNCTION, MAP, 50.0), (SAME_ROWS, MAP, 50.0), (FUNCTION, fastest, 0.6)]
    report.print_ratios(timings, [*targets, (MODEL, MAP, 25.0)])


def _spread(examples: pa.Table, n_rows: int) -> pa.Table:
    """So many rows, evenly over all of them."""
    places = np.linspace(0, examples.num_rows - 1, min(n_rows, examples.num_rows))
    return examples.take(places.astype(np.int64))


def _check_ids(examples: pa.Table, gigatoken: BareGigatoken) -> None:
    ids = own.tokens_of(examples)["input_ids"].chunks
    ours = np.concatenate([chunk.flatten().to_numpy() for chunk in ids])
    if not np.array_equal(ours, gigatoken.ids()):
        raise AssertionError("the ids are not those of gigatoken on the same texts")
    print(f"ids equal gigatoken's on all {examples.num_rows:,} rows")


def _check_masks(rows: pa.Table, peer: DatasetsMap) -> None:
    ours, theirs = own.tokens_of(rows), peer.mapped
    for name in ("input_ids", "loss_mask"):
        if ours[name].to_pylist() != theirs[name].to_pylist():
            raise AssertionError(f"{name} is not that of apply_chat_template")
    print(f"ids and masks equal datasets.map's on all {rows.num_rows:,} rows compared\n")
