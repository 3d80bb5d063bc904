"""Implicit conversions: whether a value of one type can stand where another is expected, at what cost, and how.

CQL specification, Author's Guide, "Implicit conversions".  The costs order overloads: an exact match is best, then a
subtype, a choice or null that is cast, a simple conversion, a conversion to a structured type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from cqlmeasure.elm import library as elm_library
from cqlmeasure.elm import literals, logical, queries, types
from cqlmeasure.elm.registry import NODES
from cqlmeasure.models import Conversion as ModelConversion
from cqlmeasure.models import fhir_types
from cqlmeasure.translator.lower.core import FHIR, Lowering, Typed
from cqlmeasure.typesys import (
    ANY,
    BOOLEAN,
    IMPLICIT_CONVERSIONS,
    ChoiceType,
    DataType,
    IntervalType,
    ListType,
    NamedType,
    is_subtype,
    parse_type,
)

EXACT, SUBTYPE, COMPATIBLE, CAST, WIDEN, SIMPLE, COMPLEX = range(7)
# Worse than any two conversions; where both would do, points become intervals before lists lose their items.
INTERVAL_PROMOTION, LIST_DEMOTION, INTERVAL_DEMOTION, LIST_PROMOTION = range(20, 60, 10)

_STRUCTURED = {parse_type(name) for name in ("Quantity", "Concept", "Ratio", "List<Code>")}
_SYSTEM = {(parse_type(source), parse_type(target)): operator for source, target, operator in IMPLICIT_CONVERSIONS}


class Conversion(NamedTuple):
    """How to make a value of the wanted type, and what that costs."""

    cost: int
    apply: Callable[[Typed], Typed]


def find_conversion(lowering: Lowering, source: DataType, target: DataType) -> Conversion | None:
    """The cheapest implicit conversion of ``source`` to ``target``; ``None`` if there is none."""
    if source == target:
        return Conversion(EXACT, _identity)
    if source == ANY:
        return Conversion(COMPATIBLE, lambda operand: cast(lowering, operand, target))
    match source, target:
        case ListType(element), ListType(other):
            return _of_lists(lowering, element, other)
        case IntervalType(point), IntervalType(other):
            return _of_intervals(lowering, point, other)
    if is_subtype(source, target, lowering.models):
        if isinstance(target, ChoiceType) and not isinstance(source, ChoiceType):
            return Conversion(WIDEN, _widening(lowering, source, target))
        return Conversion(SUBTYPE, _identity)
    if isinstance(source, ChoiceType):
        return _from_choice(lowering, source, target)
    if isinstance(target, ChoiceType):
        return _to_choice(lowering, source, target)
    operator = _SYSTEM.get((source, target))
    if operator is not None:
        cost = COMPLEX if target in _STRUCTURED else SIMPLE
        return Conversion(cost, partial(_operator, lowering, operator, target))
    for conversion in lowering.models.conversions_from(source):
        found = _by_model(lowering, conversion, target)
        if found is not None:
            return found
    return promote(lowering, source, target) if lowering.lenient else None


def convert(lowering: Lowering, operand: Typed, target: DataType) -> Typed | None:
    """The operand as a value of ``target``; ``None`` if it cannot be one."""
    found = find_conversion(lowering, operand.type, target)
    return None if found is None else found.apply(operand)


def cast(lowering: Lowering, operand: Typed, target: DataType) -> Typed:
    """``operand as target``, made without the author's asking."""
    return lowering.typed(types.As, None, target, operand=operand.node, as_type=lowering.data_type(target))


def promote(lowering: Lowering, source: DataType, target: DataType) -> Conversion | None:
    """A list or interval for a single value, or the other way round, where the options allow it."""
    options = lowering.options
    match source, target:
        case ListType(element), _ if options.list_demotion and not isinstance(target, ListType):
            return _through(
                lowering, LIST_DEMOTION, partial(_unary, lowering, "SingletonFrom", element), element, target
            )
        case IntervalType(point), _ if options.interval_demotion and not isinstance(target, IntervalType):
            return _through(lowering, INTERVAL_DEMOTION, partial(_unary, lowering, "PointFrom", point), point, target)
        case _, IntervalType(point) if options.interval_promotion:
            inner = find_conversion(lowering, source, point)
            if inner is not None:
                return Conversion(INTERVAL_PROMOTION + inner.cost, partial(_as_interval, lowering, inner, point))
        case _, ListType(element) if options.list_promotion:
            inner = find_conversion(lowering, source, element)
            if inner is not None:
                return Conversion(LIST_PROMOTION + inner.cost, partial(_as_list, lowering, inner, element))
    return None


def _through(
    lowering: Lowering, cost: int, first: Callable[[Typed], Typed], between: DataType, target: DataType
) -> Conversion | None:
    then = find_conversion(lowering, between, target)
    return None if then is None else Conversion(cost + then.cost, lambda operand: then.apply(first(operand)))


def _unary(lowering: Lowering, operator: str, kind: DataType, operand: Typed) -> Typed:
    return lowering.typed(NODES[operator], None, kind, operand=operand.node)


def _as_list(lowering: Lowering, inner: Conversion, element: DataType, operand: Typed) -> Typed:
    return lowering.typed(types.ToList, None, ListType(element), operand=inner.apply(operand).node)


def _as_interval(lowering: Lowering, inner: Conversion, point: DataType, operand: Typed) -> Typed:
    """``if x is null then null else Interval[x, x]``."""
    kind = IntervalType(point)
    bound = inner.apply(operand).node
    interval = lowering.make(literals.Interval, None, kind, low=bound, high=bound, low_closed=True, high_closed=True)
    missing = lowering.make(logical.IsNull, None, BOOLEAN, operand=bound)
    null = cast(lowering, lowering.typed(literals.Null, None, ANY), kind).node
    return lowering.typed(logical.If, None, kind, condition=missing, then=null, else_=interval)


def _of_lists(lowering: Lowering, element: DataType, other: DataType) -> Conversion | None:
    inner = find_conversion(lowering, element, other)
    if inner is None:
        return None
    if element == ANY:
        return Conversion(COMPATIBLE, lambda operand: cast(lowering, operand, ListType(other)))
    if inner.apply is _identity or is_subtype(element, other, lowering.models):
        return Conversion(inner.cost, _identity)
    # To narrow items drops some of them, which is worse than to widen the items of another list.
    cost = inner.cost + WIDEN if isinstance(element, ChoiceType) else inner.cost
    return Conversion(cost, lambda operand: _each_item(lowering, operand, inner, element, other))


def _of_intervals(lowering: Lowering, point: DataType, other: DataType) -> Conversion | None:
    inner = find_conversion(lowering, point, other)
    if inner is None:
        return None
    if point == ANY:
        return Conversion(COMPATIBLE, lambda operand: cast(lowering, operand, IntervalType(other)))
    if inner.apply is _identity or is_subtype(point, other, lowering.models):
        return Conversion(inner.cost, _identity)
    return Conversion(inner.cost, lambda operand: _bounds(lowering, operand, inner, point, other))


def _identity(operand: Typed) -> Typed:
    return operand


def _operator(lowering: Lowering, operator: str, target: DataType, operand: Typed) -> Typed:
    return lowering.typed(NODES[operator], None, target, operand=operand.node)


def _from_choice(lowering: Lowering, source: ChoiceType, target: DataType) -> Conversion | None:
    if isinstance(target, ChoiceType):
        if any(
            is_subtype(kind, other, lowering.models) for kind in target.alternatives for other in source.alternatives
        ):
            return Conversion(CAST, _identity)
        return None
    if any(is_subtype(kind, target, lowering.models) for kind in source.alternatives):
        return Conversion(CAST, lambda operand: cast(lowering, operand, target))
    ways = [(kind, way) for kind in source.alternatives if (way := find_conversion(lowering, kind, target))]
    if not ways:
        return None
    cost = CAST + min(way.cost for _, way in ways)

    def apply(operand: Typed) -> Typed:
        if len(ways) == 1:
            kind, way = ways[0]
            return way.apply(cast(lowering, operand, kind))
        items = tuple(
            lowering.make(
                logical.CaseItem,
                None,
                when=lowering.make(types.Is, None, BOOLEAN, operand=operand.node, is_type=lowering.data_type(kind)),
                then=way.apply(cast(lowering, operand, kind)).node,
            )
            for kind, way in ways
        )
        otherwise = cast(lowering, lowering.typed(literals.Null, None, ANY), target).node
        return lowering.typed(logical.Case, None, target, case_item=items, else_=otherwise)

    return Conversion(cost, apply)


def _to_choice(lowering: Lowering, source: DataType, target: ChoiceType) -> Conversion | None:
    ways = [way for kind in target.alternatives if (way := find_conversion(lowering, source, kind))]
    if not ways:
        return None
    best = min(ways, key=lambda way: way.cost)
    return Conversion(best.cost + WIDEN, best.apply)


def _widening(lowering: Lowering, source: DataType, target: DataType) -> Callable[[Typed], Typed]:
    """A value is a value of the choice as it stands.

    Only FHIR's data types, whose JSON does not say what they are, are cast so that the type is not lost.
    """
    kind = lowering.data_type(source)
    if isinstance(kind, NamedType) and kind.model == FHIR and not fhir_types().is_resource(kind.name):
        return lambda operand: cast(lowering, operand, target)
    return _identity


def _by_model(lowering: Lowering, conversion: ModelConversion, target: DataType) -> Conversion | None:
    """A conversion that the model names; its result may need one of System's after it."""
    alias = next(
        (alias for alias, library in lowering.includes.items() if library.name == conversion.library),
        None if lowering.library != conversion.library else "",
    )
    if alias is None:
        return None
    after = Conversion(EXACT, _identity)
    if conversion.target != target:
        operator = _SYSTEM.get((conversion.target, target))
        if operator is None:
            return None
        after = Conversion(SIMPLE, partial(_operator, lowering, operator, target))

    def apply(operand: Typed) -> Typed:
        lowering.used.add(alias)
        call = lowering.typed(
            elm_library.FunctionRef,
            None,
            conversion.target,
            name=conversion.function_name,
            library_name=alias or None,
            signature=(lowering.data_type(conversion.source),),
            operand=(operand.node,),
        )
        return after.apply(call)

    cost = COMPLEX if conversion.target in _STRUCTURED else SIMPLE
    return Conversion(cost + after.cost, apply)


def _each_item(lowering: Lowering, operand: Typed, inner: Conversion, element: DataType, target: DataType) -> Typed:
    source = lowering.make(queries.AliasedQuerySource, None, operand.type, alias="X", expression=operand.node)
    item = inner.apply(lowering.typed(queries.AliasRef, None, element, name="X"))
    result = lowering.make(queries.ReturnClause, None, target, expression=item.node, distinct=False)
    return lowering.typed(queries.Query, None, ListType(target), source=(source,), return_=result)


def _bounds(lowering: Lowering, operand: Typed, inner: Conversion, point: DataType, target: DataType) -> Typed:
    def bound(name: str, kind: DataType) -> Typed:
        return lowering.typed(literals.Property, None, kind, path=name, source=operand.node)

    return lowering.typed(
        literals.Interval,
        None,
        IntervalType(target),
        low=inner.apply(bound("low", point)).node,
        low_closed_expression=bound("lowClosed", BOOLEAN).node,
        high=inner.apply(bound("high", point)).node,
        high_closed_expression=bound("highClosed", BOOLEAN).node,
    )
