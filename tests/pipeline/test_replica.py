"""The four published datasets at a hundredth of their cards' counts, in one build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replica import ipw, run

pytestmark = [pytest.mark.slow, pytest.mark.long]

SCALE = 100


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the samples and the warehouse, every fate and table of which was checked."""
    out = tmp_path_factory.mktemp("replica") / "out"
    run.main(["--out", str(out), "--scale", str(SCALE)])
    return out


def test_fates_and_tables_are_as_the_cards_say(replica: Path) -> None:
    run.check(replica, run.FAMILIES, SCALE)


def test_a_wrong_table_is_noticed(replica: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ipw.expected(SCALE)
    shifted = {query: rows[1:] for query, rows in expected.items()}
    monkeypatch.setattr(ipw, "expected", lambda scale: shifted)
    with pytest.raises(AssertionError, match="should be"):
        run.check(replica, run.FAMILIES, SCALE)
