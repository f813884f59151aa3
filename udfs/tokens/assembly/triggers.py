"""Words that a chat template looks for inside texts, beyond printing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import nodes

_GENERATION = re.compile(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")
_NOT_TEXTS = frozenset({"role", "type"})
_TEXTS = frozenset({"content", "reasoning_content", "name", "tool_call_id", "id", "arguments"})
_SEARCHES_NOTHING = frozenset({"get", "pop", "append", "update", "format", "join", "default", "d"})
"""Methods and filters whose arguments are keys, or printed, and not looked for in a text."""
_STRIPS = frozenset({"strip", "lstrip", "rstrip", "trim"})
_BY_FIELD = frozenset({"selectattr", "rejectattr"})


@dataclass(frozen=True)
class Triggers:
    """What a template searches for, splits at, replaces, strips or compares texts with.

    Attributes:
        texts: Words that it looks for in any text.
        names: Words that it compares with names of tools.
        compares_texts: Whether it looks for one text of a conversation in another.
    """

    texts: frozenset[str]
    names: frozenset[str]
    compares_texts: bool


@lru_cache(maxsize=32)
def triggers_of(template: str) -> Triggers:
    """The words that a template looks for.

    A text that holds none of them is to the template like any other. What it strips is left out
    where that is white space, or newlines alone, since how texts are trimmed is learnt.

    Args:
        template: Jinja text.
    """
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    tree = environment.parse(_GENERATION.sub("", template))
    words = _Words(tree)
    texts: set[str] = set()
    names: set[str] = set()
    compares_texts = False
    for node in tree.find_all((nodes.Compare, nodes.Test, nodes.Call, nodes.Filter)):
        operands = _operands(node)
        if any(_field(operand) in _NOT_TEXTS for operand in operands):
            continue
        n_texts = sum(words.may_be_text(operand) for operand in operands)
        compares_texts |= n_texts > isinstance(node, (nodes.Compare, nodes.Test))
        found = {word for operand in operands for word in words.of(operand)}
        if _method(node) in _STRIPS:
            found = set().union(*(found - {"\n"}))
        (names if any(_field(operand) == "name" for operand in operands) else texts).update(found)
    return Triggers(frozenset(texts - {""}), frozenset(names - {""}), compares_texts)


def _method(node: nodes.Node) -> str:
    if isinstance(node, nodes.Filter):
        return node.name
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        return node.node.attr
    return ""


def _operands(node: nodes.Expr) -> list[nodes.Expr]:
    """What a node compares, or looks for."""
    if isinstance(node, nodes.Compare):
        return [node.expr, *(operand.expr for operand in node.ops)]
    if isinstance(node, nodes.Test):
        return [node.node, *node.args]
    method = _method(node)
    if not isinstance(node, (nodes.Call, nodes.Filter)) or not method:
        return []
    if method in _SEARCHES_NOTHING:
        return []
    arguments = [*node.args, *(argument.value for argument in node.kwargs)]
    if method == "replace":
        return arguments[:1]
    if method in _BY_FIELD and arguments:
        field = getattr(arguments[0], "value", None)
        return [] if field in _NOT_TEXTS else arguments[2:]
    return arguments


def _field(node: nodes.Node) -> object:
    """The name of the field or variable that an expression is; None where it is neither."""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value
    if isinstance(node, nodes.Getattr):
        return node.attr
    return node.name if isinstance(node, nodes.Name) else None


class _Words:
    """The words that expressions of a template may stand for, through its variables."""

    def __init__(self, tree: nodes.Template) -> None:
        self._assigned: dict[object, list[nodes.Node]] = {}
        for assign in tree.find_all(nodes.Assign):
            self._assign(assign.target, assign.node)
        for loop in tree.find_all(nodes.For):
            self._assign(loop.target, loop.iter)
        macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
        for macro in macros.values():
            for target, value in zip(macro.args[::-1], macro.defaults[::-1], strict=False):
                self._assign(target, value)
        for call in tree.find_all(nodes.Call):
            called = macros.get(str(_field(call.node)))
            for target, value in zip(called.args if called else (), call.args, strict=False):
                self._assign(target, value)
            for argument in call.kwargs:
                self._assigned.setdefault(argument.key, []).append(argument.value)

    def of(self, node: nodes.Node, passed: frozenset[object] = frozenset()) -> Iterator[str]:
        """Words such that what the expression stands for is, or holds, one of them."""
        if isinstance(node, nodes.Const):
            if isinstance(node.value, str):
                yield node.value
        elif isinstance(node, (nodes.List, nodes.Tuple)):
            for item in node.items:
                yield from self.of(item, passed)
        elif isinstance(node, nodes.Dict):
            for pair in node.items:
                yield from self.of(pair.key, passed)
                yield from self.of(pair.value, passed)
        elif isinstance(node, nodes.CondExpr):
            for branch in (node.expr1, node.expr2):
                if branch is not None:
                    yield from self.of(branch, passed)
        elif isinstance(node, (nodes.Concat, nodes.Add)):
            yield from self._joined(node, passed)
        elif (name := _field(node)) in self._assigned and name not in passed:
            for value in self._assigned[name]:
                yield from self.of(value, passed | {name})

    def may_be_text(self, node: nodes.Node, passed: frozenset[object] = frozenset()) -> bool:
        """Whether the expression may stand for a text of a conversation, or for what holds one."""
        name = _field(node)
        if name in _TEXTS:
            return True
        if name in self._assigned and name not in passed:
            return any(self.may_be_text(one, passed | {name}) for one in self._assigned[name])
        return any(self.may_be_text(child, passed) for child in node.iter_child_nodes())

    def _joined(self, node: nodes.Concat | nodes.Add, passed: frozenset[object]) -> Iterator[str]:
        """Of texts put together the longest that is known: no text holds all without it."""
        parts = [node.left, node.right] if isinstance(node, nodes.Add) else node.nodes
        found = [list(self.of(part, passed)) for part in parts]
        known = [words for words in found if any(words)]
        if known:
            yield from max(known, key=lambda words: min(map(len, words)))

    def _assign(self, target: nodes.Node, value: nodes.Node) -> None:
        if isinstance(target, nodes.Tuple):
            n = len(target.items)
            values = [value] * n if not isinstance(value, nodes.Tuple) else [*value.items]
            for one, its in zip(target.items, values, strict=False):
                self._assign(one, its)
            return
        name = target.attr if isinstance(target, nodes.NSRef) else _field(target)
        self._assigned.setdefault(name, []).append(value)
