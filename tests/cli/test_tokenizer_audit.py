"""`trajhouse tokenizer audit`, as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = "import sys; from trajhouse.cli.main import main; sys.exit(main())"
DROPS_CALLS = "{% for m in messages %}{{ m.role + ': ' + m.content }}\n{% endfor %}"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, "tokenizer", "audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_template_file_is_audited(tmp_path: Path) -> None:
    file = tmp_path / "plain.jinja"
    file.write_text(DROPS_CALLS, encoding="utf-8")
    table, as_json = run(str(file)), run(str(file), "--json")
    assert (table.returncode, as_json.returncode) == (0, 0)
    (found,) = json.loads(as_json.stdout)
    assert found["tool_calls"] == "no"
    assert found["tool_outputs"] == "yes"
    answers = dict(line.rsplit("  ", 1) for line in table.stdout.splitlines())
    assert {key.strip(): value for key, value in answers.items()}["renders tool calls"] == "no"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{% for m in messages %}{{ m.x", "TemplateSyntaxError"),
        ("{{ raise_exception('no agents here') }}", "no agents here"),
    ],
)
def test_a_template_that_renders_nothing_is_an_error(
    template: str, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.jinja"
    file.write_text(template, encoding="utf-8")
    failed = run(str(file))
    assert (failed.returncode, failed.stdout) == (3, "")
    assert why in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 3


def test_a_template_that_is_not_there() -> None:
    failed = run("nowhere.jinja")
    assert failed.returncode == 3
    assert "nowhere.jinja" in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 3
