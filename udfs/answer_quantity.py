"""Answers as numbers with units: exact arithmetic for numbers, pint for units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

_NUMBER = re.compile(
    r"""(?<![\w.])
    (?P<sign>[-+]?)\s*
    (?P<whole>\d{1,3}(?:,\d{3})+(?![\d,])|\d+)?
    (?:\s+(?P<top>\d+)\s*/\s*(?P<bottom>\d+)(?![\d.]))?
    (?P<decimals>\.\d+)?
    (?:\s*(?:[eE]|(?:\u00d7|x|\*|\\times|\\cdot)\s*10\s*(?:\^|\*\*))\s*
        \{?\s*(?P<exponent>[-+]?\d{1,3})\s*\}?)?
    (?:\s*/\s*(?P<divisor>\d+)(?![\d.]))?
    """,
    re.VERBOSE,
)
_UNIT = re.compile(
    r"\s*(?P<unit>%|°\s?[CFK]?|[A-Za-zµμΩ°]+(?:(?:\^|\*\*)-?\d)?"
    r"(?:\s?[/·*]\s?[A-Za-zµμΩ]+(?:(?:\^|\*\*)-?\d)?){0,3})"
)
_SCALE = re.compile(r"\s*\b(hundred|thousand|million|billion|trillion|dozen)\b", re.IGNORECASE)
_SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
}
_TEMPERATURES = {
    "°c": "C",
    "celsius": "C",
    "°f": "F",
    "fahrenheit": "F",
    "k": "K",
    "°k": "K",
    "kelvin": "K",
    "kelvins": "K",
}
"""Units of temperature, which differ by an offset. A bare C or F is a coulomb or a farad."""
_ENGLISH = frozenset(
    (
        "a",
        "am",
        "and",
        "are",
        "as",
        "at",
        "do",
        "for",
        "has",
        "in",
        "is",
        "of",
        "on",
        "or",
        "per",
        "so",
    )
)
"""Words that are units as well."""
_MAX_CHARS = 60
_MAX_EXPONENT = 300
_MAX_SYMBOL = 3
"""A longer unit is a word, whose capitals say nothing."""


@dataclass(frozen=True)
class Quantity:
    """A number as it is written, and what follows it.

    Args:
        value: The number, exactly.
        unit: The unit's text, or the word that stands where a unit would; empty where none does.
        is_whole: Whether the text it was found in says nothing else.
    """

    value: Fraction
    unit: str
    is_whole: bool


def quantities(text: str) -> list[Quantity]:
    """The numbers of an undressed text; none where one has a `!`, which may be a factorial.

    >>> [(str(q.value), q.unit) for q in quantities("1.5 million dollars")]
    [('1500000', 'dollars')]
    >>> [(str(q.value), q.unit, q.is_whole) for q in quantities("1,000.5 kg")]
    [('2001/2', 'kg', True)]
    """
    found = []
    for match in _NUMBER.finditer(text):
        if match["whole"] is None and match["decimals"] is None:
            continue
        value = _value(match)
        if value is None:
            return []
        end = match.end()
        while scale := _SCALE.match(text, end):
            value, end = value * _SCALES[scale[1].lower()], scale.end()
        if text[end:].lstrip().startswith("!"):
            return []
        unit = _UNIT.match(text, end)
        end = unit.end() if unit else end
        is_whole = not text[: match.start()].strip(" =USD") and not text[end:].strip(" .")
        name = unit["unit"] if unit else ""
        if name in _ENGLISH and text[end:].strip(" ."):
            name = ""
        found.append(Quantity(value, name, is_whole))
    return found


def _value(match: re.Match[str]) -> Fraction | None:
    """The number; None where it is too long or too large to be an answer."""
    exponent = int(match["exponent"] or 0)
    if len(match[0]) > _MAX_CHARS or abs(exponent) > _MAX_EXPONENT:
        return None
    digits = (match["whole"] or "0").replace(",", "") + (match["decimals"] or "")
    value = Fraction(digits) * Fraction(10) ** exponent
    if any(part and not int(part) for part in (match["divisor"], match["bottom"])):
        return None
    if match["divisor"]:
        value /= int(match["divisor"])
    if match["bottom"]:
        value += Fraction(int(match["top"]), int(match["bottom"]))
    return -value if match["sign"] == "-" else value


def compare(answer: Quantity, truth: Quantity) -> bool | None:
    """Whether two quantities are the same; None where their units leave that open.

    A number without a unit stands for the number in the other's unit, but does not contradict it.
    """
    same = _same(answer.value, truth)
    if "%" in (answer.unit, truth.unit) and answer.unit != truth.unit:
        scaled = answer.value * (100 if truth.unit == "%" else Fraction(1, 100))
        return True if same or _same(scaled, truth) else None
    if not truth.unit:
        return same
    if not answer.unit:
        return True if same else None
    if answer.unit == truth.unit:
        return same
    if _temperature(answer.unit) and _temperature(truth.unit):
        return same if _temperature(answer.unit) == _temperature(truth.unit) else None
    factor = _factor(answer.unit, truth.unit)
    if factor is None:
        is_word = len(truth.unit) > _MAX_SYMBOL
        return same if is_word and answer.unit.casefold() == truth.unit.casefold() else None
    return _same(answer.value * factor, truth)


def _temperature(unit: str) -> str | None:
    """The scale of a temperature: C, F or K; None where the unit is of something else."""
    return _TEMPERATURES.get(unit.replace(" ", "").lower())


def _same(value: Fraction, truth: Quantity) -> bool | None:
    """Whether the values are equal; None where rounding alone may keep them apart."""
    if value == truth.value:
        return True
    is_near = abs(value - truth.value) <= abs(truth.value) / 100
    is_exact = value.denominator == 1 and truth.value.denominator == 1
    return None if is_near and not is_exact else False


@cache
def _factor(unit: str, wanted: str) -> Fraction | None:
    """What turns a number in one unit into the other; None where they do not measure the same."""
    registry = _registry()
    import pint

    try:
        here, there = registry.Unit(_spelled(unit)), registry.Unit(_spelled(wanted))
        if not here.is_compatible_with(there):
            return None
        factor = registry.Quantity(1, here).to(there).magnitude
    except (pint.PintError, AttributeError, TypeError, ValueError, AssertionError):
        return None  # no unit, or one with an offset like degrees
    return Fraction(factor).limit_denominator(10**12)


def _spelled(unit: str) -> str:
    unit = re.sub(r"[A-Za-z]{4,}", lambda word: word[0].lower(), unit)
    return unit.replace("·", "*").replace("^", "**").replace("Ω", "ohm").replace(" ", "")


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
