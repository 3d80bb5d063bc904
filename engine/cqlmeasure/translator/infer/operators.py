"""Types of operators: from the table of overloads, or from a shape that holds whatever the overload."""

from __future__ import annotations

from typing import Any

from cqlmeasure.elm import (
    aggregates,
    arithmetic,
    intervals,
    lists,
    logical,
)
from cqlmeasure.elm import types as type_operators
from cqlmeasure.elm.base import AggregateExpression, Element, OperatorExpression
from cqlmeasure.elm.registry import NODES
from cqlmeasure.translator.infer.core import RULES, Inference, Rule, typed, types
from cqlmeasure.translator.infer.datatypes import DataTypes
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    INTEGER,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    TypeVariable,
    choice_of,
    is_subtype,
    operators,
    signatures,
)

_EXACT, _SUBTYPE, _OPEN = 3, 2, 1


def operand_types(node: Any) -> tuple[DataType, ...]:
    """The types of a node's operands; where one is unknown, that of the stated signature."""
    if isinstance(node, AggregateExpression):
        found: tuple[DataType, ...] = (typed(node.source),)
    elif isinstance(node.operand, tuple):
        found = tuple(typed(operand) for operand in node.operand)
    else:
        found = (typed(node.operand),)
    signature = node.signature
    if len(signature) != len(found) or ANY not in found:
        return found
    return tuple(stated if kind == ANY else kind for kind, stated in zip(found, signature, strict=True))


def score(formal: tuple[DataType, ...], actual: tuple[DataType, ...], data: DataTypes) -> int:
    """How well operands of types ``actual`` suit ``formal``; 0 if they do not.  Unknown operands suit anything."""
    if len(formal) != len(actual):
        return 0
    total = 1
    for wanted, kind in zip(formal, actual, strict=True):
        if kind == wanted:
            total += _EXACT
        elif kind == ANY or wanted == ANY:
            total += _OPEN
        elif is_subtype(kind, wanted, data.fhir.models):
            total += _SUBTYPE
        else:
            return 0
    return total


def select(operator: str, actual: tuple[DataType, ...], data: DataTypes) -> DataType:
    """The result type of an operator for operands of types ``actual``; ``System.Any`` if that is not decided."""
    best = 0
    result: DataType = ANY
    for signature in signatures(operator):
        points = score(signature.operands, actual, data)
        if points > best:
            best, result = points, signature.result
        elif points == best and signature.result != result:
            result = ANY
    return result


def has_variable(kind: DataType) -> bool:
    """Whether a type of a signature is generic."""
    match kind:
        case ListType(inner) | IntervalType(inner):
            return has_variable(inner)
    return isinstance(kind, TypeVariable)


def element_of(kind: DataType) -> DataType:
    """The type of a list's items."""
    match kind:
        case ListType(element):
            return element
        case ChoiceType(alternatives):
            elements = [item.element for item in alternatives if isinstance(item, ListType)]
            return choice_of(*elements) if elements else ANY
    return ANY


def point_of(kind: DataType) -> DataType:
    """The type of an interval's points."""
    match kind:
        case IntervalType(point):
            return point
        case ChoiceType(alternatives):
            points = [item.point for item in alternatives if isinstance(item, IntervalType)]
            return choice_of(*points) if points else ANY
    return ANY


def _by_table(inference: Inference, node: OperatorExpression) -> DataType:
    path = getattr(node, "path", None)
    actual = node.signature if path is None and node.signature else operand_types(node)
    if path is not None:
        actual = tuple(inference.data.path(kind, path) for kind in actual)
    key = (type(node), actual)
    found = inference.selected.get(key)
    if found is None:
        found = inference.selected[key] = select(type(node).__name__, actual, inference.data)
    return found


def _register() -> None:
    """Gives every operator of the table its rule: the result that all its overloads share, or a choice among them.

    Operators with generic results have rules of their own below.
    """
    for name in operators():
        node = NODES.get(name)
        if node is None:
            continue
        results = {signature.result for signature in signatures(name)}
        if len(results) == 1:
            RULES[node] = _constant(results.pop())
        elif not any(map(has_variable, results)):
            RULES[node] = _by_table


def _constant(kind: DataType) -> Rule:
    return lambda inference, node: kind


_register()


@types(type_operators.Is, type_operators.CanConvert)
def _boolean(inference: Inference, node: Element) -> DataType:
    return BOOLEAN


@types(lists.Iteration)
def _integer(inference: Inference, node: Element) -> DataType:
    return INTEGER


@types(intervals.Start, intervals.End, intervals.Width, intervals.Size, intervals.PointFrom)
def _point(inference: Inference, node: Any) -> DataType:
    return point_of(operand_types(node)[0])


@types(lists.SingletonFrom)
def _single(inference: Inference, node: lists.SingletonFrom) -> DataType:
    return element_of(operand_types(node)[0])


@types(lists.First, lists.Last)
def _item(inference: Inference, node: Any) -> DataType:
    kind = typed(node.source)
    return element_of(node.signature[0] if kind == ANY and node.signature else kind)


@types(aggregates.Mode)
def _mode(inference: Inference, node: aggregates.Mode) -> DataType:
    kind = element_of(typed(node.source))
    return inference.data.path(kind, node.path) if node.path is not None else kind


@types(lists.Indexer)
def _indexed(inference: Inference, node: lists.Indexer) -> DataType:
    kind = operand_types(node)[0] if node.operand else ANY
    return element_of(kind) if isinstance(kind, ListType | ChoiceType) else kind


@types(lists.Slice, logical.Message)
def _source(inference: Inference, node: Any) -> DataType:
    return typed(node.source)


@types(lists.Distinct)
def _operand(inference: Inference, node: lists.Distinct) -> DataType:
    return operand_types(node)[0]


@types(intervals.Collapse)
def _first(inference: Inference, node: intervals.Collapse) -> DataType:
    return operand_types(node)[0] if node.operand else ANY


@types(intervals.Expand)
def _expanded(inference: Inference, node: intervals.Expand) -> DataType:
    kind = operand_types(node)[0] if node.operand else ANY
    return ListType(kind.point) if isinstance(kind, IntervalType) else kind


@types(intervals.Union)
def _union(inference: Inference, node: intervals.Union) -> DataType:
    return inference.data.common(operand_types(node))


@types(intervals.Intersect, intervals.Except)
def _narrowed(inference: Inference, node: Any) -> DataType:
    """Items come from the first operand; if that is unknown, so is all but what the others tell."""
    return next((kind for kind in operand_types(node) if kind != ANY), ANY)


@types(lists.Flatten)
def _flattened(inference: Inference, node: lists.Flatten) -> DataType:
    kind = operand_types(node)[0]
    element = element_of(kind)
    if isinstance(element, ListType):
        return element
    if isinstance(element, ChoiceType):
        parts = [item.element if isinstance(item, ListType) else item for item in element.alternatives]
        return ListType(choice_of(*parts))
    return kind


@types(type_operators.ToList)
def _listed(inference: Inference, node: type_operators.ToList) -> DataType:
    return ListType(operand_types(node)[0])


@types(lists.Times)
def _joined(inference: Inference, node: lists.Times) -> DataType:
    return ListType(inference.data.merged(element_of(kind) for kind in operand_types(node)))


@types(logical.Coalesce)
def _coalesced(inference: Inference, node: logical.Coalesce) -> DataType:
    kinds = operand_types(node)
    if len(kinds) == 1 and isinstance(kinds[0], ListType):
        return kinds[0].element
    return inference.data.common(kinds)


@types(logical.If)
def _if(inference: Inference, node: logical.If) -> DataType:
    return inference.data.common((typed(node.then), typed(node.else_)))


@types(logical.Case)
def _case(inference: Inference, node: logical.Case) -> DataType:
    return inference.data.common((*(typed(item.then) for item in node.case_item), typed(node.else_)))


@types(type_operators.As)
def _cast(inference: Inference, node: type_operators.As) -> DataType:
    return node.as_type


@types(type_operators.Convert)
def _converted(inference: Inference, node: type_operators.Convert) -> DataType:
    return node.to_type


@types(arithmetic.MinValue, arithmetic.MaxValue)
def _extreme(inference: Inference, node: Any) -> DataType:
    return node.value_type  # type: ignore[no-any-return]
