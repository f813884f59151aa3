"""Checks of masks that know nothing of how the engine makes them; each fails on a wrong mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer

Chat = list[dict[str, Any]]
Run = Callable[..., list[dict[str, Any]]]
WriteTokenizer = Callable[[str], str]


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}


def say(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


CALLS = [call("ls", '{"a": "ansarg"}'), call("cat", '{"b": "ansarg é"}')]
CHAT = [
    say("system", "sysword rules."),
    say("user", "askword é?"),
    say("assistant", "ansfirst ü."),
    say("user", "askword 中?"),
    say("assistant", "anslook.", reasoning_content="answhy \U0001f9ea.", tool_calls=CALLS),
    say("tool", "outword é", tool_call_id="c1"),
    say("tool", "outword", tool_call_id="c1"),
    say("assistant", "ansdone \U0001f9ea.", reasoning_content="ansgood."),
]
NEWLINES = [say("user", "askword"), say("assistant", "\n\nansone"), say("user", "askword")]
TWO_ANSWERS = [say("user", "askword"), say("assistant", "ansone"), say("assistant", "anstwo")]
CHATS = [CHAT, NEWLINES, TWO_ANSWERS]

HEADER, STOP = "<|im_start|>assistant\n", "<|im_end|>\n"
FIRST = f"ansfirst ü.{STOP}"
WHY, LOOK = "<think>\nanswhy \U0001f9ea.\n</think>\n\n", "anslook.\n"
CALLED = (
    '<tool_call>\n{"name": "ls", "arguments": {"a": "ansarg"}}\n</tool_call>\n'
    f'<tool_call>\n{{"name": "cat", "arguments": {{"b": "ansarg é"}}}}\n</tool_call>{STOP}'
)
GOOD, DONE = "<think>\nansgood.\n</think>\n\n", f"ansdone \U0001f9ea.{STOP}"
TURNS = [FIRST, WHY + LOOK + CALLED, GOOD + DONE]
"""What CHAT trains. Reasoning before the last question is left out by the template."""

WEIGHTS = {"reasoning": 0.25, "commentary": 0.5, "tool_call": 2, "answer": 1}
WEIGHED = [(1, FIRST), (0.25, WHY), (0.5, LOOK), (2, CALLED), (0.25, GOOD), (1, DONE)]

NO_NEWLINE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{% else %}{{ m.content }}"
    "<|im_end|>{% endif %}{{ '\n' }}{% endfor %}"
)
"""A template that leaves the newline after the stop token out of its marks."""


def runs_of(
    loaded: LoadedTokenizer, row: dict[str, Any], values: Sequence[float]
) -> list[tuple[float, str]]:
    """The text of each run of tokens with one value that is not 0, and the value."""
    assert row["reason"] is None, row["detail"]
    runs = groupby(zip(row["input_ids"], values, strict=True), key=lambda pair: pair[1])
    return [
        (value, loaded.backend.decode([token for token, _ in run], skip_special_tokens=False))
        for value, run in runs
        if value
    ]


def trained_texts(loaded: LoadedTokenizer, row: dict[str, Any]) -> list[str]:
    return [text for _, text in runs_of(loaded, row, row["loss_mask"])]


class Checks:
    """The checks, by name; all run the engine and assert.

    Args:
        run: Tokenizes Python rows.
        qwen3: Qwen3's tokenizer with our template.
        write: Writes a tokenizer with a template, and returns its spec.
    """

    def __init__(self, run: Run, qwen3: LoadedTokenizer, write: WriteTokenizer) -> None:
        self._run, self._qwen3, self._write = run, qwen3, write

    def transformers(self) -> None:
        """Ids and mask are those of `transformers`."""
        for chat, row in zip(CHATS, self._run(CHATS), strict=True):
            expected = self._qwen3.reference.apply_chat_template(
                chat, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
            )
            assert row["input_ids"] == expected["input_ids"]
            assert row["loss_mask"] == expected["assistant_masks"]

    def hand(self) -> None:
        """What is trained is what a hand wrote down."""
        assert trained_texts(self._qwen3, self._run([CHAT])[0]) == TURNS

    def header_in(self) -> None:
        """The same with role headers."""
        row = self._run([CHAT], role_header="in")[0]
        assert trained_texts(self._qwen3, row) == [HEADER + turn for turn in TURNS]

    def parts(self) -> None:
        """Each part of a turn has its weight, to the token."""
        row = self._run([CHAT], loss_weights=WEIGHTS)[0]
        assert runs_of(self._qwen3, row, row["loss_weight"]) == WEIGHED

    def content(self) -> None:
        """Content that spells control tokens is refused, or kept text and the mask in place."""
        chat = [say("user", "see <|im_end|> there"), say("assistant", "yes <think> é so.")]
        assert self._run([chat])[0]["reason"] == "control_token"
        row = self._run([chat], policy="text")[0]
        expected = [f"<think>\n\n</think>\n\nyes <think> é so.{STOP}"]
        assert trained_texts(self._qwen3, row) == expected
        ids = self._qwen3.control_ids
        counts = [row["input_ids"].count(ids[token]) for token in ("<|im_end|>", "<think>")]
        assert counts == [2, 1]

    def newline_out(self) -> None:
        """The newline after a stop token is not trained where the marks leave it out."""
        spec = self._write(NO_NEWLINE)
        row = self._run([TWO_ANSWERS], spec=spec)[0]
        stop = STOP.strip()
        assert trained_texts(load_tokenizer(spec), row) == [f"ansone{stop}", f"anstwo{stop}"]

    def properties(self) -> None:
        """Lengths, counts, stop tokens, turn ends, and whose words are trained."""
        stop = self._qwen3.backend.encode(STOP, add_special_tokens=False).ids
        for row in self._run(CHATS):
            assert row["reason"] is None, row["detail"]
            ids, mask, n_tokens = row["input_ids"], row["loss_mask"], row["n_tokens"]
            assert len(ids) == len(mask) == n_tokens
            assert set(mask) == {0, 1}
            assert sum(mask) == row["n_trained_tokens"]
            trained = "".join(trained_texts(self._qwen3, row))
            left = [1 - m for m in mask]
            context = "".join(text for _, text in runs_of(self._qwen3, row, left))
            assert not any(word in trained for word in ("sysword", "askword", "outword"))
            assert "ans" not in context
            ends = [i + 1 for i in range(n_tokens) if mask[i] and not [*mask, 0][i + 1]]
            assert row["turn_ends"] == ends
            assert all(ids[end - len(stop) : end] == stop for end in ends)
            assert all(all(mask[end - len(stop) : end]) for end in ends)

    def proof(self) -> None:
        """The engine itself gives every row; a fault that it notices makes it refuse one."""
        refused = [row["detail"] for row in self._run(CHATS) if row["reason"] is not None]
        assert refused == [], "; ".join(refused)


CHECKS = [name for name in vars(Checks) if not name.startswith("_")]
