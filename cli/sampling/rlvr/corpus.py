"""The documents of an environment, and the patterns that search them."""

from __future__ import annotations

import random
import re
from functools import lru_cache

from trajhouse.cli.sampling.request import Length
from trajhouse.cli.sampling.rlvr.rows import BY_NAME, CorpusPlan
from trajhouse.cli.sampling.words import sentences, words

TOP_K = 5
CONTEXT = 80
"""Characters of a match's context before its start, and from it on."""
_N_PATTERNS = 60


class Corpus:
    """The texts of a corpus; documents are numbered from 0, in the order of their ids.

    Args:
        plan: Which corpus.
    """

    def __init__(self, plan: CorpusPlan) -> None:
        self._prefix = BY_NAME[plan.environment].prefix
        self._is_short = plan.length is Length.SHORT
        self._digits = len(str(plan.size))
        chance = random.Random(f"corpus {plan.environment} {plan.size}")
        self.texts = [self._text(chance, number) for number in range(plan.size)]
        self.patterns = self._patterns(chance)

    def __len__(self) -> int:
        return len(self.texts)

    def doc_id(self, number: int) -> str:
        """The id of a document."""
        return f"{self._prefix}-{number:0{self._digits}d}"

    def marker(self, number: int) -> str:
        """A word that stands in one document alone."""
        return f"ref{number:0{self._digits}d}"

    def matches(self, pattern: str, hits: tuple[int, ...]) -> list[tuple[str, str]]:
        """What a search for a pattern finds, as (doc_id, context); `hits` are its documents."""
        return [(self.doc_id(hit), self._context(pattern, hit)) for hit in hits]

    def _context(self, pattern: str, hit: int) -> str:
        found = re.search(pattern, self.texts[hit], re.IGNORECASE | re.MULTILINE)
        if found is None:
            raise ValueError(f"{pattern!r} is not in document {hit}")
        return self.texts[hit][max(0, found.start() - CONTEXT) : found.start() + CONTEXT]

    def _text(self, chance: random.Random, number: int) -> str:
        marker = self.marker(number)
        if self._is_short:
            return f"{marker} {words(chance, 2)}"
        if self._prefix == "nv":
            return f"# {words(chance, 3)} {marker}\n\n{sentences(chance, chance.randint(110, 190))}"
        name = f"{chance.choice(_VERBS)}_{words(chance, 1)}_{marker}"
        body = "\n".join(
            f"    {words(chance, 1)}_{words(chance, 1)} = {words(chance, 1)}({words(chance, 1)})"
            for _ in range(chance.randint(12, 30))
        )
        doc = sentences(chance, chance.randint(20, 60))
        if self._prefix == "py":
            return f'def {name}({words(chance, 1)}):\n    """{doc}"""\n{body}\n    return None'
        return f"/** {doc} */\nfunction {name}({words(chance, 1)}) {{\n{body}\n}}"

    def _patterns(self, chance: random.Random) -> list[tuple[str, tuple[int, ...]]]:
        """Patterns with the first documents that they find; none in a short corpus."""
        if self._is_short:
            return []
        made = []
        for kind in range(_N_PATTERNS):
            pair = [re.escape(word) for word in _two_words(chance, self.texts)]
            pattern = (
                rf"{pair[0]}\s+{pair[1]}",
                rf"\b{pair[0].upper()}\s+{pair[1]}\b",
                rf"({pair[0]}|{pair[1]})\W+\w+ing",
                rf"^\W*(def|function|#).*{pair[0][:4]}",
                rf"{pair[0]}\d+{pair[1]}",
            )[kind % 5]
            searched = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
            hits = [number for number, text in enumerate(self.texts) if searched.search(text)]
            made.append((pattern, tuple(hits[:TOP_K])))
        return made


_VERBS = ("get", "set", "read", "write", "parse", "merge", "split", "load", "send", "check")


def _two_words(chance: random.Random, texts: list[str]) -> tuple[str, str]:
    found = re.findall(r"[a-z]{3,}", chance.choice(texts))
    start = chance.randrange(len(found) - 1)
    return found[start], found[start + 1]


@lru_cache(maxsize=16)
def corpus_of(plan: CorpusPlan) -> Corpus:
    """The corpus of a plan, made once."""
    return Corpus(plan)
