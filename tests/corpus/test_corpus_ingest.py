"""Every case of the corpus gets the outcome of its row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from corpus_cases import Case, read_manifest

from trajhouse.cli.landing.discover import find_files
from trajhouse.cli.landing.families import load_family, override_fields
from trajhouse.cli.landing.ingest import land
from trajhouse.cli.landing.outcome import Outcome
from trajhouse.cli.landing.reasons import FILE_REASONS, RECORD_REASONS
from trajhouse.cli.warehouse import Warehouse

MANIFEST = read_manifest()
SLOW = {"large_lines"}
NEEDS_A_WRITER = {"changed_while_read"}


def ingest(case: Case, root: Path, **options: Any) -> Outcome:
    family = override_fields(load_family(case.family), case.fields)
    found = find_files([str(path) for path in case.paths], family.suffixes)
    return land(Warehouse(root), family, case.dataset, found, **options)


def outcome_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {
        Path(file.source_file).name: {
            "status": file.status,
            "reason": file.reason,
            "landed": file.tally.n_landed,
            "rejected": dict(file.tally.rejected),
            "flags": dict(file.tally.flags),
            "blank_lines": file.tally.n_blank_lines,
            "warnings": file.warnings,
        }
        for file in outcome.files
    }


def expected_of(case: Case) -> dict[str, dict[str, Any]]:
    unless_given = {
        "status": "landed",
        "reason": None,
        "landed": 0,
        "rejected": {},
        "flags": {},
        "blank_lines": 0,
        "warnings": [],
    }
    return {
        name: unless_given | {key: value for key, value in file.items() if key != "detail"}
        for name, file in case.files.items()
    }


def rows_of(root: Path, name: str) -> list[dict[str, Any]]:
    parts = sorted(root.glob(f"landing/*/{name}-*.parquet"))
    return [row for part in parts for row in pq.read_table(part).to_pylist()]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            entry["name"],
            id=f"{entry['case']}-{entry['name']}",
            marks=[pytest.mark.slow] if entry["name"] in SLOW else [],
        )
        for entry in MANIFEST
        if entry["name"] not in NEEDS_A_WRITER
    ],
)
def test_case_gets_its_outcome(corpus: Callable[[str], Case], tmp_path: Path, name: str) -> None:
    case = corpus(name)
    outcome = ingest(case, tmp_path)
    assert outcome_of(outcome) == expected_of(case)
    for file in outcome.files:
        detail = case.files[Path(file.source_file).name].get("detail", "")
        assert detail in (file.detail or "")

    landed = rows_of(tmp_path, "records")
    rejected = rows_of(tmp_path, "rejected")
    assert len(landed) == sum(file.get("landed", 0) for file in case.files.values())
    assert len(rejected) == sum(
        sum(file.get("rejected", {}).values()) for file in case.files.values()
    )
    assert {row["source_file"] for row in landed + rejected} <= {
        str(path) for path in case.paths if case.files[path.name].get("status") != "refused"
    }


def test_changed_while_read_is_refused(corpus: Callable[[str], Case], tmp_path: Path) -> None:
    case = corpus("changed_while_read")
    path = case.paths[0]
    is_grown = False

    def grow(n_bytes: int) -> None:
        nonlocal is_grown
        if not is_grown:
            with path.open("ab") as file:
                file.write(b"{}\n")
            is_grown = True

    outcome = ingest(case, tmp_path, progress=grow)
    assert is_grown
    assert outcome_of(outcome) == expected_of(case)
    assert not (tmp_path / "landing").exists()


def test_nul_escapes_are_replaced_where_they_are_escapes(
    corpus: Callable[[str], Case], tmp_path: Path
) -> None:
    ingest(corpus("nul_escape"), tmp_path)
    (flagged,) = [row for row in rows_of(tmp_path, "records") if row["flags"] == ["nul_char"]]
    assert (
        flagged["record"]
        == r'{"id": "x", "messages": [{"role": "user", "content": "a\ufffdb \\u0000"}]}'
    )


def test_every_row_of_the_table_is_there() -> None:
    assert {entry["case"] for entry in MANIFEST} == set(range(1, 34))


def test_every_reason_is_declared() -> None:
    files = [file for entry in MANIFEST for file in entry["files"].values()]
    assert {file["reason"] for file in files if "reason" in file} <= set(FILE_REASONS)
    assert {reason for file in files for reason in file.get("rejected", {})} <= set(RECORD_REASONS)
