"""Rendering a conversation with its chat template, once, and where the template marks generation.

The template runs in the sandbox of `transformers`. Its own tracker measures the text so far anew at
every mark, which is quadratic in the number of turns; here each block is measured once.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

from trajhouse.udfs.bounded_templates import CLOCK, compile_bounded
from trajhouse.udfs.conversations import Message
from trajhouse.udfs.tokenizer import LoadedTokenizer

_GENERATION_MARK = re.compile(r"\{%[-+]?\s*generation\s*[-+]?%\}")
_LARGEST_GROWTH = 64
_LARGEST_TEMPLATE_TEXT = 4_000_000
_ONE_AT_A_TIME = threading.Lock()

CharSpan = tuple[int, int]


class RenderError(Exception):
    """The template refused the conversation, or failed on it; the message says how."""


@dataclass(frozen=True)
class Render:
    """A rendered conversation.

    Attributes:
        text: All of it.
        generated: The spans of characters that the template marks as generated, in order; None
            where it marks none, or where it marks them so that their place cannot be known.
        has_marks: Whether the template has generation marks.
    """

    text: str
    generated: list[CharSpan] | None
    has_marks: bool


def render_chat(
    tokenizer: LoadedTokenizer,
    chat: list[Message],
    tools: list[dict[str, Any]] | None,
    add_generation_prompt: bool = False,
) -> Render:
    """Render a whole conversation as `apply_chat_template(tokenize=False)` does.

    Raises:
        RenderError: The template raised, whatever it raised, ran too long, or its output has no
            measure.
    """
    from transformers.utils import chat_template_utils

    size = _size_of(chat) + _size_of(tools)
    largest = _LARGEST_TEMPLATE_TEXT + _LARGEST_GROWTH * size
    try:
        template = tokenizer.reference.get_chat_template(None, tools)
        compiled = compile_bounded(template)
        context = {
            **tokenizer.template_variables,
            **tokenizer.template_functions,
            "messages": chat_template_utils._alias_reasoning_fields(chat),
            "tools": tools,
            "documents": None,
            "add_generation_prompt": add_generation_prompt,
        }
        has_marks = _GENERATION_MARK.search(template) is not None
        with _ONE_AT_A_TIME, CLOCK.running(size):
            text, generated = _collect(compiled, context, largest)
    except Exception as error:
        raise RenderError(f"{type(error).__name__}: {error}") from error
    return Render(text, generated if has_marks else None, has_marks)


def _collect(
    compiled: Any, context: dict[str, Any], largest: int
) -> tuple[str, list[CharSpan] | None]:
    """The text, and the generated spans; None for the spans where a mark is not a block itself."""
    blocks: list[str] = []
    spans: list[CharSpan] = []
    is_known = True
    n_chars = 0
    found: list[CharSpan] = []
    with compiled.environment.activate_tracker([], found):
        for block in compiled.generate(**context):
            if found:
                is_known &= found == [(0, len(block))]
                spans.append((n_chars, n_chars + len(block)))
                found.clear()
            blocks.append(block)
            n_chars += len(block)
            if n_chars > largest:
                raise OverflowError(f"the template wrote more than {largest} characters")
    return "".join(blocks), spans if is_known else None


def _size_of(value: Any) -> int:
    """The number of characters in a nest of lists and dictionaries."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(key)) + _size_of(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return sum(_size_of(item) for item in value)
    return 8
