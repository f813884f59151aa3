"""Ids and masks under published chat templates are those of `transformers`.

`TRAJHOUSE_TEST_CONVERSATIONS` says how many generated conversations each template is given.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from tests.unit.udfs.tokens.generated import Message, conversation, wild_conversation
from tests.unit.udfs.tokens.published import PUBLISHED
from tests.unit.udfs.tokens.reference import count_equal
from trajhouse.udfs.template_audit import Fact, audit_template
from trajhouse.udfs.tokenizer import LoadedTokenizer
from trajhouse.udfs.tokens.policy import ControlTokens, Policy, Reason

Load = Callable[[str], LoadedTokenizer]

N_CONVERSATIONS = int(os.environ.get("TRAJHOUSE_TEST_CONVERSATIONS", "650"))
PROVABLE = [name for name in PUBLISHED if name != "glm4moe"]
UNPROVEN = {
    "llama3_1": "with tools it takes an answer that comes first for the user's message",
    "llama3_2": "with tools it takes an answer that comes first for the user's message",
    "deepseekv3": "it writes no header before a second message of calls",
    "gptoss": "it writes a header twice, for reasoning too, and what is between may be empty",
}
"""Templates under which the turns of some conversations cannot be told, and why."""


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVABLE)
def test_generated_conversations(
    name: str, load_full: Load, published_templates: dict[str, str]
) -> None:
    given = [conversation(random.Random(n), PUBLISHED[name]) for n in range(N_CONVERSATIONS)]
    found = count_equal(name, load_full(name), published_templates[name], given)
    # gptoss takes no reasoning beside both content and calls, and white space is content to it
    refused = found[Reason.TEMPLATE_ERROR]
    assert refused <= (0.25 * len(given) if name.startswith("gptoss") else 0)
    unproven = found[Reason.MASK_UNAVAILABLE]
    assert unproven <= (1 + 0.01 * len(given) if name == "gptoss" else 0)
    assert found["equal"] == len(given) - refused - unproven


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVABLE)
def test_what_a_template_renders_whole_is_proven(
    name: str, load_tiny: Load, published_templates: dict[str, str]
) -> None:
    loaded = load_tiny(name)
    n_wild = N_CONVERSATIONS // 2
    given = [wild_conversation(random.Random(n), PUBLISHED[name]) for n in range(n_wild)]
    found = count_equal(name, loaded, published_templates[name], given)
    assert found["equal"] >= (0.25 * n_wild)
    assert Reason.REASONING_DROPPED not in found
    if name not in UNPROVEN:
        assert Reason.MASK_UNAVAILABLE not in found
    audit = audit_template(loaded)
    if (audit.tool_calls, audit.tool_outputs) != (Fact.YES, Fact.YES):
        # what it leaves out without a word is refused, or it raises itself
        assert found[Reason.TEMPLATE_DROPS] + found[Reason.TEMPLATE_ERROR] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVABLE)
def test_control_tokens_in_content_stay_text(
    name: str, load_tiny: Load, published_templates: dict[str, str]
) -> None:
    policy = Policy(control_tokens=ControlTokens.TEXT)
    n_wild = N_CONVERSATIONS // 2
    given = [wild_conversation(random.Random(n), PUBLISHED[name]) for n in range(n_wild)]
    found = count_equal(name, load_tiny(name), published_templates[name], given, policy)
    assert found["equal"] > 0
    assert found[Reason.CONTROL_TOKEN] == 0


def test_a_template_that_writes_no_stop_token_trains_nothing(
    load_tiny: Load, published_templates: dict[str, str]
) -> None:
    chat: list[Message] = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
    ]
    found = count_equal(
        "glm4moe", load_tiny("glm4moe"), published_templates["glm4moe"], [(chat, None)]
    )
    assert found == {Reason.MASK_UNAVAILABLE: 1}
