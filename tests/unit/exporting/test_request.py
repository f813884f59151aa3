"""How the options of an export are read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trajhouse.cli.errors import UsageFault
from trajhouse.cli.exporting.request import Split, parse_columns, parse_size, parse_splits


def test_splits_keep_their_order_and_shares() -> None:
    assert parse_splits("train=0.95, validation=0.05") == (
        Split("train", Decimal("0.95")),
        Split("validation", Decimal("0.05")),
    )


def test_shares_may_miss_one_by_a_rounding() -> None:
    thirds = parse_splits("a=0.3333333333,b=0.3333333333,c=0.3333333333")
    assert [split.name for split in thirds] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("train=0.9,validation=0.2", "sum to 1.1", id="more than one"),
        pytest.param("train=0.9", "sum to 0.9", id="less than one"),
        pytest.param("train=0.5,train=0.5", "twice", id="same name twice"),
        pytest.param("train", "not NAME=FRACTION", id="no share"),
        pytest.param("tr-ain=1", "no name for a split", id="dash in a name"),
        pytest.param("../x=1", "no name for a split", id="path as a name"),
        pytest.param("=1", "no name for a split", id="empty name"),
        pytest.param("all=1", "no name for a split", id="reserved name"),
        pytest.param("train=lots", "no share", id="share in words"),
        pytest.param("train=nan", "no share", id="not a number"),
        pytest.param("train=1.5,b=-0.5", "no share", id="negative share"),
        pytest.param("train=1,b=0", "no share", id="nothing for a split"),
        pytest.param("", "not NAME=FRACTION", id="empty"),
    ],
)
def test_refuses_splits(text: str, complaint: str) -> None:
    with pytest.raises(UsageFault) as fault:
        parse_splits(text)
    assert complaint in fault.value.what


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("500MB", 500_000_000, id="decimal unit"),
        pytest.param("1 GiB", 1_073_741_824, id="binary unit with a space"),
        pytest.param("64kib", 65_536, id="lower case"),
        pytest.param("1000", 1000, id="bytes"),
    ],
)
def test_reads_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "1.5GB", "0", "5 parsecs"])
def test_refuses_sizes(text: str) -> None:
    with pytest.raises(UsageFault):
        parse_size(text)


def test_columns_keep_their_order() -> None:
    assert parse_columns("b, a") == ("b", "a")


@pytest.mark.parametrize("text", ["", "a,,b", "a,", "a,A"])
def test_refuses_columns(text: str) -> None:
    with pytest.raises(UsageFault):
        parse_columns(text)
