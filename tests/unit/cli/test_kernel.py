"""Errors, locks, quoting and exit codes: what every command stands on."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from trajhouse.cli import main as entry
from trajhouse.cli.errors import (
    CannotOpen,
    ChecksFailed,
    DiskFault,
    ExitCode,
    Locked,
    TimedOut,
    TrajhouseError,
    UsageFault,
)
from trajhouse.cli.locks import hold
from trajhouse.cli.warehouse import Warehouse, quote_identifier, quote_literal

ODD_NAMES = ("plain", 'a"b', 'x"; drop table y; --', "it's", "new\nline", "ünï")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_quoted_identifiers_and_literals_come_back_as_they_were(name: str) -> None:
    with duckdb.connect() as connection:
        shown = connection.execute(f"select {quote_literal(name)} as {quote_identifier(name)}")
        assert [column[0] for column in shown.description or []] == [name]
        assert shown.fetchall() == [(name,)]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TrajhouseError, 1),
        (UsageFault, 2),
        (CannotOpen, 3),
        (TimedOut, 4),
        (Locked, 5),
        (DiskFault, 6),
        (ChecksFailed, 7),
    ],
)
def test_errors_end_the_process_with_their_code(
    error: type[TrajhouseError],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(**_: object) -> None:
        raise error("the thing failed", "it was broken", "mend it")

    monkeypatch.setattr(entry.trajhouse, "main", fail)
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error: the thing failed\n  why: it was broken\n  try: mend it\n"


@pytest.mark.parametrize(
    ("raised", "code"),
    [(KeyboardInterrupt(), ExitCode.INTERRUPTED), (OSError(28, "No space left"), ExitCode.DISK)],
)
def test_interrupts_and_disk_errors_have_their_codes(
    raised: BaseException, code: ExitCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise raised

    monkeypatch.setattr(entry.trajhouse, "main", fail)
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == code


def test_errors_travel_between_processes_whole() -> None:
    error = Locked("a", "b", "c")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(copy), copy.as_dict()) == (Locked, error.as_dict())


def test_a_held_lock_says_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / ".build.lock"
    with hold(lock, "build"), pytest.raises(Locked) as refused, hold(lock, "build"):
        pass
    assert f"process {os.getpid()}" in refused.value.why
    assert "since 20" in refused.value.why


def test_a_lock_is_free_once_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / ".build.lock"
    script = (
        "import sys, time; from pathlib import Path; from trajhouse.cli.locks import hold\n"
        "with hold(Path(sys.argv[1]), 'build'): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, lock], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Locked), hold(lock, "build"):
        pass
    holder.kill()
    holder.wait()
    with hold(lock, "build"):
        pass


def test_a_warehouse_that_was_never_built_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen) as refused:
        Warehouse(tmp_path).require_database()
    assert "trajhouse build" in refused.value.hint
