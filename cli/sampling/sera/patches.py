"""Patches of SERA rollouts, made so that their line-level recall is known."""

from __future__ import annotations

import random
from dataclasses import dataclass

from trajhouse.cli.sampling.request import Length
from trajhouse.cli.sampling.sera.rows import Row, chance_of
from trajhouse.cli.sampling.words import WORDS, words


@dataclass(frozen=True)
class Change:
    """What a rollout changed: lines with their sign, and which of them are blank after it."""

    path: str
    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """Changed lines that count: not those that are blank after the sign."""
        return [line for line in (*self.removed, *self.added) if line[1:].strip()]

    def patch(self) -> str:
        """The change as git prints it, in one hunk with a line of context on either side."""
        start = 10 + len(self.path)
        before, after = len(self.removed) + 2, len(self.added) + 2
        head = [
            f"diff --git a/{self.path} b/{self.path}",
            "index 1111111..2222222 100644",
            f"--- a/{self.path}",
            f"+++ b/{self.path}",
            f"@@ -{start},{before} +{start},{after} @@ def changed():",
        ]
        return "\n".join([*head, " # before", *self.removed, *self.added, " # after", ""])


def path_of(row: Row) -> str:
    """The file that an instance is about."""
    chance = chance_of(row.key)
    return f"src/{chance.choice(WORDS)}/{chance.choice(WORDS)}.py"


def first_change(row: Row) -> Change:
    """The change of the T1 rollout of the row's instance."""
    path, chance = path_of(row), chance_of(f"{row.key}/patch")
    if row.length is Length.SHORT:
        return Change(path, ("-a",), tuple(f"+b{number}" for number in range(3)))
    removed = [f"-    {_code(chance)}" for _ in range(chance.randint(1, 8))]
    added = [f"+    {_code(chance)}" for _ in range(chance.randint(3, 25))]
    if chance.random() < 0.2:  # lines that look like headers, blank lines, a line twice
        removed.append(f"--- {words(chance, 3)}")
        added += [f"+++ {words(chance, 2)}", "+", "+    ", added[0]]
    return Change(path, tuple(removed), tuple(added))


def second_change(row: Row) -> tuple[Change, float]:
    """The change of a T2 rollout, and the share of the T1 change's lines that it has too."""
    first, chance = first_change(row), row.chance("patch")
    lines = first.lines
    n_kept = round(len(lines) * chance.betavariate(5, 1.5))
    places = set(chance.sample(range(len(lines)), n_kept))
    kept = [line for place, line in enumerate(lines) if place in places]
    own = [f"+    own_{_code(chance)}" for _ in range(chance.randint(0, 4))]
    change = Change(
        first.path,
        tuple(line for line in kept if line[0] == "-"),
        (*(line for line in kept if line[0] == "+"), *own),
    )
    return change, n_kept / len(lines)


def _code(chance: random.Random) -> str:
    """A line of something like Python."""
    name, verb, *rest = chance.choices(WORDS, k=chance.randint(3, 7))
    return f"{name}_{verb} = self.{verb}({', '.join(rest)})"
