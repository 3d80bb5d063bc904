"""What can be said of ELM without running it: which names an expression needs, and the text it comes from.

Always holds: an expression that :func:`is_closed` has the same value wherever in its library it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from cqlmeasure.elm import children, walk
from cqlmeasure.elm.base import Element, Expression, UnaryExpression
from cqlmeasure.elm.datetimes import Now, Today
from cqlmeasure.elm.intervals import Union
from cqlmeasure.elm.library import ExpressionRef, FunctionRef, IdentifierRef, OperandRef, ParameterRef
from cqlmeasure.elm.lists import Current, Exists, Filter, ForEach, Iteration, Repeat, Total
from cqlmeasure.elm.literals import Property
from cqlmeasure.elm.logical import And, Or
from cqlmeasure.elm.queries import (
    AggregateClause,
    AliasedQuerySource,
    AliasRef,
    ByExpression,
    LetClause,
    Query,
    QueryLetRef,
    Retrieve,
)
from cqlmeasure.elm.types import As
from cqlmeasure.errors import Span

_LONGEST = 110
_VARIABLE = (
    AliasRef,
    ExpressionRef,
    FunctionRef,
    IdentifierRef,
    Now,
    OperandRef,
    ParameterRef,
    Property,
    QueryLetRef,
    Retrieve,
    Today,
)


def is_closed(node: Element) -> bool:
    """Whether an expression needs no alias, ``let`` or operand from around it."""
    bound: set[str] = set()
    needed: set[str] = set()
    in_sort = False
    loose = False
    for one in walk(node):
        if isinstance(one, AliasedQuerySource):
            bound.add(one.alias)
        elif isinstance(one, LetClause | AggregateClause):
            bound.add(one.identifier)
        elif isinstance(one, Filter | ForEach | Repeat):
            bound.add(one.scope or "$this")
        elif isinstance(one, ByExpression):
            in_sort = True
        elif isinstance(one, AliasRef | QueryLetRef):
            needed.add(one.name)
        elif isinstance(one, OperandRef):
            return False
        elif isinstance(one, Property) and one.scope is not None:
            needed.add(one.scope)
        elif isinstance(one, Current | Iteration | Total):
            needed.add(one.scope or "$this")
        elif isinstance(one, IdentifierRef):
            loose = True
    return needed <= bound and (in_sort or not loose)


def is_constant(node: Element) -> bool:
    """Whether an expression is made of literals only, so that its text says its value."""
    return not any(isinstance(one, _VARIABLE) for one in walk(node))


def flat(node: Expression, kind: type[And | Or | Union]) -> list[Expression]:
    """The operands of nested ``and``s, ``or``s or ``union``s, in order."""
    found: list[Expression] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        inner = one.operand if isinstance(one, As) else one
        if isinstance(inner, kind):
            waiting += reversed(inner.operand)
        else:
            found.append(one)
    return found


def operands_of(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly below a node."""
    if isinstance(node, UnaryExpression):
        return (node.operand,)
    return tuple(one for one in children(node) if isinstance(one, Expression))


def inner_of(node: Expression) -> list[Expression]:
    """The outermost definitions, retrieves and queries in a condition that can be explained by themselves."""
    found: list[Expression] = []
    waiting = list(children(node))[::-1]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ExpressionRef | Retrieve | Query | Exists) and is_closed(one):
            found.append(one)
        else:
            waiting += reversed(list(children(one)))
    return found


def replaced(node: Expression, change: Callable[[Element], Element | None]) -> Expression:
    """The tree with other nodes where ``change`` gives one."""
    found = _replaced(node, change)
    assert isinstance(found, Expression)
    return found


def _replaced(node: Element, change: Callable[[Element], Element | None]) -> Element:
    other = change(node)
    if other is not None:
        return other
    new = {}
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, Element):
            made: object = _replaced(value, change)
        elif isinstance(value, tuple) and any(isinstance(item, Element) for item in value):
            made = tuple(_replaced(item, change) if isinstance(item, Element) else item for item in value)
        else:
            continue
        if made is not value:
            new[name] = made
    return msgspec.structs.replace(node, **new) if new else node


class Texts:
    """The CQL of libraries, by key."""

    def __init__(self, lines: dict[str, Sequence[str]]) -> None:
        self._lines = lines

    def of(self, library: str, node: Element) -> str:
        """The CQL of a node on one line; without it, a word for the node."""
        span = _span(node)
        lines = self._lines.get(library) or ()
        if span is None or span.end_line > len(lines):
            return _word(node)
        chosen = list(lines[span.line - 1 : span.end_line])
        chosen[-1] = chosen[-1][: span.end_column]
        chosen[0] = chosen[0][span.column - 1 :]
        text = " ".join(" ".join(line.partition("//")[0].split()) for line in chosen).strip()
        if not text:
            return _word(node)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def line_of(node: Element) -> int | None:
    """The line on which a node starts."""
    span = _span(node)
    return span.line if span is not None else None


def _span(node: Element) -> Span | None:
    """The place of a node; of one that the translator put in, the place of what it is put around."""
    for one in walk(node):
        if one.locator:
            try:
                return Span.from_locator(one.locator)
            except ValueError:
                return None
    return None


def _word(node: Element) -> str:
    if isinstance(node, ExpressionRef | FunctionRef):
        return f'"{node.name}"'
    if isinstance(node, Retrieve):
        return f"[{getattr(node.data_type, 'name', node.data_type)}]"
    return type(node).__name__
