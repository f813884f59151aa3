"""Grain: one example of a trajectory as tokens, or the reason why it has none.

The conversation is rendered whole by the tokenizer's chat template. Python, not SQL, because rows
are read, tokenized and written a few megabytes at a time.
"""

from trajhouse.udfs.tokenize_model import tokenized_examples


def model(dbt, session):
    dbt.config(materialized="table")
    planned = dbt.ref("int_trajectories_planned")
    table = f"{dbt.this.schema}.{dbt.this.identifier}"
    return tokenized_examples(planned, session, table, f"{dbt.this.database}.{table}")
