"""Rules for conditions: what is known of a row, and which data must be there, when a condition is true.

Nothing follows from a condition under ``not``, ``implies`` or a coalesced null; from ``or`` only what follows from
both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from cqlmeasure.elm import arithmetic, clinical, datetimes, intervals, lists, literals, logical
from cqlmeasure.elm import types as types_
from cqlmeasure.elm.base import BinaryExpression, Expression, OperatorExpression, TimingExpression, UnaryExpression
from cqlmeasure.requirements import times
from cqlmeasure.requirements.extents import between, extent_of, implied, one_of, shifted
from cqlmeasure.requirements.joins import note_joins
from cqlmeasure.requirements.rules_numbers import value_facts
from cqlmeasure.requirements.rules_values import part_of
from cqlmeasure.requirements.run import Run, Scope, element_of, handler
from cqlmeasure.requirements.values import (
    NULL,
    Codes,
    CodeTest,
    Constant,
    DateTest,
    Element,
    Extent,
    Fact,
    Moment,
    PresenceTest,
    Range,
    Symbol,
    Terminology,
    Value,
    either,
    join_symbols,
)
from cqlmeasure.typesys import ANY, BOOLEAN, ListType

# connectives


@handler(logical.And)
def and_(run: Run, node: logical.And, scope: Scope) -> Value:
    values = [run.evaluate(operand, scope) for operand in node.operand]
    return _condition(run, values, frozenset().union(*(value.facts for value in values)))


@handler(logical.Or)
def or_(run: Run, node: logical.Or, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    for value in (left, right):
        run.demand(value)
    return Value(facts=_either_fact(left.facts, right.facts), needs=either(left.needs, right.needs))


def _either_fact(left: frozenset[Fact], right: frozenset[Fact]) -> frozenset[Fact]:
    """What holds if one side does: what both say, and codes of one element together."""
    found = set(left & right)
    for one in left - found:
        for other in right:
            if (one.scope, one.path) != (other.scope, other.path):
                continue
            if (
                isinstance(one.test, CodeTest)
                and isinstance(other.test, CodeTest)
                and one.test.codes
                and other.test.codes
            ):
                codes = tuple(dict.fromkeys((*one.test.codes, *other.test.codes)))
                found.add(Fact(one.scope, one.path, CodeTest(codes=codes)))
    return frozenset(found)


@handler(lists.Exists, types_.ToBoolean, logical.IsTrue)
def exists(run: Run, node: UnaryExpression, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    run.demand(value)
    return Value(facts=value.facts, needs=value.needs)


@handler(logical.Not)
def not_(run: Run, node: logical.Not, scope: Scope) -> Value:
    value = run.evaluate(node.operand, scope)
    run.demand(value)
    if isinstance(node.operand, logical.IsNull):
        inner = run.evaluate(node.operand.operand, scope)
        element = element_of(inner)
        facts = {Fact(element.scope, element.path, PresenceTest())} if element is not None and element.path else set()
        needs = inner.needs if _needs_data(node.operand.operand) else frozenset()
        return Value(facts=frozenset(facts), needs=needs)
    return Value()


def _condition(run: Run, values: list[Value], facts: frozenset[Fact]) -> Value:
    for value in values:
        run.demand(value)
    return Value(facts=facts, needs=frozenset().union(*(value.needs for value in values)))


def _strict(run: Run, node: OperatorExpression, values: list[Value], facts: Iterable[Fact] = ()) -> Value:
    """The value of an operator that is null if an operand is; empty lists are no nulls, and false is none."""
    operands = getattr(node, "operand", None) or (getattr(node, "code", None) or getattr(node, "codes", None),)
    plain = all(one is None or _needs_data(one) for one in operands)
    found = _condition(run, values, frozenset(facts))
    return found if plain else Value(facts=found.facts)


def _needs_data(node: Expression) -> bool:
    """Whether what a value needs is needed for it not to be null; of a Boolean it is what makes it true."""
    return not isinstance(node.result_type, ListType) and node.result_type not in (None, ANY, BOOLEAN)


# codes


@handler(clinical.InValueSet, clinical.AnyInValueSet)
def in_value_set(run: Run, node: clinical.InValueSet | clinical.AnyInValueSet, scope: Scope) -> Value:
    code = run.evaluate(node.code if isinstance(node, clinical.InValueSet) else node.codes, scope)
    value_set = run.evaluate(node.valueset if node.valueset is not None else node.valueset_expression, scope)
    return _strict(run, node, [code, value_set], _code_facts(code, value_set))


@handler(logical.Equal, logical.Equivalent)
def equal(run: Run, node: BinaryExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    facts = _code_facts(left, right) or _code_facts(right, left)
    if isinstance(node, logical.Equivalent):
        # Strings are equivalent whatever their case.
        facts = [fact for fact in facts if isinstance(fact.test, CodeTest) and all(code[0] for code in fact.test.codes)]
    if isinstance(node, logical.Equal):
        note_joins(run, node, scope)
        facts = facts or _time_facts(run, "SameAs", left, right, None) or value_facts("SameAs", left, right)
    found = _strict(run, node, [left, right], facts)
    # Two nulls are equivalent, so nothing has to be there.
    return found if isinstance(node, logical.Equal) else Value(facts=found.facts)


def _code_facts(code: Value, wanted: Value) -> list[Fact]:
    element = element_of(code)
    if element is None or element.part != "whole" or element.partial:
        return []
    match wanted.symbol:
        case Terminology(url):
            return [Fact(element.scope, element.path, CodeTest(value_set=url))]
        case Codes(codes):
            return [Fact(element.scope, element.path, CodeTest(codes=codes))] if codes else []
    return []


# time


@handler(
    intervals.In, intervals.ProperIn, intervals.IncludedIn, intervals.ProperIncludedIn,
    intervals.Overlaps, intervals.OverlapsBefore, intervals.OverlapsAfter, intervals.Starts, intervals.Ends,
    datetimes.Before, datetimes.After, datetimes.SameOrBefore, datetimes.SameOrAfter, datetimes.SameAs,
)  # fmt: skip
def timing(run: Run, node: TimingExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    name = type(node).__name__.removeprefix("Proper")
    facts = _time_facts(run, name, left, right, node.precision) or value_facts(name, left, right)
    return _strict(run, node, [left, right], facts)


@handler(intervals.Contains, intervals.ProperContains, intervals.Includes, intervals.ProperIncludes)
def contains(run: Run, node: TimingExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    name = "In" if type(node).__name__.endswith("Contains") else "IncludedIn"
    facts = _time_facts(run, name, right, left, node.precision) or value_facts(name, right, left)
    return _strict(run, node, [left, right], facts)


@handler(logical.Less, logical.LessOrEqual, logical.Greater, logical.GreaterOrEqual)
def order(run: Run, node: BinaryExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    name = {"Less": "Before", "LessOrEqual": "SameOrBefore", "Greater": "After"}.get(type(node).__name__, "SameOrAfter")
    facts = _time_facts(run, name, left, right, None) or value_facts(name, left, right)
    return _strict(run, node, [left, right], facts)


_TURNED = {
    "Before": "After", "After": "Before", "SameOrBefore": "SameOrAfter", "SameOrAfter": "SameOrBefore",
    "Overlaps": "Overlaps", "SameAs": "SameAs",
}  # fmt: skip


def _time_facts(run: Run, name: str, left: Value, right: Value, precision: str | None) -> list[Fact]:
    """What a comparison says of times that are compared to bounds, or to other data whose bounds are known."""
    facts = _any_facts(name, left, right, precision)
    if facts:
        return facts
    if isinstance(left.symbol, Element):
        facts += implied(name, left.symbol, extent_of(run, right), precision)
    if isinstance(right.symbol, Element) and name in _TURNED:
        facts += implied(_TURNED[name], right.symbol, extent_of(run, left), precision)
    return facts


def _any_facts(name: str, left: Value, right: Value, precision: str | None) -> list[Fact]:
    if isinstance(left.symbol, Element) and isinstance(right.symbol, Codes) and name in ("In", "IncludedIn"):
        return _code_facts(left, right) if name == "In" else []
    if isinstance(right.symbol, Element) and name in _TURNED:
        return _date_facts(_TURNED[name], right, left, precision)
    return _date_facts(name, left, right, precision)


def _date_facts(name: str, value: Value, bounds: Value, precision: str | None) -> list[Fact]:
    element = element_of(value)
    moment = bounds.symbol
    if element is None or not isinstance(moment, Moment):
        return []
    low, high = times.low_of(moment.term), times.high_of(moment.term)
    part = element.part
    match name:
        case "In" | "IncludedIn" | "SameAs":
            pass
        case "Before" | "SameOrBefore":
            # All of it is before the start of the bounds.
            low, high = None, low
        case "After" | "SameOrAfter":
            low, high = high, None
        case "Starts":
            high, part = low, "start"
        case "Ends":
            low, part = high, "end"
        case "Overlaps" | "OverlapsBefore" | "OverlapsAfter":
            part = "any"
    if name in ("Before", "SameOrBefore", "After", "SameOrAfter") and part == "either":
        part = "any"
    if part == "either":
        part = "any"
    if low is None and high is None:
        return []
    day = element.day or precision is not None
    if precision in ("Week", "Month", "Year"):
        return []
    return [Fact(element.scope, element.path, DateTest(part, low, high, day, element.partial))]


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
    return Value(symbol=symbol, needs=_condition(run, [left, right], frozenset()).needs, extent=extent)


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


# operators that are null if an operand is


@handler(clinical.CalculateAgeAt, clinical.CalculateAge, datetimes.DurationBetween, datetimes.DifferenceBetween)
def strict(run: Run, node: BinaryExpression, scope: Scope) -> Value:
    operands = node.operand if isinstance(node.operand, tuple) else (node.operand,)
    values = [run.evaluate(operand, scope) for operand in operands]
    return Value(needs=_condition(run, values, frozenset()).needs)
