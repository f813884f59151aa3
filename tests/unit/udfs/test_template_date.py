"""Templates that print the date of the day give the ids of a day that is set, or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from trajhouse.cli.errors import UsageFault
from trajhouse.udfs.template_audit import Fact, audit_template
from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer
from trajhouse.udfs.tokens.template import learn_template

Run = Callable[..., list[dict[str, Any]]]
WithTemplate = Callable[[str], str]

CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
DATED = "<|im_start|>system\nToday is {{ strftime_now('%d %B %Y') }}.<|im_end|>\n" + CHATML
CHAT = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


def test_no_date_is_an_error_that_names_the_var(
    run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    with pytest.raises(UsageFault) as raised:
        run_tokenize([CHAT], spec=with_tiny_vocabulary(DATED))
    assert "strftime_now" in raised.value.why
    assert "template_date" in raised.value.hint


def test_the_date_is_what_the_template_prints(
    run_tokenize: Run, with_tiny_vocabulary: WithTemplate
) -> None:
    spec = with_tiny_vocabulary(DATED)
    backend = load_tokenizer(spec).backend
    days = {"2026-01-31": "31 January 2026", "2024-02-29": "29 February 2024"}
    rows = [run_tokenize([CHAT], spec=spec, template_date=day)[0] for day in days]
    for row, printed in zip(rows, days.values(), strict=True):
        assert row["reason"] is None
        text = backend.decode(row["input_ids"], skip_special_tokens=False)
        assert text == (
            f"<|im_start|>system\nToday is {printed}.<|im_end|>\n"
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
        )
    assert rows[0]["tokenizer"] != rows[1]["tokenizer"]
    identities = {row["tokenizer"].split("-")[0] for row in rows}
    assert identities == {load_tokenizer(spec).identity}


def test_a_date_that_is_not_printed_changes_nothing(
    run_tokenize: Run, qwen3: LoadedTokenizer
) -> None:
    dated, plain = (run_tokenize([CHAT], template_date=day)[0] for day in ("2026-01-31", None))
    assert dated == plain


@pytest.mark.parametrize("day", ["31.1.2026", "2026-02-30", 20260131])
def test_what_is_no_date_is_an_error(day: Any, run_tokenize: Run) -> None:
    with pytest.raises(UsageFault, match="template_date"):
        run_tokenize([CHAT], template_date=day)


def test_audit_and_learning_need_no_date(with_tiny_vocabulary: WithTemplate) -> None:
    spec = with_tiny_vocabulary(DATED)
    assert audit_template(load_tokenizer(spec)).prints_date is Fact.YES
    dated = load_tokenizer(spec, template_date=date(2026, 1, 31))
    for loaded in (load_tokenizer(spec), dated):
        assert learn_template(loaded).shape.header == "<|im_start|>assistant\n"
