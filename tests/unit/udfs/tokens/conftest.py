"""Published templates, each on a tokenizer that knows its control tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.unit.udfs.tokens.published import load_published
from trajhouse.udfs import tokenizer
from trajhouse.udfs.tokens.template import learn_template

Load = Callable[[str], tokenizer.LoadedTokenizer]


@pytest.fixture(scope="session")
def load_tiny(
    with_tiny_vocabulary: Callable[[str], str],
    published_templates: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Load:
    """Loads a published template by name, on a tiny vocabulary."""
    vocabulary = (Path(with_tiny_vocabulary("")) / "tokenizer.json").read_text(encoding="utf-8")

    @cache
    def load(name: str) -> tokenizer.LoadedTokenizer:
        folder = tmp_path_factory.mktemp(name)
        return load_published(name, published_templates[name], vocabulary, folder)

    return load


@pytest.fixture
def load_full(
    qwen3: tokenizer.LoadedTokenizer, published_templates: dict[str, str], tmp_path: Path
) -> Iterator[Load]:
    """Loads a published template by name, on Qwen3's vocabulary, which is large: not for long."""
    vocabulary = qwen3.backend.to_str()
    yield lambda name: load_published(name, published_templates[name], vocabulary, tmp_path)
    learn_template.cache_clear()
    tokenizer._load.cache_clear()
