"""`trajhouse tokenizer audit`: what a tokenizer's chat template does with trajectories."""

from __future__ import annotations

import sys

import click

_QUESTIONS = {
    "tools": "renders declared tools",
    "tool_calls": "renders tool calls",
    "tool_outputs": "renders tool outputs",
    "reasoning": "renders the reasoning of",
    "prefix_preserving": "is prefix-preserving",
    "trains_stop": "trains its stop token",
    "arguments": "takes arguments as",
    "prints_date": "prints the date of the day",
}


@click.group()
def tokenizer() -> None:
    """Look into tokenizers and their chat templates.

    \b
    Examples:
      trajhouse tokenizer audit Qwen/Qwen3-8B
      trajhouse tokenizer audit template.jinja
    """  # noqa: D301 - click wants the escape


@tokenizer.command()
@click.argument("name", metavar="NAME|PATH")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def audit(name: str, as_json: bool) -> None:
    """Tell what a chat template does with tools, tool calls, outputs and reasoning.

    NAME is a Hub id, a folder or a tokenizer.json; a file ending in .jinja is a template, looked at
    with the default tokenizer.

    \b
    Examples:
      trajhouse tokenizer audit Qwen/Qwen3-8B
      trajhouse tokenizer audit template.jinja --json
    """  # noqa: D301 - click wants the escape
    from dataclasses import asdict

    from trajhouse.cli.console import write_text
    from trajhouse.cli.querying.output import write_json
    from trajhouse.udfs.template_audit import audit_template, require_template
    from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER, load_tokenizer

    is_template = name.endswith(".jinja")
    loaded = load_tokenizer(*((DEFAULT_TOKENIZER, name) if is_template else (name,)))
    require_template(loaded)
    found = {question: str(fact) for question, fact in asdict(audit_template(loaded)).items()}
    if as_json:
        write_json([found], sys.stdout.buffer)
        return
    width = max(map(len, _QUESTIONS.values()))
    lines = (f"{_QUESTIONS[fact]:<{width}}  {value}\n" for fact, value in found.items())
    write_text(lines, sys.stdout.buffer)
