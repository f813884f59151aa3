"""What a template has learnt of is not taken for what it has not: rows that differ in one thing.

Each template here is taught by conversations, and then given one that looks alike to a context that
tells too little. Expected is the template's own render.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.udfs.tokens.test_assembly import check, examples, template_of
from trajhouse.udfs import tokenizer
from trajhouse.udfs.tokens.assembly.triggers import triggers_of
from trajhouse.udfs.tokens.policy import Policy, RejectedError
from trajhouse.udfs.tokens.template import learn_template
from trajhouse.udfs.tokens.tokenizing import tokenize_rows

Load = Callable[[str], str]
Chat = list[dict[str, Any]]

N_TAUGHT = 12
"""More than are checked at first."""


def chatml(body: str = "{{ m.content }}", before: str = "", after: str = "") -> str:
    calls = (
        "{% for t in m.tool_calls or [] %}"
        "<tool_call>{{ t.function.name }} {{ t.function.arguments }}</tool_call>{% endfor %}"
    )
    return (
        f"{before}{{% for m in messages %}}<|im_start|>{{{{ m.role }}}}\n{body}{calls}<|im_end|>\n"
        f"{{% endfor %}}{after}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )


def system() -> dict[str, Any]:
    return {"role": "system", "content": "s"}


def user(text: str = "q") -> dict[str, Any]:
    return {"role": "user", "content": text}


def answer(text: str = "a", reasoning: str | None = None) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "reasoning_content": reasoning}


def calls(n: int = 1, reasoning: str | None = None, name: str = "look_up") -> dict[str, Any]:
    function = {"name": name, "arguments": '{"q": 1}'}
    made = [{"id": f"call{k:05d}", "type": "function", "function": function} for k in range(n)]
    return answer("", reasoning) | {"tool_calls": made}


def output(number: int = 0) -> dict[str, Any]:
    return {"role": "tool", "content": f"o{number}", "tool_call_id": f"call{number:05d}"}


def tools(name: str) -> str:
    return json.dumps([{"type": "function", "function": {"name": name, "description": "d"}}])


LAST_ANSWER = (
    "{% set ns = namespace(last=-1) %}{% for m in messages %}"
    "{% if m.role == 'assistant' and not m.tool_calls %}{% set ns.last = loop.index0 %}{% endif %}"
    "{% endfor %}"
)
REASONS_AFTER_IT = (
    "{% if m.reasoning_content and loop.index0 > ns.last %}"
    "<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}"
)
FIRST_CALL = "{{ m.content }}{% if m.tool_calls and ns.n == 0 %}First:{% set ns.n = 1 %}{% endif %}"
NUMBERED_OUTPUTS = (
    "{% if m.role == 'tool' %}{% set ns.n = ns.n + 1 %}[{{ ns.n }}]"
    "{% else %}{% set ns.n = 0 %}{% endif %}{{ m.content }}"
)
COUNTER = "{% set ns = namespace(n=0) %}"
RUN = [output(k) for k in range(4)]


@pytest.mark.parametrize(
    ("template", "taught", "asked"),
    [
        pytest.param(
            chatml(REASONS_AFTER_IT, LAST_ANSWER),
            [
                [user(), calls(1, "r"), output(), answer()],
                [user(), answer(), user(), calls(1, "r"), output(), calls(1, "r")],
            ],
            [user(), calls(1, "r"), output(), calls(1, "r")],
            id="reasoning after the last answer only",
        ),
        pytest.param(
            chatml(FIRST_CALL, COUNTER),
            [
                [user(), calls(), output(), answer(), user(), calls(), output(), answer()],
                [user(), answer(), user(), answer(), user(), answer()],
            ],
            [user(), answer(), user(), calls(), output(), answer()],
            id="the first call is told apart",
        ),
        pytest.param(
            chatml(NUMBERED_OUTPUTS, COUNTER),
            [[user(), calls(4), *RUN[:3], answer()]],
            [user(), calls(4), *RUN, answer()],
            id="outputs of a message are numbered",
        ),
        pytest.param(
            chatml("{{ m.content }}{% if messages | length == 2 %}!{% endif %}"),
            [[user(), answer(), user(), answer()]],
            [user(), answer()],
            id="a conversation of one turn",
        ),
    ],
)
def test_of_conversations_that_look_alike(
    with_tiny_vocabulary: Load, template: str, taught: list[Chat], asked: Chat
) -> None:
    loaded = template_of(with_tiny_vocabulary, template)
    tokenize_rows(loaded, examples(taught * N_TAUGHT), Policy())
    check(loaded, examples([asked]))


def test_dropped_reasoning_is_no_text(qwen3: tokenizer.LoadedTokenizer) -> None:
    """Qwen3 closes outputs before the next message, also before one of which it writes nothing."""
    template = learn_template(qwen3)
    silent = answer("", "r")
    tokenize_rows(template, examples([[user(), silent, user(), answer()]] * N_TAUGHT), Policy())
    check(template, examples([[user(), calls(), output(), silent, user(), answer()]]))


FIRST_USER = (
    "{% set ns = namespace(n=-1) %}{% for m in messages %}"
    "{% if m.role == 'user' and ns.n < 0 %}{% set ns.n = loop.index0 %}{% endif %}{% endfor %}"
)
PRINTED = "{{ '\\nTools: ' ~ (tools | tojson) if tools and WHERE else '' }}"


@pytest.mark.parametrize(
    "template",
    [
        chatml("{{ m.content }}" + PRINTED.replace("WHERE", "loop.index0 == ns.n"), FIRST_USER),
        chatml(after=PRINTED.replace("WHERE", "true")),
        chatml(PRINTED.replace("WHERE", "loop.index == 4") + "{{ m.content }}"),
    ],
    ids=["after the first query", "at the end", "in the fourth message"],
)
def test_tools_are_those_of_the_row_wherever_they_are_printed(
    with_tiny_vocabulary: Load, template: str
) -> None:
    loaded = template_of(with_tiny_vocabulary, template)
    chat = [system(), user(), answer(), user(), answer(), user(), answer()]
    names = [tools("first")] * N_TAUGHT + [tools("second")] * N_TAUGHT
    found = check(loaded, examples([chat] * (2 * N_TAUGHT), list(names)))
    for k in range(2 * N_TAUGHT):
        row = found.row(k)
        assert not isinstance(row, RejectedError)
        assert ("second" if k >= N_TAUGHT else "first") in row.text


SEARCHING = {
    "a variable": "{% set w = '###' %}"
    + chatml("{% if w in m.content %}!{% endif %}{{ m.content }}"),
    "a loop": chatml(
        "{% for w in ['@@@', '###'] %}{% if w in m.content %}!{% endif %}{% endfor %}"
        "{{ m.content }}"
    ),
    "a macro": "{% macro show(text, w) %}{% if w in text %}!{% endif %}{{ text }}{% endmacro %}"
    + chatml("{{ show(m.content, '###') }}"),
    "a namespace": "{% set ns = namespace(w='###') %}"
    + chatml("{% if ns.w in m.content %}!{% endif %}{{ m.content }}"),
    "put together": chatml("{% if '#' ~ '##' in m.content %}!{% endif %}{{ m.content }}"),
    "by keyword": chatml("{{ m.content | replace(old='###', new='') }}"),
    "newlines": chatml("{{ m.content.replace('\\r\\n', '\\n') }}"),
    "spaces": chatml("{{ m.content.split() | join(' ') }}"),
    "an edge": chatml("{% if m.content[0] == ' ' %}!{% endif %}{{ m.content }}"),
    "stripped spaces": chatml("{{ m.content.strip(' ') }}"),
    "stripped newlines and spaces": chatml("{{ m.content.strip('\\n ') }}"),
    "stripped stars": chatml("{{ m.content.strip('#*') }}"),
    "a brace": chatml("{% if '{' in m.content %}!{% endif %}{{ m.content }}"),
}


@pytest.mark.parametrize("template", SEARCHING.values(), ids=SEARCHING)
@pytest.mark.parametrize(
    "text", ["a ### b", "a\r\nb", "a  b", " a ", " \na\n ", "#a*", "{a}", "*a"]
)
def test_words_that_a_template_looks_for(
    with_tiny_vocabulary: Load, template: str, text: str
) -> None:
    loaded = template_of(with_tiny_vocabulary, template)
    tokenize_rows(loaded, examples([[user(), answer()]] * N_TAUGHT), Policy())
    check(loaded, examples([[user(text), answer()]]))


COMPARING = {
    "equal": chatml(
        "{{ '!' if loop.index0 != 1 and m.content == messages[1].content }}{{ m.content }}"
    ),
    "by a variable": "{% set ns = namespace(query=messages[1]['content']) %}"
    + chatml("{{ '!' if loop.index0 != 1 and m['content'] == ns.query }}{{ m.content }}"),
    "a part": chatml("{{ '!' if messages[0].content in m.content }}{{ m.content }}"),
    "replaced": chatml(
        "{{ m.content.replace(messages[0].content, '') if loop.index0 else m.content }}"
    ),
    "by a filter": chatml(
        "{{ m.content | replace(messages[0].content, '') if loop.index0 else m.content }}"
    ),
}


@pytest.mark.parametrize("template", COMPARING.values(), ids=COMPARING)
def test_texts_that_a_template_looks_for_in_others(
    with_tiny_vocabulary: Load, template: str
) -> None:
    loaded = template_of(with_tiny_vocabulary, template)
    taught = [system(), user(), answer()]
    tokenize_rows(loaded, examples([taught] * N_TAUGHT), Policy())
    check(loaded, examples([[system(), user("s"), answer("s")]] * 2))


def test_a_tool_that_a_template_knows_by_name(with_tiny_vocabulary: Load) -> None:
    body = (
        "{% for t in m.tool_calls or [] %}{{ '!' if t.function.name == 'submit' else '' }}"
        "{% endfor %}{{ m.content }}"
    )
    loaded = template_of(with_tiny_vocabulary, chatml(body))
    chat = [user("submit it"), calls(), output(), answer()]
    found = tokenize_rows(loaded, examples([chat] * 2 * N_TAUGHT), Policy())
    assert list(found.renderers).count("assembly") >= N_TAUGHT, "no content is looked into"
    check(loaded, examples([[user(), calls(name="submit"), output(), answer()]]))


def test_newlines_between_texts_that_touch(with_tiny_vocabulary: Load) -> None:
    body = (
        "{% if m.reasoning_content %}{{ m.reasoning_content.rstrip('\\n') }}\n\n{% endif %}"
        "{{ m.content }}"
    )
    loaded = template_of(with_tiny_vocabulary, chatml(body))
    chats = [
        [user(), answer(f"{lead}a", f"r{trail}")] for lead in ("", "\n") for trail in ("", "\n")
    ]
    assert "assembly" in check(loaded, examples(chats * N_TAUGHT)).renderers


def test_words_looked_for_are_told_from_words_printed() -> None:
    template = (
        "{% set header = 'You are' %}{% for m in messages %}{% if m.role == 'user' %}"
        "{{ header ~ m.get('content') | default('none') }}{% elif 'stop' in m.content %}"
        "{{ m.content.strip('\\n') }}{% elif m.name in ['f', 'g'] %}{{ m.content | trim }}"
        "{% endif %}{% endfor %}"
    )
    found = triggers_of(template)
    assert found.texts == {"stop"}
    assert found.names == {"f", "g"}
