from __future__ import annotations

import random
import re
from collections import Counter

import pyarrow as pa
import pytest

from trajhouse.udfs.role_grammar import VIOLATION_TYPE, find_violation, role_grammar_violations

N_WORDS = 10_000


def is_strict(word: str) -> bool:
    """Strict, as a regular expression."""
    return re.fullmatch(r"sur(tor)*a", word) is not None


def is_dialogue(word: str) -> bool:
    """Dialogue, turn by turn: an optional system message, then users, each followed by a turn."""
    users = word.removeprefix("s")
    if not users.startswith("u"):
        return False
    *earlier, last = users[1:].split("u")
    return all(is_turn(turn, is_last=False) for turn in earlier) and is_turn(last, is_last=True)


def is_turn(turn: str, is_last: bool) -> bool:
    """What the assistant and its tools do between two users, by recursive descent."""
    if turn in {"", "a", "ra"}:
        return True
    calls = re.match(r"r?c?(t+)(o*)", turn)
    if calls is None:
        return False
    if calls.end() == len(turn) and not calls[2]:
        return is_last
    return len(calls[1]) == len(calls[2]) and is_turn(turn[calls.end() :], is_last)


RECOGNISERS = {"strict": is_strict, "dialogue": is_dialogue}
COMPLETIONS = {
    "strict": ["surtora"[i:] for i in range(8)],
    "dialogue": ["", "u", "a", "t", *("o" * n for n in range(1, 40))],
}
SAMPLES = {"strict": ["s", "u", "r", "tor", "a"], "dialogue": ["s", "u", "ra", "rcto", "tto", "o"]}


def expected_violation(word: str, grammar: str) -> tuple[str, int] | None:
    """The first prefix that no completion turns into a word, and its class by the prose."""
    is_word = RECOGNISERS[grammar]
    if not word:
        return "no_messages", 1
    if is_word(word):
        return None
    position = next(
        (
            n
            for n in range(1, len(word) + 1)
            if not any(is_word(word[:n] + rest) for rest in COMPLETIONS[grammar])
        ),
        len(word) + 1,
    )
    letter = word[position - 1 : position]
    n_pending = word[: position - 1].count("t") - word[: position - 1].count("o")
    if letter and letter not in "surctoa":
        return "role_unknown", position
    if position == 1:
        return "role_start", position
    if letter == "o" and n_pending == 0:
        return "outputs_surplus", position
    if n_pending > 0:
        return "outputs_missing", position
    return "role_transition" if letter else "role_end", position


def random_words(grammar: str) -> list[str]:
    source = random.Random(f"{grammar} words")
    parts = SAMPLES[grammar]
    words = []
    for _ in range(N_WORDS):
        if source.random() < 0.3:
            letters = source.choices("surctoax", k=source.randint(0, 12))
        else:
            middle = source.choices(parts, k=source.randint(0, 6))
            letters = list("su" + "r" * (grammar == "strict") + "".join(middle) + "a")
            if source.random() < 0.5:
                letters[source.randrange(len(letters))] = source.choice("surctoax")
        words.append("".join(letters))
    return words


@pytest.mark.parametrize("grammar", ["strict", "dialogue"])
def test_random_words_agree_with_an_independent_reference(grammar: str) -> None:
    words = random_words(grammar)
    found = role_grammar_violations(pa.array(words), pa.array([grammar] * len(words)))
    expected = [expected_violation(word, grammar) for word in words]
    assert found.to_pylist() == [
        None if violation is None else {"code": violation[0], "position": violation[1]}
        for violation in expected
    ]
    classes = Counter(violation and violation[0] for violation in expected)
    assert len(classes) == 8, classes
    assert classes[None] > N_WORDS / 100


@pytest.mark.parametrize(
    ("word", "grammar", "violation"),
    [
        pytest.param("sura", "strict", None, id="strict-without-calls"),
        pytest.param("surtortora", "strict", None, id="strict-with-two-calls"),
        pytest.param("surttoora", "strict", ("outputs_missing", 5), id="strict-parallel-calls"),
        pytest.param("ura", "strict", ("role_start", 1), id="strict-needs-system"),
        pytest.param("surtor", "strict", ("role_end", 7), id="strict-ends-on-reasoning"),
        pytest.param("surt", "strict", ("outputs_missing", 5), id="strict-ends-on-a-call"),
        pytest.param("suuttoorctoau", "dialogue", None, id="demonstration-then-task"),
        pytest.param("utot", "dialogue", None, id="ends-on-its-last-call"),
        pytest.param("uttoa", "dialogue", ("outputs_missing", 5), id="one-of-two-answered"),
        pytest.param(
            "utto", "dialogue", ("outputs_missing", 5), id="ends-with-one-of-two-answered"
        ),
        pytest.param("utou", "dialogue", None, id="user-after-an-output"),
        pytest.param("utu", "dialogue", ("outputs_missing", 3), id="user-while-a-call-waits"),
        pytest.param("utooa", "dialogue", ("outputs_surplus", 4), id="more-outputs-than-calls"),
        pytest.param("uo", "dialogue", ("outputs_surplus", 2), id="output-without-a-call"),
        pytest.param("au", "dialogue", ("role_start", 1), id="assistant-first"),
        pytest.param("suca", "dialogue", ("role_transition", 4), id="commentary-before-an-answer"),
        pytest.param("ur", "dialogue", ("role_end", 3), id="ends-on-reasoning"),
        pytest.param("ssu", "dialogue", ("role_transition", 2), id="two-systems"),
        pytest.param("u?", "dialogue", ("role_unknown", 2), id="unknown-letter"),
        pytest.param("", "dialogue", ("no_messages", 1), id="empty"),
        pytest.param(None, "strict", ("no_messages", 1), id="null"),
    ],
)
def test_first_violation(word: str | None, grammar: str, violation: tuple[str, int] | None) -> None:
    assert find_violation(word, grammar) == violation


def test_result_is_a_struct_with_null_for_words_of_the_grammar() -> None:
    found = role_grammar_violations(
        pa.chunked_array([["sura"], ["sur", None]]), pa.array(["strict"] * 3)
    )
    assert found.type == VIOLATION_TYPE
    assert found.is_valid().to_pylist() == [False, True, True]


def test_no_rows_give_no_rows() -> None:
    none = pa.array([], pa.string())
    assert len(role_grammar_violations(none, none)) == 0


@pytest.mark.parametrize("grammar", ["", "Strict", None])
def test_unknown_grammar_is_an_error(grammar: str | None) -> None:
    with pytest.raises(ValueError, match="unknown role grammar"):
        role_grammar_violations(pa.array(["su"]), pa.array([grammar], pa.string()))
