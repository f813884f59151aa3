"""One conversation at a time: its pieces by the template itself, proven to the last character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from trajhouse.udfs.chat_render import Render, RenderError, render_chat
from trajhouse.udfs.conversations import Message, parse_tools
from trajhouse.udfs.tokens.culprits import arising_in, spelled_in
from trajhouse.udfs.tokens.outline import (
    AlignError,
    Outline,
    Piece,
    SlotSpan,
    align,
    described,
    outline_of,
    slot_spans,
)
from trajhouse.udfs.tokens.policy import Part, Policy, Reason, RejectedError, RoleHeader, Thinking
from trajhouse.udfs.tokens.spellings import choose_mark, mark_spellings, mark_text, remove_mark
from trajhouse.udfs.tokens.stand_ins import (
    NeutralChat,
    Slot,
    Tools,
    neutral_chat,
    parse_arguments,
)
from trajhouse.udfs.tokens.template import ChatTemplate
from trajhouse.udfs.tokens.turns import MaskError, Turn, derived_turns, marked_turns

_DROPPED_WHAT = {
    "content": "content",
    "call_name": "tool calls",
    "arguments": "the arguments of tool calls",
}


@dataclass(frozen=True)
class Conversation:
    """The messages of a row, its declared tools as JSON text, and the first message to train."""

    chat: list[Message]
    tools: str | None
    trained_from: int = 0


def pieces_of(template: ChatTemplate, row: Conversation, policy: Policy) -> list[Piece]:
    """The pieces of a conversation's render, which laid together are the render.

    Raises:
        RejectedError: They cannot be told for certain, or the template drops a text.
    """
    return aligned_outline(template, row, policy).pieces


def aligned_outline(template: ChatTemplate, row: Conversation, policy: Policy) -> Outline:
    """The outline of a conversation with its content in the pieces.

    Raises:
        RejectedError: It cannot be told for certain, or the template drops a text.
    """
    chat, tools = _parsed(template, row)
    with _rejecting():
        outline = outline_of_row(template, chat, row, policy)
        return align(outline, render_chat(template.tokenizer, chat, tools).text)


def pieces_as_text(template: ChatTemplate, row: Conversation, policy: Policy) -> list[Piece]:
    """The pieces of a conversation whose texts spell control tokens that the template looks for.

    A mark goes into each such spelling before the render and out of its pieces after it.

    Raises:
        RejectedError: They cannot be told for certain, or the template drops a text.
    """
    chat, tools = _parsed(template, row)
    mark = choose_mark([chat, tools, template.tokenizer.chat_template])
    if mark is None:
        detail = "every private-use character occurs in the conversation"
        raise RejectedError(Reason.CONTROL_TOKEN, detail)
    with _rejecting():
        outline = outline_of_row(template, chat, row, policy)
        marked, marked_tools = mark_spellings(template.control, chat, tools, mark)
        text = render_chat(template.tokenizer, marked, marked_tools).text
        slots = [_marked_slot(template, slot, mark) for slot in outline.slots]
        outline = align(Outline(outline.pieces, slots), text)
    return [piece._replace(text=remove_mark(piece.text, mark)) for piece in outline.pieces]


def control_in_words(template: ChatTemplate, row: Conversation, policy: Policy) -> str | None:
    """Where content spells a control token or is part of one; None where none can be found."""
    try:
        spelled = spelled_in(template.control, neutral_chat(row.chat, row.tools).slots)
        return spelled or arising_in(template.control, aligned_outline(template, row, policy))
    except (RejectedError, ValueError):
        return None


def outline_of_row(
    template: ChatTemplate, chat: list[Message], row: Conversation, policy: Policy
) -> Outline:
    """The outline of a conversation, read off the render of its stand-ins.

    Raises:
        RenderError: The template fails on it.
        MaskError: The assistant's turns cannot be told.
        RejectedError: The template drops a text, the row has nothing to train, or the role of a
            message or the type of a call spells a control token.
    """
    _require_plain_words(template, chat)
    if not any(message.get("role") == "assistant" for message in chat[row.trained_from :]):
        raise RejectedError(Reason.NO_TRAINED_TOKENS, "there is no assistant message to train")
    neutral = neutral_chat(chat, row.tools)
    render = render_chat(template.tokenizer, neutral.chat, neutral.tools)
    spans = slot_spans(render.text, neutral)
    _require_all(spans, neutral, policy)
    turns = _turns(template, render, spans, neutral)
    answers = [i for i, message in enumerate(chat) if message.get("role") == "assistant"]
    turns = [turn for turn, i in zip(turns, answers, strict=True) if i >= row.trained_from]
    header_in = policy.role_header is RoleHeader.IN
    if header_in and any(turn.header == turn.start for turn in turns):
        raise MaskError("a turn has no role header that could be trained")
    return outline_of(render.text, spans, neutral, turns, template.control, header_in)


def _turns(
    template: ChatTemplate, render: Render, spans: Sequence[SlotSpan], neutral: NeutralChat
) -> list[Turn]:
    roles = [str(message.get("role")) for message in neutral.chat]
    if not render.has_marks:
        return derived_turns(render.text, spans, roles, template.shape)
    if render.generated is None:
        raise MaskError("the template marks generation where its place is not known")
    n_answers = roles.count("assistant")
    return marked_turns(render.text, render.generated, n_answers, template.shape)


def _require_all(spans: Sequence[SlotSpan], neutral: NeutralChat, policy: Policy) -> None:
    """Every text is in the render, but for ids, names of outputs and, by policy, reasoning.

    Declared tools may be left out too, in part or whole: that is for the audit to tell.
    """
    found = {id(slot) for _, _, slot in spans}
    for slot in neutral.slots:
        if id(slot) in found:
            continue
        if slot.field == "reasoning_content":
            if policy.thinking is Thinking.KEEP:
                detail = f"the template leaves out {described(slot)}"
                raise RejectedError(Reason.REASONING_DROPPED, detail)
        elif slot.field in _DROPPED_WHAT:
            what = f"{_DROPPED_WHAT[slot.field]}, as of message {slot.message + 1}"
            raise RejectedError(Reason.TEMPLATE_DROPS, f"the template drops {what}")


def _require_plain_words(template: ChatTemplate, chat: list[Message]) -> None:
    """Roles and types, which have no stand-ins, spell no control token."""
    for number, message in enumerate(chat, start=1):
        types = (str(call.get("type")) for call in message.get("tool_calls") or ())
        for field, word in (
            ("role", str(message.get("role"))),
            *(("type", word) for word in types),
        ):
            if (match := template.control.search(word)) is not None:
                detail = f"{match[0]} in the {field} of message {number}"
                raise RejectedError(Reason.CONTROL_TOKEN, detail)


@contextmanager
def _rejecting() -> Iterator[None]:
    try:
        yield
    except RenderError as error:
        raise RejectedError(Reason.TEMPLATE_ERROR, str(error)) from None
    except (MaskError, AlignError) as error:
        raise RejectedError(Reason.MASK_UNAVAILABLE, str(error)) from None


def _parsed(template: ChatTemplate, row: Conversation) -> tuple[list[Message], Tools]:
    """The messages, with arguments as the template takes them, and the tools.

    Raises:
        RejectedError: The tools are no tools; or the template takes objects, and arguments are not.
    """
    try:
        tools = parse_tools(row.tools)
    except ValueError as error:
        raise RejectedError(Reason.TEMPLATE_ERROR, f"the declared tools: {error}") from None
    if not template.takes_objects:
        return row.chat, tools
    try:
        return [_with_objects(message) for message in row.chat], tools
    except ValueError as error:
        raise RejectedError(Reason.TEMPLATE_ERROR, f"arguments of a call: {error}") from None


def _with_objects(message: Message) -> Message:
    if not message.get("tool_calls"):
        return message
    calls = []
    for call in message["tool_calls"]:
        function = call.get("function")
        if function and isinstance(function.get("arguments"), str):
            function = function | {"arguments": parse_arguments(function["arguments"])}
        calls.append(call | {"function": function})
    return message | {"tool_calls": calls}


def _marked_slot(template: ChatTemplate, slot: Slot, mark: str) -> Slot:
    return slot._replace(text=mark_text(template.control, slot.text, mark))


def parts_trained(pieces: Sequence[Piece]) -> set[Part]:
    """The parts that occur in a row."""
    return {piece.part for piece in pieces} - {Part.CONTEXT}
