"""Published chat templates, each with a tokenizer that knows its control tokens.

The control tokens are added to a vocabulary, and the tokenizer is loaded from a folder.
A template without generation marks gets them around the assistant's turns, after a header that is
written down here, so that `transformers` gives a mask for it too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from trajhouse.udfs.tokenizer import LoadedTokenizer, load_tokenizer

_LOOP = re.compile(r"\{%-? for message in (?:loop_)?messages -?%\}")
_LOOP_END = re.compile(r"\{%-? endfor -?%\}")
_TURN = (
    "{%- endset %}{%- if message.role == 'assistant' %}"
    "{%- for head in HEADERS if body.startswith(head) %}"
    "{{- head }}{%- generation %}{{- body[head | length:] }}{%- endgeneration %}{%- endfor %}"
    "{%- else %}{{- body }}{%- endif %}"
)


@dataclass(frozen=True)
class Published:
    """A template, what its tokenizer has to know, and what it takes.

    Attributes:
        control: Its control tokens; Qwen3's own are there anyway.
        eos, bos: Two of them.
        headers: What may stand before a turn of the assistant; empty where it marks turns itself.
        max_calls: So many calls of a message it renders.
        is_call_alone: It renders no content beside calls.
        has_outputs: It renders the outputs of calls.
        n_calling: So many messages with calls of a conversation it renders whole; -1 is all.
        marks_headers: Its marks take in role headers.
    """

    control: str
    eos: str
    bos: str = ""
    headers: tuple[str, ...] = ()
    max_calls: int = 3
    is_call_alone: bool = False
    n_calling: int = -1
    marks_headers: bool = False


_IM = "<|im_start|> <|im_end|>"
_LLAMA = (
    "<|begin_of_text|> <|end_of_text|> <|start_header_id|> <|end_header_id|> <|eot_id|> <|eom_id|> "
    "<|python_tag|>"
)
_GLM = (
    "[gMASK] <sop> <|system|> <|user|> <|assistant|> <|observation|> <arg_key> </arg_key> "
    "<arg_value> </arg_value> /nothink"
)
_BAR = "\uff5c"
_DEEPSEEK = (
    "<|begin▁of▁sentence|> <|end▁of▁sentence|> <|User|> <|Assistant|> <|tool▁calls▁begin|> "
    "<|tool▁calls▁end|> <|tool▁call▁begin|> <|tool▁call▁end|> <|tool▁sep|> <|tool▁outputs▁begin|> "
    "<|tool▁outputs▁end|> <|tool▁output▁begin|> <|tool▁output▁end|>"
).replace("|", _BAR)
_GPTOSS = "<|start|> <|end|> <|message|> <|channel|> <|constrain|> <|call|> <|return|>"
_COHERE = (
    "<BOS_TOKEN> <|START_OF_TURN_TOKEN|> <|END_OF_TURN_TOKEN|> <|SYSTEM_TOKEN|> <|USER_TOKEN|> "
    "<|CHATBOT_TOKEN|> <|START_RESPONSE|> <|END_RESPONSE|>"
)
_IM_HEADER = ("<|im_start|>assistant\n",)
_LLAMA_HEADER = ("<|start_header_id|>assistant<|end_header_id|>\n\n",)
_BOS, _EOS, _, _ASSISTANT, *_, _OUTPUTS_END, _, _ = _DEEPSEEK.split()

PUBLISHED = {
    "qwen3": Published(_IM, "<|im_end|>", headers=_IM_HEADER),
    "qwen3_training": Published(_IM, "<|im_end|>"),
    "qwen2_5": Published(_IM, "<|im_end|>", headers=_IM_HEADER),
    "qwen2_5_training": Published(_IM, "<|im_end|>"),
    "llama3_1": Published(
        _LLAMA, "<|eot_id|>", "<|begin_of_text|>", _LLAMA_HEADER, 1, is_call_alone=True
    ),
    "llama3_2": Published(
        _LLAMA, "<|eot_id|>", "<|begin_of_text|>", _LLAMA_HEADER, 1, is_call_alone=True
    ),
    "glm4moe": Published(_GLM, "<|endoftext|>"),
    "glm4moe_training": Published(_GLM, "<|endoftext|>"),
    "deepseekv3": Published(_DEEPSEEK, _EOS, _BOS, (_ASSISTANT, _OUTPUTS_END), n_calling=1),
    "deepseekv3_training": Published(_DEEPSEEK, _EOS, _BOS, n_calling=1),
    "gptoss": Published(
        _GPTOSS, "<|return|>", headers=("<|start|>assistant",), max_calls=1, is_call_alone=True
    ),
    "gptoss_training": Published(
        _GPTOSS, "<|return|>", max_calls=1, is_call_alone=True, marks_headers=True
    ),
    "nemotron_3_nano": Published(_IM, "<|im_end|>", headers=("<|im_start|>assistant\n<think>",)),
    "gemma3": Published(
        "<bos> <eos> <start_of_turn> <end_of_turn> <start_of_image>",
        "<eos>",
        "<bos>",
        ("<start_of_turn>model\n",),
        max_calls=0,
    ),
    "phi3": Published(
        "<|system|> <|user|> <|assistant|> <|end|>",
        "<|endoftext|>",
        headers=("<|assistant|>\n",),
        max_calls=0,
    ),
    "cohere2": Published(
        _COHERE,
        "<|END_OF_TURN_TOKEN|>",
        "<BOS_TOKEN>",
        ("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_RESPONSE|>",),
        max_calls=0,
    ),
}


def marked(template: str, headers: tuple[str, ...]) -> str:
    """The template with generation marks around what follows a header of the assistant's turns."""
    if not headers:
        return template
    start = list(_LOOP.finditer(template))[-1].end()
    end = list(_LOOP_END.finditer(template))[-1].start()
    turn = _TURN.replace("HEADERS", repr(list(headers)))
    return f"{template[:start]}{{%- set body %}}{template[start:end]}{turn}{template[end:]}"


def load_published(name: str, template: str, vocabulary: str, folder: Path) -> LoadedTokenizer:
    """A tokenizer with a template and its control tokens, by way of a folder.

    Args:
        name: The name of the template in PUBLISHED.
        template: Its text.
        vocabulary: A `tokenizer.json`, to which the control tokens are added.
        folder: Where to write it.
    """
    known = PUBLISHED[name]
    definition = json.loads(vocabulary)
    there = {token["content"] for token in definition["added_tokens"]}
    number = max(token["id"] for token in definition["added_tokens"])
    for content in known.control.split():
        if content not in there:
            number += 1
            flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            token = {"id": number, "content": content, **flags, "special": True}
            definition["added_tokens"].append(token)
    (folder / "tokenizer.json").write_text(json.dumps(definition), encoding="utf-8")
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": known.eos}
    config |= {"bos_token": known.bos} if known.bos else {}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return load_tokenizer(str(folder))
