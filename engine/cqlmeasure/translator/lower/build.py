"""Making operator nodes: the overload is chosen, the operands are converted, the fields are filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cqlmeasure.elm.base import AggregateExpression, UnaryExpression
from cqlmeasure.elm.registry import NODES
from cqlmeasure.errors import Span
from cqlmeasure.translator.lower.advice import no_overload
from cqlmeasure.translator.lower.core import Lowering, Typed
from cqlmeasure.translator.lower.overloads import choose
from cqlmeasure.typesys import CODE, VALUE_SET, ListType, signatures, unify

# Operators whose operands have names of their own.
_FIELDS: dict[str, tuple[str, ...]] = {
    "First": ("source",),
    "Last": ("source",),
    "IndexOf": ("source", "element"),
    "Round": ("operand", "precision"),
    "Combine": ("source", "separator"),
    "LastPositionOf": ("pattern", "string"),
    "PositionOf": ("pattern", "string"),
    "Split": ("string_to_split", "separator"),
    "SplitOnMatches": ("string_to_split", "separator_pattern"),
    "Substring": ("string_to_sub", "start_index", "length"),
    "Date": ("year", "month", "day"),
    "DateTime": ("year", "month", "day", "hour", "minute", "second", "millisecond", "timezone_offset"),
    "Time": ("hour", "minute", "second", "millisecond"),
    "InValueSet": ("code", "valueset_expression"),
    "AnyInValueSet": ("codes", "valueset_expression"),
    "InCodeSystem": ("code", "codesystem_expression"),
    "AnyInCodeSystem": ("codes", "codesystem_expression"),
}


def operate(
    lowering: Lowering, operator: str, operands: Sequence[Typed], span: Span | None, at: Span, **fields: Any
) -> Typed:
    """The node of an operator.

    ``span`` is its locator (``None`` for one the author did not write); errors are reported at ``at``.
    """
    types = [operand.type for operand in operands]
    chosen = choose(lowering, signatures(operator), types)
    if chosen is None and VALUE_SET in types:
        operands = [expanded(lowering, operand) for operand in operands]
        chosen = choose(lowering, signatures(operator), [operand.type for operand in operands])
    if chosen is None:
        raise no_overload(lowering, operator, signatures(operator), types, at)
    converted = operand_fields(operator, chosen.apply(operands))
    return lowering.typed(NODES[operator], span, chosen.signature.result, **converted, **fields)


def expanded(lowering: Lowering, value: Typed) -> Typed:
    """A value set as the list of its codes; any other value as it is."""
    if value.type != VALUE_SET:
        return value
    return lowering.typed(NODES["ExpandValueSet"], None, ListType(CODE), operand=value.node)


def operand_fields(operator: str, operands: Sequence[Typed]) -> dict[str, Any]:
    """The fields of an operator's node that hold its operands."""
    names = _FIELDS.get(operator)
    if names is not None:
        return {name: operand.node for name, operand in zip(names, operands, strict=False)}
    kind = NODES[operator]
    if issubclass(kind, AggregateExpression):
        return {"source": operands[0].node}
    if issubclass(kind, UnaryExpression):
        return {"operand": operands[0].node}
    return {"operand": tuple(operand.node for operand in operands)} if operands else {}


def union(lowering: Lowering, left: Typed, right: Typed, span: Span) -> Typed:
    """A union: of intervals, or of lists whose items may be of different types and then are a choice."""
    if not (isinstance(left.type, ListType) and isinstance(right.type, ListType)):
        return operate(lowering, "Union", [left, right], span, span)
    # Never by overload: that could narrow the items of one side to the type of the other.
    from_left, from_right = left.type.element, right.type.element
    kind = ListType(unify([from_left, from_right], lowering.models))
    return lowering.typed(NODES["Union"], span, kind, operand=(left.node, right.node))
