from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from trajhouse.cli.querying.result import run
from trajhouse.cli.querying.statement import Statement


def ask(expression: str) -> tuple[Any, Any]:
    """The value of an SQL expression as JSON value and as text."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        result = run(connection, Statement(f"select {expression} as v", False), 0, 0)
        ((value,),) = list(result.rows())
        encoder = result.encoders[0]
        return encoder.to_json(value), encoder.to_text(value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("340282366920938463463374607431768211455::uhugeint", 2**128 - 1),
        ("1.5::decimal(15, 1)", 1.5),
        ("1.5::decimal(16, 1)", "1.5"),
        ("5::decimal(38, 0)", 5),
        ("[1.50::decimal(20, 2), null]", ["1.50", None]),
        ("'nan'::float", None),
        ("['inf'::double, 1.0]", [None, 1.0]),
        ("'ab'::blob", "YWI="),
        ("['ab'::blob]", ["YWI="]),
        ("{'a': 'ab'::blob, 'b': null}", {"a": "YWI=", "b": None}),
        ("date '2026-01-02'", "2026-01-02"),
        ("timestamp '2026-01-02 03:04:05'", "2026-01-02T03:04:05"),
        ("timestamptz '2026-01-02 03:04:05.25+03'", "2026-01-02T00:04:05.25Z"),
        ("[timestamptz '2026-01-02 03:04:05+00']", ["2026-01-02T03:04:05Z"]),
        ("'-infinity'::timestamp", "-infinity"),
        ("timestamp_ns '2026-01-02 03:04:05.000000001'", "2026-01-02T03:04:05.000000001"),
        ("interval '1 year 2 days'", "1 year 2 days"),
        ("map {'k': [1]}", {"k": [1]}),
        ("map {[1, 2]: timestamp '2026-01-02 00:00:00'}", {"[1, 2]": "2026-01-02T00:00:00"}),
        ("uuid '00000000-0000-0000-0000-000000000001'", "00000000-0000-0000-0000-000000000001"),
        ("'b'::enum('a', 'b')", "b"),
        ("'{\"a\": 1.0}'::json", '{"a": 1.0}'),
        ("array_value(1, 2)", [1, 2]),
        ("{'say \"x\"': date '2026-01-02'}", {'say "x"': "2026-01-02"}),
        ("null", None),
    ],
)
def test_json_value(expression: str, expected: Any) -> None:
    value, _ = ask(expression)
    assert json.loads(json.dumps(value, allow_nan=False)) == expected
    assert isinstance(value, tuple | type(expected))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1.10::decimal(3, 2)", "1.10"),
        ("1000000000000::decimal(38, 0)", "1000000000000"),
        ("'nan'::double", "NaN"),
        ("'-inf'::float", "-Infinity"),
        ("null::decimal(3, 2)", None),
    ],
)
def test_text_value(expression: str, expected: Any) -> None:
    assert ask(expression)[1] == expected
