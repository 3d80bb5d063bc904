"""Target maps: the ELM that finds an element of a model such as QICore in the FHIR data.

The map of an element (``models.parse_target``) is turned into properties, filters over lists and calls of conversion
functions.  Always holds: the nodes made here have the types of the data model; the result has the element's own type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cqlmeasure.elm import library, lists, literals, logical, queries, types
from cqlmeasure.elm.base import Expression
from cqlmeasure.errors import Span
from cqlmeasure.models import (
    TargetCall,
    TargetCases,
    TargetCriterion,
    TargetMap,
    TargetPath,
    TargetStep,
    fhir_types,
    parse_target,
)
from cqlmeasure.translator.lower.core import FHIR, Lowering, Typed
from cqlmeasure.typesys import ANY, BOOLEAN, STRING, ChoiceType, DataType, ListType, NamedType

THIS = "$this"


class Place:
    """Where the element is: how to make the property ``path`` of its owner, and the owner's data type."""

    def __init__(
        self, lowering: Lowering, owner: DataType, path: str, scope: str | None, source: Expression | None
    ) -> None:
        self.lowering = lowering
        self.owner = lowering.data_type(owner)
        self.path = path
        self.scope = scope
        self.source = source

    def property(self, name: str, span: Span | None) -> Typed:
        """The property ``name`` of the owner."""
        kind = property_type(self.owner, name)
        if self.scope == "" and self.source is None:
            return self.lowering.typed(library.IdentifierRef, span, kind, name=name)
        return self.lowering.typed(literals.Property, span, kind, path=name, scope=self.scope, source=self.source)


def property_type(owner: DataType, name: str) -> DataType:
    """The data type of an element of a FHIR class, ``System.Any`` if it is not known."""
    if isinstance(owner, NamedType) and owner.model == FHIR:
        element = fhir_types().element(owner.name, name)
        if element is not None:
            return element.type
    return ANY


def apply_target(lowering: Lowering, target: str, place: Place, result: DataType, span: Span) -> Typed:
    """The value of an element by its target map, as a value of type ``result``."""
    value = _apply(lowering, parse_target(target), place, isinstance(result, ListType), span)
    if isinstance(result, ChoiceType) and value.type in result.alternatives:
        # The map converts to one alternative, so the value is never another.
        return value
    return Typed(value.node, result)


def _apply(lowering: Lowering, target: TargetMap, place: Place, many: bool, span: Span) -> Typed:
    match target:
        case TargetPath(root, steps):
            if root == "value":
                return _steps(lowering, place.property(place.path, span), steps, many)
            return _from_parent(lowering, place, steps, many, span)
        case TargetCall(name, function, operand):
            inner = _apply(lowering, operand, place, many, span)
            if isinstance(inner.type, ListType):
                return _each(lowering, inner, lambda item: _call(lowering, name, function, item, span))
            return _call(lowering, name, function, inner, span)
        case TargetCases(cases):
            items = []
            for case in cases:
                kind = lowering.data_type(case.type)
                value = _apply(lowering, case.map, place, many, span)
                test = lowering.make(types.Is, None, BOOLEAN, operand=value.node, is_type=kind)
                items.append(lowering.make(logical.CaseItem, None, kind, when=test, then=value.node))
            null = lowering.make(literals.Null, None, ANY)
            return lowering.typed(logical.Case, None, ANY, case_item=tuple(items), else_=null)
    raise AssertionError(target)


def _steps(lowering: Lowering, value: Typed, steps: tuple[TargetStep, ...], many: bool) -> Typed:
    for step in steps:
        if step.criteria:
            value = _filter(lowering, _property_of(lowering, value, step.name), step.criteria)
        elif isinstance(value.type, ListType):
            value = _each(lowering, value, partial(_property_of, lowering, name=step.name))
        else:
            value = _property_of(lowering, value, step.name)
    return value


def _from_parent(lowering: Lowering, place: Place, steps: tuple[TargetStep, ...], many: bool, span: Span) -> Typed:
    """``%parent.list[criteria].tail``: one query that filters and returns the tail, a singleton unless ``many``."""
    first, *tail = steps
    value = place.property(first.name, span)
    if first.criteria:
        value = _filter(lowering, value, first.criteria, tuple(step.name for step in tail))
        return value if many else _singleton(lowering, value)
    return _steps(lowering, value, tuple(tail), many)


def _singleton(lowering: Lowering, value: Typed) -> Typed:
    element = value.type.element if isinstance(value.type, ListType) else value.type
    return lowering.typed(lists.SingletonFrom, None, element, operand=value.node)


def _property_of(lowering: Lowering, value: Typed, name: str) -> Typed:
    kind = value.type.element if isinstance(value.type, ListType) else value.type
    return lowering.typed(literals.Property, None, property_type(kind, name), path=name, source=value.node)


def _filter(
    lowering: Lowering, value: Typed, criteria: tuple[TargetCriterion, ...], tail: tuple[str, ...] = ()
) -> Typed:
    element = value.type.element if isinstance(value.type, ListType) else value.type
    source = lowering.make(queries.AliasedQuerySource, None, value.type, alias=THIS, expression=value.node)
    condition: Expression | None = None
    for criterion in criteria:
        test = _criterion(lowering, element, criterion)
        condition = test if condition is None else lowering.make(logical.And, None, BOOLEAN, operand=(condition, test))
    returned = None
    kind: DataType = element
    if tail:
        for name in tail:
            kind = property_type(kind, name) if kind != ANY else ANY
        if kind == ANY or not isinstance(kind, NamedType):
            kind = ANY
        item = lowering.make(queries.AliasRef, None, element, name=THIS)
        path = lowering.make(literals.Property, None, kind, path=".".join(tail), source=item)
        returned = lowering.make(queries.ReturnClause, None, kind, expression=path, distinct=False)
    return lowering.typed(queries.Query, None, ListType(kind), source=(source,), where=condition, return_=returned)


def _criterion(lowering: Lowering, element: DataType, criterion: TargetCriterion) -> Expression:
    """``path = 'value'`` of the item at hand; a step through a list takes its first item."""
    first, *rest = criterion.path
    value = lowering.typed(literals.Property, None, property_type(element, first), path=first, scope=THIS)
    for name in rest:
        if isinstance(value.type, ListType):
            value = lowering.typed(lists.First, None, value.type.element, source=value.node)
        value = _property_of(lowering, value, name)
    text = value if value.type == STRING else _call(lowering, "FHIRHelpers", "ToString", value, None)
    literal = lowering.make(literals.Literal, None, STRING, value_type=STRING, value=criterion.value)
    return lowering.make(logical.Equal, None, BOOLEAN, operand=(text.node, literal))


def _each(lowering: Lowering, value: Typed, change: Callable[[Typed], Typed]) -> Typed:
    """``change`` applied to every item of a list."""
    element = value.type.element if isinstance(value.type, ListType) else value.type
    source = lowering.make(queries.AliasedQuerySource, None, value.type, alias=THIS, expression=value.node)
    item = change(lowering.typed(queries.AliasRef, None, element, name=THIS))
    returned = lowering.make(queries.ReturnClause, None, item.type, expression=item.node, distinct=False)
    return lowering.typed(queries.Query, None, ListType(item.type), source=(source,), return_=returned)


def _call(lowering: Lowering, name: str, function: str, operand: Typed, span: Span | None) -> Typed:
    """A function of the library that a map names, which the author must have included."""
    alias = next(
        (alias for alias, symbols in lowering.includes.items() if symbols.name.rpartition(".")[2] == name), None
    )
    if alias is None:
        raise lowering.fail(
            "missing-helpers",
            f"the model needs the library {name} to read this element, and it is not included",
            span or Span(1, 1, 1, 1),
            hint=f"add: include {name} version '...' called {name}",
        )
    lowering.used.add(alias)
    overloads = lowering.includes[alias].functions.get(function, ())
    kind = next(
        (overload.result for overload in overloads if overload.operands == (operand.type,)),
        overloads[0].result if overloads else ANY,
    )
    return lowering.typed(
        library.FunctionRef,
        span,
        kind,
        name=function,
        library_name=alias,
        signature=_signature(operand),
        operand=(operand.node,),
    )


def _signature(operand: Typed) -> tuple[DataType, ...]:
    return () if operand.type == ANY else (operand.type,)


__all__ = ["THIS", "Place", "apply_target", "property_type"]
