"""Trial directories: which are found, what is read of each, and what becomes of broken ones."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from landing_samples import statuses, table, tree

from trajhouse.cli.errors import CannotOpen
from trajhouse.cli.landing import records, trial_records
from trajhouse.cli.landing.families import Family, Field
from trajhouse.cli.landing.ingest import land
from trajhouse.cli.landing.outcome import Outcome
from trajhouse.cli.landing.trials import FoundTrial, find_trials
from trajhouse.cli.warehouse import Warehouse

FAMILY = Family(
    "seta", (), (Field("messages", (("raw_conv_json",),), "document"),), "trial_directories"
)
CONVERSATION = '{"model": "m",  "request": {"messages": []}, "response": {"é": 1.50}}'
CTRF = '{"results": {"summary": {"tests": 2, "passed": 1}}}'


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(folder: str, **files: str | bytes) -> Path:
    """A trial directory; `__` in a name stands for `/`, and `.json` is added."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        file = path / (name.replace("__", "/") + ".json")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sound(folder: str, conversation: str | bytes = CONVERSATION, **more: str | bytes) -> Path:
    return make(folder, CAMEL_LOG_DIR__a__conv_2=conversation, verifier__ctrf=CTRF, **more)


def found(*paths: str) -> list[tuple[str, int]]:
    files = find_trials(paths, [])
    return [(file.path, file.chain_position) for file in files if isinstance(file, FoundTrial)]


def ingest(warehouse: Warehouse, *paths: str, **options: Any) -> Outcome:
    return land(warehouse, FAMILY, "d", find_trials(paths, []), **options)


def record(warehouse: Warehouse) -> dict[str, Any]:
    (row,) = table(warehouse, "records")
    value: dict[str, Any] = json.loads(row["record"])
    return value


def test_trials_are_found_by_name_or_by_content_at_any_depth() -> None:
    make("r/fix_t0_0a1b2c")
    make("r/jobs/b", verifier__log="{}")
    make("r/jobs/c", CAMEL_LOG_DIR__x="{}")
    make("r/jobs/d", result="{}")
    make("r/jobs/e", run_info="{}")
    make("r/jobs/notes", other="{}")
    make("r/fix_t0_0A1B2C")
    make("r/jobs", result="{}")  # the harness's own, beside its trials
    names = ["r/fix_t0_0a1b2c", "r/jobs/b", "r/jobs/c", "r/jobs/d", "r/jobs/e"]
    assert found("r") == [(name, 1) for name in names]


def test_each_results_directory_is_a_place_in_the_chain() -> None:
    for folder in ("b/x_t0_000001", "a/x_t0_000002", "c/x_t0_000003", "c/y_t0_000004"):
        make(folder)
    assert found("b", "a", "c") == [
        ("b/x_t0_000001", 1),
        ("a/x_t0_000002", 2),
        ("c/x_t0_000003", 3),
        ("c/y_t0_000004", 3),
    ]
    assert found("?") == [
        ("a/x_t0_000002", 1),
        ("b/x_t0_000001", 2),
        ("c/x_t0_000003", 3),
        ("c/y_t0_000004", 3),
    ]


def test_a_trial_named_itself_has_the_place_of_its_results_directory() -> None:
    for folder in ("a/x_t0_000001", "a/y_t0_000002", "b/x_t0_000003"):
        make(folder)
    named = found("b/x_t0_000003", "a/y_t0_000002", "a/x_t0_000001", "b/")
    assert named == [
        ("b/x_t0_000003", 1),
        ("a/y_t0_000002", 2),
        ("a/x_t0_000001", 2),
        ("b/x_t0_000003", 1),
    ]
    assert found("a/*_t0_*") == [("a/x_t0_000001", 1), ("a/y_t0_000002", 1)]


def test_a_folder_without_trials_holds_files() -> None:
    make("published", train="{}")
    make("r/x_t0_000001")
    make("r", summary="{}")
    files = find_trials(["published", "r"], [])
    assert [file.path for file in files] == ["published/train.json", "r/x_t0_000001"]


@pytest.mark.parametrize("path", ["missing", "empty", "missing/*"])
def test_a_path_for_nothing_is_an_error(path: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(CannotOpen):
        find_trials([path], [])


def test_a_trial_is_one_file_with_one_record(warehouse: Warehouse) -> None:
    sound(
        "r/fix_t0_0a1b2c",
        CAMEL_LOG_DIR__a__conv_1="{}",
        run_info='{"reward": 0.50}',
        result='{"task_name": "fix"}',
    )
    outcome = ingest(warehouse, "r")
    (manifest,) = table(warehouse, "files")
    (row,) = table(warehouse, "records")
    assert statuses(outcome) == ["landed"]
    assert (manifest["n_records"], manifest["n_landed"], manifest["n_rejected"]) == (1, 1, 0)
    assert (manifest["format"], manifest["compression"]) == ("trial", "none")
    sizes = len(CONVERSATION.encode()) + len(CTRF) + len('{"reward": 0.50}{"task_name": "fix"}')
    assert manifest["n_bytes"] == sizes
    assert manifest["source_file"] == row["source_file"] == "r/fix_t0_0a1b2c"
    assert manifest["file_id"] == row["file_id"]
    assert (row["record_number"], row["source_line"]) == (1, 1)
    assert json.loads(row["record"]) == {
        "trial_uid": "fix_t0_0a1b2c",
        "chain_position": 1,
        "n_snapshots": 2,
        "conv_json_path": "fix_t0_0a1b2c/CAMEL_LOG_DIR/a/conv_2.json",
        "raw_conv_json": CONVERSATION,
        "ctrf": json.loads(CTRF),
        "run_info": {"reward": 0.5},
        "result": {"task_name": "fix"},
    }


def test_what_is_missing_is_not_in_the_record(warehouse: Warehouse) -> None:
    make("r/fix_t0_0a1b2c")
    ingest(warehouse, "r")
    expected = {"trial_uid": "fix_t0_0a1b2c", "chain_position": 1, "n_snapshots": 0}
    assert record(warehouse) == expected


@pytest.mark.parametrize(
    ("snapshots", "largest"),
    [
        ({"a/conv_1": "[1, 2, 3]", "b/conv_0": "{}"}, "a/conv_1"),
        ({"a/conv_1": "{}", "b/deep/conv_2": "[]", "c/conv_0": "{}"}, "b/deep/conv_2"),
        ({"a/conv_1": "{}", "b/conv_1": "{}"}, "b/conv_1"),
        ({"a/conv_1": "{}", "a/other": "[1, 2, 3]", "conv_0": "1"}, "a/conv_1"),
    ],
    ids=["largest", "latest_of_equals", "equal_names", "other_files"],
)
def test_the_largest_snapshot_is_read(snapshots: dict[str, str], largest: str) -> None:
    files = {f"CAMEL_LOG_DIR__{name.replace('/', '__')}": text for name, text in snapshots.items()}
    make("r/fix_t0_0a1b2c", **files)
    (trial,) = find_trials(["r"], [])
    assert isinstance(trial, FoundTrial)
    hashed = trial_records.hash_trial(trial, lambda n_bytes: None)
    assert hashed.block.files.snapshot == f"CAMEL_LOG_DIR/{largest}.json"


def test_the_same_trial_again_changes_nothing(warehouse: Warehouse) -> None:
    path = sound("r/fix_t0_0a1b2c")
    ingest(warehouse, "r")
    before = tree(warehouse.root)
    assert statuses(ingest(warehouse, "r")) == ["unchanged"]
    os.rename(path.parent, "moved")
    make("first/other_t0_000001")
    assert statuses(ingest(warehouse, "moved", is_dry_run=True)) == ["unchanged"]
    assert tree(warehouse.root) == before


@pytest.mark.parametrize(
    "change",
    [
        {"CAMEL_LOG_DIR__a__conv_2": "{}"},
        {"CAMEL_LOG_DIR__a__conv_1": "{}"},
        {"verifier__ctrf": "{}"},
        {"run_info": "{}"},
        {"result": "{}"},
    ],
)
def test_a_trial_that_changed_lands_again(warehouse: Warehouse, change: dict[str, str]) -> None:
    sound("r/fix_t0_0a1b2c")
    ingest(warehouse, "r")
    make("r/fix_t0_0a1b2c", **change)
    assert statuses(ingest(warehouse, "r")) == ["landed"]
    assert len({row["file_id"] for row in table(warehouse, "files")}) == 2


def test_a_dry_run_judges_and_writes_nothing(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c")
    sound("r/fix_t0_000001", conversation="{")
    outcome = ingest(warehouse, "r", is_dry_run=True)
    assert [file.tally.n_rejected for file in outcome.files] == [1, 0]
    assert not warehouse.landing.exists()


BROKEN = {
    "cut": (b'{"request": {"messages": [', "truncated_json"),
    "empty": (b"", "truncated_json"),
    "utf8": (b'{"request": "\xff"}', "invalid_utf8"),
    "utf16": ("\ufeff{}".encode("utf-16-le"), "invalid_utf8"),
    "surrogate": (b'{"request": "\\ud800"}', "lone_surrogate"),
    "control": (b'{"request": "\x01"}', "control_char"),
    "twice": (b'{"request": 1, "request": 2}', "duplicate_key"),
    "case": (b'{"request": 1, "Request": 2}', "duplicate_key"),
    "trailing": (b"{} {}", "trailing_data"),
    "list": (b"[]", "not_object"),
    "text": (b'"{}"', "not_object"),
    "nan": (b'{"request": NaN}', "nonfinite_number"),
    "comma": (b"{,}", "invalid_json"),
    "deep": (b'{"a":' * 300 + b"1" + b"}" * 300, "too_deep"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_largest_snapshot_rejects_the_trial(warehouse: Warehouse, case: str) -> None:
    content, reason = BROKEN[case]
    sound("r/fix_t0_0a1b2c", conversation=content)
    outcome = ingest(warehouse, "r")
    (row,) = table(warehouse, "rejected")
    assert statuses(outcome) == ["landed"]
    assert (row["reason"], row["n_bytes"]) == (reason, len(content))
    assert row["detail"].startswith("CAMEL_LOG_DIR/a/conv_2.json: ")
    assert row["excerpt"] == content.decode("utf-8", "replace")[:1000].replace("\0", "\ufffd")
    assert table(warehouse, "records") == []


def test_a_smaller_snapshot_is_no_substitute_for_a_broken_one(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c", conversation=CONVERSATION[:-1], CAMEL_LOG_DIR__a__conv_1="{}")
    ingest(warehouse, "r")
    (row,) = table(warehouse, "rejected")
    assert row["reason"] == "truncated_json"
    assert row["detail"].endswith("smaller snapshots, 1, are not used")


def test_a_snapshot_over_the_limit_is_too_large(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_records, "MAX_RECORD_BYTES", 100)
    monkeypatch.setattr(
        trial_records,
        "GrowingRecord",
        lambda: records.GrowingRecord(trial_records.MAX_RECORD_BYTES),
    )
    sound("r/fix_t0_0a1b2c", conversation='{"a": "' + "x" * 200 + '"}')
    ingest(warehouse, "r")
    (row,) = table(warehouse, "rejected")
    assert (row["reason"], row["n_bytes"]) == ("too_large", 209)


def test_a_broken_report_of_the_verifier_rejects_the_trial(warehouse: Warehouse) -> None:
    make("r/fix_t0_0a1b2c", CAMEL_LOG_DIR__conv_1=CONVERSATION, verifier__ctrf=CTRF[:-1])
    ingest(warehouse, "r")
    (row,) = table(warehouse, "rejected")
    assert row["reason"] == "truncated_json"
    assert row["detail"].startswith("verifier/ctrf.json: ")
    assert row["excerpt"] == CTRF[:-1]


def test_notes_that_are_not_sound_are_left_out_and_named(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c", run_info='{"reward": NaN}', result="{")
    ingest(warehouse, "r")
    landed = record(warehouse)
    assert not {"run_info", "result"} & landed.keys()
    assert landed["unreadable"]["run_info"].startswith("nonfinite_number: ")
    assert landed["unreadable"]["result"].startswith("truncated_json: ")


def test_a_broken_result_rejects_where_it_alone_has_the_verdict(warehouse: Warehouse) -> None:
    make("r/fix_t0_0a1b2c", CAMEL_LOG_DIR__conv_1=CONVERSATION, result="{")
    ingest(warehouse, "r")
    (row,) = table(warehouse, "rejected")
    assert row["reason"] == "truncated_json"
    assert row["detail"].startswith("result.json: ")


def test_a_byte_order_mark_is_no_part_of_the_text(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c", conversation=b"\xef\xbb\xbf" + CONVERSATION.encode())
    ingest(warehouse, "r")
    assert record(warehouse)["raw_conv_json"] == CONVERSATION


def test_nul_escapes_are_replaced_and_flagged(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c", conversation=r'{"request": "a\u0000b"}')
    ingest(warehouse, "r")
    (row,) = table(warehouse, "records")
    assert row["flags"] == ["nul_char"]
    assert json.loads(json.loads(row["record"])["raw_conv_json"]) == {"request": "a\ufffdb"}


def refusals(outcome: Outcome) -> dict[str, str | None]:
    return {file.source_file: file.reason for file in outcome.files if file.status == "refused"}


@pytest.mark.parametrize(
    "name", ["verifier/ctrf.json", "run_info.json", "CAMEL_LOG_DIR/conv_9.json"]
)
def test_a_link_out_of_the_folder_refuses_the_trial_alone(warehouse: Warehouse, name: str) -> None:
    Path("outside.json").write_text("{}")
    link = make("r/fix_t0_0a1b2c") / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("../" * (2 + name.count("/")) + "outside.json")
    sound("r/fix_t0_000001")
    outcome = ingest(warehouse, "r")
    assert refusals(outcome) == {"r/fix_t0_0a1b2c": "symlink"}
    assert len(table(warehouse, "records")) == 1


def test_a_link_inside_the_folder_is_followed(warehouse: Warehouse) -> None:
    make("r/shared", report=CTRF)
    trial = make("r/fix_t0_0a1b2c", CAMEL_LOG_DIR__conv_1=CONVERSATION)
    (trial / "verifier").mkdir()
    (trial / "verifier" / "ctrf.json").symlink_to("../../shared/report.json")
    ingest(warehouse, "r")
    assert record(warehouse)["ctrf"] == json.loads(CTRF)


@pytest.mark.parametrize("name", ["verifier", "CAMEL_LOG_DIR"])
def test_linked_folders_of_a_trial_are_refused(warehouse: Warehouse, name: str) -> None:
    make("r/else", ctrf=CTRF)
    (make("r/fix_t0_0a1b2c") / name).symlink_to("../else")
    assert refusals(ingest(warehouse, "r")) == {"r/fix_t0_0a1b2c": "symlink"}


def test_linked_trials_and_loops_are_refused(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c")
    make("elsewhere/fix_t0_000001")
    Path("r/fix_t0_000001").symlink_to("../elsewhere/fix_t0_000001")
    Path("r/loop").symlink_to(".")
    outcome = ingest(warehouse, "r")
    assert refusals(outcome) == {"r/fix_t0_000001": "symlink", "r/loop": "symlink"}
    assert statuses(outcome).count("landed") == 1


def test_pipes_are_never_opened(warehouse: Warehouse) -> None:
    trial = sound("r/fix_t0_0a1b2c")
    os.mkfifo(trial / "run_info.json")
    assert refusals(ingest(warehouse, "r")) == {"r/fix_t0_0a1b2c": "special_file"}


def test_unreadable_files_refuse_the_trial(warehouse: Warehouse) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every file")
    trial = sound("r/fix_t0_0a1b2c")
    (trial / "verifier" / "ctrf.json").chmod(0)
    assert refusals(ingest(warehouse, "r")) == {"r/fix_t0_0a1b2c": "unreadable"}


def test_a_trial_that_is_still_written_is_refused(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c")

    def write_more(n_bytes: int) -> None:
        make("r/fix_t0_0a1b2c", CAMEL_LOG_DIR__a__conv_3=CONVERSATION + " ")

    outcome = ingest(warehouse, "r", progress=write_more)
    assert refusals(outcome) == {"r/fix_t0_0a1b2c": "changed_during_read"}
    assert table(warehouse, "files") == []


def test_parts_do_not_depend_on_the_workers(tmp_path: Path) -> None:
    for number in range(30):
        sound(f"r/fix_t0_{number:06x}", conversation="{" if number % 7 == 0 else CONVERSATION)
    landed = []
    for n_workers in (1, 2):
        warehouse = Warehouse(tmp_path / f"warehouse-{n_workers}")
        ingest(warehouse, "r", n_workers=n_workers)
        rows = [table(warehouse, name) for name in ("records", "rejected", "files")]
        kept = [[{**row, "landed_at": None, "batch_id": None} for row in part] for part in rows]
        landed.append(kept)
    assert landed[0] == landed[1]


def test_progress_tells_every_byte_twice(warehouse: Warehouse) -> None:
    sound("r/fix_t0_0a1b2c", run_info="{}")
    told: list[int] = []
    files = find_trials(["r"], [])
    land(warehouse, FAMILY, "d", files, progress=told.append)
    assert sum(told) == 2 * sum(file.n_stored_bytes for file in files) > 0
