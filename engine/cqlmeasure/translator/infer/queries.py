"""Types of queries and of the operators that go through lists item by item: what their scopes hold and they give."""

from __future__ import annotations

from typing import Any

from cqlmeasure.elm import aggregates, lists, queries
from cqlmeasure.elm.base import Element
from cqlmeasure.translator.infer.core import Inference, Scope, Step, scopes, typed, types
from cqlmeasure.translator.infer.operators import element_of
from cqlmeasure.typesys import ANY, DataType, ListType, TupleType

_TOTAL = "$total"
_CURRENT = "$this"


@types(queries.AliasedQuerySource, queries.LetClause, queries.ReturnClause)
def _clause(inference: Inference, node: Any) -> DataType:
    return typed(node.expression)


@types(queries.ByDirection)
def _direction(inference: Inference, node: queries.ByDirection) -> DataType:
    return inference.item() or ANY


@types(queries.ByColumn)
def _column(inference: Inference, node: queries.ByColumn) -> DataType:
    item = inference.item()
    return ANY if item is None else inference.data.path(item, node.path)


@types(queries.ByExpression)
def _by_expression(inference: Inference, node: queries.ByExpression) -> DataType:
    return typed(node.expression)


@types(lists.Current)
def _current(inference: Inference, node: lists.Current) -> DataType:
    return inference.find(node.scope or _CURRENT) or inference.item() or ANY


@types(lists.Total)
def _total(inference: Inference, node: lists.Total) -> DataType:
    return inference.find(_TOTAL) or ANY


@scopes(queries.Query)
def _query(inference: Inference, node: queries.Query) -> Step:
    scope = Scope({})
    inference.scopes.append(scope)
    changes: dict[str, Any] = {}
    sources: list[Element] = []
    items: list[tuple[str, DataType]] = []
    many = False
    for source in node.source:
        found = yield source
        sources.append(found)
        kind = typed(found)
        many = many or isinstance(kind, ListType)
        item = _item_of(kind)
        items.append((source.alias, item))
        scope.names[source.alias] = item
    changes["source"] = tuple(sources)
    if node.let:
        lets = []
        for let in node.let:
            found = yield let
            lets.append(found)
            scope.names[let.identifier] = typed(found)
        changes["let"] = tuple(lets)
    if node.relationship:
        relationships = []
        for relationship in node.relationship:
            found = yield relationship
            relationships.append(found)
        changes["relationship"] = tuple(relationships)
    if node.where is not None:
        changes["where"] = yield node.where
    result = items[0][1] if len(items) == 1 else TupleType(tuple(items))
    if node.return_ is not None:
        returned = changes["return_"] = yield node.return_
        result = typed(returned)
    if node.aggregate is not None:
        aggregate = changes["aggregate"] = yield node.aggregate
        result, many = typed(aggregate), False
    if node.sort is not None:
        inference.scopes.append(Scope({}, result))
        changes["sort"] = yield node.sort
        inference.scopes.pop()
    inference.scopes.pop()
    return inference.finish(node, changes, ListType(result) if many else result)


@scopes(queries.With, queries.Without)
def _relationship(inference: Inference, node: queries.RelationshipClause) -> Step:
    source = yield node.expression
    inference.scopes.append(Scope({node.alias: _item_of(typed(source))}))
    condition = yield node.such_that
    inference.scopes.pop()
    return inference.finish(node, {"expression": source, "such_that": condition}, typed(source))


@scopes(queries.AggregateClause)
def _aggregate_clause(inference: Inference, node: queries.AggregateClause) -> Step:
    changes: dict[str, Any] = {}
    if node.starting is not None:
        changes["starting"] = yield node.starting
    start = typed(changes.get("starting"))
    changes["expression"], kind = yield from _fold(inference, node.expression, node.identifier, start)
    return inference.finish(node, changes, kind)


@scopes(aggregates.Aggregate)
def _aggregate(inference: Inference, node: aggregates.Aggregate) -> Step:
    source = yield node.source
    changes: dict[str, Any] = {"source": source}
    if node.initial_value is not None:
        changes["initial_value"] = yield node.initial_value
    kind = typed(changes.get("initial_value"))
    if node.iteration is not None:
        item = _item_of(typed(source))
        inference.scopes.append(Scope({node.scope or _CURRENT: item, _CURRENT: item}))
        changes["iteration"], kind = yield from _fold(inference, node.iteration, _TOTAL, kind)
        inference.scopes.pop()
    return inference.finish(node, changes, kind)


def _fold(inference: Inference, body: Element, total: str, start: DataType) -> Step:
    """The body of an aggregation and the type of its result.

    The body needs the type of the total, which is the body's own: what the start does not tell, a first pass does.
    """
    kind = start
    typed_body = body
    for _ in range(2):
        inference.scopes.append(Scope({total: kind}))
        typed_body = yield body
        inference.scopes.pop()
        wider = inference.data.common((kind, typed(typed_body)))
        if wider == kind:
            break
        kind = wider
    return typed_body, kind


@scopes(lists.Filter)
def _filter(inference: Inference, node: lists.Filter) -> Step:
    source, condition = yield from _each(inference, node, node.condition)
    return inference.finish(node, {"source": source, "condition": condition}, typed(source))


@scopes(lists.ForEach)
def _for_each(inference: Inference, node: lists.ForEach) -> Step:
    source, element = yield from _each(inference, node, node.element)
    return inference.finish(node, {"source": source, "element": element}, ListType(typed(element)))


@scopes(lists.Repeat)
def _repeat(inference: Inference, node: lists.Repeat) -> Step:
    source, element = yield from _each(inference, node, node.element)
    found = typed(element)
    kind = inference.data.common((_item_of(typed(source)), _item_of(found)))
    return inference.finish(node, {"source": source, "element": element}, ListType(kind))


def _each(inference: Inference, node: Any, body: Element) -> Step:
    source = yield node.source
    item = _item_of(typed(source))
    inference.scopes.append(Scope({node.scope or _CURRENT: item}, item))
    found = yield body
    inference.scopes.pop()
    return source, found


@scopes(lists.Sort)
def _sort(inference: Inference, node: lists.Sort) -> Step:
    source = yield node.source
    inference.scopes.append(Scope({}, _item_of(typed(source))))
    by = []
    for item in node.by:
        found = yield item
        by.append(found)
    inference.scopes.pop()
    return inference.finish(node, {"source": source, "by": tuple(by)}, typed(source))


def _item_of(kind: DataType) -> DataType:
    """What an alias over a source stands for: the items of a list, else the value itself."""
    return element_of(kind) if isinstance(kind, ListType) else kind
