"""A tokenizer with its chat template, loaded as the one thing the token functions need."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajhouse.cli.errors import CannotOpen, UsageFault
from trajhouse.udfs.encoder import ENCODER_VARIABLE, Encoder, make_encoder
from trajhouse.udfs.made_once import made_once
from trajhouse.udfs.tokenizer_sources import (
    TEMPLATE_VARIABLE,
    cannot_load,
    find_reference,
    read_template,
)

DEFAULT_TOKENIZER = "Qwen/Qwen3-8B"

_ENGINE = "masks by place, 3"
"""To be changed with anything of ours that changes ids or masks."""
_CALLS_DATE = re.compile(r"\bstrftime_now\s*\(")
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
        template_date: The day that the template takes for today; None for the day of the render.
    """

    spec: str
    reference: Any
    backend: Any
    chat_template: str | dict[str, str]
    control_ids: Mapping[str, int]
    encoder: Encoder

    template_date: date | None = None

    def fingerprint(self, policy: str) -> str:
        """What changes with anything that could change ids, mask or weights.

        Args:
            policy: The policy as JSON text.

        Returns:
            The identity, `-`, and 8 hex digits of the policy and of the date that is printed.
        """
        printed = str(self.template_date) if self.prints_date else None
        return f"{self.identity}-{_digest([policy, printed])[:8]}"

    @cached_property
    def identity(self) -> str:
        """16 hex digits of the tokenizer, its template and the versions that ids depend on.

        The first 8 are those of the vocabulary. Masks and weights are made of ids and places alone,
        by whole numbers, so that versions of numpy, numba, awkward and pyarrow cannot change them.
        """
        names = {"tokenizers", "transformers", "jinja2", self.encoder.name}
        versions = [f"{name} {version(name)}" for name in sorted(names)]
        template = [self.chat_template, self.template_variables]
        return self.vocabulary_hash + _digest([template, versions, _ENGINE])[:8]

    @cached_property
    def vocabulary_hash(self) -> str:
        """8 hex digits of the encoder's definition, which tell what each id stands for."""
        return hashlib.sha256(self.definition.encode()).hexdigest()[:8]

    @cached_property
    def definition(self) -> str:
        """The encoder's definition as JSON text."""
        text: str = self.backend.to_str()
        return text

    @cached_property
    def prints_date(self) -> bool:
        """Whether the template asks for the day, so that ids depend on it."""
        return _CALLS_DATE.search(json.dumps(self.chat_template)) is not None

    @cached_property
    def template_functions(self) -> dict[str, Callable[[str], str]]:
        """What stands for functions that `transformers` gives to the template."""
        if self.template_date is None:
            return {}
        return {"strftime_now": datetime.combine(self.template_date, time()).strftime}

    def require_date(self) -> None:
        """Make sure that ids do not depend on the day of the build.

        Raises:
            UsageFault: The template prints a date, and none is given.
        """
        if self.prints_date and self.template_date is None:
            raise UsageFault(
                f"the chat template of {self.spec} prints the date of the day",
                "it calls strftime_now, so that every day would give other ids",
                "set the var template_date to a day, such as 2026-01-31",
            )

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

        definition = json.loads(self.definition)
        return Tokenizer.from_str(json.dumps(definition | {"added_tokens": []}))

    @cached_property
    def template_variables(self) -> dict[str, str]:
        """What `transformers` passes to the template besides, such as eos_token."""
        return dict(self.reference.special_tokens_map)

    @cached_property
    def _largest_id(self) -> int:
        return max(self.vocabulary.values(), default=0)

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """The id of every token, added ones included."""
        found: dict[str, int] = self.backend.get_vocab(with_added_tokens=True)
        return found


def load_tokenizer(
    spec: str, chat_template: str | None = None, template_date: date | None = None
) -> LoadedTokenizer:
    """A tokenizer and its chat template, loaded once per process.

    Args:
        spec: A Hub id, a folder, or the path of a `tokenizer.json` (its template is then taken from
            `chat_template.jinja` or `tokenizer_config.json` beside it). The environment variable
            TRAJHOUSE_CHAT_TEMPLATE, as `chat_template`, replaces the template of any.
        chat_template: The name of one of the tokenizer's own templates, where it has several, or
            the path of a Jinja file that replaces the template; before the variable.
        template_date: The day that the template is to take for today, where it asks for it.

    Raises:
        CannotOpen: Nothing could be loaded, it has no chat template, or it has no fast encoder.
    """
    wanted = chat_template or os.environ.get(TEMPLATE_VARIABLE) or None
    loaded = _load(spec, os.environ.get(ENCODER_VARIABLE) or None)
    if wanted is not None:
        loaded = _with_template(loaded, _template_of(loaded, wanted))
    loaded = _with_date(loaded, template_date) if template_date is not None else loaded
    if not loaded.chat_template:
        raise CannotOpen(
            f"tokenizer {spec} has no chat template",
            "neither its folder nor its configuration holds one",
            f"set {TEMPLATE_VARIABLE} to the path of a Jinja file",
        )
    return loaded


def _template_of(loaded: LoadedTokenizer, wanted: str) -> str:
    """The text of one of the tokenizer's own templates, or of a file as it is now."""
    own = loaded.chat_template if isinstance(loaded.chat_template, dict) else {}
    return own[wanted] if wanted in own else read_template(Path(wanted), own)


@made_once(maxsize=32)
def _with_template(loaded: LoadedTokenizer, chat_template: str) -> LoadedTokenizer:
    reference = copy.copy(loaded.reference)
    reference.chat_template = chat_template
    return replace(loaded, reference=reference, chat_template=chat_template)


@made_once(maxsize=32)
def _with_date(loaded: LoadedTokenizer, template_date: date) -> LoadedTokenizer:
    return replace(loaded, template_date=template_date)


@made_once(maxsize=8)
def _load(spec: str, wanted_encoder: str | None) -> LoadedTokenizer:
    """The tokenizer with its own template; one at a time, or importing transformers may fail."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    reference = find_reference(spec)
    backend = getattr(reference, "backend_tokenizer", None)
    if backend is None:
        raise cannot_load(spec, "it has no fast encoder (tokenizer.json)")
    backend.no_truncation()
    backend.no_padding()
    added = {token.content: i for i, token in backend.get_added_tokens_decoder().items()}
    control_ids = {content: i for content, i in added.items() if not content.isspace()}
    probe = _PROBE + "".join(control_ids) + _PROBE
    if backend.encode(probe, add_special_tokens=False).ids != reference.encode(
        probe, add_special_tokens=False
    ):
        raise cannot_load(spec, "its fast encoder and transformers disagree on a probe text")
    encoder = make_encoder(backend, probe, wanted_encoder)
    return LoadedTokenizer(
        spec, reference, backend, reference.chat_template or "", control_ids, encoder
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
