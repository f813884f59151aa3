"""Answers as text: what is left when the dress is off, and answers from a small vocabulary."""

from __future__ import annotations

import re
import unicodedata

_WRAPPED = re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf|textit|mbox)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(-?\d+)\s*\}\s*\{\s*(\d+)\s*\}|\\[dt]?frac(\d)(\d)")
_SPACES = re.compile(r"\\[,;:! ]|~|\s+")
_DELIMITERS = re.compile(r"\$|\\[()\[\]]")
_LEAD = re.compile(
    r"^(?:the\s+)?(?:final\s+|correct\s+)?answer(?:\s+is)?\s*[:=]?\s*|^(?:therefore|thus|so|hence),?\s+",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"^\(?([A-J])(?:\)|\.|:)?$|^\(?([A-J])(?:\)|\.|:)\s")
_CHOICE_INSIDE = re.compile(r"\b(?:answer|option|choice)\s*(?:is\s*)?:?\s*\(?([A-J])\b(?!')")
_TRUTHS = {"yes": True, "true": True, "no": False, "false": False}
_PUNCTUATION = re.compile(r"[\"'`\u2018\u2019\u201c\u201d;:!?]|,(?=\s)")


def undress(text: str) -> str:
    r"""The text without Markdown's bold, LaTeX's wrapping and doubled space.

    >>> undress(r"**$\\boxed{\\frac{1}{2}}$**.")
    '1/2'
    """
    text = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("**", "")
    text = _DELIMITERS.sub("", re.sub(r"(?<!\\)\$(?=\d[\d,.]*(?:\s|$))", "USD ", text))
    for _ in range(3):
        text = _WRAPPED.sub(r"\1", text)
    text = _FRACTION.sub(lambda found: _fraction(*found.groups()), text)
    text = text.replace("\\%", "%").replace("\\$", "$").replace("^\\circ", "°")
    return _SPACES.sub(" ", text).strip().rstrip(".").strip()


def _fraction(top: str | None, bottom: str | None, first: str | None, second: str | None) -> str:
    return f"{top or first}/{bottom or second}"


def without_lead(text: str) -> str:
    """An undressed text without what only introduces the answer.

    >>> without_lead("The final answer is: Paris")
    'Paris'
    """
    return _LEAD.sub("", text, count=1)


def plain(text: str) -> str:
    """An undressed text without punctuation, in lower case where it has no digit, for comparing.

    >>> plain("The answer is: Paris!"), plain("7 MW")
    ('paris', '7 MW')
    """
    text = _PUNCTUATION.sub(" ", without_lead(text))
    text = text if any(map(str.isdigit, text)) else text.casefold()
    return " ".join(text.split())


def choice(text: str) -> str | None:
    """The letter of a multiple choice that an undressed text picks; None where not exactly one.

    >>> choice("(B) the second"), choice("the answer is C"), choice("A cat")
    ('B', 'C', None)
    """
    begins = _CHOICE.match(text)
    if begins:
        return begins[1] or begins[2]
    letters = set(_CHOICE_INSIDE.findall(text))
    return letters.pop() if len(letters) == 1 else None


def is_choice(text: str) -> bool:
    """Whether an undressed text is nothing but the letter of a choice, with its text or without.

    >>> is_choice("B"), is_choice("(B) the second"), is_choice("the answer is B")
    (True, True, False)
    """
    return _CHOICE.match(text) is not None


def truth_value(text: str) -> bool | None:
    """Yes or no, true or false, where an undressed text is or begins with one of those words.

    >>> truth_value("Yes, it is"), truth_value("no"), truth_value("None")
    (True, False, None)
    """
    first = re.match(r"([A-Za-z]+)(?=$|[\s,.;:!-])", without_lead(text))
    return _TRUTHS.get(first[1].lower()) if first else None
