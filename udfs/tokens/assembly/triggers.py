"""Words that a chat template looks for inside texts, beyond printing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from jinja2 import nodes

_GENERATION = re.compile(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")
_NOT_TEXTS = frozenset({"role", "type", "name"})


@lru_cache(maxsize=32)
def triggers_of(template: str) -> frozenset[str]:
    """The constants that a template searches for, splits at, replaces or compares texts with.

    A text that holds none of them is to the template like any other. White space is left out, since
    how texts are trimmed is learnt.

    Args:
        template: Jinja text.
    """
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    tree = environment.parse(_GENERATION.sub("", template))
    found = {word for node in tree.find_all(nodes.Node) for word in _searched_by(node)}
    return frozenset(word for word in found if word.strip())


def _searched_by(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Compare):
        operands = [node.expr, *(operand.expr for operand in node.ops)]
        if any(_is_no_text(operand) for operand in operands):
            return
        for operand in operands:
            yield from _constants(operand)
    elif (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr)) or (
        isinstance(node, (nodes.Filter, nodes.Test)) and node.name != "default"
    ):
        for argument in node.args:
            yield from _constants(argument)


def _is_no_text(node: nodes.Node) -> bool:
    """Whether an expression is a field that is no text of a conversation, such as a role."""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value in _NOT_TEXTS
    if isinstance(node, nodes.Getattr):
        return node.attr in _NOT_TEXTS
    return isinstance(node, nodes.Name) and node.name in _NOT_TEXTS


def _constants(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Const):
        if isinstance(node.value, str):
            yield node.value
    elif isinstance(node, (nodes.List, nodes.Tuple)):
        for item in node.items:
            yield from _constants(item)
