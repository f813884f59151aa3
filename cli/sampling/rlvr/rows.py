"""The plan of each record: what it is, what it holds, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trajhouse.cli.sampling.request import Length


@dataclass(frozen=True)
class Environment:
    """A retrieval environment and what the dataset card says of its rollouts.

    Args:
        name: The dataset's name.
        mart: The published mart that is made of it.
        prefix: What its ids begin with.
        n_rows: Rollouts of the card, `n_forced` of them with a forced answer; ground truth seen,
            opened and cited in so many.
        searches, opens, others: Calls a rollout, in tenths: of the search tools, of open_document,
            and of tools that the environment does not have.
    """

    name: str
    mart: str
    prefix: str
    n_rows: int
    n_forced: int
    n_seen: int
    n_opened: int
    n_cited: int
    searches: int
    opens: int
    others: int


ENVIRONMENTS = (
    Environment("nvdocs", "rlvr_nvdocs", "nv", 49696, 1521, 47236, 43696, 38983, 162, 75, 2),
    Environment("search-py", "rlvr_search_py", "py", 54033, 3183, 49111, 47183, 42868, 193, 47, 2),
    Environment("search-js", "rlvr_search_js", "js", 52652, 5880, 38242, 32138, 27028, 213, 45, 0),
)
BY_NAME = {environment.name: environment for environment in ENVIRONMENTS}

Form = Literal["object", "list", "plain"]


@dataclass(frozen=True)
class CorpusPlan:
    """A corpus, which its environment, size and length determine."""

    environment: str
    size: int
    length: Length


@dataclass(frozen=True)
class Document:
    """A document; a faulty one is `repeated` (its key), `textless` or `keyless`."""

    corpus: CorpusPlan
    number: int
    fault: str | None = None


@dataclass(frozen=True)
class Question:
    """A question about one document; a faulty one is `repeated`, `truthless` or `keyless`."""

    corpus: CorpusPlan
    number: int
    fault: str | None = None

    @property
    def document(self) -> int:
        """The number of the document that answers it."""
        return self.number * 7 % self.corpus.size


@dataclass(frozen=True)
class Rollout:
    """A rollout for a question.

    Args:
        question: The question; it may not be landed (fault `question_missing`).
        chance: Seed of everything that the plan leaves open.
        form: How the environment writes its outputs.
        is_forced: Whether the model was made to answer.
        n_searches, n_opens, n_others: Calls by kind.
        is_seen, is_opened, is_cited: What became of the ground-truth document; opened implies seen,
            and so does cited.
        has_commentary: Whether the model says something beside its first call.
        fault: What is wrong with it, a key of `FAULTS`; None for nothing.
        is_dropped: Whether it is dropped for another rollout of its question.
    """

    question: Question
    chance: int
    form: Form
    is_forced: bool
    n_searches: int
    n_opens: int
    n_others: int
    is_seen: bool
    is_opened: bool
    is_cited: bool
    has_commentary: bool = False
    fault: str | None = None
    is_dropped: bool = False


Row = Document | Question | Rollout
