"""Loading a tokenizer, from a name, a folder or a file, as the one thing the token functions need.

A name is looked for in the local Hub cache first; Qwen3's is then rebuilt from installed packages
where they allow it; the Hub is asked last. Code that comes with a model is never run.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajhouse.cli.errors import CannotOpen
from trajhouse.udfs import qwen3_vocabulary
from trajhouse.udfs.encoder import ENCODER_VARIABLE, Encoder, make_encoder

DEFAULT_TOKENIZER = "Qwen/Qwen3-8B"
TEMPLATE_VARIABLE = "TRAJHOUSE_CHAT_TEMPLATE"

_QWEN3_NAMES = re.compile(r"Qwen/Qwen3-(0\.6B|1\.7B|4B|8B|14B|32B|30B-A3B|235B-A22B)")
_QWEN3_TEMPLATE = Path(__file__).resolve().parent / "chat_templates" / "qwen3.jinja"
_HUB_TIMEOUT_SECONDS = 5
_HUB_FILES = ("*.json", "*.txt", "*.model", "*.jinja")
_HUB_FILES_NOT = ("*.safetensors.index.json", "*.bin.index.json", "onnx/*")
_MASK_POLICY = "header out, stop token and newline in"
_ONE_AT_A_TIME = Lock()
"""DuckDB calls from several threads, and importing transformers in two at once fails."""
_PROBE = "<|x|>Ünïcode 中文 \U0001f9ea  42\n\n\tdef f(x):\r\n    return '</x>' "


@dataclass(frozen=True, eq=False)
class LoadedTokenizer:
    """A tokenizer with its chat template, ready to encode.

    Attributes:
        spec: What it was loaded by.
        reference: The `transformers` tokenizer.
        backend: Its fast tokenizer, without truncation or padding.
        chat_template: Jinja text, or several by name.
        control_ids: Every added token that is not mere white space, to its id. Text inside a
            message must never become one of these, whether it is flagged special or not.
        encoder: Encodes many texts at once, with the ids of `backend`.
    """

    spec: str
    reference: Any
    backend: Any
    chat_template: str | dict[str, str]
    control_ids: Mapping[str, int]
    encoder: Encoder

    def fingerprint(self, control_tokens: str) -> str:
        """16 hex digits that change with anything that could change ids or mask.

        Args:
            control_tokens: The policy on control tokens in content.
        """
        parts = [self._identity, control_tokens]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    @cached_property
    def is_control(self) -> NDArray[np.bool_]:
        """Whether each id is a control token; one flag an id."""
        flags = np.zeros(1 + max([*self.control_ids.values(), self._largest_id]), dtype=np.bool_)
        flags[list(self.control_ids.values())] = True
        return flags

    @cached_property
    def plain_backend(self) -> Any:
        """The same encoder without added tokens, so that no text becomes one."""
        from tokenizers import Tokenizer

        definition = json.loads(self.backend.to_str())
        return Tokenizer.from_str(json.dumps(definition | {"added_tokens": []}))

    @cached_property
    def template_variables(self) -> dict[str, str]:
        """What `transformers` passes to the template besides, such as eos_token."""
        return dict(self.reference.special_tokens_map)

    @cached_property
    def _identity(self) -> list[str]:
        definition = hashlib.sha256(self.backend.to_str().encode()).hexdigest()
        template = json.dumps([self.chat_template, self.template_variables], sort_keys=True)
        versions = [f"{name} {version(name)}" for name in ("tokenizers", "transformers", "jinja2")]
        return [definition, template, *versions, _MASK_POLICY]

    @cached_property
    def _largest_id(self) -> int:
        return int(max(self.backend.get_vocab(with_added_tokens=True).values(), default=0))


def load_tokenizer(spec: str, chat_template: Path | None = None) -> LoadedTokenizer:
    """A tokenizer and its chat template, loaded once per process.

    Args:
        spec: A Hub id, a folder, or the path of a `tokenizer.json` (its template is then taken from
            `chat_template.jinja` or `tokenizer_config.json` beside it). The environment variable
            TRAJHOUSE_CHAT_TEMPLATE, the path of a Jinja file, replaces the template of any.
        chat_template: The path of a Jinja file that replaces the template, before the variable.

    Raises:
        CannotOpen: Nothing could be loaded, it has no chat template, or it has no fast encoder.
    """
    template_file = str(chat_template or os.environ.get(TEMPLATE_VARIABLE) or "") or None
    with _ONE_AT_A_TIME:
        loaded = _load(spec, os.environ.get(ENCODER_VARIABLE) or None)
        loaded = _with_template(loaded, template_file) if template_file is not None else loaded
    if not loaded.chat_template:
        raise CannotOpen(
            f"tokenizer {spec} has no chat template",
            "neither its folder nor its configuration holds one",
            f"set {TEMPLATE_VARIABLE} to the path of a Jinja file",
        )
    return loaded


@lru_cache(maxsize=32)
def _with_template(loaded: LoadedTokenizer, template_file: str) -> LoadedTokenizer:
    reference = copy.copy(loaded.reference)
    reference.chat_template = _read_template(Path(template_file))
    return replace(loaded, reference=reference, chat_template=reference.chat_template)


@lru_cache(maxsize=8)
def _load(spec: str, wanted_encoder: str | None) -> LoadedTokenizer:
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    reference = _find_reference(spec)
    backend = getattr(reference, "backend_tokenizer", None)
    if backend is None:
        raise _cannot_load(spec, "it has no fast encoder (tokenizer.json)")
    backend.no_truncation()
    backend.no_padding()
    added = {token.content: i for i, token in backend.get_added_tokens_decoder().items()}
    control_ids = {content: i for content, i in added.items() if not content.isspace()}
    probe = _PROBE + "".join(control_ids) + _PROBE
    if backend.encode(probe, add_special_tokens=False).ids != reference.encode(
        probe, add_special_tokens=False
    ):
        raise _cannot_load(spec, "its fast encoder and transformers disagree on a probe text")
    encoder = make_encoder(backend, probe, wanted_encoder)
    return LoadedTokenizer(
        spec, reference, backend, reference.chat_template or "", control_ids, encoder
    )


def _find_reference(spec: str) -> Any:
    path = Path(spec).expanduser()
    if path.is_file():
        return _from_file(spec, path)
    if path.is_dir():
        return _from_folder(spec, path)
    if path.is_absolute() or spec.startswith((".", "~")) or spec.endswith(".json"):
        raise _cannot_load(spec, "there is no such file or folder")
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
        raise _cannot_load(spec, _first_line(error)) from error


def _from_file(spec: str, file: Path) -> Any:
    config_file = file.with_name("tokenizer_config.json")
    if file.name == "tokenizer.json" and config_file.is_file():
        return _from_folder(spec, file.parent)
    try:
        reference = _fast_tokenizer(file)
        template_file = file.with_name("chat_template.jinja")
        if template_file.is_file():
            reference.chat_template = _read_template(template_file)
        elif config_file.is_file():
            config = json.loads(config_file.read_text(encoding="utf-8"))
            reference.chat_template = config.get("chat_template")
    except CannotOpen:
        raise
    except Exception as error:
        raise _cannot_load(spec, _first_line(error)) from error
    return reference


def _from_qwen3_rebuild() -> Any:
    return _fast_tokenizer(
        qwen3_vocabulary.qwen3_tokenizer_file(),
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|endoftext|>",  # noqa: S106
        chat_template=_read_template(_QWEN3_TEMPLATE),
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
        raise _cannot_load(spec, "it is neither a Hub id nor a path that exists") from None
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
        raise _cannot_load(spec, _first_line(error)) from error
    return Path(folder)


def _read_template(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotOpen(
            f"cannot read the chat template {file}",
            _first_line(error),
            f"set {TEMPLATE_VARIABLE} to the path of a Jinja file",
        ) from None


def _cannot_load(spec: str, why: str) -> CannotOpen:
    hint = "set TRAJHOUSE_TOKENIZER to a Hub id, a folder, or the path of a tokenizer.json"
    if _QWEN3_NAMES.fullmatch(spec):
        hint = "pip install 'trajhouse[qwen3]' (needs no Hub), or set TRAJHOUSE_TOKENIZER"
    return CannotOpen(f"cannot load the tokenizer {spec}", why, hint)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
