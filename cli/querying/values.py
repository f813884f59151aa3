"""DuckDB values to JSON values without loss, or with a loss that is counted.

Integers of any size are numbers. DECIMALs are numbers up to 15 digits, which a double holds
exactly, and text beyond. NaN and infinities become null, and are counted. Bytes are base64 text.
Times are ISO 8601, in UTC with a `Z` where the type has a time zone. Maps are objects with their
keys as text. Everything else (dates, intervals, UUIDs, enums, unions, bits) is DuckDB's own text;
so is JSON, as it was stored.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from trajhouse.cli.warehouse import quote_identifier

Encode = Callable[[Any], Any]

INTEGERS = {
    *("tinyint", "smallint", "integer", "bigint", "hugeint"),
    *("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"),
}
NUMBERS = {*INTEGERS, "float", "double", "decimal"}
_AS_FETCHED = {*NUMBERS, "boolean", "varchar", "blob", "NULL", "sqlnull", "null"}
_NESTED = {"list", "array", "struct", "map"}
_EXACT_DIGITS = 15


class Encoder:
    """Turns the values of one column into what JSON can say.

    Attributes:
        cast: The SQL type to fetch the column as, or None where it is fetched as it is.
        is_nested: Whether values are lists or objects.
        is_number: Whether they are numbers.
        n_not_numbers: How many NaN and infinities became null so far.
    """

    def __init__(self, column_type: Any) -> None:
        self._kind = str(column_type.id)
        target = _target(column_type)
        self.cast = None if target == str(column_type) else target
        self.is_nested = self._kind in _NESTED and target != "VARCHAR"
        self.is_number = self._kind in NUMBERS
        self.n_not_numbers = 0
        self._encode = self._encoder(column_type)

    def to_json(self, value: Any) -> Any:
        """`value` as a JSON value."""
        return value if value is None or self._encode is None else self._encode(value)

    def to_text(self, value: Any) -> Any:
        """The same for text formats: decimals keep all digits, NaN and infinities their names."""
        if self._kind == "decimal" and value is not None:
            return format(value, "f")
        if self._kind in ("float", "double") and value is not None and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return self.to_json(value)

    def _encoder(self, column_type: Any) -> Encode | None:
        kind = str(column_type.id)
        if kind in ("float", "double"):
            return self._number
        if kind == "decimal":
            digits, scale = (child[1] for child in column_type.children)
            return _decimal_encoder(digits, scale)
        if kind == "blob":
            return lambda value: base64.b64encode(value).decode()
        if kind.startswith("timestamp"):
            return _iso_time
        if kind in _NESTED and _target(column_type) != "VARCHAR":
            return self._nested_encoder(kind, column_type)
        return None

    def _nested_encoder(self, kind: str, column_type: Any) -> Encode | None:
        children = column_type.children
        if kind == "struct":
            fields = {name: self._encoder(child) for name, child in children}
            if not any(fields.values()):
                return None
            return lambda value: {
                name: item if item is None or fields[name] is None else fields[name](item)  # type: ignore[misc]
                for name, item in value.items()
            }
        encode = self._encoder(children[1][1] if kind == "map" else children[0][1])
        if encode is None:
            return None
        if kind == "map":
            return lambda value: {
                key: None if item is None else encode(item) for key, item in value.items()
            }
        return lambda value: [None if item is None else encode(item) for item in value]

    def _number(self, value: float) -> float | None:
        if math.isfinite(value):
            return value
        self.n_not_numbers += 1
        return None


def _decimal_encoder(digits: int, scale: int) -> Encode:
    def encode(value: Decimal) -> int | float | str:
        if scale == 0:
            return int(value)
        return float(value) if digits <= _EXACT_DIGITS else format(value, "f")

    return encode


def _iso_time(text: str) -> str:
    """DuckDB's text of a timestamp as ISO 8601; years before Christ and infinity stay its text."""
    day, space, time = text.partition(" ")
    if not space or " " in time:
        return text
    return f"{day}T{time.removesuffix('+00')}Z" if time.endswith("+00") else f"{day}T{time}"


def _target(column_type: Any) -> str:
    """The SQL type whose Python values say all that values of `column_type` hold."""
    kind = str(column_type.id)
    if kind in _AS_FETCHED or str(column_type) == '"NULL"':
        return str(column_type)
    if kind in ("list", "array"):
        size = f"[{column_type.children[1][1]}]" if kind == "array" else "[]"
        return _target(column_type.children[0][1]) + size
    if kind == "map":
        return f"MAP(VARCHAR, {_target(column_type.children[1][1])})"
    if kind == "struct" and all(name for name, _ in column_type.children):
        fields = [(name, child, _target(child)) for name, child in column_type.children]
        if all(target == str(child) for _, child, target in fields):
            return str(column_type)
        return f"STRUCT({', '.join(f'{quote_identifier(n)} {target}' for n, _, target in fields)})"
    return "VARCHAR"
