"""Timing phrases: ``starts 3 days or less before start of``, ``same day as``, ``during``, ``overlaps`` and the others.

CQL specification, Author's Guide, "Timing and interval operators": a phrase is a comparison of boundaries; an offset
moves the right operand, or spans an interval that the left must be in.
"""

from __future__ import annotations

from cqlmeasure.elm import literals, logical
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.build import operate
from cqlmeasure.translator.lower.conversions import convert
from cqlmeasure.translator.lower.core import Lowering, Typed, lowers
from cqlmeasure.translator.lower.operators import in_terminology
from cqlmeasure.translator.lower.values import lower_quantity
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    CODE_SYSTEM,
    VALUE_SET,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
)

_SAME = {"as": "SameAs", "or before": "SameOrBefore", "or after": "SameOrAfter"}
_BOUNDARY = {"start": "Start", "end": "End"}


@lowers(syntax.Timing)
def lower_timing(lowering: Lowering, node: syntax.Timing) -> Typed:
    """A timing expression, by the kind of its phrase."""
    left, right = (_as_interval(lowering, operand) for operand in lowering.lower_all([node.left, node.right]))
    phrase = node.phrase
    if phrase.left_boundary is not None:
        left = operate(lowering, _BOUNDARY[phrase.left_boundary], [left], node.left.span, node.left.span)
    if phrase.right_boundary is not None:
        right = operate(lowering, _BOUNDARY[phrase.right_boundary], [right], phrase.span, node.right.span)
    match phrase.kind:
        case "same":
            return _compare(lowering, _SAME[phrase.relation or "as"], left, right, node)
        case "includes":
            contains = "Contains" if _is_item(right.type, left.type, phrase.properly) else "Includes"
            return _compare(lowering, _properly(contains, phrase.properly), left, right, node)
        case "during":
            if right.type in (VALUE_SET, CODE_SYSTEM):
                lowering.note(node, left.type, right.type)
                return in_terminology(lowering, left, right, node)
            member = "In" if _is_item(left.type, right.type, phrase.properly) else "IncludedIn"
            return _compare(lowering, _properly(member, phrase.properly), left, right, node)
        case "before" | "after":
            if phrase.offset is not None:
                return _at_offset(lowering, left, right, phrase.offset, node)
            direction = phrase.kind.capitalize()
            return _compare(lowering, f"SameOr{direction}" if phrase.inclusive else direction, left, right, node)
        case "within":
            return _within(lowering, left, right, node)
        case "meets" | "overlaps":
            relation = (phrase.relation or "").capitalize()
            return _compare(lowering, phrase.kind.capitalize() + relation, left, right, node)
    return _compare(lowering, phrase.kind.capitalize(), left, right, node)


def _as_interval(lowering: Lowering, operand: Typed) -> Typed:
    """A class of a model that stands for an interval, such as a period, is one from here on."""
    for conversion in lowering.models.conversions_from(operand.type):
        if isinstance(conversion.target, IntervalType):
            return convert(lowering, operand, conversion.target) or operand
    return operand


def _properly(operator: str, properly: bool) -> str:
    return f"Proper{operator}" if properly else operator


def _is_item(kind: DataType, container: DataType, properly: bool) -> bool:
    """As :func:`_is_point`; ``properly includes null`` of a list asks for an item that is null."""
    return _is_point(kind, container) or (properly and kind == ANY and isinstance(container, ListType))


def _is_point(kind: DataType, container: DataType) -> bool:
    """Whether a value of ``kind`` is an item of the other operand, rather than a list or interval of its own."""
    if kind == ANY:
        return not isinstance(container, ListType | IntervalType)
    if isinstance(kind, ChoiceType):
        return not any(isinstance(item, IntervalType | ListType) for item in kind.alternatives)
    if isinstance(container, ListType) and container.element == kind:
        return True
    return not isinstance(kind, IntervalType | ListType)


def _compare(lowering: Lowering, operator: str, left: Typed, right: Typed, node: syntax.Timing) -> Typed:
    fields = {} if node.phrase.precision is None else {"precision": node.phrase.precision.capitalize()}
    return operate(lowering, operator, [left, right], node.span, node.span, **fields)


def _at_offset(
    lowering: Lowering, left: Typed, right: Typed, offset: syntax.QuantityLiteral, node: syntax.Timing
) -> Typed:
    """``3 days [or more|or less] before``, ``less|more than 3 days after``, with or without ``on or``."""
    phrase, span = node.phrase, node.span
    before = phrase.kind == "before"
    if isinstance(left.type, IntervalType):
        left = operate(lowering, "End" if before else "Start", [left], None, span)
    if isinstance(right.type, IntervalType):
        right = operate(lowering, "Start" if before else "End", [right], None, span)
    quantity = lower_quantity(lowering, offset)
    moved = operate(lowering, "Subtract" if before else "Add", [right, quantity], None, span)
    match phrase.offset_relation:
        case None:
            return _compare(lowering, "SameAs", left, moved, node)
        case "or more":
            return _compare(lowering, "SameOrBefore" if before else "SameOrAfter", left, moved, node)
        case "more than":
            return _compare(lowering, "Before" if before else "After", left, moved, node)
    outer_closed = phrase.offset_relation == "or less"
    low, high = (moved, right) if before else (right, moved)
    low_closed, high_closed = (outer_closed, phrase.inclusive) if before else (phrase.inclusive, outer_closed)
    return _in_span(lowering, left, low, high, low_closed, high_closed, right, node)


def _within(lowering: Lowering, left: Typed, right: Typed, node: syntax.Timing) -> Typed:
    """``[properly] within 3 days of``: in the interval of that length on both sides."""
    phrase, span = node.phrase, node.span
    assert phrase.offset is not None
    quantity = phrase.offset
    first, last = right, right
    if isinstance(right.type, IntervalType):
        first = operate(lowering, "Start", [right], None, span)
        last = operate(lowering, "End", [right], None, span)
    low = operate(lowering, "Subtract", [first, lower_quantity(lowering, quantity)], None, span)
    high = operate(lowering, "Add", [last, lower_quantity(lowering, quantity)], None, span)
    closed = not phrase.properly
    return _in_span(lowering, left, low, high, closed, closed, right if first is right else None, node)


def _in_span(
    lowering: Lowering,
    left: Typed,
    low: Typed,
    high: Typed,
    low_closed: bool,
    high_closed: bool,
    anchor: Typed | None,
    node: syntax.Timing,
) -> Typed:
    """The left operand is in an interval that ends at ``anchor``; without an anchor there is no such interval."""
    interval = lowering.typed(
        literals.Interval,
        None,
        IntervalType(low.type),
        low=low.node,
        high=high.node,
        low_closed=low_closed,
        high_closed=high_closed,
    )
    operator = "IncludedIn" if isinstance(left.type, IntervalType) else "In"
    fields = {} if node.phrase.precision is None else {"precision": node.phrase.precision.capitalize()}
    inside = operate(lowering, operator, [left, interval], node.span, node.span, **fields)
    if anchor is None:
        return inside
    missing = lowering.make(logical.IsNull, None, BOOLEAN, operand=anchor.node)
    present = lowering.make(logical.Not, None, BOOLEAN, operand=missing)
    return lowering.typed(logical.And, node.span, BOOLEAN, operand=(inside.node, present))
