"""Queries: sources, ``let``, ``with``/``without``, ``where``, ``return``, ``aggregate``, ``sort``.

CQL specification, Author's Guide, "Queries": with several sources and no ``return``, the result is the distinct list
of tuples of all aliases; a query whose only source is no list has a single result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cqlmeasure.elm import library as elm_library
from cqlmeasure.elm import literals, queries
from cqlmeasure.elm.base import Expression
from cqlmeasure.errors import Span
from cqlmeasure.translator import syntax
from cqlmeasure.translator.lower.build import expanded
from cqlmeasure.translator.lower.conditionals import condition
from cqlmeasure.translator.lower.conversions import convert
from cqlmeasure.translator.lower.core import Abandoned, Lowering, Reference, Scope, Typed, lowers
from cqlmeasure.typesys import ANY, SYSTEM, DataType, ListType, NamedType, TupleType, parse_type, unify

_ORDERED = frozenset(
    parse_type(name) for name in ["Integer", "Long", "Decimal", "String", "Date", "DateTime", "Time", "Quantity"]
)

Result = TypeVar("Result")


@lowers(syntax.Query)
def lower_query(lowering: Lowering, node: syntax.Query) -> Typed:
    """A query."""
    if lowering.options.require_from and not node.multiple:
        hint = "the option RequireFromKeyword is set; write: from ... X where ..."
        raise lowering.fail("missing-from", "the query does not start with 'from'", node.span, hint=hint)
    lowering.note(node)
    with lowering.scope(Scope({})) as scope:
        sources: list[queries.AliasedQuerySource] = []
        items: dict[str, DataType] = {}
        plural = False
        values = [_attempt(partial(_source_value, lowering, source)) for source in node.sources]
        for source, value in zip(node.sources, values, strict=True):
            if value is None:
                scope.names[source.alias.text] = _BROKEN
                continue
            plural = plural or isinstance(value.type, ListType)
            kind = _declare(lowering, scope, source, value)
            items[source.alias.text] = kind
            sources.append(_source(lowering, source, value))
        let_clauses = []
        for let in node.lets:
            let_clauses.append(_attempt(partial(_let, lowering, scope, let)))
            scope.names.setdefault(let.name.text, _BROKEN)
        relations = [_attempt(partial(_relationship, lowering, scope, item)) for item in node.relationships]
        where = _attempt(partial(_where, lowering, node.where)) if node.where is not None else None
        lets = tuple(clause for clause in let_clauses if clause is not None)
        relationships = tuple(clause for clause in relations if clause is not None)
        lost = len(sources) < len(values) or len(lets) < len(node.lets) or (where is None and node.where is not None)
        if lost or len(relationships) < len(relations):
            # An error in one clause does not hide those of the others.
            if node.aggregate is None and node.returns is not None:
                lowering.lower(node.returns.value)
            raise Abandoned
        returned: queries.ReturnClause | None = None
        aggregate: queries.AggregateClause | None = None
        if node.aggregate is not None:
            aggregate, result = _aggregate(lowering, scope, node.aggregate)
        else:
            returned, item = _return(lowering, node, items)
            result = ListType(item) if plural else item
        sort = _sort(lowering, node.sort, result) if node.sort is not None else None
    return lowering.typed(
        queries.Query,
        node.span,
        result,
        source=tuple(sources),
        let=lets,
        relationship=relationships,
        where=where,
        return_=returned,
        aggregate=aggregate,
        sort=sort,
    )


def _source_value(lowering: Lowering, source: syntax.AliasedSource) -> Typed:
    return expanded(lowering, lowering.lower(source.source))


def _attempt(lower: Callable[[], Result]) -> Result | None:
    try:
        return lower()
    except Abandoned:
        return None


def _lost(span: Span) -> Typed:
    raise Abandoned


# An alias or name whose value has an error: what refers to it is passed over in silence.
_BROKEN = Reference(_lost, ANY)


def _where(lowering: Lowering, node: syntax.Expression) -> Expression:
    return condition(lowering, lowering.lower(node), node).node


def _declare(lowering: Lowering, scope: Scope, source: syntax.AliasedSource, value: Typed) -> DataType:
    name = source.alias.text
    if name in scope.names:
        raise lowering.fail("duplicate-alias", f"the alias '{name}' is used twice in this query", source.alias.span)
    kind = value.type.element if isinstance(value.type, ListType) else value.type

    def make(span: Span) -> Typed:
        return lowering.typed(queries.AliasRef, span, kind, name=name)

    scope.names[name] = Reference(make, kind)
    return kind


def _source(lowering: Lowering, source: syntax.AliasedSource, value: Typed) -> queries.AliasedQuerySource:
    return lowering.make(
        queries.AliasedQuerySource, source.span, value.type, alias=source.alias.text, expression=value.node
    )


def _let(lowering: Lowering, scope: Scope, item: syntax.LetItem) -> queries.LetClause:
    value = lowering.lower(item.value)
    name = item.name.text
    if name in scope.names:
        raise lowering.fail("duplicate-alias", f"'{name}' is already a name in this query", item.name.span)

    def make(span: Span) -> Typed:
        return lowering.typed(queries.QueryLetRef, span, value.type, name=name)

    scope.names[name] = Reference(make, value.type)
    return lowering.make(queries.LetClause, item.span, value.type, identifier=name, expression=value.node)


def _relationship(lowering: Lowering, scope: Scope, item: syntax.Relationship) -> queries.RelationshipClause:
    value = _attempt(partial(_source_value, lowering, item.source))
    with lowering.scope(Scope({})) as inner:
        if value is None:
            inner.names[item.source.alias.text] = _BROKEN
            lowering.lower(item.such_that)
            raise Abandoned
        _declare(lowering, inner, item.source, value)
        such_that = condition(lowering, lowering.lower(item.such_that), item.such_that)
    return lowering.make(
        queries.With if item.kind == "with" else queries.Without,
        item.span,
        value.type,
        alias=item.source.alias.text,
        expression=value.node,
        such_that=such_that.node,
    )


def _return(
    lowering: Lowering, node: syntax.Query, items: dict[str, DataType]
) -> tuple[queries.ReturnClause | None, DataType]:
    if node.returns is not None:
        value = lowering.lower(node.returns.value)
        clause = lowering.make(
            queries.ReturnClause,
            node.returns.span,
            value.type,
            expression=value.node,
            distinct=node.returns.modifier != "all",
        )
        return clause, value.type
    if len(items) == 1:
        return None, next(iter(items.values()))
    kind = TupleType(tuple(items.items()))
    elements = tuple(
        lowering.make(
            literals.TupleElement, None, name=name, value=lowering.make(queries.AliasRef, None, item, name=name)
        )
        for name, item in items.items()
    )
    value = lowering.typed(literals.Tuple, None, kind, element=elements)
    return lowering.make(queries.ReturnClause, None, kind, expression=value.node, distinct=True), kind


def _aggregate(lowering: Lowering, scope: Scope, clause: syntax.Aggregate) -> tuple[queries.AggregateClause, DataType]:
    """The accumulator has the type of ``starting``; without it, that of the expression, found by a first try."""
    starting = lowering.lower(clause.starting) if clause.starting is not None else None
    name = clause.name.text
    kind = starting.type if starting is not None else ANY
    for _ in range(2):
        accumulator = kind

        def make(span: Span, kind: DataType = accumulator) -> Typed:
            return lowering.typed(queries.QueryLetRef, span, kind, name=name)

        with lowering.scope(Scope({name: Reference(make, accumulator)})):
            value = lowering.lower(clause.value)
        kind = unify([accumulator, value.type], lowering.models)
        if kind == accumulator:
            break
    start: Expression = starting.node if starting is not None else lowering.make(literals.Null, None, ANY)
    node = lowering.make(
        queries.AggregateClause,
        clause.span,
        kind,
        identifier=name,
        expression=value.node,
        starting=start,
        distinct=clause.modifier == "distinct",
    )
    return node, kind


def _sort(lowering: Lowering, clause: syntax.Sort, result: DataType) -> queries.SortClause:
    if not isinstance(result, ListType):
        raise lowering.fail("sort-of-one", "there is nothing to sort: the query has a single result", clause.span)
    if not clause.items:
        by: list[queries.SortByItem] = [
            lowering.make(queries.ByDirection, clause.span, result.element, direction=clause.direction or "asc")
        ]
        return lowering.make(queries.SortClause, clause.span, by=tuple(by))
    by = []
    failed = False
    with lowering.scope(Scope({}, implicit=result.element)):
        for item in clause.items:
            try:
                by.append(_sort_item(lowering, item))
            except Abandoned:
                failed = True
    if failed:
        raise Abandoned
    return lowering.make(queries.SortClause, clause.span, by=tuple(by))


def _sort_item(lowering: Lowering, item: syntax.SortItem) -> queries.SortByItem:
    value = _orderable(lowering, lowering.lower(item.value))
    direction = item.direction or "asc"
    if isinstance(value.node, elm_library.IdentifierRef) and value.node.name != "$this":
        return lowering.make(queries.ByColumn, item.span, value.type, direction=direction, path=value.node.name)
    return lowering.make(queries.ByExpression, item.span, value.type, direction=direction, expression=value.node)


def _orderable(lowering: Lowering, value: Typed) -> Typed:
    """A model's own simple values are ordered as the System values that they convert to."""
    if not isinstance(value.type, NamedType) or value.type.model == SYSTEM:
        return value
    for conversion in lowering.models.conversions_from(value.type):
        if conversion.target in _ORDERED:
            return convert(lowering, value, conversion.target) or value
    return value
