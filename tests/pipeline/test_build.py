"""`trajhouse build`: write, audit, publish."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.few_families import project_of
from tests.pipeline.processes import PROJECT, SAMPLE, Built, built, trajhouse
from trajhouse.cli.locks import hold

pytestmark = [pytest.mark.slow, pytest.mark.long]

ACCEPTED = "select count(*) from marts.trajectories"


@dataclass(frozen=True)
class Failed:
    """A warehouse, and the build of it that has failed."""

    warehouse: Built
    build: subprocess.CompletedProcess[str]


@pytest.fixture
def copy(sample: Built, tmp_path: Path) -> Built:
    """A copy of the built sample that a test may change, and build without the other families."""
    return copied(sample, tmp_path)


@pytest.fixture(scope="module")
def failed(sample: Built, tmp_path_factory: pytest.TempPathFactory) -> Failed:
    """A copy whose next build has failed."""
    warehouse = copied(sample, tmp_path_factory.mktemp("failed"))
    miscount_a_file(warehouse.root)
    return Failed(warehouse, warehouse.run("build"))


def copied(sample: Built, folder: Path) -> Built:
    root = Path(shutil.copytree(sample.root, folder / "warehouse"))
    return Built(root, {"TRAJHOUSE_PROJECT": str(project_of("openai", "swe_agent"))})


def miscount_a_file(root: Path) -> None:
    """Make a landed file claim one record more than it has: conservation is broken."""
    part = next(root.glob("landing/*/files-00000.parquet"))
    files = pq.read_table(part)
    column = files.schema.get_field_index("n_records")
    wrong = pc.add(files.column("n_records"), pa.scalar(1, pa.int64()))
    pq.write_table(files.set_column(column, "n_records", wrong), part)


def test_a_failing_test_publishes_nothing_and_shows_rows_and_query(
    failed: Failed, sample: Built
) -> None:
    before = (sample.root / "warehouse.duckdb").read_bytes()
    done, root = failed.build, failed.warehouse.root
    assert done.returncode == 7
    assert (root / "warehouse.duckdb").read_bytes() == before
    assert not (root / "warehouse.next.duckdb").exists()
    assert "assert_records_conserved" in done.stderr
    assert '"n_records": 40' in done.stderr or '"n_records": 2' in done.stderr
    assert "select" in done.stderr
    assert done.stdout == ""


def test_the_build_that_failed_can_be_queried(failed: Failed) -> None:
    sql = "select sum(n_records) as n from raw.files"
    done = failed.warehouse.run("query", "--failed", "--json", sql)
    n_files = files_landed_with_the_first(failed.warehouse)
    assert json.loads(done.stdout) == [{"n": 39 + 8 + n_files}]


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
    missing = Built(copy.root, copy.environment | {"TRAJHOUSE_TOKENIZER": "./no-such-tokenizer"})
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
