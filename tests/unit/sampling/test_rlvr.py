"""Generated rollouts: deterministic, streamed, and as the card says they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import mean

import pytest

from trajhouse.cli.sampling.request import Length, SampleRequest
from trajhouse.cli.sampling.rlvr import FAULTS, draw, write
from trajhouse.cli.sampling.rlvr.corpus import Corpus
from trajhouse.cli.sampling.rlvr.rows import ENVIRONMENTS, CorpusPlan, Rollout
from trajhouse.cli.sampling.writer import SampleWriter


def make(out: Path, request: SampleRequest) -> dict[str, bytes]:
    with SampleWriter(out) as writer:
        write(draw(request), writer)
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def truths(files: dict[str, bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in files["truth.jsonl"].splitlines()]


@pytest.mark.parametrize("length", Length)
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, length: Length) -> None:
    first = make(tmp_path / "a", SampleRequest(6, 1, dict(FAULTS), length))
    assert make(tmp_path / "b", SampleRequest(6, 1, dict(FAULTS), length)) == first
    assert make(tmp_path / "c", SampleRequest(6, 2, dict(FAULTS), length)) != first


def test_every_record_has_a_truth(tmp_path: Path) -> None:
    files = make(tmp_path / "a", SampleRequest(10, 3, dict(FAULTS), Length.SHORT))
    told = [(truth["source_file"], truth["record_number"]) for truth in truths(files)]
    written = [
        (name, number)
        for name, data in files.items()
        if name != "truth.jsonl"
        for number in range(1, data.count(b"\n") + 1)
    ]
    assert sorted(told) == sorted(written)


def test_without_faults_every_rollout_is_in_its_mart(tmp_path: Path) -> None:
    files = make(tmp_path / "a", SampleRequest(10, 3, {}, Length.SHORT))
    rollouts = [truth for truth in truths(files) if truth["fate"] != "reference"]
    assert len(rollouts) == 10
    assert all(truth["fate"] == "accepted" and truth["marts"] for truth in rollouts)


def test_plans_come_one_at_a_time() -> None:
    plans = draw(SampleRequest(10**9, 0, {}, Length.SHORT))
    assert isinstance(plans, Iterator)
    assert len(list(islice(plans, 10_000))) == 10_000


def test_rollouts_are_distributed_as_the_card_says() -> None:
    rows = [row for row in draw(SampleRequest(6000)) if isinstance(row, Rollout)]
    for card in ENVIRONMENTS:
        plans = [row for row in rows if row.question.corpus.environment == card.name]
        assert mean(row.n_searches for row in plans) == pytest.approx(card.searches / 10, abs=0.7)
        assert mean(row.n_opens for row in plans) == pytest.approx(card.opens / 10, abs=0.5)
        for share, count in (
            (mean(row.is_forced for row in plans), card.n_forced),
            (mean(row.is_seen for row in plans), card.n_seen),
            (mean(row.is_opened for row in plans), card.n_opened),
            (mean(row.is_cited for row in plans), card.n_cited),
        ):
            assert share == pytest.approx(count / card.n_rows, abs=0.04)


@pytest.mark.parametrize("card", ENVIRONMENTS, ids=lambda card: card.name)
@pytest.mark.parametrize("length", Length)
def test_a_marker_stands_in_its_document_alone(card: object, length: Length) -> None:
    corpus = Corpus(CorpusPlan(card.name, 50, length))  # type: ignore[attr-defined]
    for number in range(50):
        found = [text for text in corpus.texts if re.search(corpus.marker(number), text)]
        assert found == [corpus.texts[number]]
