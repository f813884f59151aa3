"""Whenever an export is stopped, its folder is wholly old or new, and the next run succeeds."""

from __future__ import annotations

import contextlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import TRAJHOUSE, Fixture, make_warehouse, run, tree

MOMENTS = 20
COMMON = ["sft_messages", "--force", "--max-shard-size", "1MB"]
OLD = [*COMMON, "--where", "dataset = 'airline'"]
NEW = COMMON


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    return make_warehouse(tmp_path_factory.mktemp("kill") / "warehouse", rows=12_000, words=40)


def export(marts: Fixture, out: Path, arguments: list[str]) -> dict[str, bytes]:
    done = marts.run("export", *arguments, "--out", out)
    assert done.returncode == 0, done.stderr
    return tree(out)


def start(marts: Fixture, out: Path, arguments: list[str]) -> subprocess.Popen[str]:
    command = [TRAJHOUSE, "--warehouse", marts.root, "export", *arguments, "--out", out]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def moments(marts: Fixture, out: Path) -> list[tuple[str, float]]:
    """From when to wait, and how long: spread over a whole run, and dense around its end."""
    begun = time.monotonic()
    export(marts, out, NEW)
    length = time.monotonic() - begun
    chance = random.Random(20)
    anywhere = [("start", chance.uniform(0, length)) for _ in range(MOMENTS // 2)]
    at_work = [("workspace", chance.uniform(0, length / 2)) for _ in range(MOMENTS - len(anywhere))]
    return anywhere + at_work


@pytest.mark.slow
def test_killed_at_any_moment(marts: Fixture, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    out = folder / "out"
    old, new = export(marts, tmp_path / "old", OLD), export(marts, tmp_path / "new", NEW)
    assert old != new
    seen = {"old": 0, "new": 0, "working": 0}
    for since, delay in moments(marts, tmp_path / "timed"):
        assert export(marts, out, OLD) == old
        process = start(marts, out, NEW)
        while since == "workspace" and process.poll() is None:
            if (folder / ".out.tmp-trajhouse").exists():
                break
        time.sleep(delay)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.communicate()
        found = tree(out)
        assert found in (old, new), f"neither old nor new, {delay:.3f} s after {since}"
        seen["old" if found == old else "new"] += 1
        seen["working"] += (folder / ".out.tmp-trajhouse").exists()
        assert export(marts, out, NEW) == new
        assert [path.name for path in folder.iterdir()] == ["out"]
    assert seen["old"] >= 5, f"hardly any kill came before the end: {seen}"
    assert seen["working"] >= 5, f"hardly any kill came while there was work aside: {seen}"


@pytest.mark.slow
def test_killed_while_its_folder_is_new(marts: Fixture, tmp_path: Path) -> None:
    out = tmp_path / "folder/out"
    process = start(marts, out, NEW)
    while not (tmp_path / "folder/.out.tmp-trajhouse/new/data").exists():
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert not out.exists()
    export(marts, out, [word for word in NEW if word != "--force"])
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["out"]


@pytest.mark.slow
def test_interrupted(marts: Fixture, tmp_path: Path) -> None:
    process = start(marts, tmp_path / "folder/out", NEW)
    while not (tmp_path / "folder/.out.tmp-trajhouse/new/data").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 130, talk
    assert "Traceback" not in talk
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_second_run_for_the_same_folder_is_refused(marts: Fixture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(marts, out, NEW)
    while not (tmp_path / ".out.tmp-trajhouse/new").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGSTOP)
    try:
        refused = marts.run("export", *OLD, "--out", out)
    finally:
        process.send_signal(signal.SIGCONT)
    process.communicate()
    assert refused.returncode == 5
    assert str(process.pid) in refused.stderr
    assert process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    marts = make_warehouse(tmp_path / "warehouse", rows=2000, words=20)
    out = tmp_path / "folder/out"
    limit = 100_000
    done = marts.run(
        "export", "sft_messages", "--out", out,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 6, done.stderr
    assert "cannot write" in done.stderr
    assert not (tmp_path / "folder").exists()


def test_a_full_disk_leaves_the_old_export(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("a disk of two megabytes needs unshare")
    marts = make_warehouse(tmp_path / "warehouse", rows=4000, words=60)
    small = tmp_path / "small"
    small.mkdir()
    command = f"{TRAJHOUSE} --warehouse {marts.root} export sft_messages --out {small}/out --force"
    script = (
        f"mount -t tmpfs -o size=600k none {small} || exit 99\n"
        f'{command} --where "reward < 10" || exit 98\n'
        f"before=$(cd {small} && find . -type f | sort | xargs sha256sum)\n"
        f"{command}; code=$?\n"
        f"after=$(cd {small} && find . -type f | sort | xargs sha256sum)\n"
        f'[ "$before" = "$after" ] || exit 97\n'
        "exit $code"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("this system lets nobody mount a disk of two megabytes")
    assert done.returncode == 6, done.stderr
    assert "No space left" in done.stderr


def test_verify_after_a_kill_needs_no_cleaning(tmp_path: Path) -> None:
    marts = make_warehouse(tmp_path / "warehouse", rows=20)
    export(marts, tmp_path / "out", ["sft_messages"])
    (tmp_path / ".out.tmp-trajhouse/new/data").mkdir(parents=True)
    assert run("verify", tmp_path / "out").returncode == 0
