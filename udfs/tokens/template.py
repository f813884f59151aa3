"""What a chat template does with a conversation, learnt once from renders of stand-ins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from trajhouse.udfs.chat_render import RenderError, render_chat
from trajhouse.udfs.conversations import Message
from trajhouse.udfs.made_once import made_once
from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer
from trajhouse.udfs.tokens.policy import Policy
from trajhouse.udfs.tokens.stand_ins import stand_in
from trajhouse.udfs.tokens.turns import TurnShape, common_start
from trajhouse.udfs.word_patterns import any_of

_USER, _ANSWER, _REASONING, _OUTPUT, _NAME, _KEY, _NEXT = map(stand_in, range(7))
_ARGUMENTS = {_KEY: 'a "quoted" word'}
_ARGUMENTS_TEXT = f'{{"{_KEY}":  "a \\"quoted\\" word"}}'


@dataclass(frozen=True, eq=False)
class ChatTemplate:
    """A chat template and what was learnt of it.

    Attributes:
        tokenizer: Whose template it is.
        control: Matches any control token of the tokenizer; of two at one place, the longer.
        shape: How it begins and ends a turn of the assistant.
        takes_objects: Whether arguments of calls have to be objects; otherwise JSON text.
    """

    tokenizer: LoadedTokenizer
    control: re.Pattern[str]
    shape: TurnShape
    takes_objects: bool


@made_once(maxsize=16)
def learn_template(tokenizer: LoadedTokenizer) -> ChatTemplate:
    """Learn what the tokenizer's template does; it never fails, what fails is not known."""
    control = any_of(tokenizer.control_ids)
    prompt = _generation_prompt(tokenizer, control) or _header_of_answers(tokenizer, control)
    header = _header(tokenizer, prompt, control)
    ends = _ends(tokenizer, header, control)
    end = ends[0] if ends else None
    shape = TurnShape(header, end, tuple(ends[1:]), _after_outputs(tokenizer, control))
    return ChatTemplate(tokenizer, control, shape, _takes_objects(tokenizer))


def tokenizer_under(policy: Policy, spec: str) -> LoadedTokenizer:
    """A tokenizer with the chat template and the date that a policy names.

    Args:
        policy: The policy.
        spec: As `load_tokenizer` takes it.

    Raises:
        CannotOpen: The tokenizer or the chat template cannot be loaded.
    """
    return load_tokenizer(spec, policy.chat_template, policy.template_date)


def user(text: str = _USER) -> Message:
    """A user's message."""
    return {"role": "user", "content": text}


def answer(text: str = _ANSWER, reasoning: str | None = None) -> Message:
    """An answer, with or without reasoning before it."""
    message: Message = {"role": "assistant", "content": text}
    return message | ({"reasoning_content": reasoning} if reasoning else {})


def call(arguments: Any, reasoning: str | None = None) -> Message:
    """A message of one call."""
    function = {"name": _NAME, "arguments": arguments}
    calls = [{"id": "call00001", "type": "function", "function": function}]
    message: Message = {"role": "assistant", "content": "", "tool_calls": calls}
    return message | ({"reasoning_content": reasoning} if reasoning else {})


def output(text: str = _OUTPUT) -> Message:
    """The output of that call."""
    return {"role": "tool", "content": text, "tool_call_id": "call00001", "name": _NAME}


def try_render(tokenizer: LoadedTokenizer, chat: list[Message], prompt: bool = False) -> str | None:
    """The render of a conversation without tools; None where the template fails."""
    try:
        return render_chat(tokenizer, chat, None, add_generation_prompt=prompt).text
    except RenderError:
        return None


def _generation_prompt(tokenizer: LoadedTokenizer, control: re.Pattern[str]) -> str:
    for chat in ([user()], [user(), answer()]):
        closed = try_render(tokenizer, chat)
        opened = try_render(tokenizer, chat, prompt=True)
        if closed is not None and opened is not None:
            return opened[len(common_start(closed, opened, control)) :]
    return ""


def _header_of_answers(tokenizer: LoadedTokenizer, control: re.Pattern[str]) -> str:
    """What stands before an answer wherever it stands, of a template without generation prompt."""
    alone = try_render(tokenizer, [answer()])
    after_user = _after(try_render(tokenizer, [user(), answer()]), _USER)
    if alone is None or after_user is None or _ANSWER not in alone or _ANSWER not in after_user:
        return ""
    gap, _, closing = after_user.partition(_ANSWER)
    gap, other = gap.removeprefix(closing), alone.partition(_ANSWER)[0]
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(gap[::-1], other[::-1], strict=False))
    start = len(gap) - sum(1 for _ in shared)
    cut = [match.end() for match in control.finditer(gap) if match.start() < start < match.end()]
    return gap[cut[0] if cut else start :]


def _header(tokenizer: LoadedTokenizer, prompt: str, control: re.Pattern[str]) -> str | None:
    """What the generation prompt and every kind of turn begin with."""
    conversations = [
        [user(), answer()],
        [user(), answer(reasoning=_REASONING)],
        [user(), call(_ARGUMENTS_TEXT), output(), answer()],
        [user(), call(_ARGUMENTS), output(), answer()],
        [user(), call(_ARGUMENTS, _REASONING), output(), answer(reasoning=_REASONING)],
        [user(), answer(), user(_NEXT), answer()],
    ]
    header = prompt
    for chat in conversations:
        text = try_render(tokenizer, chat)
        if text is None or _USER not in text:
            continue
        gap_start = text.index(_USER) + len(_USER)
        ends = [text.find(word, gap_start) for word in (_ANSWER, _REASONING, _NAME)]
        ends = [end for end in ends if end >= 0]
        if ends and header:
            gap = text[gap_start : min(ends)]
            shared = (
                common_start(gap[k:], header, control)
                for k in range(len(gap))
                if gap[k] == header[0]
            )
            header = max(shared, key=len, default="")
    return header if header.strip() else None


def _ends(tokenizer: LoadedTokenizer, header: str | None, control: re.Pattern[str]) -> list[str]:
    """What ends a turn: that of an answer whether or not anything follows, then others."""
    last = _after(try_render(tokenizer, [user(), answer()]), _ANSWER)
    followed = _after(try_render(tokenizer, [user(), answer(), user(_NEXT)]), _ANSWER)
    if last is None or followed is None:
        return []
    common = common_start(last, followed.split(_NEXT)[0], control)
    ends = [common] if control.search(common) else _split_ends(tokenizer, header, last, control)
    for arguments in (_ARGUMENTS_TEXT, _ARGUMENTS):
        called = _after(try_render(tokenizer, [user(), call(arguments)]), _KEY)
        alone = list(control.finditer(called or ""))[-1:]
        if called and alone and called.rstrip().endswith(alone[0][0]):
            rest = called[alone[0].start() :]
            ends += [rest] if ends and not any(end in called for end in ends) else []
    return ends


def _split_ends(
    tokenizer: LoadedTokenizer, header: str | None, last: str, control: re.Pattern[str]
) -> list[str]:
    """What ends the last turn and what ends others, where that differs."""
    opened = _after(try_render(tokenizer, [user(), answer()], prompt=True), _ANSWER)
    if opened is None or header is None or header not in opened:
        return []
    other = opened[: opened.index(header)]
    return [last, other] if control.match(last) and control.match(other) else []


def _after_outputs(tokenizer: LoadedTokenizer, control: re.Pattern[str]) -> str | None:
    """The control token after outputs, where the template writes no generation prompt there."""
    for arguments in (_ARGUMENTS_TEXT, _ARGUMENTS):
        chat = [user(), call(arguments), output()]
        closed = _after(try_render(tokenizer, chat), _OUTPUT)
        opened = _after(try_render(tokenizer, chat, prompt=True), _OUTPUT)
        answered = _after(try_render(tokenizer, [*chat, answer()]), _OUTPUT)
        if closed and closed == opened and answered and answered.startswith(closed + _ANSWER):
            last = list(control.finditer(closed))[-1:]
            return last[0][0] if last and closed.endswith(last[0][0]) else None
    return None


def _after(text: str | None, word: str) -> str | None:
    """What follows the last place of a word."""
    return text.rpartition(word)[2] if text is not None and word in text else None


def _takes_objects(tokenizer: LoadedTokenizer) -> bool:
    as_text = try_render(tokenizer, [user(), call(_ARGUMENTS_TEXT), output(), answer()])
    if as_text is not None and _ARGUMENTS_TEXT in as_text:
        return False
    as_object = try_render(tokenizer, [user(), call(_ARGUMENTS), output(), answer()])
    return as_object is not None and _KEY in as_object
