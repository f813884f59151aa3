"""What is said in generated SERA rollouts."""

from __future__ import annotations

import random

from trajhouse.cli.sampling.words import WORDS, sentences, words

SYSTEM = (
    "You are an engineer who works in a terminal and solves tasks in a code repository.\n\n"
    "In every turn, think first, then call exactly one tool. Wait for what it returns before you"
    " go on. Commands run in a fresh shell each time and must not wait for input. Edit files with"
    " the editor, keep changes small, and run what you changed. When all is done and checked, call"
    " submit; after that nothing can be changed any more."
)
NO_ACTION = "There was no call in your last message. Call exactly one tool, or submit."
NO_OUTPUT = "The command ran and printed nothing."
DEMONSTRATION = "Here is how another task was solved, to show the format. It is not your task."


def task(chance: random.Random, path: str, name: str) -> str:
    """The user's message: the repository, what is asked, and how to go about it."""
    return (
        f"<uploaded_files>\n/testbed\n</uploaded_files>\nThe repository in /testbed:"
        f" {sentences(chance, 120)}\n\nConsider this description of a change:\n\n"
        f"<pr_description>\n{sentences(chance, 220)}\n\nIt concerns `{name}` in `{path}`."
        f"\n</pr_description>\n\nMake the change.\n1. Read the code that it concerns.\n2. Write a"
        " script that shows the behaviour and run it.\n3. Edit the source.\n4. Run the script"
        " again.\n5. Think of edge cases: " + sentences(chance, 40)
    )


def review(patch: str) -> str:
    """What a first submit prints where the harness asks for another look."""
    return (
        "Thank you. Look at your changes once more, remove scripts that you wrote only to try"
        f" things, then submit again.\n\n{patch}"
    )


def listing(chance: random.Random, n_lines: int) -> str:
    """A file with line numbers, as the editor shows it."""
    start = chance.randint(1, 400)
    lines = [
        f"{number:6}\t{' ' * 4 * chance.randint(1, 4)}{_statement(chance)}"
        for number in range(start, start + n_lines)
    ]
    return "Here's the numbered text of the file:\n" + "\n".join(lines) + "\n"


def shell_output(chance: random.Random, n_lines: int) -> str:
    """What a search or a test run prints."""
    return "\n".join(
        f"./src/{chance.choice(WORDS)}/{chance.choice(WORDS)}.py:{chance.randint(1, 900)}:"
        f" {_statement(chance)}"
        for _ in range(n_lines)
    )


def _statement(chance: random.Random) -> str:
    first, second, third, fourth = chance.choices(WORDS, k=4)
    return chance.choice(
        (
            f"{first}_{second} = self.{third}({fourth}=None)",
            f"if {first} is not None and {second} > {third}:",
            f"def {first}_{second}(self, {third}, {fourth}):",
            f'raise ValueError(f"{first} {second} {third} {{{fourth}}}")',
            f"# {first} {second} {third} {fourth}",
            f"return {first}.{second}[{third}]",
        )
    )


def thought(chance: random.Random) -> str:
    """What the model thinks before a call."""
    return sentences(chance, chance.randint(25, 110))


def said(chance: random.Random) -> str:
    """What it says aloud beside the call, in half of the turns."""
    return sentences(chance, chance.randint(6, 20)) if chance.random() < 0.5 else ""


def command(chance: random.Random) -> str:
    """A shell command."""
    return (
        f'cd /testbed && grep -rn "{words(chance, 1)}" --include="*.py" src | head -'
        f"{chance.randint(5, 40)}"
    )
