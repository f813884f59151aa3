"""Text of an exact number of Qwen3 tokens, and the commands of a terminal agent."""

from __future__ import annotations

import random

from trajhouse.cli.sampling.words import WORDS

_SEVERAL_TOKENS = """
across began behind enough gave hundred island laugh morning mountain saw seem several teach
thousand together told toward vowel wonder
"""
ONE_TOKEN_WORDS = tuple(word for word in WORDS if word not in _SEVERAL_TOKENS.split())
"""Words that are one token each, at the start of a line and after a blank."""

_WORDS_A_LINE = 14
_COMMANDS = (
    "ls -la {0}",
    "cat {0}/{1}.py",
    "grep -rn '{1}' {0}",
    "python3 {0}/{1}.py --check",
    "sed -n '1,40p' {0}/{1}.txt",
    "find {0} -name '*.{1}'",
    "make -C {0} {1}",
    "pytest -q {0}/test_{1}.py",
    "git -C {0} log --oneline",
    "echo {1} >> {0}/notes.md",
)


def text_of_tokens(chance: random.Random, count: int) -> str:
    """Lines of words that are `count` tokens together; it neither starts nor ends with a newline.

    A word is one token, and so is the newline between two lines.
    """
    pieces: list[str] = []
    while count > 0:
        line = min(count, _WORDS_A_LINE)
        line -= count - line == 1  # a newline alone would end the text
        pieces.append(" ".join(chance.choices(ONE_TOKEN_WORDS, k=line)))
        count -= line + 1
    return "\n".join(pieces)


def command(chance: random.Random) -> str:
    """A shell command."""
    folder, name = chance.choices(ONE_TOKEN_WORDS, k=2)
    return chance.choice(_COMMANDS).format(folder, name)


def shares(chance: random.Random, total: int, count: int) -> list[int]:
    """`total` in `count` parts of at least one, unequal as lengths of turns are."""
    weights = [chance.expovariate(1) for _ in range(count)]
    spare = total - count
    parts = [1 + int(spare * weight / sum(weights)) for weight in weights]
    parts[-1] += total - sum(parts)
    return parts
