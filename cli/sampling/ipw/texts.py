"""What is said in a trajectory: a task, thoughts, calls with their outputs, an answer."""

from __future__ import annotations

import random
from dataclasses import dataclass

from trajhouse.cli.sampling.ipw.rows import Row
from trajhouse.cli.sampling.request import Length
from trajhouse.cli.sampling.words import sentences, words

TOOLS = ("calculator", "think", "code_interpreter")
_TOOL_WEIGHTS = (0.6, 0.25, 0.15)
_UNITS = (("W", "watts"), ("m", "meters"), ("kg", "kilograms"), ("s", "seconds"))

_SYSTEM = """You are an orchestrator. You solve a task in steps and may use tools on the way.

Tools:
- calculator: works out an arithmetic expression and gives the number.
- think: takes a note to reason about; gives it back.
- code_interpreter: runs Python code and gives what it prints.

In every step write
THOUGHT: why you do what you do next
TOOL: the name of one tool
INPUT: what the tool is to work on
and wait for the output. When you know the answer, write
THOUGHT: why it is the answer
FINAL_ANSWER: the answer"""


@dataclass(frozen=True)
class Call:
    """One call of a tool: why, what, and what came back."""

    thought: str
    tool: str
    input: str
    output: str


@dataclass(frozen=True)
class Story:
    """All that a trajectory says.

    Args:
        system: The instructions.
        question: The task.
        calls: The calls, in order.
        thought: The thought before the answer.
        answer: The final answer.
        truth: The expected answer.
    """

    system: str
    question: str
    calls: tuple[Call, ...]
    thought: str
    answer: str
    truth: str


def tell(row: Row) -> Story:
    """The texts of a row, from its own seed; a wrong answer has another number than the truth."""
    chance = random.Random(f"{row.seed}/{row.sample}/{row.teacher}/{row.run}")
    is_short = row.length is Length.SHORT
    a, b = chance.randint(2, 99), chance.randint(2, 99)
    symbol, unit = chance.choice(_UNITS)
    is_right = row.success != row.is_misgraded
    said = a * b if is_right else a * b + chance.randint(1, 9)
    thoughts = [_thought(chance, is_short) for _ in range(row.n_calls + 1)]
    calls = tuple(_call(chance, thought, a, b, is_short) for thought in thoughts[:-1])
    question = f"How much is {a} times {b} {unit}?"
    if not is_short:
        question = f"{sentences(chance, chance.randint(15, 90))} {question}"
    ending = "" if is_short else f" of {words(chance, chance.randint(2, 12))}"
    return Story(
        "Use tools." if is_short else _SYSTEM,
        question,
        calls,
        thoughts[-1],
        f"{said} {unit}{ending}",
        f"{a * b} {symbol}",
    )


def _thought(chance: random.Random, is_short: bool) -> str:
    return words(chance, 2) if is_short else sentences(chance, chance.randint(15, 80))


def _call(chance: random.Random, thought: str, a: int, b: int, is_short: bool) -> Call:
    tool = chance.choices(TOOLS, _TOOL_WEIGHTS)[0]
    if tool == "calculator":
        return Call(thought, tool, f"{a} * {b}", str(a * b))
    if tool == "think":
        note = words(chance, 2) if is_short else sentences(chance, chance.randint(10, 50))
        return Call(thought, tool, note, note)
    if is_short:
        return Call(thought, tool, f"print({a} * {b})", str(a * b))
    code = f"first = {a}\nsecond = {b}\nfor name in ('product',):\n    print(name, first * second)"
    return Call(thought, tool, code, f"product {a * b}")
