"""`--help` is instant, and so imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from trajhouse.cli.main import COMMANDS

from .conftest import trajhouse_command

HEAVY = {
    "duckdb",
    "pyarrow",
    "numpy",
    "transformers",
    "tokenizers",
    "datasets",
    "dbt",
    "rich",
    "yaml",
}
LIMIT_SECONDS = 0.15
PRINT_MODULES = """
import sys
from trajhouse.cli.main import trajhouse
trajhouse.main(args=sys.argv[1:], prog_name="trajhouse", standalone_mode=False)
print("\\n".join(sys.modules), file=sys.stderr)
"""
WORDS = [[], *([command] for command in COMMANDS)]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0] if words else "group")
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Usage: trajhouse" in done.stdout
    assert {name.split(".")[0] for name in done.stderr.splitlines()} & HEAVY == set()


@pytest.mark.serial
@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0] if words else "group")
def test_help_is_under_150_ms(words: list[str]) -> None:
    """By the clock, best of five."""
    assert min(_seconds([*words, "--help"]) for _ in range(5)) < LIMIT_SECONDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_a_line_each(command: str) -> None:
    shown = subprocess.run(
        [trajhouse_command(), command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    examples = shown.split("  Examples:\n")[1].split("\n\n")[0].splitlines()
    assert all(line.startswith(f"    trajhouse {command}") for line in examples)
    assert "\\b" not in shown


def test_help_of_the_group_names_every_command() -> None:
    done = subprocess.run(
        [trajhouse_command(), "--help"], capture_output=True, text=True, check=True
    )
    listed = [line.split()[0] for line in done.stdout.split("Commands:")[1].splitlines() if line]
    assert listed == list(COMMANDS)


def _seconds(words: list[str]) -> float:
    started_at = time.perf_counter()
    subprocess.run([trajhouse_command(), *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started_at
