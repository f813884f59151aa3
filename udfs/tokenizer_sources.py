"""Where tokenizers come from: a name, a folder or a file.

A name is looked for in the local Hub cache first; Qwen3's is then rebuilt from installed packages
where they allow it; the Hub is asked last. Code that comes with a model is never run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trajhouse.cli.errors import CannotOpen
from trajhouse.udfs import qwen3_vocabulary

TEMPLATE_VARIABLE = "TRAJHOUSE_CHAT_TEMPLATE"

_QWEN3_NAMES = re.compile(r"Qwen/Qwen3-(0\.6B|1\.7B|4B|8B|14B|32B|30B-A3B|235B-A22B)")
_QWEN3_TEMPLATE = Path(__file__).resolve().parent / "chat_templates" / "qwen3.jinja"
_HUB_TIMEOUT_SECONDS = 5
_HUB_FILES = ("*.json", "*.txt", "*.model", "*.jinja")
_HUB_FILES_NOT = ("*.safetensors.index.json", "*.bin.index.json", "onnx/*")


def find_reference(spec: str) -> Any:
    """The `transformers` tokenizer of a Hub id, a folder or a `tokenizer.json`.

    Raises:
        CannotOpen: Nothing could be loaded.
    """
    path = Path(spec).expanduser()
    if path.is_file():
        return _from_file(spec, path)
    if path.is_dir():
        return _from_folder(spec, path)
    if path.is_absolute() or spec.startswith((".", "~")) or spec.endswith(".json"):
        raise cannot_load(spec, "there is no such file or folder")
    if (cached := _cached_hub_folder(spec)) is not None:
        return _from_folder(spec, cached)
    if _QWEN3_NAMES.fullmatch(spec) and qwen3_vocabulary.is_available():
        return _from_qwen3_rebuild()
    return _from_folder(spec, _download(spec))


def _from_folder(spec: str, folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise cannot_load(spec, _first_line(error)) from error


def _from_file(spec: str, file: Path) -> Any:
    config_file = file.with_name("tokenizer_config.json")
    if file.name == "tokenizer.json" and config_file.is_file():
        return _from_folder(spec, file.parent)
    try:
        reference = _fast_tokenizer(file)
        template_file = file.with_name("chat_template.jinja")
        if template_file.is_file():
            reference.chat_template = read_template(template_file)
        elif config_file.is_file():
            config = json.loads(config_file.read_text(encoding="utf-8"))
            reference.chat_template = config.get("chat_template")
    except CannotOpen:
        raise
    except Exception as error:
        raise cannot_load(spec, _first_line(error)) from error
    return reference


def _from_qwen3_rebuild() -> Any:
    return _fast_tokenizer(
        qwen3_vocabulary.qwen3_tokenizer_file(),
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|endoftext|>",  # noqa: S106
        chat_template=read_template(_QWEN3_TEMPLATE),
    )


def _fast_tokenizer(file: Path, **options: str) -> Any:
    import transformers

    make: Any = transformers.PreTrainedTokenizerFast
    return make(tokenizer_file=str(file), **options)


def _cached_hub_folder(spec: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(spec, "tokenizer.json")
    except HFValidationError:
        raise cannot_load(spec, "it is neither a Hub id nor a path that exists") from None
    return Path(cached).parent if isinstance(cached, str) else None


def _download(spec: str) -> Path:
    """The local snapshot of a Hub repository's tokenizer files; fails fast without a network."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            spec,
            allow_patterns=list(_HUB_FILES),
            ignore_patterns=list(_HUB_FILES_NOT),
            etag_timeout=_HUB_TIMEOUT_SECONDS,
        )
    except Exception as error:
        raise cannot_load(spec, _first_line(error)) from error
    return Path(folder)


def read_template(file: Path, names: Iterable[str] = ()) -> str:
    """The text of a Jinja file.

    Args:
        file: Its path.
        names: What could have been meant instead: the names of a tokenizer's templates.

    Raises:
        CannotOpen: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ["the path of a Jinja file", *names]
        raise CannotOpen(
            f"cannot read the chat template {file}",
            _first_line(error),
            f"set the var chat_template or {TEMPLATE_VARIABLE} to {' or '.join(known)}",
        ) from None


def cannot_load(spec: str, why: str) -> CannotOpen:
    """The error of a tokenizer that cannot be loaded."""
    hint = "set TRAJHOUSE_TOKENIZER to a Hub id, a folder, or the path of a tokenizer.json"
    if _QWEN3_NAMES.fullmatch(spec):
        hint = "pip install 'trajhouse[qwen3]' (needs no Hub), or set TRAJHOUSE_TOKENIZER"
    return CannotOpen(f"cannot load the tokenizer {spec}", why, hint)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
