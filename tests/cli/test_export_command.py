"""What `trajhouse export` says, writes and refuses, as a process."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import Fixture, make_warehouse, run, tree


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    return make_warehouse(tmp_path_factory.mktemp("command") / "warehouse", rows=40)


def test_summary_as_a_table(marts: Fixture, tmp_path: Path) -> None:
    done = marts.run("export", "sft_messages", "--out", "out", cwd=tmp_path)
    size = (tmp_path / "out/data/train-00000-of-00001.parquet").stat().st_size
    width = max(len(f"{size:,}"), 5)
    assert done.stdout.splitlines() == [
        "out",
        f"split  rows  files  {'bytes'.rjust(width)}",
        f"-----  ----  -----  {'-' * width}",
        f"train    40      1  {f'{size:,}'.rjust(width)}",
    ]
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_summary_as_json(marts: Fixture, tmp_path: Path) -> None:
    done = marts.run("export", "sft_messages", "--out", "out", "--json", cwd=tmp_path)
    summary = json.loads(done.stdout)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert summary["out"] == "out"
    assert summary["rows"] == 40
    assert summary["content_hash"] == manifest["content_hash"]


def test_manifest(marts: Fixture, tmp_path: Path) -> None:
    options = ["--where", "reward > 1", "--columns", "task_id,messages", "--split", "a=0.9,b=0.1"]
    marts.run("export", "sft_messages", "--out", tmp_path / "out", *options)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["mart"] == "sft_messages"
    assert manifest["where"] == "reward > 1"
    assert manifest["columns"] == ["task_id", "messages"]
    assert manifest["order"] == ["trajectory_id"]
    assert [(split["name"], split["fraction"]) for split in manifest["splits"]] == [
        ("a", "0.9"),
        ("b", "0.1"),
    ]
    assert set(manifest["versions"]) == {"trajhouse", "duckdb", "pyarrow"}
    chosen = [chat for chat in marts.chats if (chat["reward"] or 0) > 1]
    assert manifest["rows"] == len(chosen)
    assert manifest["datasets"] == {
        name: sum(chat["dataset"] == name for chat in chosen) for name in ("airline", "retail")
    }
    for file in [*manifest["files"], manifest["card"]]:
        data = (tmp_path / "out" / file["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert len(data) == file["bytes"]
    for file in manifest["files"]:
        assert pq.read_metadata(tmp_path / "out" / file["path"]).num_rows == file["rows"]


def test_content_hash_does_not_depend_on_shards(marts: Fixture, tmp_path: Path) -> None:
    hashes = set()
    for size in ("500MB", "3KB"):
        done = marts.run(
            "export", "sft_messages", "--out", tmp_path / size, "--max-shard-size", size, "--json"
        )
        hashes.add(json.loads(done.stdout)["content_hash"])
    assert len(hashes) == 1


def test_card(marts: Fixture, tmp_path: Path) -> None:
    marts.run("export", "sft_messages", "--out", tmp_path / "out", "--split", "a=0.5,b=0.5")
    text = (tmp_path / "out/README.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert front["configs"] == [
        {
            "config_name": "default",
            "data_files": [
                {"split": "a", "path": "data/a-*"},
                {"split": "b", "path": "data/b-*"},
            ],
        }
    ]
    examples = [split["num_examples"] for split in front["dataset_info"]["splits"]]
    assert sum(examples) == 40
    sizes = [path.stat().st_size for path in (tmp_path / "out/data").iterdir()]
    assert front["dataset_info"]["download_size"] == sum(sizes)
    assert "Accepted trajectories as chats." in text
    assert r"What must never straddle \| two splits." in text
    assert manifest["content_hash"] in text


def test_card_of_tokens_names_the_tokenizer_and_the_trained_share(
    marts: Fixture, tmp_path: Path
) -> None:
    marts.run("export", "sft_tokenized", "--out", tmp_path / "out")
    text = (tmp_path / "out/README.md").read_text()
    total = sum(row["n_tokens"] for row in marts.tokens)
    trained = sum(sum(row["loss_mask"]) for row in marts.tokens)
    assert f"{total:,} tokens, of which {trained:,} ({trained / total:.1%})" in text
    assert "`0123abcd`" in text


def test_dry_run_writes_nothing(marts: Fixture, tmp_path: Path) -> None:
    done = marts.run(
        "export", "sft_messages", "--out", tmp_path / "a/out", "--dry-run", "--json",
        "--where", "dataset = 'airline'",
    )  # fmt: skip
    assert json.loads(done.stdout)["splits"] == {"train": 20}
    assert not list(tmp_path.iterdir())


def test_force_replaces_an_export(marts: Fixture, tmp_path: Path) -> None:
    out = tmp_path / "out"
    marts.run("export", "sft_messages", "--out", out)
    before = tree(out)
    refused = marts.run("export", "sft_tokenized", "--out", out)
    assert (refused.returncode, tree(out)) == (2, before)
    assert "--force" in refused.stderr
    done = marts.run("export", "sft_tokenized", "--out", out, "--force")
    assert done.returncode == 0
    assert json.loads((out / "manifest.json").read_text())["mart"] == "sft_tokenized"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_never_replaces_what_is_no_export(marts: Fixture, tmp_path: Path, force: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    done = marts.run("export", "sft_messages", "--out", out, *force)
    assert done.returncode == 2
    assert tree(tmp_path) == {"out/thesis.txt": b"years of work"}


def test_never_writes_into_the_landing_area(marts: Fixture) -> None:
    done = marts.run("export", "sft_messages", "--out", marts.root / "landing/batch")
    assert done.returncode == 2
    assert not (marts.root / "landing").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["sft_message"], "trajhouse export sft_messages", id="misspelt mart"),
        pytest.param(['x"; drop'], "there is no mart", id="SQL as a mart"),
        pytest.param(["sft_messages", "--columns", "task_id,mesages"], "messages", id="column"),
        pytest.param(["sft_messages", "--where", "sucess"], "did you mean success", id="filter"),
        pytest.param(["sft_messages", "--where", "1=1; drop table x"], "2 statements", id="two"),
        pytest.param(["sft_messages", "--where", "reward"], "its type is DOUBLE", id="a number"),
        pytest.param(["sft_messages", "--where", "count(*) > 1"], "aggregate", id="aggregate"),
        pytest.param(["sft_messages", "--where", "random() < 1"], "depends on", id="chance"),
        pytest.param(["sft_messages", "--split", "a=1,b=1"], "sum to 2", id="shares"),
        pytest.param(["sft_messages", "--max-shard-size", "x"], "not a size", id="size"),
        pytest.param(
            ["sft_messages", "--max-shard-size", "1MB", "--single-file"],
            "both given",
            id="single file of a size",
        ),
        pytest.param(["sft_messages", "--seed", "1"], "No such option", id="unknown option"),
    ],
)
def test_usage(marts: Fixture, tmp_path: Path, arguments: list[str], complaint: str) -> None:
    done = marts.run("export", *arguments, "--out", tmp_path / "a/out")
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("exists (select 1 from read_text('{file}'))", id="a file"),
        pytest.param("dataset in (select content from '{file}')", id="a file by name"),
        pytest.param("exists (select 1 from glob('{file}'))", id="a folder"),
        pytest.param("getenv('HOME') = 'x'", id="the environment"),
    ],
)
def test_a_filter_reaches_nothing_outside(marts: Fixture, tmp_path: Path, where: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("content\nairline\n")
    done = marts.run(
        "export", "sft_messages", "--out", tmp_path / "out", "--where", where.format(file=file)
    )
    assert done.returncode == 2, done.stdout
    assert not (tmp_path / "out").exists()


def test_a_filter_that_fails_on_the_data_is_no_usage_error(marts: Fixture, tmp_path: Path) -> None:
    done = marts.run(
        "export", "sft_messages", "--out", tmp_path / "out", "--where", "dataset::int = 1", "--json"
    )
    assert done.returncode == 1
    assert json.loads(done.stderr)["exit_code"] == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        pytest.param(["--where", "dataset = 'none'"], "nothing to export", id="no rows"),
        pytest.param(
            ["--where", "task_id = 'task-1'", "--split", "a=0.5,b=0.5"],
            "would be empty",
            id="split",
        ),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_an_empty_split_is_an_error(
    marts: Fixture, tmp_path: Path, options: list[str], complaint: str, dry: list[str]
) -> None:
    done = marts.run("export", "sft_messages", "--out", tmp_path / "out", *options, *dry)
    assert (done.returncode, done.stdout) == (1, "")
    assert complaint in done.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_built(tmp_path: Path) -> None:
    done = run("--warehouse", tmp_path / "none", "export", "sft_messages", "--out", tmp_path / "o")
    assert done.returncode == 3
    assert not list(tmp_path.iterdir())


def test_help_gives_an_example() -> None:
    done = run("export", "--help")
    assert done.returncode == 0
    assert "trajhouse export sft_tokenized --out out/tokens" in done.stdout
