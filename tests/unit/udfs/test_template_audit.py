"""What chat templates do, told by hand from their text, and rows that a template would cut."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.udfs.conftest import MESSAGES, SHARED_DATA
from trajhouse.udfs.template_audit import audit_template
from trajhouse.udfs.tokenize import tokenize_examples
from trajhouse.udfs.tokenizer import DEFAULT_TOKENIZER, TEMPLATE_VARIABLE, load_tokenizer

TEMPLATES = SHARED_DATA / "tokenizers" / "chat_templates.json"
ANSWERS_ONLY = (
    "{% for m in messages %}{% if m.role != 'tool' %}"
    "{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' %}{% generation %}"
    "{{ m.content }}{% if stop %}{% endif %}{% endgeneration %}{% else %}{{ m.content }}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endif %}{% endfor %}"
)
# By reading each template: tools, calls, outputs, reasoning, prefix, stop, arguments, date.
PUBLISHED = {
    "qwen3": "yes yes yes last_turn no no_marks text_or_object no",
    "qwen3_training": "yes yes yes all_turns yes yes text_or_object no",
    "qwen2_5": "yes yes yes none yes no_marks object no",
    "qwen2_5_training": "yes yes yes none yes yes object no",
    "phi3": "no no no none no no_marks none no",
    "cohere2": "no no no none yes no_marks none no",
}


def audited(template: str, folder: Path) -> dict[str, str]:
    file = folder / "template.jinja"
    file.write_text(template, encoding="utf-8")
    found = asdict(audit_template(load_tokenizer(DEFAULT_TOKENIZER, str(file))))
    return {fact: str(value) for fact, value in found.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_template(name: str, tmp_path: Path) -> None:
    if not TEMPLATES.is_file():
        pytest.skip("the published templates are not beside this checkout")
    template = json.loads(TEMPLATES.read_text(encoding="utf-8"))[name]
    found = audited(template, tmp_path)
    assert " ".join(value.replace(" ", "_") for value in found.values()) == PUBLISHED[name]


def test_a_template_that_drops_calls_and_leaves_its_stop_token_out(tmp_path: Path) -> None:
    found = audited(ANSWERS_ONLY, tmp_path)
    assert found["tools"] == found["tool_calls"] == found["tool_outputs"] == "no"
    assert found["trains_stop"] == "no"
    assert found["reasoning"] == "none"
    assert found["arguments"] == "none"


def test_a_template_that_prints_the_date(tmp_path: Path) -> None:
    assert audited("{{ strftime_now('%Y') }}", tmp_path)["prints_date"] == "yes"


def chat(*, with_call: bool) -> list[dict[str, object]]:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    episode = [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "found", "tool_call_id": "c1", "name": "look"},
    ]
    start = [{"role": "user", "content": "find it"}]
    return [*start, *(episode if with_call else []), {"role": "assistant", "content": "done"}]


def test_rows_with_calls_are_refused_by_a_template_that_drops_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "answers_only.jinja"
    file.write_text(
        ANSWERS_ONLY.replace("{% if stop %}{% endif %}", "{{ '<|im_end|>\n' }}").replace(
            "{{ m.content }}{% endif %}{{ '<|im_end|>\n' }}",
            "{{ m.content + '<|im_end|>\n' }}{% endif %}",
        ),
        encoding="utf-8",
    )
    monkeypatch.setenv(TEMPLATE_VARIABLE, str(file))
    rows = tokenize_examples(
        pa.table(
            {
                "chat_messages": pa.array([chat(with_call=True), chat(with_call=False)], MESSAGES),
                "tools": pa.nulls(2, pa.string()),
                "trained_from": pa.array([0, 0], pa.int32()),
                "tokenizer": pa.array([DEFAULT_TOKENIZER] * 2),
                "policy": pa.array(["{}"] * 2),
            }
        )
    ).to_pylist()
    assert (rows[0]["reason"], rows[0]["detail"]) == (
        "template_drops",
        "the template drops tool calls, as of message 2",
    )
    assert rows[0]["input_ids"] is None
    assert rows[1]["reason"] is None
