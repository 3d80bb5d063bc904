"""Rules for times and intervals that are made of others: boundaries, dates, moved points, the first that is there.

Always holds: an interval is known by its element or term only if it is exactly that; else by its bounds.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cqlmeasure.elm import arithmetic, datetimes, intervals, literals, logical
from cqlmeasure.elm.base import BinaryExpression, UnaryExpression
from cqlmeasure.requirements import times
from cqlmeasure.requirements.conditions import condition
from cqlmeasure.requirements.extents import between, extent_of, one_of, shifted
from cqlmeasure.requirements.rules_values import part_of
from cqlmeasure.requirements.run import Run, Scope, handler
from cqlmeasure.requirements.values import NULL, Constant, Element, Extent, Moment, Range, Symbol, Value, join_symbols


@handler(intervals.Start, intervals.End)
def boundary(run: Run, node: UnaryExpression, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    end = isinstance(node, intervals.End)
    symbol: Symbol | None = None
    match value.symbol:
        case Moment(term):
            point = times.high_of(term) if end else times.low_of(term)
            symbol = Moment(point) if point is not None else None
        case Element() as element:
            symbol = part_of(element, "end" if end else "start")
    return _point(run, value, symbol)


@handler(datetimes.DateFrom)
def date_from(run: Run, node: datetimes.DateFrom, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    symbol: Symbol | None = None
    match value.symbol:
        case Moment(term):
            symbol = Moment(times.Day(term))
        case Element(scope=row, path=path, part=part, types=types, partial=partial):
            symbol = Element(row, path, part, True, types, partial)
    return _point(run, value, symbol, day=True)


def _point(run: Run, value: Value, symbol: Symbol | None, *, day: bool = False) -> Value:
    run.demand(value)
    found = Value(value.items, (), symbol, needs=value.needs)
    # What is known of a symbol is worked out from it.
    extent = extent_of(run, found) if isinstance(symbol, Element) else value.extent
    if extent is not None and day:
        extent = msgspec.structs.replace(extent, day=True)
    return msgspec.structs.replace(found, extent=extent)


@handler(arithmetic.Add, arithmetic.Subtract)
def moved(run: Run, node: BinaryExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    symbol: Symbol | None = None
    extent: Extent | None = None
    if isinstance(right.symbol, Constant) and right.symbol.unit is not None:
        amount, unit = Decimal(right.symbol.value), right.symbol.unit
        amount = -amount if isinstance(node, arithmetic.Subtract) else amount
        if isinstance(left.symbol, Moment):
            term = times.shifted(left.symbol.term, amount, unit)
            symbol = Moment(term) if term is not None else None
        else:
            extent = shifted(extent_of(run, left), amount, unit)
    return Value(symbol=symbol, needs=condition(run, [left, right], frozenset()).needs, extent=extent)


@handler(logical.Coalesce)
def coalesce(run: Run, node: logical.Coalesce, scope: Scope) -> Value:
    values = [run.evaluate(operand, scope) for operand in node.operand]
    found = run.consumed(node, values)
    return msgspec.structs.replace(found, extent=one_of(run, values))


@handler(literals.Interval)
def interval(run: Run, node: literals.Interval, scope: Scope) -> Value:
    low, high = run.evaluate(node.low, scope), run.evaluate(node.high, scope)
    flags = [run.evaluate(node.low_closed_expression, scope), run.evaluate(node.high_closed_expression, scope)]
    for value in (low, high, *flags):
        run.demand(value)
    # A flag of a constant interval is not followed; closed asks for more.
    symbol = _span(low.symbol, high.symbol, node.low_closed, node.high_closed)
    extent = between(low, high) if symbol is None else None
    return Value(low.items | high.items, (), symbol, extent=extent)


def _span(low: Symbol | None, high: Symbol | None, low_closed: bool, high_closed: bool) -> Symbol | None:
    match low, high:
        case (Constant(), Constant() | NULL.symbol) | (NULL.symbol, Constant()):
            first, last = (one if isinstance(one, Constant) else None for one in (low, high))
            return Range(first, last, low_closed, high_closed)
        case (Moment(first), Moment(last)):
            return Moment(times.Span(first, last, low_closed, high_closed))
        case (Moment(first), NULL.symbol) if not high_closed or low is not None:
            return Moment(times.Span(first, None, low_closed, high_closed))
        case (NULL.symbol, Moment(last)):
            return Moment(times.Span(None, last, low_closed, high_closed))
        case (Element() as first, Element() as last) if first.scope == last.scope and first.path == last.path:
            # An open end may be one step outside of what the interval is in.
            if low_closed and high_closed and (first.part, last.part) in (("start", "end"), ("whole", "whole")):
                return join_symbols(part_free(first), part_free(last))
    return None


def part_free(element: Element) -> Element:
    """The element as a whole."""
    return Element(element.scope, element.path, "whole", element.day, element.types, element.partial)
