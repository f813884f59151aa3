"""`trajhouse export --pack`: what packs hold, what is said of them, and what is refused."""

from __future__ import annotations

import json
import sys
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from trajhouse.cli.exporting import exporter, ordering
from trajhouse.cli.exporting.request import ExportRequest, parse_splits
from trajhouse.cli.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parents[1]))

from exporting_fixture import Fixture, Row, make_warehouse, tree

# Whole turns are trained from a sequence's first token on here; a task is not a key.
MORE_MARTS = """
create table marts.examples as select * from (values
    ('e1', 't1', [11, 12, 13], [11, -100, 13], [1, 0, 1], [0.5, 0, 2]::float[], [7], null::int[]),
    ('e2', 't1', [21, 22], [-100, 22], [0, 1], [0, 0.25]::float[], [7, 8, 9], null)
) as rows (example_id, trajectory_id, input_ids, labels, loss_mask, loss_weight, counts, nothing);
create table marts.trials as select * from (values
    ('task-1', [11, 12, 13], [1, 1, 0]::bigint[]), ('task-1', [21, 22], [0, 1])
) as rows (task_id, input_ids, loss_mask);
create table marts.uneven as select 'a' as trajectory_id, [1, 2] as input_ids, [1] as labels;
create table marts.hollow as
    select 'a' as trajectory_id, [1, 2] as input_ids union all select 'b', []::int[];
create table marts.parts as
    select 'a' as trajectory_id, range(12)::int[] as input_ids, [6, 12] as turn_ends,
        [0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1, 0]::tinyint[] as loss_mask;
create table marts.one_turn as
    select 'a' as trajectory_id, range(30)::int[] as input_ids, [0 for x in range(30)] as loss_mask;
"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """Rows of 5 to 8 tokens, every other one trained on: a turn ends at each even position."""
    fixture = make_warehouse(tmp_path_factory.mktemp("pack") / "warehouse", rows=90)
    with duckdb.connect(str(fixture.root / "warehouse.duckdb")) as connection:
        connection.execute(MORE_MARTS)
    return fixture


def export(marts: Fixture, out: Path, mart: str, *options: str) -> dict[str, list[Row]]:
    """The packs of each split, from the files."""
    done = marts.run("export", mart, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    packs: dict[str, list[Row]] = {}
    for path in sorted((out / "data").iterdir()):
        packs.setdefault(path.name.split("-")[0], []).extend(pq.read_table(path).to_pylist())
    return packs


def sequences(pack: Row, name: str) -> list[list[Any]]:
    """A column of a pack, cut by its lengths."""
    ends = list(accumulate(pack["seq_lengths"], initial=0))
    assert ends[-1] == len(pack[name])
    return [pack[name][start:end] for start, end in pairwise(ends)]


def test_a_pack_holds_whole_rows(marts: Fixture, tmp_path: Path) -> None:
    packs = export(marts, tmp_path / "out", "sft_tokenized", "--pack", "20")["train"]
    assert list(packs[0]) == [
        "input_ids",
        "labels",
        "loss_mask",
        "position_ids",
        "seq_lengths",
        "trajectory_ids",
    ]
    rows = {row["trajectory_id"]: row for row in marts.tokens}
    for pack in packs:
        assert sum(pack["seq_lengths"]) <= 20
        for name in ("input_ids", "labels", "loss_mask"):
            assert sequences(pack, name) == [rows[key][name] for key in pack["trajectory_ids"]]
        assert sequences(pack, "position_ids") == [[*range(n)] for n in pack["seq_lengths"]]
    assert sorted(key for pack in packs for key in pack["trajectory_ids"]) == sorted(rows)


def test_long_rows_are_cut_where_turns_end(marts: Fixture, tmp_path: Path) -> None:
    options = ["--pack", "6", "--over-length", "split"]
    packs = export(marts, tmp_path / "out", "sft_tokenized", *options)["train"]
    found: dict[str, dict[int, list[int]]] = {}
    for pack in packs:
        assert len(pack["input_ids"]) <= 6
        ids = sequences(pack, "input_ids")
        for key, start, part in zip(pack["trajectory_ids"], pack["seq_starts"], ids, strict=True):
            found.setdefault(key, {})[start] = part
    for row in marts.tokens:
        parts = found[row["trajectory_id"]]
        assert [token for start in sorted(parts) for token in parts[start]] == row["input_ids"]
        assert len(parts) == 1 if row["n_tokens"] <= 6 else len(parts) > 1
        assert all(start % 2 == 0 for start in parts)


def test_a_turn_is_not_cut_where_a_part_of_it_is_not_trained(
    marts: Fixture, tmp_path: Path
) -> None:
    """The mask alone would have the first 9 in one piece."""
    (first, second) = export(
        marts, tmp_path / "out", "parts", "--pack", "10", "--over-length", "split"
    )["train"]
    assert first["input_ids"] == [0, 1, 2, 3, 4, 5]
    assert second["input_ids"] == [6, 7, 8, 9, 10, 11]
    assert "turn_ends" not in first


def test_splits_are_never_mixed(marts: Fixture, tmp_path: Path) -> None:
    shares = ["--split", "train=0.6,validation=0.4"]
    whole = export(marts, tmp_path / "rows", "sft_tokenized", *shares)
    packs = export(marts, tmp_path / "packs", "sft_tokenized", "--pack", "32", *shares)
    for split, rows in whole.items():
        keys = [key for pack in packs[split] for key in pack["trajectory_ids"]]
        assert sorted(keys) == sorted(row["trajectory_id"] for row in rows)


def test_where_and_columns(marts: Fixture, tmp_path: Path) -> None:
    options = ["--where", "n_tokens = 5", "--columns", "Input_IDs,loss_mask", "--pack", "10"]
    packs = export(marts, tmp_path / "out", "sft_tokenized", *options)["train"]
    chosen = [row for row in marts.tokens if row["n_tokens"] == 5]
    assert set(packs[0]) == {
        "input_ids", "loss_mask", "position_ids", "seq_lengths", "trajectory_ids"
    }  # fmt: skip
    assert sum(len(pack["seq_lengths"]) for pack in packs) == len(chosen)
    assert len(packs) == (len(chosen) + 1) // 2, "two rows of 5 fill 10"


def test_every_list_with_a_value_a_token_is_packed(marts: Fixture, tmp_path: Path) -> None:
    (pack,) = export(marts, tmp_path / "out", "examples", "--pack", "8")["train"]
    assert pack == {
        "input_ids": [11, 12, 13, 21, 22],
        "labels": [-100, -100, 13, -100, 22],
        "loss_mask": [0, 0, 1, 0, 1],
        "loss_weight": [0, 0, 2, 0, 0.25],
        "position_ids": [0, 1, 2, 0, 1],
        "seq_lengths": [3, 2],
        "example_ids": ["e1", "e2"],
        "trajectory_ids": ["t1", "t1"],
    }


def test_a_mart_whose_first_column_is_no_key(marts: Fixture, tmp_path: Path) -> None:
    (pack,) = export(marts, tmp_path / "out", "trials", "--pack", "8")["train"]
    assert pack["task_ids"] == ["task-1", "task-1"]
    by_length = dict(zip(pack["seq_lengths"], sequences(pack, "loss_mask"), strict=True))
    assert by_length == {3: [0, 1, 0], 2: [0, 1]}


def test_loads_and_verifies(
    marts: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    out = tmp_path / "out"
    packs = export(marts, out, "sft_tokenized", "--pack", "20")["train"]
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"), split="train")
    assert loaded.to_list() == packs
    assert str(loaded.features.arrow_schema.field("position_ids").type) == "list<item: int32>"
    assert marts.run("verify", out).returncode == 0
    (shard,) = (out / "data").iterdir()
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    assert marts.run("verify", out).returncode == 7


def test_what_is_said_of_packs(marts: Fixture, tmp_path: Path) -> None:
    """23 rows of 5 tokens, 23 of 6, 22 of 7 and 22 of 8 go into 41 packs of 16.

    8 + 8 and 7 + 7 make 11 packs each; 6 + 6 another 11, and the last 6 one with two of 5; the
    other 21 of 5 go in threes.
    """
    options = ["--pack", "16", "--json"]
    done = marts.run("export", "sft_tokenized", "--out", "out", *options, cwd=tmp_path)
    said = json.loads(done.stdout)["packing"]
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert pq.read_table(tmp_path / "out/data").num_rows == 41
    tokens = 23 * 5 + 23 * 6 + 22 * 7 + 22 * 8
    assert manifest["packing"] == said
    assert manifest["rows"] == 41
    assert {name: said[name] for name in said if name != "splits"} == {
        "max_length": 16,
        "method": "best-fit decreasing",
        "rows": 90,
        "cut_rows": 0,
        "sequences": 90,
        "packs": 41,
        "tokens": tokens,
        "padding": 41 * 16 - tokens,
        "fill_rate": round(tokens / (41 * 16), 6),
        "over_length": "refuse",
    }
    assert manifest["tokens"]["total"] == tokens
    assert "90 sequences in 41 packs" in (tmp_path / "out/README.md").read_text()
    plain = marts.run("export", "sft_tokenized", "--out", "b", *options[:2], cwd=tmp_path)
    assert "90 sequences in 41 packs of 16 tokens" in plain.stderr


def test_dry_run_plans_and_writes_nothing(marts: Fixture, tmp_path: Path) -> None:
    options = ["--pack", "8", "--where", "n_tokens = 8", "--dry-run"]
    done = marts.run("export", "sft_tokenized", "--out", tmp_path / "out", *options, "--json")
    summary = json.loads(done.stdout)
    assert summary["rows"] == summary["packing"]["packs"] == 22
    assert summary["packing"]["fill_rate"] == 1
    talked = marts.run("export", "sft_tokenized", "--out", tmp_path / "out", *options).stderr
    assert "filled to 100.00 %" in talked
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        pytest.param(["sft_tokenized", "--pack", "6"], 1, "44 of 90 rows are longer", id="long"),
        pytest.param(["sft_tokenized", "--pack", "6"], 1, "--over-length split", id="remedy"),
        pytest.param(["sft_messages", "--pack", "9"], 2, "no column input_ids", id="no tokens"),
        pytest.param(["uneven", "--pack", "9"], 2, "uneven.labels", id="uneven"),
        pytest.param(
            ["hollow", "--pack", "9"], 1, "1 of 2 rows of hollow", id="no tokens in a row"
        ),
        pytest.param(
            ["one_turn", "--pack", "9", "--over-length", "split"], 1, "row a cannot", id="one turn"
        ),
        pytest.param(
            ["uneven", "--columns", "input_ids", "--pack", "1", "--over-length", "split"],
            2,
            "no loss_mask",
            id="no turns",
        ),
        pytest.param(
            ["sft_tokenized", "--pack", "9", "--columns", "labels"], 2, "input_ids", id="labels"
        ),
        pytest.param(
            ["sft_tokenized", "--pack", "9", "--columns", "input_ids,dataset"],
            2,
            "sft_tokenized.dataset cannot be packed",
            id="column",
        ),
        pytest.param(["sft_tokenized", "--over-length", "split"], 2, "without --pack", id="alone"),
        pytest.param(["sft_tokenized", "--pack", "0"], 2, "0", id="zero"),
    ],
)
def test_refused(
    marts: Fixture, tmp_path: Path, arguments: list[str], code: int, complaint: str
) -> None:
    done = marts.run("export", *arguments, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (code, "")
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 3
    assert not list(tmp_path.iterdir())


def write(root: Path, out: Path, threads: int) -> dict[str, bytes]:
    request = ExportRequest(
        mart="sft_tokenized",
        out=out,
        splits=parse_splits("a=0.8,b=0.2"),
        max_shard_bytes=10**5,
        pack=600,
        cuts_long_rows=True,
        threads=threads,
    )
    exporter.run_export(Warehouse(root), request, lambda stage, done, total: None)
    return tree(out)


@pytest.mark.slow
def test_the_bytes_depend_on_the_rows_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the threads, the order of the rows, the batches, and what is spilled."""
    shuffled = make_warehouse(tmp_path / "shuffled", rows=5000, length=40)
    ordered = make_warehouse(tmp_path / "ordered", rows=5000, length=40, shuffled=False)
    one = write(shuffled.root, tmp_path / "one", threads=1)
    assert len(one) > 6
    assert write(ordered.root, tmp_path / "other", threads=4) == one
    monkeypatch.setattr(exporter, "BATCH_ROWS", 100)
    monkeypatch.setattr(exporter.sorted_tables, "__defaults__", (10**6,))
    monkeypatch.setattr(ordering, "PIECE_BYTES", 10**5)
    assert write(shuffled.root, tmp_path / "spilled", threads=2) == one
