"""Numbers where a quantity is meant, and bounds that do not go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cqlmeasure.translator import syntax
from cqlmeasure.translator.lint.finding import Finding, bare, overlap
from cqlmeasure.translator.lower.advice import shown
from cqlmeasure.translator.lower.core import Fact, Lowering
from cqlmeasure.typesys import DATE, DATETIME, DECIMAL, INTEGER, LONG, QUANTITY, TIME

_NUMBERS: Final = (INTEGER, LONG, DECIMAL)
_TEMPORAL: Final = (DATE, DATETIME, TIME)
_COMPARISONS: Final = frozenset(("=", "!=", "~", "!~", "<", "<=", ">", ">="))


def missing_unit(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``@2026-01-01 + 5`` and ``X.value > 5``, where the number would need a unit."""
    node = fact.node
    if not isinstance(node, syntax.Binary):
        return
    for kind, number, side in ((fact.types[0], fact.types[1], node.right), (fact.types[1], fact.types[0], node.left)):
        if number not in _NUMBERS:
            continue
        if node.operator in ("+", "-") and kind in _TEMPORAL:
            message = f"a number without a unit is no duration: '{node.operator}' with a {shown(kind)} needs one"
            yield Finding("missing-unit", message, side.span, "write the unit: 5 days")
        elif node.operator in _COMPARISONS and kind == QUANTITY and not _is_zero(side):
            message = (
                "a Quantity is compared with a number, whose unit is '1': a unit that does not convert to it gives null"
            )
            yield Finding("missing-unit", message, side.span, "write the unit: 5 'mg'")


def _is_zero(node: syntax.Expression) -> bool:
    node = bare(node)
    return isinstance(node, syntax.Literal) and not node.text.strip("0.")


def mixed_bounds(lowering: Lowering, fact: Fact) -> Iterator[Finding]:
    """``Interval[1, 'a']``: bounds that have no order."""
    node = fact.node
    low, high = fact.types
    if isinstance(node, syntax.IntervalSelector) and not overlap(lowering, low, high):
        message = f"the bounds are of different types, {shown(low)} and {shown(high)}: nothing lies between them"
        yield Finding("mixed-bounds", message, node.span, "give both bounds one type")
