from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landing_samples import DOCUMENT_FAMILY, TYPED_FAMILY

from trajhouse.cli.landing.judge import Rejection
from trajhouse.cli.landing.rows import inspect_parquet, read_rows
from trajhouse.cli.landing.streams import Identity, Refused


def write(path: Path, table: pa.Table, **options: Any) -> Path:
    pq.write_table(table, path, **options)
    return path


def rows(path: Path) -> list[Any]:
    with path.open("rb") as file:
        identity = Identity.of(file.fileno())
    groups = tuple(range(pq.ParquetFile(path).num_row_groups))
    found = read_rows(str(path), identity, groups)
    return [row if isinstance(row, Rejection) else json.loads(row) for row in found]


def test_values_keep_their_meaning_in_json(tmp_path: Path) -> None:
    columns = {
        "text": pa.array(["caf\u00e9"]),
        "large": pa.array([2**63 - 1]),
        "double": pa.array([0.1]),
        "flag": pa.array([True]),
        "none": pa.array([None], pa.string()),
        "struct": pa.array([{"a": [1, None], "b": {"c": "d"}}]),
        "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        "exact": pa.array([Decimal("12345678901234567890")]),
        "fraction": pa.array([Decimal("0.50")]),
        "day": pa.array([dt.date(2026, 1, 2)]),
        "time": pa.array([dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)]),
        "binary": pa.array([b"\xff\x00"]),
        "category": pa.array(["x"]).dictionary_encode(),
    }
    assert rows(write(tmp_path / "a.parquet", pa.table(columns))) == [
        {
            "text": "caf\u00e9",
            "large": 2**63 - 1,
            "double": 0.1,
            "flag": True,
            "none": None,
            "struct": {"a": [1, None], "b": {"c": "d"}},
            "map": {"k": 1},
            "exact": 12345678901234567890,
            "fraction": 0.5,
            "day": "2026-01-02",
            "time": "2026-01-02T03:00:00+00:00",
            "binary": "/wA=",
            "category": "x",
        }
    ]


def test_bad_row_is_rejected_alone(tmp_path: Path) -> None:
    raw = pa.array([b"good", b"caf\xe9", b"also good"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    numbers = pa.array([1.0, 2.0, math.nan])
    table = pa.table({"text": text, "number": numbers})
    found = rows(write(tmp_path / "a.parquet", table))
    assert found[0] == {"text": "good", "number": 1.0}
    assert [row.reason for row in found[1:]] == ["invalid_utf8", "nonfinite_number"]


def test_row_groups_follow_one_another(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"n": range(200)}), row_group_size=70)
    assert [row["n"] for row in rows(path)] == list(range(200))


MESSAGES = pa.array(["[]"])


@pytest.mark.parametrize(
    ("columns", "reason", "named"),
    [
        ({"id": pa.array(["a"])}, "column_missing", "'messages'"),
        ({"messages": pa.array([1])}, "column_type", "'messages'"),
        ({"messages": pa.array([b"[]"])}, "column_type", "'messages'"),
        ({"messages": pa.array([{"a": 1}])}, "column_type", "'messages'"),
        ({"messages": MESSAGES, "id": pa.array([["a"]])}, "column_type", "'id'"),
        ({"messages": MESSAGES, "reward": pa.array(["1"])}, "column_type", "'reward'"),
        ({"messages": MESSAGES, "success": pa.array(["yes"])}, "column_type", "'success'"),
        ({"messages": MESSAGES, "a": MESSAGES, "A": MESSAGES}, "column_duplicate", "'A'"),
        ({"messages": pa.array([[{"b": 1, "B": 2}]])}, "column_duplicate", "'messages.B'"),
    ],
)
def test_column_against_the_contract_is_named(
    tmp_path: Path, columns: dict[str, pa.Array], reason: str, named: str
) -> None:
    path = write(tmp_path / "a.parquet", pa.table(columns))
    with pytest.raises(Refused) as caught:
        inspect_parquet(str(path), TYPED_FAMILY)
    assert caught.value.reason == reason
    assert named in caught.value.detail


@pytest.mark.parametrize(
    "columns",
    [
        {"messages": MESSAGES},
        {"messages": MESSAGES.cast(pa.large_string()), "other": pa.array([b""])},
        {"messages": pa.array([[{"role": "user"}]]), "id": pa.array([5])},
        {"info": pa.array([{"log": ["x"]}]), "reward": pa.array([1], pa.int8())},
        {"messages": MESSAGES, "reward": pa.nulls(1), "success": pa.array([1])},
        {"messages": MESSAGES, "tools": pa.array([{"any": "thing"}])},
    ],
)
def test_column_the_field_takes_is_accepted(tmp_path: Path, columns: dict[str, pa.Array]) -> None:
    path = write(tmp_path / "a.parquet", pa.table(columns))
    shape = inspect_parquet(str(path), TYPED_FAMILY)
    assert shape.group_rows == (1,)
    assert ("kept as base64" in "".join(shape.warnings)) == ("other" in columns)


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_flipped_bit_in_a_page_is_corrupt(tmp_path: Path, compression: str) -> None:
    table = pa.table({"messages": [f"[{number}]" for number in range(5000)]})
    path = write(tmp_path / "a.parquet", table, compression=compression, write_page_checksum=True)
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 3] ^= 1
    path.write_bytes(stored)
    with pytest.raises(Refused) as caught:
        rows(path)
    assert caught.value.reason == "corrupt"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"conv": pa.array(["{}"])}, None),
        ({"id": pa.array(["a"])}, "column_missing"),
        ({"conv": pa.array([{"request": 1}])}, "column_type"),
    ],
)
def test_a_document_column_must_be_there_as_text(
    tmp_path: Path, columns: dict[str, pa.Array], reason: str | None
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    if reason is None:
        assert inspect_parquet(str(tmp_path / "a.parquet"), DOCUMENT_FAMILY).group_rows == (1,)
        return
    with pytest.raises(Refused) as caught:
        inspect_parquet(str(tmp_path / "a.parquet"), DOCUMENT_FAMILY)
    assert caught.value.reason == reason
