"""Loads two exports with `datasets`, as a trainer would, and says what came back.

python tests/sample/load_back.py out/demo/sft_messages out/demo/sft_tokenized
"""

from __future__ import annotations

import sys

from datasets import load_dataset


def main(messages_folder: str, tokenized_folder: str) -> None:
    """Print the splits of both, one conversation's roles, and how much of one row is trained."""
    messages = load_dataset(messages_folder)
    tokenized = load_dataset(tokenized_folder)
    for folder, splits in ((messages_folder, messages), (tokenized_folder, tokenized)):
        rows = ", ".join(f"{name} {len(split)} rows" for name, split in splits.items())
        print(f"load_dataset({folder!r}): {rows}")
    conversation = messages["train"][0]
    print(conversation["trajectory_id"], [m["role"] for m in conversation["messages"]])
    row = tokenized["train"][0]
    trained = sum(row["loss_mask"])
    print(f"{row['trajectory_id']}: {trained} of {len(row['input_ids'])} tokens are trained")


if __name__ == "__main__":
    main(*sys.argv[1:])
