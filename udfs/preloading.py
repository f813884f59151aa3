"""Loads tokenizers beside the models that are built before any is needed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from threading import Thread

import pyarrow as pa

from trajhouse.cli.cores import count_cores
from trajhouse.cli.errors import TrajhouseError

THREAD = "preload-tokenizer"

_MOST_PREPARED = 4
"""Python waits while a tokenizer is made, so that on many cores they are made when needed."""
_CHAT = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]

_LOG = logging.getLogger(__name__)


def preload_tokenizer(tokenizer: pa.Array, policy: pa.Array) -> pa.Array:
    """Begin to load tokenizers, and to learn their templates, in a thread that no one waits for.

    What cannot be loaded is told by whoever needs it.

    Args:
        tokenizer: string, n rows: as `load_tokenizer` takes it.
        policy: string, n rows: as `parse_policy`.

    Returns:
        bool, n rows: true.
    """
    pairs = list(zip(tokenizer.to_pylist(), policy.to_pylist(), strict=True))
    Thread(target=_load_all, args=[pairs], name=THREAD, daemon=True).start()
    return pa.repeat(True, len(tokenizer))


def _load_all(pairs: Iterable[tuple[str, str]]) -> None:
    for spec, policy_text in pairs:
        try:
            load_whole(spec, policy_text)
        except TrajhouseError as error:
            _LOG.debug("%s is not loaded ahead: %s", spec, error)


def load_whole(spec: str, policy_text: str) -> None:
    """Load all that tokenizing needs before its first row, and tokenize one: that loads loops.

    Raises:
        CannotOpen: The tokenizer or a chat template cannot be loaded.
        UsageFault: The policy has unknown words.
    """
    from trajhouse.udfs.tokens.examples import CHAT_TYPE, Examples
    from trajhouse.udfs.tokens.policy import parse_policy
    from trajhouse.udfs.tokens.template import learn_template, tokenizer_under
    from trajhouse.udfs.tokens.tokenizing import tokenize_rows

    policy = parse_policy(policy_text)
    loaded = tokenizer_under(policy, spec)
    loaded.fingerprint(policy.as_json)
    example = Examples(pa.array([_CHAT], CHAT_TYPE), [None], [0])
    tokenize_rows(learn_template(loaded), example, policy)
    loaded.encoder.prepare(min(count_cores(), _MOST_PREPARED))
