"""Examples as they come from the warehouse: Arrow columns, made into Python only where needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from trajhouse.udfs.conversations import chats_of
from trajhouse.udfs.tokens.rows import Conversation

CHAT_TYPE = pa.list_(
    pa.struct(
        {
            "role": pa.string(),
            "content": pa.string(),
            "reasoning_content": pa.string(),
            "tool_calls": pa.list_(
                pa.struct(
                    {
                        "id": pa.string(),
                        "type": pa.string(),
                        "function": pa.struct({"name": pa.string(), "arguments": pa.string()}),
                    }
                )
            ),
            "tool_call_id": pa.string(),
            "name": pa.string(),
        }
    )
)
"""The messages of a row, as in the mart sft_messages."""


@dataclass(frozen=True)
class Examples:
    """Rows to tokenize with one tokenizer and one policy.

    Attributes:
        messages: list<struct> as in the mart sft_messages; rows.
        tools: The declared tools of each row as JSON text, or None.
        trained_from: The first message of each row whose turn may be trained.
    """

    messages: pa.ListArray
    tools: Sequence[str | None]
    trained_from: Sequence[int]

    def __len__(self) -> int:
        return len(self.messages)

    def conversations(self, rows: Sequence[int]) -> list[Conversation]:
        """Some of the rows as Python objects."""
        chats = chats_of(self.messages.take(pa.array(rows, pa.int64())))
        return [
            Conversation(chat, self.tools[row], self.trained_from[row])
            for row, chat in zip(rows, chats, strict=True)
        ]
