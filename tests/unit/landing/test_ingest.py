from __future__ import annotations

import gzip
import json
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard
from landing_samples import (
    FAMILY,
    OTHER_FAMILY,
    OTHER_FIELDS,
    lines,
    record,
    statuses,
    table,
    tree,
    write,
)

from trajhouse.cli.errors import TrajhouseError
from trajhouse.cli.landing import parts
from trajhouse.cli.landing.families import Family, Field
from trajhouse.cli.landing.ingest import land
from trajhouse.cli.landing.manifest import read_landed
from trajhouse.cli.warehouse import Warehouse


def test_landed_rows_say_where_they_are_from(tmp_path: Path, warehouse: Warehouse) -> None:
    content = b"\n  " + record(1) + b" \r\n" + b'{"a": \n' + record(2)
    (file,) = write(tmp_path, a__jsonl=content)
    outcome = land(warehouse, FAMILY, "d", [file])
    first, second = table(warehouse, "records")
    (rejected,) = table(warehouse, "rejected")
    (manifest,) = table(warehouse, "files")

    for row, raw in ((first, record(1)), (second, record(2))):
        assert row["record"] == raw.decode()
        assert row["record_hash"] == sha256(raw).hexdigest()
        assert content[row["byte_offset"] :].startswith(raw)
        assert row["flags"] == []
    assert [first["source_line"], rejected["source_line"], second["source_line"]] == [2, 3, 4]
    assert [first["record_number"], rejected["record_number"]] == [1, 2]
    assert second["record_number"] == 3
    assert rejected["reason"] == "truncated_json"
    assert rejected["excerpt"] == '{"a":'
    assert rejected["n_bytes"] == 5
    assert manifest["batch_id"] == outcome.batch_id
    assert manifest["file_id"] == first["file_id"] == sha256(content).hexdigest()
    assert manifest["n_bytes"] == len(content)
    assert (manifest["n_records"], manifest["n_landed"], manifest["n_rejected"]) == (3, 2, 1)
    assert manifest["n_blank_lines"] == 1
    assert (manifest["format"], manifest["compression"]) == ("jsonl", "none")
    assert json.loads(manifest["fields"]) == {"messages": ["$.messages"]}
    assert first["landed_at"] == rejected["landed_at"] == manifest["landed_at"]
    assert (first["dataset"], first["family"]) == ("d", "openai")


def test_parts_have_the_agreed_schemas(tmp_path: Path, warehouse: Warehouse) -> None:
    land(warehouse, FAMILY, "d", write(tmp_path, a__jsonl=record(1) + b"\nbad\n"))
    (batch,) = warehouse.landing.iterdir()
    assert sorted(path.name for path in batch.iterdir()) == [
        "files-00000.parquet",
        "records-00000.parquet",
        "rejected-00000.parquet",
    ]
    schemas = {"files": "FILES", "records": "RECORDS", "rejected": "REJECTED"}
    for name, constant in schemas.items():
        found = pq.read_schema(batch / f"{name}-00000.parquet")
        assert found.equals(getattr(parts, f"{constant}_SCHEMA"))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["jsonl", "json", "gzip", "zstd"])
def test_parts_do_not_depend_on_the_workers(tmp_path: Path, kind: str) -> None:
    content = lines(0, 1000) + b"bad\n" + lines(1000, 2000)
    as_list = b"[" + b",\n".join([*lines(0, 2000).splitlines(), b"7"]) + b"]"
    stored = {
        "jsonl": content,
        "json": as_list,
        "gzip": gzip.compress(content),
        "zstd": zstandard.compress(content),
    }[kind]
    files = write(tmp_path, big=stored, small=lines(5000, 5003), other=lines(6000, 6003))
    found = []
    for n_workers in (1, 2, 3):
        warehouse = Warehouse(tmp_path / f"warehouse-{n_workers}")
        outcome = land(warehouse, FAMILY, "d", files, n_workers=n_workers)
        assert outcome.total.n_landed == 2006
        assert outcome.total.n_rejected == 1
        without_times = [
            [
                {key: value for key, value in row.items() if key != "landed_at"}
                for row in pq.read_table(path).to_pylist()
            ]
            for path in sorted(warehouse.landing.glob("*/re*.parquet"))
        ]
        found.append(without_times)
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 10
    numbers = [row["record_number"] for part in found[0] for row in part]
    assert sorted(numbers) == sorted([*range(1, 2002), 1, 2, 3, 1, 2, 3])


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["no_newline", "newline"])
def test_many_small_files_share_parts(tmp_path: Path, warehouse: Warehouse, end: bytes) -> None:
    contents = {
        f"f{number}__jsonl": b'{"id": 0, "messages": []}\n' + record(number) + end
        for number in range(200)
    }
    outcome = land(warehouse, FAMILY, "d", write(tmp_path, **contents))
    assert statuses(outcome) == ["landed"] * 200
    assert len(list(warehouse.landing.glob("*/records-*.parquet"))) == 1
    assert len({row["source_file"] for row in table(warehouse, "records")}) == 200


@pytest.mark.usefixtures("small_blocks")
def test_refused_file_lands_nothing_and_the_others_do(tmp_path: Path, warehouse: Warehouse) -> None:
    files = write(
        tmp_path,
        first=lines(0, 10),
        cut=gzip.compress(lines(0, 3000))[:-4],
        last=lines(10, 500),
    )
    outcome = land(warehouse, FAMILY, "d", files)
    assert statuses(outcome) == ["landed", "refused", "landed"]
    assert {row["source_file"] for row in table(warehouse, "records")} == {
        files[0].path,
        files[2].path,
    }
    assert [row["source_file"] for row in table(warehouse, "files")] == [
        files[0].path,
        files[2].path,
    ]
    names = sorted(path.name for path in warehouse.landing.glob("*/records-*"))
    assert names == [f"records-{number:05d}.parquet" for number in range(len(names))]


def test_nothing_to_land_makes_no_batch(tmp_path: Path, warehouse: Warehouse) -> None:
    outcome = land(warehouse, FAMILY, "d", write(tmp_path, bad__gz=b"plain"))
    assert outcome.batch_id is None
    assert not warehouse.landing.exists()


def test_same_bytes_are_landed_once(tmp_path: Path, warehouse: Warehouse) -> None:
    one, two, new = write(tmp_path, one=lines(0, 3), two=lines(0, 3), new=lines(3, 4))
    assert statuses(land(warehouse, FAMILY, "d", [one, two, one])) == [
        "landed",
        "unchanged",
        "unchanged",
    ]
    before = tree(warehouse.landing)
    assert statuses(land(warehouse, FAMILY, "d", [two, one])) == ["unchanged", "unchanged"]
    assert tree(warehouse.landing) == before
    assert statuses(land(warehouse, FAMILY, "d", [two, new])) == ["unchanged", "landed"]
    assert statuses(land(warehouse, FAMILY, "another", [two])) == ["landed"]
    assert len(table(warehouse, "records")) == 3 + 1 + 3


def test_twin_of_a_refused_file_is_refused(tmp_path: Path, warehouse: Warehouse) -> None:
    damaged = gzip.compress(lines(0, 3))[:-4]
    outcome = land(warehouse, FAMILY, "d", write(tmp_path, one=damaged, two=damaged))
    assert [file.reason for file in outcome.files] == ["corrupt", "corrupt"]


@pytest.mark.parametrize("other", [OTHER_FIELDS, OTHER_FAMILY], ids=["fields", "family"])
def test_same_bytes_read_another_way_are_an_error(
    tmp_path: Path, warehouse: Warehouse, other: Family
) -> None:
    one, new = write(tmp_path, one=lines(0, 3), new=lines(3, 6))
    land(warehouse, FAMILY, "d", [one])
    before = tree(warehouse.root)
    with pytest.raises(TrajhouseError) as caught:
        land(warehouse, other, "d", [new, one])
    assert "another way" in caught.value.what
    assert tree(warehouse.root) == before


def test_family_that_has_gained_a_field_is_the_same(tmp_path: Path, warehouse: Warehouse) -> None:
    (one,) = write(tmp_path, one=lines(0, 3))
    land(warehouse, FAMILY, "d", [one])
    grown = Family("openai", (), (*FAMILY.fields, Field("model", (("model",),), "text")))
    assert statuses(land(warehouse, grown, "d", [one])) == ["unchanged"]


def test_dry_run_judges_all_and_writes_nothing(tmp_path: Path, warehouse: Warehouse) -> None:
    files = write(tmp_path, a__jsonl=lines(0, 3) + b"bad\n", b__gz=b"plain")
    outcome = land(warehouse, FAMILY, "d", files, is_dry_run=True)
    assert statuses(outcome) == ["landed", "refused"]
    assert (outcome.total.n_landed, outcome.total.n_rejected) == (3, 1)
    assert outcome.batch_id is None
    assert not warehouse.root.exists()


def test_batches_sort_by_time(tmp_path: Path, warehouse: Warehouse) -> None:
    batches = [
        land(warehouse, FAMILY, "d", write(tmp_path, a=record(number))).batch_id
        for number in range(3)
    ]
    assert sorted(set(batches)) == batches
    assert [file.batch_id for file in read_landed(warehouse.landing)] == batches


def test_progress_counts_each_byte_twice(tmp_path: Path, warehouse: Warehouse) -> None:
    files = write(tmp_path, a=lines(0, 100), b=gzip.compress(lines(0, 9)), c=lines(0, 100))
    seen = []
    land(warehouse, FAMILY, "d", files, progress=seen.append)
    assert sum(seen) == 2 * sum(Path(file.path).stat().st_size for file in files)
