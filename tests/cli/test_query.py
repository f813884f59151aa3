"""`trajhouse query` as a process: where SQL comes from, limits, errors, exit codes, speed."""

from __future__ import annotations

import json
import os
import pty
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from trajhouse.cli.errors import TrajhouseError

from .conftest import Call, Run, trajhouse_command

ENDLESS = "select sum(a.range * b.range) from range(1000000) a, range(1000000) b"


@pytest.mark.parametrize("arguments", [[], ["-"]], ids=["no_argument", "dash"])
def test_sql_from_stdin(run: Run, arguments: list[str]) -> None:
    done = run("query", *arguments, "--format", "csv", stdin="select 'é' as a".encode())
    assert done.text == "a\r\né\r\n"


def test_sql_from_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("-- a comment; with a semicolon\nselect 1 as a;\n")
    assert run("query", "--file", tmp_path / "q.sql", "--format", "csv").text == "a\r\n1\r\n"


@pytest.mark.parametrize("sql", ["", "  \n", ";", "-- only a comment"])
def test_no_sql_is_usage(run: Run, sql: str) -> None:
    done = run("query", stdin=sql.encode())
    assert done.code == 2
    assert "the query is empty" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["select 1", "--file", "x.sql"],
        ["select 1", "--json", "--format", "csv"],
        ["select 1", "--limit", "-1"],
        ["select 1", "--format", "xml"],
        ["select 1", "--memory-limit", "much"],
    ],
    ids=["sql_twice", "format_twice", "negative_limit", "unknown_format", "no_size"],
)
def test_usage(run: Run, arguments: list[str]) -> None:
    assert run("query", *arguments).code == 2


def test_missing_file_cannot_open(run: Run) -> None:
    assert run("query", "--file", "nowhere.sql").code == 3


@pytest.mark.parametrize(
    ("sql", "meant"),
    [
        ("from trajctories", "trajectories"),
        ("from marts.trajctories", "trajectories"),
        ("from file", "raw.files"),
        ("from files", "raw.files"),
        ("from raw.fils", "raw.files"),
        ("from mart.trajectories", "trajectories"),
        ("from int_trajectories", "intermediate.int_trajectories"),
        ("select rewrd from trajectories", "reward"),
        ("select t.rewrd from trajectories as t", "reward"),
        ("select * exclude (rewrd) from trajectories", "reward"),
        ("select count(*) from trajectories where datset = 'x'", "dataset"),
        ("select sqrrt(2)", "sqrt"),
        ("select trajectoris.reward from trajectories", "trajectories"),
        ("select messages[1].contnt from trajectories", "content"),
    ],
)
def test_misspelt_name_gets_a_suggestion(call: Call, sql: str, meant: str) -> None:
    with pytest.raises(TrajhouseError) as caught:
        call("query", sql)
    what, why, hint = caught.value.as_lines().splitlines()
    assert caught.value.exit_code == 1
    assert what.startswith("error: cannot run the query")
    assert why.startswith("  why: ")
    suggested = hint.removeprefix("  try: did you mean ").removesuffix("?")
    assert suggested.replace(",", " or").split(" or ")[0] == meant


def test_text_in_double_quotes_is_explained(run: Run) -> None:
    done = run("query", 'select 1 from trajectories where dataset = "airline"')
    assert done.err.splitlines()[2] == (
        "  try: \"airline\" names a column; the text is written 'airline'"
    )


def test_error_names_the_line_of_the_user(run: Run) -> None:
    done = run("query", "select\n  reward,\n  rewrd\nfrom trajectories")
    assert done.err.splitlines()[0] == 'error: cannot run the query: line 3, near "rewrd"'


def test_error_shows_no_raw_control_characters(run: Run) -> None:
    done = run("query", "select (chr(27) || '[2J')::integer")
    assert done.code == 1
    assert "\x1b" not in done.err
    assert "\\x1b[2J" in done.err


def test_error_as_json(run: Run) -> None:
    done = run("query", "from trajctories", "--json")
    assert json.loads(done.err)["exit_code"] == 1


def test_timeout_ends_with_4(run: Run) -> None:
    started_at = time.monotonic()
    done = run("query", ENDLESS, "--timeout", "0.5")
    assert done.code == 4
    assert "stopped after 0.5 s" in done.err
    assert time.monotonic() - started_at < 5


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_query_ends_at_once(
    published: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    process = subprocess.Popen(
        [trajhouse_command(), "--warehouse", str(published), "query", ENDLESS],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(1.5)
    process.send_signal(ending)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err.strip()) == (130, b"interrupted")
    assert list(tmp_path.iterdir()) == []


def test_out_of_memory_is_three_lines(run: Run) -> None:
    sql = "select list(i || repeat('x', 1000) order by i) as l from range(300000) r(i)"
    done = run("query", sql, "--memory-limit", "40MB")
    assert done.code == 1
    assert done.err.startswith("error: the query ran out of memory\n  why: ")
    assert len(done.err.splitlines()) == 3


@pytest.mark.parametrize("sink", ["pipe", "full_disk"])
def test_output_that_cannot_be_written(published: Path, sink: str) -> None:
    ends = {"pipe": "| head -1; exit ${PIPESTATUS[0]}", "full_disk": "> /dev/full"}
    query = '"$0" --warehouse "$1" query "from range(200000)" --limit 0'
    done = subprocess.run(
        ["/bin/bash", "-c", f"{query} {ends[sink]}", trajhouse_command(), str(published)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == (0 if sink == "pipe" else 6)
    assert b"Exception ignored" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_terminal_table_is_cut_to_its_width(published: Path) -> None:
    text = _on_terminal(
        published, 40, "select repeat('日本', 30) as a, 1 as b, repeat('x', 99) as c"
    )
    assert max(_columns(line) for line in text.splitlines()) <= 40
    assert text.splitlines()[2].count("…") == 2


def test_piped_table_is_whole(run: Run) -> None:
    assert "x" * 500 in run("query", "select repeat('x', 500) as a", env={"COLUMNS": "40"}).text


def test_failed_build_can_be_queried(run: Run, warehouse: Path) -> None:
    assert run("query", "--failed", "select 1", warehouse=warehouse).code == 3
    (warehouse / "warehouse.duckdb").rename(warehouse / "warehouse.failed.duckdb")
    done = run("query", "--failed", "select count(*) as n from trajectories", warehouse=warehouse)
    assert "3" in done.text


@pytest.mark.serial
def test_first_row_under_400_ms(published: Path) -> None:
    """From the start of the process to its first row and its end, best of five."""
    sql = "select trajectory_id, reward from trajectories limit 1"
    assert min(_seconds(published, sql) for _ in range(5)) < 0.4


def _seconds(warehouse: Path, sql: str) -> float:
    command = [trajhouse_command(), "--warehouse", str(warehouse), "query", sql]
    started_at = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started_at


def _on_terminal(warehouse: Path, columns: int, sql: str) -> str:
    import fcntl
    import termios

    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    command = [trajhouse_command(), "--warehouse", str(warehouse), "query", sql]
    process = subprocess.Popen(command, stdout=side, stdin=subprocess.DEVNULL, env=environment)
    os.close(side)
    written = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(main)
    assert process.wait(timeout=10) == 0
    return written.decode().replace("\r\n", "\n")


def _columns(line: str) -> int:
    """Terminal columns of a line in which the only wide characters are 日 and 本."""
    return len(line) + line.count("日") + line.count("本")
