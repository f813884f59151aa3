"""Grain: one example of a trajectory as tokens, or the reason why it has none.

The conversation is rendered whole by the tokenizer's chat template. Python, not SQL, because rows
are read, tokenized and written a few megabytes at a time. DuckDB uses one thread meanwhile, since
each would hold 2,048 conversations; the cores are for tokenizing.
"""

from trajhouse.udfs.tokenize_model import tokenized_examples


def model(dbt, session):
    dbt.config(
        materialized="table",
        pre_hook={"sql": "set threads = 1", "transaction": False},
        post_hook={"sql": "reset threads", "transaction": False},
    )
    planned = dbt.ref("int_trajectories_planned")
    table = f"{dbt.this.schema}.{dbt.this.identifier}"
    return tokenized_examples(planned, session, table, f"{dbt.this.database}.{table}")
