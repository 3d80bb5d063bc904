"""What the text alone tells: bounds that are reversed, conditions that are constant, the same operand twice."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from cqlmeasure.translator import syntax
from cqlmeasure.translator.lint.finding import Finding, bare, same
from cqlmeasure.translator.lower.core import Fact, Lowering

_NUMBERS: Final = (syntax.LiteralKind.INTEGER, syntax.LiteralKind.LONG, syntax.LiteralKind.DECIMAL)
_TIMES: Final = (syntax.LiteralKind.DATE, syntax.LiteralKind.DATETIME, syntax.LiteralKind.TIME)
_REPEATED: Final = {
    "and": "the second adds nothing",
    "or": "the second adds nothing",
    "xor": "this is never true",
    "implies": "this is never false",
    "union": "the second adds nothing",
    "intersect": "the second takes nothing away",
    "except": "nothing is left",
    "=": "this is true, or null",
    "!=": "this is never true",
    "~": "this is always true",
    "!~": "this is never true",
    "<": "this is never true",
    ">": "this is never true",
    "<=": "this is true, or null",
    ">=": "this is true, or null",
}
MAX_OPERANDS: Final = 100  # of a chain, that are looked at for one that is there twice
_CHAINED: Final = frozenset(("and", "or", "union"))


def reversed_bounds(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``x between 10 and 5`` is never true."""
    node = fact.node
    if isinstance(node, syntax.Between) and _order(node.low, node.high) > 0:
        message = "the lower bound is above the upper bound: this is never true"
        yield Finding("reversed-bounds", message, node.low.span.to(node.high.span), "write the lower bound first")


def reversed_interval(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``Interval[10, 5]`` is no interval; an open bound leaves ``Interval[5, 5)`` without a point."""
    node = fact.node
    if not isinstance(node, syntax.IntervalSelector):
        return
    order = _order(node.low, node.high)
    if order > 0:
        message = "the lower bound is above the upper bound: this is no interval"
        yield Finding("reversed-bounds", message, node.span, "write the lower bound first")
    elif order == 0 and not (node.low_closed and node.high_closed):
        message = "the bounds are the same and not both closed: no point is in this interval"
        yield Finding("reversed-bounds", message, node.span, "closed bounds have square brackets: Interval[x, x]")


def _order(low: syntax.Expression, high: syntax.Expression) -> int:
    """1 if the first of two literals is the larger, 0 if they are the same, -1 if it is the smaller or not known."""
    one, other = _value(low), _value(high)
    if one is None or other is None or one[0] != other[0]:
        return -1
    if isinstance(one[1], Decimal) and isinstance(other[1], Decimal):
        return (one[1] > other[1]) - (one[1] < other[1])
    first, second = str(one[1]), str(other[1])
    if first == second:
        return 0
    # Of different precision: what both say decides, if it does.
    length = min(len(first), len(second))
    return 1 if first[:length] > second[:length] else -1


def _value(node: syntax.Expression) -> tuple[object, Decimal | str] | None:
    node = bare(node)
    if isinstance(node, syntax.Unary) and node.operator == "-":
        inner = _value(node.operand)
        return (inner[0], -inner[1]) if inner is not None and isinstance(inner[1], Decimal) else None
    if isinstance(node, syntax.QuantityLiteral):
        return node.unit, node.value
    if isinstance(node, syntax.Literal):
        if node.kind in _NUMBERS:
            return "number", Decimal(node.text)
        if node.kind in _TIMES and not _has_offset(node.text):
            return node.kind, node.text
    return None


def _has_offset(text: str) -> bool:
    clock = text.partition("T")[2]
    return any(mark in clock for mark in "Z+-")


def constant_condition(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``where false`` returns nothing, ``where true`` and ``if true`` test nothing."""
    node = fact.node
    if isinstance(node, syntax.Query) and node.where is not None:
        condition = node.where
    elif isinstance(node, syntax.If):
        condition = node.condition
    else:
        return
    literal = bare(condition)
    if isinstance(literal, syntax.Literal) and literal.kind in (syntax.LiteralKind.BOOLEAN, syntax.LiteralKind.NULL):
        if isinstance(node, syntax.Query):
            effect = "tests nothing" if literal.text == "true" else "lets nothing through: the query is always empty"
        else:
            effect = f"always takes {'then' if literal.text == 'true' else 'else'}"
        yield Finding("constant-condition", f"the condition is the literal {literal.text} and {effect}", condition.span)


def same_operands(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``a and a``, ``a union b union a``, ``x = x``."""
    node = fact.node
    if not isinstance(node, syntax.Binary) or node.operator not in _REPEATED or _is_literal(node.right):
        return
    left = node.left
    for _ in range(MAX_OPERANDS):
        one = bare(left)
        chained = isinstance(one, syntax.Binary) and one.operator == node.operator and node.operator in _CHAINED
        other = one.right if chained and isinstance(one, syntax.Binary) else one
        if same(other, node.right):
            message = f"the same expression is on both sides of '{node.operator}': {_REPEATED[node.operator]}"
            place = f"{other.span.line}:{other.span.column}"
            yield Finding("same-operands", message, node.right.span, f"the other one is at {place}")
            return
        if not chained or not isinstance(one, syntax.Binary):
            return
        left = one.left


def _is_literal(node: syntax.Expression) -> bool:
    return isinstance(bare(node), syntax.Literal)
