"""How published templates begin and end turns, read off the templates by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.udfs.tokens.reference import DEFAULT, encode, tokenized, with_objects
from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer
from trajhouse.udfs.tokens.policy import Policy, Reason, RejectedError, RoleHeader
from trajhouse.udfs.tokens.results import Tokens
from trajhouse.udfs.tokens.rows import Message
from trajhouse.udfs.tokens.spellings import choose_mark, remove_mark
from trajhouse.udfs.tokens.template import learn_template
from trajhouse.udfs.tokens.turns import TurnShape

Load = Callable[[str], LoadedTokenizer]

BAR = "\uff5c"
EOT = "<|eot_id|>"
LLAMA = TurnShape("<|start_header_id|>assistant<|end_header_id|>\n\n", EOT)
IM = TurnShape("<|im_start|>assistant\n", "<|im_end|>\n")
DEEPSEEK = TurnShape(
    f"<{BAR}Assistant{BAR}>",
    f"<{BAR}end▁of▁sentence{BAR}>",
    after_outputs=f"<{BAR}tool▁outputs▁end{BAR}>",
)
FINAL = "<|channel|>final<|message|>"
GPTOSS = TurnShape("<|start|>assistant", "<|return|>", ("<|end|>", "<|call|>"))
SHAPES = {
    "qwen3": IM,
    "qwen3_training": IM,
    "qwen2_5": IM,
    "qwen2_5_training": IM,
    "llama3_1": LLAMA,
    "llama3_2": LLAMA,
    "glm4moe": TurnShape("<|assistant|>", None),
    "deepseekv3": DEEPSEEK,
    "deepseekv3_training": DEEPSEEK,
    "gptoss": GPTOSS,
    "gptoss_training": GPTOSS,
    "nemotron_3_nano": TurnShape("<|im_start|>assistant\n<think>", "<|im_end|>\n"),
    "gemma3": TurnShape("<start_of_turn>model\n", "<end_of_turn>\n"),
    "phi3": TurnShape("<|assistant|>\n", "<|end|>\n"),
    "cohere2": TurnShape(
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_RESPONSE|>",
        "<|END_RESPONSE|><|END_OF_TURN_TOKEN|>",
    ),
}


def user(content: str) -> Message:
    return {"role": "user", "content": content}


def answer(content: str, **fields: str) -> Message:
    return {"role": "assistant", "content": content, **fields}


def calling(arguments: str = '{"q": "x"}') -> Message:
    call = {
        "id": "call00001",
        "type": "function",
        "function": {"name": "f", "arguments": arguments},
    }
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def output(content: str) -> Message:
    return {"role": "tool", "content": content, "tool_call_id": "call00001"}


def run(
    loaded: LoadedTokenizer, chat: list[Message], policy: Policy | None = None
) -> Tokens | RejectedError:
    (found,) = tokenized(learn_template(loaded), [(chat, None)], policy or DEFAULT)
    return found


def trained(loaded: LoadedTokenizer, chat: list[Message], policy: Policy | None = None) -> str:
    """What is trained of a conversation, in its own words."""
    found = run(loaded, chat, policy)
    assert isinstance(found, Tokens), found.detail
    text: str = loaded.reference.decode(found.ids[found.mask == 1], skip_special_tokens=False)
    return text


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str, load_tiny: Load) -> None:
    assert learn_template(load_tiny(name)).shape == SHAPES[name]


def test_gptoss_ends_turns_in_three_ways(load_tiny: Load) -> None:
    chat = [user("a"), answer("b"), user("c"), calling(), output("d"), answer("e")]
    assert trained(load_tiny("gptoss"), chat) == (
        f"{FINAL}b<|end|>"
        ' to=functions.f<|channel|>commentary json<|message|>{"q": "x"}<|call|>'
        f"{FINAL}e<|return|>"
    )


def test_gptoss_reasoning_and_answer_are_one_turn(load_tiny: Load) -> None:
    chat = [user("a"), answer("", reasoning_content="b")]
    assert trained(load_tiny("gptoss"), chat) == (
        f"<|channel|>analysis<|message|>b<|end|><|start|>assistant{FINAL}<|return|>"
    )


def test_marks_may_take_in_the_header_and_the_policy_says_whether(load_tiny: Load) -> None:
    loaded, chat = load_tiny("gptoss_training"), [user("a"), answer("b")]
    assert trained(loaded, chat) == f"{FINAL}b<|return|>"
    header_in = Policy(role_header=RoleHeader.IN)
    assert trained(loaded, chat, header_in) == f"<|start|>assistant{FINAL}b<|return|>"


def test_deepseek_goes_on_after_outputs_without_header(load_tiny: Load) -> None:
    loaded = load_tiny("deepseekv3")
    chat = [user("a"), calling(), output("b"), answer("c"), user("d"), answer("e")]
    calls = (
        f"<{BAR}tool▁calls▁begin{BAR}><{BAR}tool▁call▁begin{BAR}>function<{BAR}tool▁sep{BAR}>f\n"
    )
    calls += f'```json\n{{"q": "x"}}\n```<{BAR}tool▁call▁end{BAR}><{BAR}tool▁calls▁end{BAR}>'
    stop = f"<{BAR}end▁of▁sentence{BAR}>"
    assert trained(loaded, chat) == f"{calls}{stop}c{stop}e{stop}"
    with_headers = run(loaded, chat, Policy(role_header=RoleHeader.IN))
    assert isinstance(with_headers, RejectedError)
    assert with_headers.reason is Reason.MASK_UNAVAILABLE


def test_deepseek_writes_no_header_before_a_second_message_of_calls(load_tiny: Load) -> None:
    chat = [user("a"), calling(), output("b"), calling(), output("c"), answer("d")]
    found = run(load_tiny("deepseekv3"), chat)
    assert isinstance(found, RejectedError)
    assert found.reason is Reason.MASK_UNAVAILABLE
    assert found.detail.startswith("message 4 does not follow one ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("qwen3", "<|im_end|>\n<think>\n\n</think>\n\nc<|im_end|>\n"),
        ("llama3_1", "<|eot_id|>c<|eot_id|>"),
        ("gemma3", "<end_of_turn>\nc<end_of_turn>\n"),
        ("phi3", "<|end|>\nc<|end|>\n"),
        ("gptoss", f"{FINAL}<|end|>{FINAL}c<|return|>"),
    ],
)
def test_an_empty_answer_is_a_turn(name: str, expected: str, load_tiny: Load) -> None:
    assert trained(load_tiny(name), [user("a"), answer(""), user("b"), answer("c")]) == expected


@pytest.mark.parametrize("name", ["qwen2_5_training", "glm4moe_training", "nemotron_3_nano"])
def test_arguments_of_every_kind(name: str, load_tiny: Load) -> None:
    arguments = '{"s": "a \\"b\\" \\\\ é\\n", "n": -1.5, "t": true, "o": {"k": ["v", null, {}]}}'
    found = trained(load_tiny(name), [user("a"), calling(arguments), output("b"), answer("c")])
    assert '{"k": ["v", null, {}]}' in found
    assert "-1.5" in found
    is_json = name.startswith("qwen")
    assert ('a \\"b\\" \\\\ é\\n' if is_json else 'a "b" \\ é\n') in found
    assert ("true" in found) != ("True" in found)


def test_nested_arguments_may_be_printed_as_python(
    with_tiny_vocabulary: Callable[[str], str],
) -> None:
    template = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
        "{% for c in m.tool_calls or [] %}{{ c.function.name }}("
        "{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }}{% endfor %})"
        "{% endfor %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    loaded = load_tokenizer(with_tiny_vocabulary(template))
    plain = calling('{"a": {"b": "c\\\\d\\n", "e": [null, 1]}}')
    found = trained(loaded, [user("x"), plain])
    assert found == "f(a={'b': 'c\\\\d\\n', 'e': [None, 1]})<|im_end|>\n"
    quoting = run(loaded, [user("x"), calling('{"a": {"b": "it\'s"}}')])
    assert isinstance(quoting, RejectedError)
    assert quoting.reason is Reason.MASK_UNAVAILABLE


def test_a_mark_is_no_escape_of_the_content() -> None:
    assert choose_mark(["\\ue000", "\ue001"]) == "\ue002"
    assert remove_mark("a\ue002b\\ue002c", "\ue002") == "abc"


def test_a_role_that_spells_a_control_token_is_refused(load_tiny: Load) -> None:
    chat = [{"role": "<think>", "content": "a"}, answer("b")]
    found = run(load_tiny("qwen3"), chat)
    assert isinstance(found, RejectedError)
    assert (found.reason, found.detail) == (
        Reason.CONTROL_TOKEN,
        "<think> in the role of message 1",
    )


def test_reasoning_inside_content_is_refused(load_tiny: Load) -> None:
    found = run(load_tiny("qwen3"), [user("a"), answer("<think>b</think>c")])
    assert isinstance(found, RejectedError)
    assert (found.reason, found.detail) == (
        Reason.CONTROL_TOKEN,
        "<think> in the content of message 2",
    )


def test_a_mark_inside_a_token_of_the_user_is_refused(load_tiny: Load) -> None:
    """After its first message of calls, DeepSeek's template opens turns with a line break only."""
    chat = [user("a"), calling(), output("b"), answer("c"), user("d;"), calling()]
    loaded = load_tiny("deepseekv3_training")
    found = run(loaded, chat)
    assert isinstance(found, RejectedError)
    assert (found.reason, found.detail) == (
        Reason.MASK_UNAVAILABLE,
        "a turn begins within a token",
    )
    expected = encode(loaded, with_objects(chat), None, loaded.reference.chat_template, False)
    pairs = zip(expected["input_ids"], expected["assistant_masks"], strict=True)
    trained_ids = [number for number, is_trained in pairs if is_trained]
    assert ";\n" in [loaded.reference.decode([number]) for number in trained_ids]
