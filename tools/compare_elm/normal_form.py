"""The normal form in which two translations of one definition are compared.

What is left out, or written one way, because it changes no result:

1. annotations, localIds, locators, signatures, access levels, and result types;
2. types: by local name; the alternatives of a choice sorted and without repeats (two profiles of one class are one);
3. casts that no author wrote (they narrow a value to what the chosen overload takes; another overload shows in the
   operator and its conversions), casts of ``null`` and to a choice; a ``case`` that casts each alternative of a choice
   to that choice again is the choice;
4. names of the aliases that implicit queries have;
5. ``scope="E"`` is the same as ``source=AliasRef E``;
6. ``a union b union c`` is one union of three, and ``a union a`` is ``a``; medications other than requests that are
   found by reference, which only we look for, are left out;
7. a point where an interval is expected: ``Interval[p, p]`` unless ``p`` is null, or ``p`` itself;
8. the ``low`` of an interval that is written out is its low bound, converted once the list or interval is;
9. sort directions ``asc`` and ``ascending``; a default ``distinct``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from cqlmeasure.elm import clinical, intervals, library, literals, logical, queries, types
from cqlmeasure.elm.base import Element
from cqlmeasure.typesys import ANY, ChoiceType, DataType, IntervalType, ListType, NamedType, TupleType

Form = tuple[Any, ...]

_LEFT_OUT = {"local_id", "locator", "annotation", "signature", "access_level", "result_type", "preserve", "context"}
_DIRECTIONS = {"ascending": "asc", "descending": "desc"}
_CONVERSIONS = (types.ToDateTime, types.ToDecimal, types.ToQuantity, types.ToConcept, types.ToLong)


def normal_form(node: Element) -> Form:
    """The comparable form of a node: its class, then its fields in order of their names."""
    return _form(node, {})


def _form(node: Element, aliases: Mapping[str, str]) -> Form:
    rule = _RULES.get(type(node))
    if rule is not None:
        found = rule(node, aliases)
        if found is not None:
            return found
    return _plain(node, aliases)


def _plain(node: Element, aliases: Mapping[str, str], **replaced: Any) -> Form:
    fields: list[tuple[str, Any]] = []
    for name in node.__struct_fields__:
        if name in _LEFT_OUT:
            continue
        value = replaced.get(name, getattr(node, name))
        if value is None or value == () or value is False:
            continue
        fields.append((name, _value(value, aliases)))
    return (type(node).__name__, *sorted(fields, key=lambda field: field[0]))


def _value(value: Any, aliases: Mapping[str, str]) -> Any:
    if isinstance(value, Element):
        return _form(value, aliases)
    if isinstance(value, NamedType | ListType | IntervalType | ChoiceType | TupleType):
        return type_name(value)
    if isinstance(value, tuple):
        return tuple(_value(item, aliases) for item in value)
    if isinstance(value, Decimal):
        return str(value.normalize())
    return _DIRECTIONS.get(value, value) if isinstance(value, str) else value


def type_name(kind: DataType) -> str:
    """A type by local names."""
    match kind:
        case NamedType(_, name):
            return name
        case ListType(element):
            return f"List<{type_name(element)}>"
        case IntervalType(point):
            return f"Interval<{type_name(point)}>"
        case ChoiceType(alternatives):
            names = sorted({type_name(item) for item in alternatives})
            return names[0] if len(names) == 1 else f"Choice<{','.join(names)}>"
        case TupleType(elements):
            return f"Tuple<{','.join(sorted(f'{name}:{type_name(item)}' for name, item in elements))}>"
    return str(kind)


def _as(node: types.As, aliases: Mapping[str, str]) -> Form | None:
    if node.strict:
        return None
    inner = _form(node.operand, aliases)
    if node.locator is None or inner[0] == "Null" or isinstance(node.as_type, ChoiceType):
        return inner
    return None


def _case(node: logical.Case, aliases: Mapping[str, str]) -> Form | None:
    """A case that tests a choice for each type and casts it to that type again is the choice."""
    if node.comparand is not None or not node.case_item or not isinstance(node.else_, literals.Null | types.As):
        return None
    tested: set[Form] = set()
    for item in node.case_item:
        value = item.then
        while isinstance(value, types.As):
            value = value.operand
        if not isinstance(item.when, types.Is):
            return None
        found = _form(item.when.operand, aliases)
        if found != _form(value, aliases):
            return None
        tested.add(found)
    return tested.pop() if len(tested) == 1 else None


def _property(node: literals.Property, aliases: Mapping[str, str]) -> Form | None:
    source = node.source
    while isinstance(source, types.As) and isinstance(source.as_type, IntervalType) and source.locator is None:
        source = source.operand
    if isinstance(source, literals.Interval) and node.path in ("low", "high"):
        bound = source.low if node.path == "low" else source.high
        return _form(bound, aliases) if bound is not None else ("Null",)
    if node.scope is not None:
        return (
            "Property",
            ("path", node.path),
            ("source", ("AliasRef", ("name", aliases.get(node.scope, node.scope)))),
        )
    return None


def _alias(node: queries.AliasRef, aliases: Mapping[str, str]) -> Form:
    return ("AliasRef", ("name", aliases.get(node.name, node.name)))


def _query(node: queries.Query, aliases: Mapping[str, str]) -> Form | None:
    implicit = node.locator is None or any(source.alias == "$this" for source in node.source)
    renamed = dict(aliases)
    for number, source in enumerate(node.source):
        if implicit:
            renamed[source.alias] = f"${len(aliases)}.{number}"
    fields: list[tuple[str, Any]] = [
        (
            "source",
            tuple((renamed.get(item.alias, item.alias), _form(item.expression, aliases)) for item in node.source),
        )
    ]
    for name in ("let", "relationship", "where", "return_", "aggregate", "sort"):
        value = getattr(node, name)
        if value is not None and value != ():
            fields.append((name, _value(value, renamed)))
    return ("Query", *fields)


def _union(node: intervals.Union, aliases: Mapping[str, str]) -> Form:
    parts: list[Form] = []
    for operand in node.operand:
        form = _form(operand, aliases)
        for part in form[1] if form[0] == "Union" else (form,):
            if part not in parts and not _medication_by_reference(part):
                parts.append(part)
    return parts[0] if len(parts) == 1 else ("Union", tuple(parts))


def _medication_by_reference(form: Form) -> bool:
    """A query for medications by reference; those of MedicationRequest are in the published ELM too."""
    text = repr(form)
    return (
        form[0] == "Query"
        and "'medication.reference.value'" in text
        and "('data_type', 'MedicationRequest')" not in text
    )


def _in_value_set(node: clinical.InValueSet, aliases: Mapping[str, str]) -> Form | None:
    if node.valueset is None or node.valueset_expression is None:
        return None
    return _form(msgspec.structs.replace(node, valueset_expression=None), aliases)


def _if(node: logical.If, aliases: Mapping[str, str]) -> Form | None:
    """``if p is null then null else Interval[p, p]`` is ``p``."""
    if not isinstance(node.condition, logical.IsNull) or not isinstance(node.else_, literals.Interval):
        return None
    point = _form(node.condition.operand, aliases)
    interval = node.else_
    bounds = [_form(bound, aliases) for bound in (interval.low, interval.high) if bound is not None]
    return point if bounds == [point, point] and node.else_.locator is None else None


def _return(node: queries.ReturnClause, aliases: Mapping[str, str]) -> Form:
    return ("ReturnClause", ("distinct", node.distinct), ("expression", _form(node.expression, aliases)))


def _interval(node: literals.Interval, aliases: Mapping[str, str]) -> Form | None:
    """An interval converted bound by bound is the interval with the conversions inside."""
    closed = []
    for expression, flag in (
        (node.low_closed_expression, node.low_closed),
        (node.high_closed_expression, node.high_closed),
    ):
        if isinstance(expression, literals.Property) and isinstance(expression.source, literals.Interval):
            flag = expression.source.low_closed if expression.path == "lowClosed" else expression.source.high_closed
            expression = None
        closed.append(_form(expression, aliases) if expression is not None else flag)
    bounds = [_form(bound, aliases) if bound is not None else None for bound in (node.low, node.high)]
    return ("Interval", *zip(("low", "high"), bounds, closed, strict=True))


def _function(node: library.FunctionDef, aliases: Mapping[str, str]) -> Form:
    operands = tuple((item.name, type_name(item.operand_type or ANY)) for item in node.operand)
    body = _form(node.expression, aliases) if node.expression is not None else None
    return ("FunctionDef", node.name, operands, node.fluent, node.external, body)


_RULES: dict[type[Element], Any] = {
    types.As: _as,
    logical.Case: _case,
    logical.If: _if,
    clinical.InValueSet: _in_value_set,
    literals.Property: _property,
    literals.Interval: _interval,
    queries.AliasRef: _alias,
    queries.Query: _query,
    queries.ReturnClause: _return,
    intervals.Union: _union,
    library.FunctionDef: _function,
}
