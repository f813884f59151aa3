"""Answers compared with what was expected; each row of the tables is judged by hand."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from trajhouse.udfs.answer_check import check_answer, check_answers
from trajhouse.udfs.answer_math import Mathematician, is_formula, mathematician

EQUAL = [
    ("600 watts of power are dissipated in the resistor.", "600 W", "number"),
    ("0.6 kW", "600 W", "number"),
    ("600", "600 W", "number"),
    ("1,000", "1000", "number"),
    (r"$\frac{1}{2}$", "0.5", "number"),
    ("3 1/2", "3.5", "number"),
    ("50%", "0.5", "number"),
    ("72 km/h", "20 m/s", "number"),
    ("3.0 x 10^8 m/s", "3e8 m/s", "number"),
    ("5 Newtons", "5 N", "number"),
    ("$1,000", "1000 dollars", "number"),
    ("5 million", "5000000", "number"),
    ("$1.5 billion", "1,500,000,000", "number"),
    ("3 thousand", "3000", "number"),
    ("2 dozen", "24", "number"),
    ("2 hundred thousand people", "200000", "number"),
    ("100 °C", "100 Celsius", "number"),
    (r"\boxed{42}", "42", "text"),
    ("**Paris**", "paris.", "text"),
    ("The final answer is: Paris", "Paris", "text"),
    ("(B) the second one", "B", "choice"),
    ("The correct option is (C)", "C. oxygen", "choice"),
    ("Yes, it does.", "yes", "yes_or_no"),
    (r"2\sqrt{3}", r"$\sqrt{12}$", "formula"),
    ("(x+1)^2", "x^2 + 2x + 1", "formula"),
    ("2^{10}", "1024", "formula"),
]
DIFFERENT = [
    ("601 watts", "600 W", "number"),
    ("-5", "5", "number"),
    ("5 million", "5 billion", "number"),
    ("7 MW", "7 mW", "number"),
    ("The answer is C.", "B", "choice"),
    ("no", "Yes", "yes_or_no"),
    (r"\frac{\sqrt{2}}{2}", "0.9", "formula"),
]
UNKNOWN = [
    (None, "5"),
    ("5", ""),
    ("The capital of France is Paris, of course", "Paris"),
    ("It is not 5", "5"),
    ("3 or 4", "3"),
    ("5 kg", "5 m"),
    ("5 M", "5 m"),
    ("12 apples", "12 oranges"),
    ("3.14", "3.14159"),
    ("5!", "120"),
    ("120", "5!"),
    ("100 °C", "373.15 K"),
    ("37 °C", "98.6 °F"),
    ("100 Celsius", "373.15 kelvin"),
    ("A cat", "A"),
    ("either B or C: option B or option C", "B"),
    ("[1,2)", "[1,2]"),
    (r"\frac{\sqrt{2}}{2}", "0.7071"),
    ("9^{9^{9}}", "1"),
    ("x" * 3000, "x" * 3000),
]


@pytest.mark.parametrize(("answer", "truth", "method"), EQUAL)
def test_equal_answers(answer: str, truth: str, method: str) -> None:
    assert check_answer(answer, truth) == ("equal", method)


@pytest.mark.parametrize(("answer", "truth", "method"), DIFFERENT)
def test_different_answers(answer: str, truth: str, method: str) -> None:
    assert check_answer(answer, truth) == ("different", method)


@pytest.mark.parametrize(("answer", "truth"), UNKNOWN)
def test_what_cannot_be_judged_is_unknown(answer: str | None, truth: str) -> None:
    assert check_answer(answer, truth).verdict == "unknown"


def test_arrays_are_compared_row_by_row() -> None:
    found = check_answers(pa.array(["4", None, "B"]), pa.chunked_array([["4", "4"], ["C"]]))
    assert found.to_pylist() == [
        {"verdict": "equal", "method": "text"},
        {"verdict": "unknown", "method": "missing"},
        {"verdict": "different", "method": "choice"},
    ]


@pytest.mark.parametrize(
    "text", ["9^{9^{9}}", "2^{99999}", "1000!", "3!!", "x^" * 150, "__import__"]
)
def test_formulas_that_could_take_for_ever_are_not_worked_out(text: str) -> None:
    assert not is_formula(text)


def test_a_formula_that_takes_too_long_is_unknown_and_the_next_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Mathematician()
    try:
        assert one.compare("2+2", "4") is True
        monkeypatch.setattr("trajhouse.udfs.answer_math._SECONDS", 0.0)
        started = time.perf_counter()
        assert one.compare("(x+1)^9", "(x+2)^9") is None
        assert time.perf_counter() - started < 5
        monkeypatch.undo()
        assert one.compare("2+3", "5") is True
    finally:
        one.stop()


def test_a_process_that_has_ended_is_replaced() -> None:
    one = mathematician()
    assert one.compare("1+1", "2") is True
    assert one._process is not None
    one._process.kill()
    one._process.wait()
    assert one.compare("1+1", "2") is None
    assert one.compare("1+1", "2") is True


def test_threads_that_ask_at_once_get_their_own_answers() -> None:
    one = Mathematician()
    pairs = [(f"{n}+1", f"{n + 1 + n % 2}") for n in range(40)]
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda pair: one.compare(*pair), pairs))
    finally:
        one.stop()
    assert found == [n % 2 == 0 for n in range(40)]
