"""Conversations, tokenizers and a reference mask for the tests of the UDF layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from trajhouse.udfs import tokenize, tokenizer

Message = dict[str, Any]

SHARED_DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
CALL = pa.struct(
    [
        ("id", pa.string()),
        ("type", pa.string()),
        ("function", pa.struct([("name", pa.string()), ("arguments", pa.string())])),
    ]
)
MESSAGES = pa.list_(
    pa.struct(
        [
            ("role", pa.string()),
            ("content", pa.string()),
            ("reasoning_content", pa.string()),
            ("tool_calls", pa.list_(CALL)),
            ("tool_call_id", pa.string()),
            ("name", pa.string()),
        ]
    )
)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv(tokenizer.TEMPLATE_VARIABLE, raising=False)
        yield


@pytest.fixture(scope="session")
def qwen3(_own_cache: None) -> tokenizer.LoadedTokenizer:
    """Qwen3's vocabulary with our template."""
    return tokenizer.load_tokenizer("Qwen/Qwen3-8B")


@pytest.fixture(scope="session")
def with_template(
    qwen3: tokenizer.LoadedTokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Writes a folder with Qwen3's vocabulary and a given template; returns its spec."""
    return _folder_writer(qwen3.backend.to_str(), tmp_path_factory)


@pytest.fixture(scope="session")
def with_tiny_vocabulary(
    qwen3: tokenizer.LoadedTokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """The same with single bytes, a few merges and Qwen3's added tokens, which loads at once."""
    definition = json.loads(qwen3.backend.to_str())
    vocabulary = definition["model"]["vocab"]
    first_ids = {token: i for token, i in vocabulary.items() if i < 300}
    merges = [(a, b) for a, b in definition["model"]["merges"] if a + b in first_ids]
    definition["model"] |= {"vocab": first_ids, "merges": merges}
    return _folder_writer(json.dumps(definition), tmp_path_factory)


def _folder_writer(
    definition: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    @cache
    def write(template: str) -> str:
        folder = tmp_path_factory.mktemp("tokenizer")
        (folder / "tokenizer.json").write_text(definition, encoding="utf-8")
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": "<|im_end|>",
            "chat_template": template,
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
        return str(folder)

    return write


@pytest.fixture(scope="session")
def run_tokenize(qwen3: tokenizer.LoadedTokenizer) -> Callable[..., list[dict[str, Any]]]:
    """tokenize_examples over Python rows; one dictionary a row."""

    def run(
        rows: list[list[Message] | None],
        tools: str | None = None,
        spec: str = qwen3.spec,
        policy: str = "reject",
        **choices: Any,
    ) -> list[dict[str, Any]]:
        given = json.dumps({"control_tokens": policy, **choices})
        tokenized = tokenize.tokenize_examples(examples(rows, tools, spec, given))
        tokenized.validate(full=True)
        result: list[dict[str, Any]] = tokenized.to_pylist()
        return result

    return run


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the repository; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real data at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def published_templates(shared_data: Path) -> dict[str, str]:
    """Published chat templates by name; `qwen3` is the one in Qwen3's own configuration."""
    tokenizers = shared_data / "tokenizers"
    templates: dict[str, str] = json.loads((tokenizers / "chat_templates.json").read_text("utf-8"))
    config = json.loads((tokenizers / "qwen3" / "tokenizer_config.json").read_text("utf-8"))
    return templates | {"qwen3": config["chat_template"]}


@pytest.fixture(scope="session")
def real_conversations(shared_data: Path) -> list[list[Message]]:
    """tau_bench and swe_smith, as OpenAI messages: 100 rollouts, three rows, one `.traj`."""
    real = shared_data / "real"
    rollouts = json.loads((real / "tau_bench" / "gpt-4o-airline.json").read_text("utf-8"))
    conversations = [rollout["traj"] for rollout in rollouts]
    for file in sorted((real / "swe_smith").glob("*.jsonl")):
        lines = file.read_text("utf-8").splitlines()
        conversations += [json.loads(line)["messages"] for line in lines]
    for file in sorted((real / "swe_smith").glob("*.traj")):
        conversations.append(json.loads(file.read_text("utf-8"))["history"])
    return [[_openai_message(message) for message in chat] for chat in conversations]


def examples(
    rows: list[list[Message] | None], tools: str | None, spec: str, policy: str, trained: int = 0
) -> pa.Table:
    """Examples of Python rows, as the models give them."""
    n_rows = len(rows)
    return pa.table(
        {
            "chat_messages": pa.array(rows, MESSAGES),
            "tools": pa.array([tools] * n_rows, pa.string()),
            "trained_from": pa.array([trained] * n_rows, pa.int32()),
            "tokenizer": pa.array([spec] * n_rows, pa.string()),
            "policy": pa.array([policy] * n_rows, pa.string()),
        }
    )


def _openai_message(message: Message) -> Message:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(part["text"] for part in content)
    plain: Message = {"role": message["role"], "content": content or ""}
    if message.get("tool_calls"):
        plain["tool_calls"] = [
            {key: call[key] for key in ("id", "type", "function") if key in call}
            for call in message["tool_calls"]
        ]
    for call_id in message.get("tool_call_ids") or ():
        plain["tool_call_id"] = call_id
    for key in ("tool_call_id", "name", "reasoning_content"):
        if message.get(key) is not None:
            plain[key] = message[key]
    return plain
