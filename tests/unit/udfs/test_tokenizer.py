from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trajhouse.cli.errors import CannotOpen
from trajhouse.udfs import qwen3_vocabulary, tokenizer, tokenizer_sources
from trajhouse.udfs.tokenizer import TEMPLATE_VARIABLE, LoadedTokenizer, load_tokenizer

CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"


def test_default_is_rebuilt_with_our_template(qwen3: LoadedTokenizer) -> None:
    assert tokenizer.DEFAULT_TOKENIZER == "Qwen/Qwen3-8B"
    assert "{%- generation -%}" in str(qwen3.chat_template)
    assert qwen3.control_ids["<|im_end|>"] == 151645
    assert qwen3.control_ids["<think>"] == 151667
    assert len(qwen3.control_ids) == 26
    assert qwen3.template_variables["eos_token"] == "<|im_end|>"  # noqa: S105


@pytest.mark.parametrize("spec", ["Qwen/Qwen3-0.6B", "Qwen/Qwen3-235B-A22B"])
def test_other_sizes_share_the_vocabulary(spec: str, qwen3: LoadedTokenizer) -> None:
    assert load_tokenizer(spec).fingerprint("reject") == qwen3.fingerprint("reject")


def test_loading_twice_gives_the_same_object(qwen3: LoadedTokenizer) -> None:
    assert load_tokenizer(qwen3.spec) is load_tokenizer(qwen3.spec)


def test_folder_has_its_own_template(with_tiny_vocabulary: Callable[[str], str]) -> None:
    loaded = load_tokenizer(with_tiny_vocabulary(CHATML))
    assert loaded.chat_template == CHATML


def test_shared_folder_has_the_same_vocabulary(
    qwen3: LoadedTokenizer, shared_data: Path, published_templates: dict[str, str]
) -> None:
    folder = load_tokenizer(str(shared_data / "tokenizers" / "qwen3"))
    assert folder.control_ids == qwen3.control_ids
    text = "".join(chr(code) for code in range(0x20, 0x3000)) + "".join(qwen3.control_ids)
    ours, theirs = (
        loaded.backend.encode(text, add_special_tokens=False).ids for loaded in (qwen3, folder)
    )
    assert ours == theirs
    assert folder.chat_template == published_templates["qwen3"]


@pytest.mark.parametrize("sibling", ["tokenizer_config.json", "chat_template.jinja"])
def test_file_takes_the_template_beside_it(
    sibling: str, tmp_path: Path, with_tiny_vocabulary: Callable[[str], str]
) -> None:
    file = tmp_path / "other.json"
    shutil.copy(Path(with_tiny_vocabulary(CHATML)) / "tokenizer.json", file)
    is_config = sibling.endswith(".json")
    (tmp_path / sibling).write_text(json.dumps({"chat_template": CHATML}) if is_config else CHATML)
    assert load_tokenizer(str(file)).chat_template == CHATML


def test_file_without_a_template_is_refused(
    tmp_path: Path, with_tiny_vocabulary: Callable[[str], str]
) -> None:
    file = tmp_path / "tokenizer.json"
    shutil.copy(Path(with_tiny_vocabulary(CHATML)) / "tokenizer.json", file)
    with pytest.raises(CannotOpen) as raised:
        load_tokenizer(str(file))
    assert TEMPLATE_VARIABLE in raised.value.hint


def test_environment_replaces_the_template(
    qwen3: LoadedTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.jinja"
    file.write_text(CHATML)
    monkeypatch.setenv(TEMPLATE_VARIABLE, str(file))
    loaded = load_tokenizer(qwen3.spec)
    assert loaded.chat_template == CHATML
    assert loaded.fingerprint("reject") != qwen3.fingerprint("reject")


def test_template_that_is_not_there_is_a_clear_error(
    qwen3: LoadedTokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TEMPLATE_VARIABLE, str(tmp_path / "none.jinja"))
    with pytest.raises(CannotOpen, match=r"none\.jinja"):
        load_tokenizer(qwen3.spec)


@pytest.mark.parametrize(
    "spec",
    ["./missing", "/missing/tokenizer.json", "tokenizer.json", "not a hub id", "nobody/nothing"],
)
def test_what_cannot_be_loaded_is_said_within_seconds(
    spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    started = time.monotonic()
    with pytest.raises(CannotOpen) as raised:
        load_tokenizer(spec)
    assert time.monotonic() - started < 20
    assert [line[:6].strip() for line in raised.value.as_lines().splitlines()] == [
        "error:",
        "why:",
        "try:",
    ]
    assert spec in raised.value.what


def test_qwen3_without_its_vocabulary_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(qwen3_vocabulary, "is_available", lambda: False)
    monkeypatch.setattr(tokenizer_sources, "_cached_hub_folder", lambda spec: None)
    with pytest.raises(CannotOpen) as raised:
        load_tokenizer("Qwen/Qwen3-1.7B")
    assert "trajhouse[qwen3]" in raised.value.hint


def test_broken_file_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text("{")
    with pytest.raises(CannotOpen, match="cannot load"):
        load_tokenizer(str(file))


def test_code_beside_a_tokenizer_is_never_run(
    with_tiny_vocabulary: Callable[[str], str], tmp_path: Path
) -> None:
    folder = tmp_path / "with code"
    shutil.copytree(with_tiny_vocabulary(CHATML), folder)
    witness = tmp_path / "ran"
    (folder / "mine.py").write_text(f"open({str(witness)!r}, 'w')\nclass Mine: pass\n")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config |= {"tokenizer_class": "Mine", "auto_map": {"AutoTokenizer": ["mine.Mine", None]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(CannotOpen):
        load_tokenizer(str(folder))
    assert not witness.exists()


def test_fingerprint_changes_with_policy_template_and_vocabulary(
    qwen3: LoadedTokenizer, with_tiny_vocabulary: Callable[[str], str], tmp_path: Path
) -> None:
    folder = Path(with_tiny_vocabulary(CHATML))
    definition = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    definition["added_tokens"].append(
        definition["added_tokens"][-1] | {"id": 151669, "content": "<x>"}
    )
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "tokenizer.json").write_text(json.dumps(definition))
    fingerprints = [
        qwen3.fingerprint("reject"),
        qwen3.fingerprint("text"),
        load_tokenizer(str(folder)).fingerprint("reject"),
        load_tokenizer(str(other)).fingerprint("reject"),
    ]
    assert len(set(fingerprints)) == 4
    assert all(re.fullmatch("[0-9a-f]{16}-[0-9a-f]{8}", text) for text in fingerprints)
    assert [text.split("-")[0] == qwen3.identity for text in fingerprints] == [
        True,
        True,
        False,
        False,
    ]
    same = tmp_path / "same"
    shutil.copytree(folder, same)
    assert load_tokenizer(str(same)).fingerprint("reject") == fingerprints[2]


def test_threads_that_ask_at_once_share_one_tokenizer(tmp_path: Path) -> None:
    """In a process of its own, because importing transformers twice at once is what failed."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from trajhouse.udfs.tokenizer import load_tokenizer\n"
        "with Pool(4) as pool:\n"
        "    loaded = list(pool.map(load_tokenizer, ['Qwen/Qwen3-8B'] * 4))\n"
        "print(len(set(map(id, loaded))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "1\n", done.stderr


def test_a_template_of_several_by_its_name(
    with_tiny_vocabulary: Callable[[str], str], tmp_path: Path
) -> None:
    folder = Path(with_tiny_vocabulary(CHATML))
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    (tmp_path / "additional_chat_templates").mkdir()
    (tmp_path / "chat_template.jinja").write_text(CHATML)
    (tmp_path / "additional_chat_templates" / "short.jinja").write_text("{{ 'short' }}")
    assert load_tokenizer(str(tmp_path), "short").chat_template == "{{ 'short' }}"
    assert load_tokenizer(str(tmp_path), "default").chat_template == CHATML
    with pytest.raises(CannotOpen) as raised:
        load_tokenizer(str(tmp_path), "long")
    assert "short" in raised.value.hint
