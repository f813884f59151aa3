"""Templates without end or measure are stopped; others render as `transformers` renders them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.unit.udfs.conftest import SHARED_DATA
from trajhouse.udfs import bounded_templates
from trajhouse.udfs.chat_render import RenderError, render_chat
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER, LoadedTokenizer, load_tokenizer

TEMPLATES = SHARED_DATA / "tokenizers" / "chat_templates.json"
CHAT = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Yo."}]
FUNCTION = {
    "name": "look",
    "description": "Looks.",
    "parameters": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
}
ENDLESS = {
    "a loop that writes nothing": "{% for i in range(99999) %}{% for j in range(99999) %}"
    "{% endfor %}{% endfor %}",
    "a loop that writes": "{% for i in range(99999) %}{% for j in range(99999) %}{{ '' }}"
    "{% endfor %}{% endfor %}",
    "a macro that calls itself twice": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}"
    "{% endif %}{% endmacro %}{{ f(60) }}",
    "a loop inside a generation mark": "{% generation %}{% for i in range(99999) %}"
    "{% for j in range(99999) %}{% endfor %}{% endfor %}{% endgeneration %}",
    "a recursive loop": "{% for m in [messages] recursive %}{{ loop([m]) if loop.depth < 60 }}"
    "{{ loop([m]) if loop.depth < 60 }}{% endfor %}",
}
HUGE = ["{{ 9 ** (9 ** 9) }}", "{{ 'ab' * 10 ** 9 }}", "{{ ([0] * 10 ** 9) | length }}"]


def with_template(template: str, folder: Path) -> LoadedTokenizer:
    file = folder / "template.jinja"
    file.write_text(template, encoding="utf-8")
    return load_tokenizer(DEFAULT_TOKENIZER, file)


@pytest.mark.parametrize("name", ENDLESS)
def test_a_template_without_end_is_stopped(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_templates, "SECONDS", 0.2)
    started = time.thread_time()
    with pytest.raises(RenderError, match="TimeoutError: the template ran for more than 0 s"):
        render_chat(with_template(ENDLESS[name], tmp_path), CHAT, None)
    assert time.thread_time() - started < 10


@pytest.mark.parametrize("template", HUGE)
def test_a_product_without_measure_is_refused(template: str, tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="OverflowError"):
        render_chat(with_template(template, tmp_path), CHAT, None)


def test_usual_products_and_loops_render(tmp_path: Path) -> None:
    template = "{{ '-' * 3 }}{{ 2 ** 3 }}{{ 2 * 3 }}{{ 1.5 * 2 }}{{ 2 ** -1 }}" + (
        "{% macro f(n) %}{% if n %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}"
        "{% for m in messages %}{{ loop.index }}{% else %}none{% endfor %}"
    )
    assert render_chat(with_template(template, tmp_path), CHAT, None).text == "---863.00.532112"


def test_published_templates_render_as_transformers_renders(tmp_path: Path) -> None:
    if not TEMPLATES.is_file():
        pytest.skip("the published templates are not beside this checkout")
    tools = [{"type": "function", "function": FUNCTION}]
    templates = json.loads(TEMPLATES.read_text(encoding="utf-8"))
    assert len(templates) == 16
    for name, template in templates.items():
        (tmp_path / name).mkdir()
        tokenizer = with_template(template, tmp_path / name)
        expected = tokenizer.reference.apply_chat_template(CHAT, tools=tools, tokenize=False)
        assert render_chat(tokenizer, CHAT, tools).text == expected, name
