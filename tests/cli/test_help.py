"""`--help` is instant, and so imports nothing heavy."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words[0] if words else "group")
def test_help_is_under_150_ms(words: list[str]) -> None:
    """Best of five; on a machine that is busy with other work, the time that the CPU spent."""
    runs = [_seconds([*words, "--help"]) for _ in range(5)]
    assert min(cpu for _, cpu in runs) < LIMIT_SECONDS
    if os.getloadavg()[0] < (os.cpu_count() or 1):
        assert min(wall for wall, _ in runs) < LIMIT_SECONDS


@pytest.mark.parametrize("command", ["query", "show", "marts", "stats", "status"])
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


def _seconds(words: list[str]) -> tuple[float, float]:
    started_at = time.perf_counter()
    process = subprocess.Popen([trajhouse_command(), *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started_at
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return wall, usage.ru_utime + usage.ru_stime
