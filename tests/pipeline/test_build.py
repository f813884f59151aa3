"""`trajhouse build`: write, audit, publish."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.pipeline.processes import PROJECT, SAMPLE, Built, built, trajhouse
from trajhouse.cli.locks import hold

pytestmark = pytest.mark.slow

ACCEPTED = "select count(*) from marts.trajectories"


@pytest.fixture
def copy(sample: Built, tmp_path: Path) -> Built:
    """A copy of the built sample that a test may change."""
    return Built(Path(shutil.copytree(sample.root, tmp_path / "warehouse")), sample.environment)


def miscount_a_file(root: Path) -> None:
    """Make a landed file claim one record more than it has: conservation is broken."""
    part = next(root.glob("landing/*/files-00000.parquet"))
    files = pq.read_table(part)
    column = files.schema.get_field_index("n_records")
    wrong = pc.add(files.column("n_records"), pa.scalar(1, pa.int64()))
    pq.write_table(files.set_column(column, "n_records", wrong), part)


def test_a_failing_test_publishes_nothing_and_shows_rows_and_query(copy: Built) -> None:
    before = (copy.root / "warehouse.duckdb").read_bytes()
    miscount_a_file(copy.root)
    done = copy.run("build")
    assert done.returncode == 7
    assert (copy.root / "warehouse.duckdb").read_bytes() == before
    assert not (copy.root / "warehouse.next.duckdb").exists()
    assert "assert_records_conserved" in done.stderr
    assert '"n_records": 40' in done.stderr or '"n_records": 2' in done.stderr
    assert "select" in done.stderr
    assert done.stdout == ""


def test_the_build_that_failed_can_be_queried(copy: Built) -> None:
    miscount_a_file(copy.root)
    assert copy.run("build").returncode == 7
    done = copy.run("query", "--failed", "--json", "select sum(n_records) as n from raw.files")
    assert json.loads(done.stdout) == [{"n": 39 + 8 + files_landed_with_the_first(copy)}]


def files_landed_with_the_first(built: Built) -> int:
    part = next(built.root.glob("landing/*/files-00000.parquet"))
    return pq.read_metadata(part).num_rows


def test_a_second_build_waits_for_nobody(copy: Built) -> None:
    with hold(copy.root / ".build.lock", "build"):
        done = copy.run("build")
    assert done.returncode == 5
    assert "process" in done.stderr
    assert "since" in done.stderr


def test_readers_keep_their_build_while_the_next_is_published(copy: Built, tmp_path: Path) -> None:
    with duckdb.connect(str(copy.root / "warehouse.duckdb"), read_only=True) as reader:
        before = reader.execute(ACCEPTED).fetchall()
        chat = {
            "id": "late",
            "messages": [
                {"role": "user", "content": "Open late?"},
                {"role": "assistant", "content": "Until nine."},
            ],
        }
        late = tmp_path / "late.jsonl"
        late.write_text(json.dumps(chat), encoding="utf-8")
        assert copy.run("ingest", "openai", late, "--dataset", "late").returncode == 0
        done = copy.run("build")
        assert done.returncode == 0, done.stderr
        assert reader.execute(ACCEPTED).fetchall() == before
    assert copy.rows(ACCEPTED) == [(before[0][0] + 1,)]
    assert re.search(r"^trajectories +36 +35 +1$", done.stdout, re.MULTILINE)


def test_a_published_file_that_cannot_be_read_is_replaced(copy: Built) -> None:
    (copy.root / "warehouse.duckdb").write_bytes(b"no database")
    done = copy.run("build")
    assert done.returncode == 0, done.stderr
    assert "cannot be compared with and is replaced" in done.stderr
    assert copy.rows(ACCEPTED) == [(35,)]


def test_an_empty_warehouse_builds(tmp_path: Path) -> None:
    done = trajhouse(tmp_path / "warehouse", "build", "--json")
    assert done.returncode == 0, done.stderr
    marts = json.loads(done.stdout)["marts"]
    assert {rows for mart, rows in marts.items() if not mart.startswith("stats_")} == {0}


def test_a_tokenizer_that_is_not_there_stops_the_build(copy: Built) -> None:
    before = (copy.root / "warehouse.duckdb").read_bytes()
    missing = Built(copy.root, {"TRAJHOUSE_TOKENIZER": "./no-such-tokenizer"})
    done = missing.run("build")
    assert done.returncode == 1
    assert "no-such-tokenizer" in done.stderr
    assert (copy.root / "warehouse.duckdb").read_bytes() == before


def test_landing_order_does_not_matter(sample: Built, tmp_path: Path) -> None:
    """The same files landed the other way round give the same marts, but for when they landed."""
    other = built(
        tmp_path / "warehouse",
        ("swe_agent", str(SAMPLE / "repairs"), "--dataset", "repairs"),
        ("openai", str(SAMPLE / "support.jsonl"), "--dataset", "support"),
    )
    for mart in ("trajectories", "rejections", "duplicates", "sft_messages", "sft_tokenized"):
        timeless = "exclude (landed_at)" if mart in ("trajectories", "rejections") else ""
        select = f"select * {timeless} from marts.{mart} order by all"
        assert other.rows(select) == sample.rows(select)


def test_every_mart_is_documented_column_by_column(sample: Built) -> None:
    assert (PROJECT / "models" / "marts").is_dir()
    undescribed = sample.rows(
        "select table_name, column_name from duckdb_columns()"
        " where schema_name = 'marts' and coalesce(comment, '') = ''"
    )
    assert undescribed == []


def test_a_family_that_is_not_tokenized_is_in_every_other_mart(copy: Built) -> None:
    done = copy.run("build", "--var", "untokenized_families=[openai]")
    assert done.returncode == 0, done.stderr
    by_family = "select family, count(*) from marts.trajectories group by family order by family"
    both = copy.rows(by_family)
    assert [family for family, _ in both] == ["openai", "swe_agent"]
    tokenized = "select count(*) from marts.sft_tokenized"
    assert copy.rows(tokenized) == [(both[1][1],)]
    assert copy.rows("select count(*) from marts.sft_messages") == [(both[0][1] + both[1][1],)]
