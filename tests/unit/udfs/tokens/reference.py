"""What `transformers` makes of a conversation: the ids and the mask to compare with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tests.unit.udfs.tokens.published import PUBLISHED, marked
from trajhouse.udfs.conversations import Message, parse_tools
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.examples import CHAT_TYPE, Examples
from trajhouse.udfs.tokens.policy import ControlTokens, Policy, RejectedError, RoleHeader
from trajhouse.udfs.tokens.results import Tokens
from trajhouse.udfs.tokens.rows import Conversation
from trajhouse.udfs.tokens.stand_ins import parse_arguments
from trajhouse.udfs.tokens.template import ChatTemplate, learn_template
from trajhouse.udfs.tokens.tokenizing import tokenize_rows

Given = tuple[list[Message], str | None]

DEFAULT, HEADERS_IN = Policy(), Policy(role_header=RoleHeader.IN)
_BATCH = 128


def tokenized(
    template: ChatTemplate, rows: Sequence[Given], policy: Policy = DEFAULT
) -> list[Tokens | RejectedError]:
    """What the engine makes of conversations, some assembled and some rendered by Jinja."""
    chats = pa.array([chat for chat, _ in rows], CHAT_TYPE)
    examples = Examples(chats, [tools for _, tools in rows], [0] * len(rows))
    found = tokenize_rows(template, examples, policy)
    return [found.row(k) for k in range(len(found))]


def count_equal(
    name: str,
    loaded: LoadedTokenizer,
    template: str,
    given: Sequence[Given],
    policy: Policy | None = None,
) -> Counter[str]:
    """How many conversations are rejected, by reason, and how many are as `transformers` has them.

    Every one that is not rejected has to be, ids and mask. Where control tokens in content stay
    text, `transformers` makes no mask, and cuts the text at them besides: then the ids have to
    stand for the same text and hold the same control tokens.

    Args:
        name: The name of the template in PUBLISHED.
        loaded: Its tokenizer.
        template: Its text.
        given: Messages and declared tools.
        policy: The policy; if None the default one, or headers in where the template marks them.
    """
    policy = policy or (HEADERS_IN if PUBLISHED[name].marks_headers else DEFAULT)
    learnt = learn_template(loaded)
    with_marks = marked(template, PUBLISHED[name].headers)
    is_text = policy.control_tokens is ControlTokens.TEXT
    found: Counter[str] = Counter()
    for start in range(0, len(given), _BATCH):
        batch = given[start : start + _BATCH]
        rows = [Conversation(chat, tools) for chat, tools in batch]
        for row, tokens in zip(rows, tokenized(learnt, batch, policy), strict=True):
            if isinstance(tokens, RejectedError):
                found[tokens.reason] += 1
                continue
            chat = with_objects(row.chat) if learnt.takes_objects else row.chat
            expected = encode(loaded, chat, row.tools, with_marks, is_text)
            ids = tokens.ids.tolist()
            if not is_text:
                assert ids == expected["input_ids"], row
                assert tokens.mask.tolist() == expected["assistant_masks"], row
            elif not _asks_for_tags(row):
                assert _text_and_control(loaded, ids) == _text_and_control(
                    loaded, expected["input_ids"]
                ), row
            found["equal"] += 1
    return found


def encode(
    loaded: LoadedTokenizer, chat: list[Message], tools: str | None, template: str, is_text: bool
) -> Any:
    """Ids and, but where control tokens in content stay text, the mask, by `transformers` alone."""
    loaded.reference.chat_control_tokens = list(loaded.control_ids)
    return loaded.reference.apply_chat_template(
        chat,
        tools=parse_tools(tools),
        chat_template=template,
        tokenize=True,
        return_dict=True,
        sanitize_control_tokens=is_text,
        return_assistant_tokens_mask=not is_text,
    )


def _asks_for_tags(row: Conversation) -> bool:
    """Whether a text has tags that templates look for, which `transformers` does not hide."""
    return "think>" in repr(row.chat)


def _text_and_control(loaded: LoadedTokenizer, ids: list[int]) -> tuple[str, list[int]]:
    text: str = loaded.reference.decode(ids, skip_special_tokens=False)
    return text, [number for number in ids if loaded.is_control[number]]


def with_objects(chat: list[Message]) -> list[Message]:
    """The messages with the arguments of calls parsed."""
    return [
        message | {"tool_calls": [_with_object(call) for call in message["tool_calls"]]}
        if message.get("tool_calls")
        else message
        for message in chat
    ]


def _with_object(call: Message) -> Message:
    function = call["function"]
    return call | {"function": function | {"arguments": parse_arguments(function["arguments"])}}
