"""trajhouse itself: the function that renders, encodes, masks and proves, and the dbt model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tests.benchmarks.tokenizing.data import Prepared, dbt, environment_of
from tests.benchmarks.tokenizing.measuring import Elapsed, Work, count_seconds
from trajhouse.cli.building.publish import opened_to_write
from trajhouse.udfs.tokenize import tokenize_batches

PLAN, MODEL = "int_trajectories_planned", "int_trajectories_tokenized"
_TABLE = f"intermediate.{MODEL}"
_CHATS = "int_trajectories_chat"
_BETWEEN = f"{_CHATS}+,+{MODEL}"


class RejectedError(Exception):
    """Rows were rejected that ought to be tokenized; the message says why."""


def run_function(examples: pa.Table) -> Work:
    """Tokenize all rows, and keep nothing.

    Raises:
        RejectedError: A row was rejected.
    """
    return count_seconds(lambda: map(count_tokens, tokenized([examples])))


def count_tokens(tokens: pa.StructArray) -> tuple[int, int]:
    """The rows and tokens of a slice."""
    return len(tokens), pc.sum(tokens.field("n_tokens")).as_py()


def tokens_of(examples: pa.Table) -> pa.Table:
    """input_ids and loss_mask of all rows."""
    chunks = list(tokenized([examples]))
    names = ("input_ids", "loss_mask")
    return pa.table({name: pa.chunked_array([c.field(name) for c in chunks]) for name in names})


def run_model(prepared: Prepared) -> Work:
    """Build the model anew, and all models before it; the time that dbt gives for the last steps.

    These are the model and what lies between it and the chat messages. The tokenizer is loaded
    meanwhile as in every build; the chat messages themselves stay as they are prepared.

    Raises:
        RejectedError: A row was rejected.
    """
    drop_tokens(prepared)
    environment = environment_of(prepared.root)
    command = _command(prepared, f"+{MODEL}")
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    return Work(*model_counts(prepared), Elapsed(model_seconds(prepared), float("nan")))


def model_seconds(prepared: Prepared) -> float:
    """The seconds that dbt gives for the model and what is built right before it."""
    results = json.loads((prepared.root / ".dbt" / "run_results.json").read_text())["results"]
    seconds = {result["unique_id"]: result["execution_time"] for result in results}
    return float(sum(seconds[f"model.trajhouse.{name}"] for name in (PLAN, MODEL)))


def model_counts(prepared: Prepared) -> tuple[int, int]:
    """The rows and tokens of the model as it is built.

    Raises:
        RejectedError: A row was rejected.
    """
    counts = f"select count(*), sum(n_tokens), count(reason), any_value(detail) from {_TABLE}"
    with prepared.open() as connection:
        ((rows, tokens, n_rejected, detail),) = connection.sql(counts).fetchall()
    if n_rejected:
        raise RejectedError(f"{n_rejected} rows were rejected, one for: {detail}")
    return rows, tokens


def model_command(prepared: Prepared) -> list[str]:
    """The command that builds the model and nothing before the chat messages.

    A full refresh takes over no tokens of an earlier build.
    """
    return _command(prepared, _BETWEEN)


def _command(prepared: Prepared, selected: str) -> list[str]:
    selection = ("--select", selected, "--exclude", _CHATS)
    return dbt(prepared.root, "build", *selection, "--full-refresh")


def drop_tokens(prepared: Prepared) -> None:
    """Remove what an earlier run made, so that nothing can be taken from it."""
    with opened_to_write(prepared.database) as connection:
        connection.execute(f"drop table if exists {_TABLE}")


def tokenized(batches: Iterable[pa.Table]) -> Iterator[pa.StructArray]:
    """The tokens of batches, slice by slice.

    Raises:
        RejectedError: A row was rejected.
    """
    for _, tokens in tokenize_batches(batches):
        if tokens.field("reason").null_count != len(tokens):
            details = tokens.field("detail").drop_null()
            raise RejectedError(f"{len(details)} rows were rejected, one for: {details[0]}")
        yield tokens
