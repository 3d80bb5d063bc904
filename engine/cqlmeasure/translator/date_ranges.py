"""Date range optimisation: a condition on the date of what is retrieved moves from the query into the retrieve.

``[Encounter] E where E.period during "Measurement Period"`` becomes a retrieve with ``dateProperty`` and ``dateRange``,
which a server can answer.  Always holds: the query gives the same; a condition whose type depends on the data (a choice
element), that has a precision, or that refers to names of the query stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cqlmeasure.elm import Library, deep_recursion, intervals, library, literals, logical, queries, walk
from cqlmeasure.elm.base import Element, Expression
from cqlmeasure.models import fhir_types
from cqlmeasure.typesys import DATETIME, IntervalType, NamedType

_CONVERSIONS = frozenset({"ToInterval", "ToDateTime"})
_DATES = frozenset({"dateTime", "instant", "Period"})
_NAMED = (queries.AliasRef, queries.QueryLetRef, library.IdentifierRef)


def optimize_date_ranges(found: Library) -> Library:
    """The library with date conditions in its retrieves."""
    with deep_recursion():
        optimized: Library = _rewritten(found)
    return optimized


def _rewritten(node: Any) -> Any:
    changes: dict[str, Any] = {}
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, Element):
            new = _rewritten(value)
        elif isinstance(value, tuple) and any(isinstance(item, Element) for item in value):
            new = tuple(_rewritten(item) if isinstance(item, Element) else item for item in value)
            if all(one is other for one, other in zip(new, value, strict=True)):
                new = value
        else:
            continue
        if new is not value:
            changes[name] = new
    changed = msgspec.structs.replace(node, **changes) if changes else node
    return _optimized(changed) if isinstance(changed, queries.Query) else changed


def _optimized(query: queries.Query) -> queries.Query:
    if len(query.source) != 1 or query.where is None:
        return query
    source = query.source[0]
    retrieve = source.expression
    if not isinstance(retrieve, queries.Retrieve) or retrieve.date_range is not None or retrieve.date_filter:
        return query
    names = {source.alias, *(clause.identifier for clause in query.let)}
    for condition in _conditions(query.where):
        found = _date_condition(condition, source.alias, retrieve, names)
        if found is None:
            continue
        path, period = found
        dated = msgspec.structs.replace(retrieve, date_property=path, date_range=period)
        sources = (msgspec.structs.replace(source, expression=dated),)
        return msgspec.structs.replace(query, source=sources, where=_without(query.where, condition))
    return query


def _conditions(node: Expression) -> Iterator[Expression]:
    """What is joined by ``and``."""
    if isinstance(node, logical.And):
        for operand in node.operand:
            yield from _conditions(operand)
    else:
        yield node


def _without(node: Expression, condition: Expression) -> Expression | None:
    if node is condition:
        return None
    if not isinstance(node, logical.And):
        return node
    left, right = (_without(operand, condition) for operand in node.operand)
    if left is None or right is None:
        return left if right is None else right
    same = left is node.operand[0] and right is node.operand[1]
    return node if same else msgspec.structs.replace(node, operand=(left, right))


def _date_condition(
    node: Expression, alias: str, retrieve: queries.Retrieve, names: set[str]
) -> tuple[str, Expression] | None:
    if not isinstance(node, intervals.In | intervals.IncludedIn) or node.precision is not None:
        return None
    left, period = node.operand
    if period.result_type != IntervalType(DATETIME) or any(_is_named(one, names) for one in walk(period)):
        return None
    if isinstance(left, library.FunctionRef):
        if left.library_name is None or left.name not in _CONVERSIONS or len(left.operand) != 1:
            return None
        left = left.operand[0]
    if not isinstance(left, literals.Property):
        return None
    of_alias = left.scope == alias if left.source is None else _is_alias(left.source, alias)
    return (left.path, period) if of_alias and _is_date(retrieve, left.path) else None


def _is_alias(node: Expression, alias: str) -> bool:
    return isinstance(node, queries.AliasRef) and node.name == alias


def _is_date(retrieve: queries.Retrieve, path: str) -> bool:
    """Whether the element has one type, and that is a date or a period."""
    kind = retrieve.data_type.name if isinstance(retrieve.data_type, NamedType) else ""
    for step in path.removesuffix(".value").split("."):
        facts = fhir_types().element(kind, step)
        if facts is None or not isinstance(facts.type, NamedType):
            return False
        kind = facts.type.name
    return kind in _DATES


def _is_named(node: Element, names: set[str]) -> bool:
    """Whether a node means, or might mean, a name of the query."""
    if isinstance(node, literals.Property):
        return node.scope in names or (node.source is None and node.scope is None)
    return isinstance(node, _NAMED) and node.name in names
