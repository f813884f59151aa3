"""The four published datasets at a hundredth of their cards' counts, in one build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replica import run

pytestmark = pytest.mark.slow


def test_fates_and_tables_are_as_the_cards_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.main(["--out", str(tmp_path / "replica"), "--scale", "100"])
    assert "every record's fate and every table of the cards is as it must be" in (
        capsys.readouterr().out
    )


def test_a_wrong_table_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.replica import ipw

    def shifted(scale: int) -> dict[str, list[tuple[object, ...]]]:
        return {name: rows[1:] for name, rows in expected(scale).items()}

    expected = ipw.expected
    monkeypatch.setattr(ipw, "expected", shifted)
    with pytest.raises(AssertionError, match="should be"):
        run.main(["--out", str(tmp_path / "replica"), "--scale", "100", "--families", "ipw"])
