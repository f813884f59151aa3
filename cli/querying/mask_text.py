"""The text of `show ID --mask`: trained, context and control told apart, with colour or without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from trajhouse.cli.querying.inert import inert_text
from trajhouse.cli.querying.masks import Span

OPEN, CLOSE = "⟦", "⟧"
CONTROL_OPEN, CONTROL_CLOSE = "⟨", "⟩"
LINE_BREAK = "⏎"
_PLAIN = "\x1b[0m"
_STYLES = {
    (True, False): "\x1b[32m",
    (True, True): "\x1b[1;7;32m",
    (False, True): "\x1b[35m",
    (False, False): "",
}
"""Green, green in reverse, magenta, none: by whether it is trained, and a control token."""


def _written_out(*marks: str) -> dict[int, str]:
    return {ord(mark): f"\\u{ord(mark):04x}" for mark in marks}


_IN_COLOUR = _written_out(LINE_BREAK)
_IN_BRACKETS = _written_out(OPEN, CLOSE, CONTROL_OPEN, CONTROL_CLOSE, LINE_BREAK)


def masked_text(
    spans: Iterable[Span], n_tokens: int, n_trained_tokens: int, is_coloured: bool
) -> Iterator[str]:
    """A legend, then the whole conversation as the model sees it, in pieces of text.

    The line break that ends a trained part is drawn as `⏎`, since nothing else would show it.
    Where the text itself holds one of the marks, that is written out, as control characters are.

    Args:
        spans: As `spans_of` gives them; no more are taken at once than one trained part has.
        n_tokens: How many tokens they hold.
        n_trained_tokens: How many of them are trained.
        is_coloured: Trained is green, a control token magenta or, where it is trained, green in
            reverse; instead of `⟦…⟧` around each trained part and `⟨…⟩` around each control token.
    """
    yield f"{_legend(is_coloured)}; {n_trained_tokens:,} of {n_tokens:,} tokens are trained\n\n"
    piece = ""
    for is_trained, part in groupby(spans, key=lambda span: span.is_trained):
        if is_trained:
            piece = _trained_part(list(part), is_coloured)
            yield piece
            continue
        for span in part:
            piece = _drawn(span.text, span, is_coloured)
            yield piece
    if not piece.endswith("\n"):
        yield "\n"


def _legend(is_coloured: bool) -> str:
    """What the marks mean, in the marks themselves."""
    trained = Span("trained", 0, 1, True, False)
    stop = Span("control, trained", 0, 1, True, True)
    control = Span("control", 0, 1, False, True)
    line_break = Span("line break, trained\n", 0, 1, True, False)
    parts = [
        _trained_part([trained], is_coloured),
        _trained_part([stop], is_coloured),
        _drawn(control.text, control, is_coloured),
        "context",
        _trained_part([line_break], is_coloured).removesuffix("\n"),
    ]
    return "  ".join(parts)


def _trained_part(spans: list[Span], is_coloured: bool) -> str:
    """Neighbouring trained spans, of which there is at least one."""
    *first, last = spans
    is_broken = last.text.endswith("\n")
    texts = [_drawn(span.text, span, is_coloured) for span in first]
    texts.append(_drawn(last.text.removesuffix("\n"), last, is_coloured))
    if is_broken:
        texts.append(_styled(LINE_BREAK, _STYLES[True, False]) if is_coloured else LINE_BREAK)
    whole = "".join(texts)
    return (whole if is_coloured else f"{OPEN}{whole}{CLOSE}") + ("\n" if is_broken else "")


def _drawn(text: str, span: Span, is_coloured: bool) -> str:
    """A text that is of the kind of `span`."""
    inert = inert_text(text)
    if is_coloured:
        return _styled(inert.translate(_IN_COLOUR), _STYLES[span.is_trained, span.is_control])
    inert = inert.translate(_IN_BRACKETS)
    return f"{CONTROL_OPEN}{inert}{CONTROL_CLOSE}" if span.is_control else inert


def _styled(text: str, style: str) -> str:
    """A text in a style, each line by itself: pagers forget the style of the line before."""
    if not style:
        return text
    return "\n".join(line and f"{style}{line}{_PLAIN}" for line in text.split("\n"))
