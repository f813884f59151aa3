"""Published templates, each on a tokenizer that knows its control tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.unit.udfs.tokens.published import load_published
from trajhouse.udfs.tokenizer import LoadedTokenizer


@pytest.fixture(scope="session")
def load_template(
    qwen3: LoadedTokenizer,
    published_templates: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], LoadedTokenizer]:
    """Loads a published template by name."""

    @cache
    def load(name: str) -> LoadedTokenizer:
        folder = tmp_path_factory.mktemp(name)
        return load_published(name, published_templates[name], qwen3, folder)

    return load
