"""`trajhouse ingest` and `sources` as a user runs them: real processes, exact output."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TRAJHOUSE = str(Path(sys.executable).with_name("trajhouse"))


def record(key: str) -> bytes:
    messages = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
    return json.dumps({"id": key, "messages": messages}).encode() + b"\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRAJHOUSE_WAREHOUSE", raising=False)
    monkeypatch.delenv("TRAJHOUSE_PROJECT", raising=False)
    (tmp_path / "good.jsonl").write_bytes(record("a") + b'{"id": \n' + record("b"))
    (tmp_path / "bad.jsonl.gz").write_bytes(gzip.compress(record("c"))[:-4])
    return tmp_path


def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [TRAJHOUSE, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code, done.stderr
    return done


def test_summary_is_on_stdout_and_talk_on_stderr(folder: Path) -> None:
    done = run("ingest", "openai", "good.jsonl", "--dataset", "d")
    assert done.stdout == (
        "file        status  records  landed  rejected  why\n"
        "----------  ------  -------  ------  --------  ---\n"
        "good.jsonl  landed        3       2         1\n"
        "\n"
        "landed 2 of 3 records from 1 file\n"
        "  rejected 1: truncated_json\n"
    )
    (batch,) = (folder / "warehouse" / "landing").iterdir()
    assert done.stderr == f"batch {batch.name} in dataset d; next: trajhouse build\n"


def test_refused_file_is_said_and_ends_with_1(folder: Path) -> None:
    done = run("ingest", "openai", "bad.jsonl.gz", "good.jsonl", "--dataset", "d", code=1)
    assert "bad.jsonl.gz  refused        0       0         0  corrupt: " in done.stdout
    assert "good.jsonl    landed         3       2         1" in done.stdout
    assert "1 file refused, nothing of it landed" in done.stderr


def test_json_summary(folder: Path) -> None:
    done = run("ingest", "openai", "bad.jsonl.gz", "good.jsonl", "--dataset", "d", "--json", code=1)
    summary = json.loads(done.stdout)
    (batch,) = (folder / "warehouse" / "landing").iterdir()
    bad, good = summary.pop("files")
    assert summary == {
        "dataset": "d",
        "family": "openai",
        "batch_id": batch.name,
        "dry_run": False,
        "n_records": 3,
        "n_landed": 2,
        "n_rejected": 1,
        "rejected_by_reason": {"truncated_json": 1},
        "flagged": {},
        "refused_by_reason": {"corrupt": 1},
    }
    assert (bad["source_file"], bad["status"], bad["reason"]) == (
        "bad.jsonl.gz",
        "refused",
        "corrupt",
    )
    assert (good["n_records"], good["n_landed"], good["n_rejected"]) == (3, 2, 1)
    assert good["reason"] is None


def test_same_bytes_again_are_no_change(folder: Path) -> None:
    run("ingest", "openai", "good.jsonl", "--dataset", "d")
    (folder / "copy.jsonl").write_bytes((folder / "good.jsonl").read_bytes())
    done = run("ingest", "openai", "copy.jsonl", "--dataset", "d")
    assert "copy.jsonl  unchanged" in done.stdout
    assert "landed before as good.jsonl" in done.stdout
    assert "no change" in done.stderr
    assert len(list((folder / "warehouse" / "landing").iterdir())) == 1


def test_same_bytes_with_other_fields_are_an_error(folder: Path) -> None:
    run("ingest", "openai", "good.jsonl", "--dataset", "d")
    done = run(
        "ingest", "openai", "good.jsonl", "--dataset", "d", "--field", "messages=traj", code=1
    )
    assert done.stdout == ""
    first, why, hint = done.stderr.splitlines()
    assert first == ("error: good.jsonl has landed in dataset 'd' already, read another way")
    assert '"messages": ["$.traj"]' in why
    assert hint == "  try: use the same family and fields, or another --dataset"


def test_dry_run_writes_nothing(folder: Path) -> None:
    done = run("ingest", "openai", "good.jsonl", "--dataset", "d", "--dry-run")
    assert "would land 2 of 3 records from 1 file" in done.stdout
    assert not (folder / "warehouse").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["opena", "good.jsonl", "--dataset", "d"], 2, "try: trajhouse ingest openai ..."),
        (["openai", "good.jsonl"], 2, "--dataset"),
        (["openai", "--dataset", "d"], 2, "PATHS"),
        (["openai", "good.jsonl", "--dataset", "a/b"], 2, "for example --dataset a-b"),
        (
            ["openai", "good.jsonl", "--dataset", "d", "--field", "mesages=x"],
            2,
            "try: --field messages=x",
        ),
        (["openai", "gone.jsonl", "--dataset", "d"], 3, "no such file or folder"),
        (["openai", "gone/*.jsonl", "--dataset", "d"], 3, "no file matches the pattern"),
    ],
    ids=["family", "no_dataset", "no_path", "dataset", "field", "path", "glob"],
)
def test_wrong_words_get_a_way_out(
    folder: Path, arguments: list[str], code: int, words: str
) -> None:
    done = run("ingest", *arguments, code=code)
    assert words in done.stderr
    assert done.stdout == ""
    assert not (folder / "warehouse").exists()


def test_full_disk_ends_with_6_and_changes_nothing(folder: Path) -> None:
    run("ingest", "openai", "good.jsonl", "--dataset", "d")
    before = sorted((folder / "warehouse" / "landing").rglob("*"))
    (folder / "more.jsonl").write_bytes(b"".join(record(os.urandom(900).hex()) for _ in range(99)))
    limited = f'ulimit -f 8; exec "{TRAJHOUSE}" ingest openai more.jsonl --dataset d'
    done = subprocess.run(
        ["bash", "-c", limited], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 6, done.stderr
    assert "File too large; nothing was landed" in done.stderr
    assert sorted((folder / "warehouse" / "landing").rglob("*")) == before
    assert list((folder / "warehouse" / "tmp").iterdir()) == []


@pytest.mark.slow
def test_interrupt_ends_with_130_and_changes_nothing(folder: Path) -> None:
    with (folder / "big.jsonl").open("wb") as file:
        for number in range(60):
            file.write(record(str(number)) * 10_000)
    process = subprocess.Popen(
        [TRAJHOUSE, "ingest", "openai", "big.jsonl", "--dataset", "d"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    scratch = folder / "warehouse" / "tmp"
    while not list(scratch.glob("*/records-*")):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.strip() == "interrupted"
    assert not (folder / "warehouse" / "landing").exists()
    assert list(scratch.iterdir()) == []


def test_progress_is_shown_on_a_terminal_only(folder: Path) -> None:
    command = [TRAJHOUSE, "ingest", "openai", "good.jsonl", "--dataset", "d", "--dry-run"]
    primary, secondary = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=secondary, check=True)
    os.close(secondary)
    shown = os.read(primary, 65536).decode()
    os.close(primary)
    assert "ingesting" in shown
    assert "100%" in shown
    assert b"ingesting" not in done.stdout
    assert run(*command[1:]).stderr == ""


def test_sources_lists_what_landed(folder: Path) -> None:
    run("ingest", "openai", "good.jsonl", "--dataset", "d")
    (folder / "other.jsonl").write_bytes(record("x"))
    run("ingest", "openai", "other.jsonl", "--dataset", "a")
    table = run("sources").stdout.splitlines()
    assert table[0].split() == [
        "dataset",
        "file",
        "family",
        "records",
        "landed",
        "rejected",
        "landed_at",
    ]
    assert [row.split()[:6] for row in table[2:]] == [
        ["a", "other.jsonl", "openai", "1", "1", "0"],
        ["d", "good.jsonl", "openai", "3", "2", "1"],
    ]
    (only,) = json.loads(run("sources", "d", "--json").stdout)
    assert (only["dataset"], only["source_file"]) == ("d", "good.jsonl")
    assert (only["n_records"], only["n_landed"], only["n_rejected"]) == (3, 2, 1)


def test_sources_of_nothing_is_said_on_stderr(folder: Path) -> None:
    done = run("sources")
    assert done.stdout == ""
    assert done.stderr == "nothing has landed in warehouse\n"
    assert json.loads(run("sources", "--json").stdout) == []


@pytest.mark.parametrize("command", ["ingest", "sources"])
def test_help_imports_nothing_heavy(command: str) -> None:
    code = (
        "import sys; sys.argv = ['trajhouse', sys.argv[1], '--help']\n"
        "from trajhouse.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pyarrow', 'duckdb', 'numpy', 'jiter', 'yaml'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code, command], check=True, capture_output=True)
