"""Rules for retrieves and queries: where rows come from, and which rows can matter.

A row influences the result of a query through itself alone.  So what ``where`` (and a ``such that``) says of a row
when it is true narrows what is asked of the row's resources: rows that fail may as well not be there.  A query whose
result holds all its rows' resources leaves asking for them to whoever uses the result, who may narrow them further.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from cqlmeasure.elm import library as names
from cqlmeasure.elm import lists, literals, queries
from cqlmeasure.elm.base import Expression
from cqlmeasure.requirements.run import Run, Scope, element_of, handler
from cqlmeasure.requirements.values import Clause, Codes, Element, Fact, Filter, Item, Symbol, Terminology, Value, join
from cqlmeasure.typesys import ANY, ChoiceType, DataType, ListType, NamedType


class Source(msgspec.Struct, frozen=True):
    """A query source: its number, and its value before it was taken apart into rows."""

    scope: int
    value: Value


@handler(queries.Retrieve)
def retrieve(run: Run, node: queries.Retrieve, scope: Scope) -> Value:
    for part in (node.date_range, node.id, node.context):
        run.demand(run.evaluate(part, scope))
    codes = run.evaluate(node.codes, scope)
    run.demand(codes)
    kind = node.data_type
    resource = kind.name if isinstance(kind, NamedType) else str(kind)
    symbol: Symbol | None = codes.symbol if isinstance(codes.symbol, Codes | Terminology) else None
    site = run.site(scope, node, resource, symbol)
    item = Item(site)
    if node.codes is not None and node.code_property:
        run.step(Value(frozenset({item})), node.code_property)
    # Data of everybody say nothing of the subject.
    needs = frozenset({frozenset({item})}) if not run.sites[site].everybody else frozenset()
    return Value(frozenset({item}), needs=needs)


@handler(queries.Query)
def query(run: Run, node: queries.Query, scope: Scope) -> Value:
    inner = scope
    sources: list[Source] = []
    needs: set[Clause] = set()
    for part in node.source:
        value = run.evaluate(part.expression, scope)
        source = Source(run.scope_of(part, 0), value)
        sources.append(source)
        inner = inner.with_alias(part.alias, bind(source, part.expression), origin_of(run, part.expression, scope))
    for let in node.let:
        inner = inner.with_let(
            let.identifier, run.evaluate(let.expression, inner), origin_of(run, let.expression, inner)
        )
    facts: set[Fact] = set()
    for clause in node.relationship:
        found = _relationship(run, clause, inner)
        if isinstance(clause, queries.With):
            facts |= found.facts
            needs |= found.needs
    if node.where is not None:
        where = run.evaluate(node.where, inner)
        run.demand(where)
        facts |= where.facts
        needs |= where.needs
    rows = _rows(run, node, inner)
    if node.sort is not None:
        _sort(run, node.sort.by, inner, rows)
    plural = node.result_type is None or isinstance(node.result_type, ListType)
    if not plural:
        facts |= rows.facts
    if node.aggregate is not None:
        run.demand(rows)
    result = _close(run, sources, frozenset(facts), rows, all_rows=node.aggregate is None)
    for source in sources:
        needs |= narrowed_needs(source, frozenset(facts))
    outer = lifted(sources, facts)
    aggregated = node.aggregate is not None
    return Value(
        result.items,
        result.fields,
        None if aggregated else result.symbol,
        frozenset() if aggregated else outer,
        frozenset() if aggregated else frozenset(needs),
        None if aggregated else result.extent,
    )


def bind(source: Source, expression: Expression) -> Value:
    """A row of a query source."""
    value = _scoped(source.value, source.scope)
    symbol: Symbol | None = None
    kind = expression.result_type
    if kind is not None and not isinstance(kind, ListType) and value.symbol is not None:
        symbol = value.symbol
    elif not value.fields and _single(kind):
        element = element_of(source.value)
        symbol = Element(source.scope, types=element.types if element is not None else frozenset())
    return Value(value.items, value.fields, symbol, extent=value.extent)


def origin_of(run: Run, node: Expression, scope: Scope) -> str:
    """What a query source is, as :class:`cqlmeasure.requirements.run.Read` has it."""
    match node:
        case queries.Retrieve():
            return "source"
        case literals.Property():
            return "inner"
        case queries.Query(source=(part,), let=(), relationship=()):
            return origin_of(run, part.expression, scope)
        case names.FunctionRef(operand=(operand,)):
            return origin_of(run, operand, scope)
        case names.ExpressionRef(name=name, library_name=alias) if not isinstance(node, names.FunctionRef):
            found = run.libraries.expression(scope.library, name, alias)
            inside = Scope(found.library, found)
            return origin_of(run, found.node.expression, inside) if found.node.expression is not None else "rows"
    return "rows"


def _scoped(value: Value, scope: int) -> Value:
    items = frozenset(Item(item.site, item.filters, item.path, item.scopes | {scope}) for item in value.items)
    fields = tuple((name, _scoped(part, scope)) for name, part in value.fields)
    return Value(items, fields, value.symbol, extent=value.extent)


def _single(kind: DataType | None) -> bool:
    """Whether each row is one element, not something put together."""
    row = kind.element if isinstance(kind, ListType) else kind
    if isinstance(row, ChoiceType):
        return all(isinstance(one, NamedType) for one in row.alternatives)
    return isinstance(row, NamedType) and row != ANY


def _relationship(run: Run, node: queries.RelationshipClause, scope: Scope) -> Value:
    """What follows if there is a related row; the related rows that can matter are asked for."""
    value = run.evaluate(node.expression, scope)
    source = Source(run.scope_of(node, 0), value)
    such_that = run.evaluate(
        node.such_that,
        scope.with_alias(node.alias, bind(source, node.expression), origin_of(run, node.expression, scope)),
    )
    run.demand(such_that)
    _close(run, [source], such_that.facts, Value(), all_rows=False)
    needs = such_that.needs | narrowed_needs(source, such_that.facts)
    return Value(facts=lifted([source], such_that.facts), needs=needs)


def _rows(run: Run, node: queries.Query, scope: Scope) -> Value:
    if node.aggregate is not None:
        return _aggregate(run, node.aggregate, scope)
    if node.return_ is not None:
        return run.evaluate(node.return_.expression, scope)
    if len(node.source) == 1:
        return scope.aliases[node.source[0].alias]
    return Value(fields=tuple((part.alias, scope.aliases[part.alias]) for part in node.source))


def _aggregate(run: Run, node: queries.AggregateClause, scope: Scope) -> Value:
    total = run.evaluate(node.starting, scope)
    while True:
        found = run.evaluate(node.expression, scope.with_let(node.identifier, total))
        run.demand(found)
        following = join([total, found])
        if following.items <= total.items and following == total:
            return Value(total.items, total.fields)
        if set(following.all_items()) <= set(total.all_items()):
            return Value(following.items, following.fields)
        total = Value(following.items, following.fields)


def _sort(run: Run, by: Sequence[queries.SortByItem], scope: Scope, row: Value) -> None:
    inner = scope.with_row(row)
    for item in by:
        if isinstance(item, queries.ByExpression):
            run.demand(run.evaluate(item.expression, inner))
        elif isinstance(item, queries.ByColumn):
            value = row
            for name in item.path.split("."):
                value = run.step(value, name)


@handler(lists.Sort)
def sort(run: Run, node: lists.Sort, scope: Scope) -> Value:
    value = run.evaluate(node.source, scope)
    _sort(run, node.by, scope, value)
    return value


@handler(lists.Filter, lists.ForEach, lists.Repeat)
def scoped_list(run: Run, node: lists.Filter | lists.ForEach | lists.Repeat, scope: Scope) -> Value:
    value = run.evaluate(node.source, scope)
    run.demand(value)
    inner = scope.with_row(Value(value.items, value.fields))
    if node.scope:
        inner = inner.with_alias(node.scope, inner.row)
    if isinstance(node, lists.Filter):
        run.demand(run.evaluate(node.condition, inner))
        return Value(value.items, value.fields, needs=value.needs)
    found = run.evaluate(node.element, inner)
    while isinstance(node, lists.Repeat) and not set(found.all_items()) <= set(inner.row.all_items()):
        row = join([inner.row, found])
        inner = inner.with_row(Value(row.items, row.fields))
        if node.scope:
            inner = inner.with_alias(node.scope, inner.row)
        found = run.evaluate(node.element, inner)
    run.demand(found)
    return Value(found.items, found.fields)


# the end of a query


def _close(run: Run, sources: Sequence[Source], facts: frozenset[Fact], rows: Value, *, all_rows: bool) -> Value:
    """The result outside of the query; the rows that it does not stand for are asked for here."""
    own = {source.scope: source for source in sources}
    result = _left(rows, own, facts)
    passed = set(rows.all_items())
    for source in sources:
        flows = all_rows and len(sources) == 1 and bool(passed) and all(source.scope in item.scopes for item in passed)
        for item in source.value.all_items():
            if not (flows and any(_stands_for(found, item, source.scope) for found in passed)):
                run.demand_item(_narrow(item, own, {source.scope}, facts))
    return result


def _left(value: Value, own: dict[int, Source], facts: frozenset[Fact]) -> Value:
    items = frozenset(_narrow(item, own, item.scopes, facts) for item in value.items)
    fields = tuple((name, _left(part, own, facts)) for name, part in value.fields)
    return Value(items, fields, _symbol_outside(value.symbol, own), extent=value.extent)


def _narrow(item: Item, own: dict[int, Source], scopes: Iterable[int], facts: frozenset[Fact]) -> Item:
    filters = set(item.filters)
    for scope in scopes:
        source = own.get(scope)
        base = _base(item, source) if source is not None else None
        if base is not None:
            own_facts = (fact for fact in facts if fact.scope == scope and (base or fact.path))
            filters |= {Filter((*base, *fact.path), fact.test) for fact in own_facts}
    return Item(item.site, frozenset(filters), item.path, item.scopes.difference(own))


def _base(item: Item, source: Source) -> tuple[str, ...] | None:
    """The path of the row that an item is in; ``None`` if it can be in several."""
    paths = {
        found.path
        for found in source.value.all_items()
        if found.site == item.site and found.filters <= item.filters and item.path[: len(found.path)] == found.path
    }
    return paths.pop() if len(paths) == 1 else None


def _stands_for(found: Item, item: Item, scope: int) -> bool:
    return (
        found.site == item.site
        and found.filters == item.filters
        and found.path[: len(item.path)] == item.path
        and found.scopes >= item.scopes | {scope}
    )


def _symbol_outside(symbol: Symbol | None, own: dict[int, Source]) -> Symbol | None:
    if not isinstance(symbol, Element) or symbol.scope not in own:
        return symbol
    outer = element_of(own[symbol.scope].value)
    if outer is None or outer.part != "whole" or outer.day or (symbol.path and outer.partial):
        return None
    return Element(
        outer.scope, (*outer.path, *symbol.path), symbol.part, symbol.day, symbol.types, symbol.partial or outer.partial
    )


def lifted(sources: Iterable[Source], facts: Iterable[Fact]) -> frozenset[Fact]:
    """What the facts about rows say of the rows of queries around this one, when there is such a row."""
    own = {source.scope: source for source in sources}
    found: set[Fact] = set()
    for fact in facts:
        source = own.get(fact.scope)
        if source is None:
            found.add(fact)
            continue
        outer = element_of(source.value)
        if outer is not None and outer.part == "whole" and not outer.day and not outer.partial:
            found.add(Fact(outer.scope, (*outer.path, *fact.path), fact.test))
    return frozenset(found)


def narrowed_needs(source: Source, facts: frozenset[Fact]) -> frozenset[Clause]:
    """What must be there for there to be a row that the facts hold for."""
    items = frozenset(source.value.all_items())
    own = {source.scope: source}
    return frozenset(
        frozenset(_narrow(item, own, {source.scope}, facts) for item in clause) if clause == items else clause
        for clause in source.value.needs
    )
