"""Rules for comparisons of times, numbers and codes with intervals and with each other.

Always holds: what is said of a time holds for the time as CQL computes it, whatever type the element has in the data.
"""

from __future__ import annotations

from cqlmeasure.elm import datetimes, intervals, logical
from cqlmeasure.elm.base import BinaryExpression, TimingExpression
from cqlmeasure.requirements import times
from cqlmeasure.requirements.conditions import code_facts, strict
from cqlmeasure.requirements.extents import extent_of, implied
from cqlmeasure.requirements.rules_ages import with_ages
from cqlmeasure.requirements.rules_numbers import value_facts
from cqlmeasure.requirements.run import Run, Scope, element_of, handler
from cqlmeasure.requirements.values import Codes, DateTest, Element, Fact, Moment, Value


@handler(
    intervals.In, intervals.ProperIn, intervals.IncludedIn, intervals.ProperIncludedIn,
    intervals.Overlaps, intervals.OverlapsBefore, intervals.OverlapsAfter, intervals.Starts, intervals.Ends,
    datetimes.Before, datetimes.After, datetimes.SameOrBefore, datetimes.SameOrAfter, datetimes.SameAs,
)  # fmt: skip
def timing(run: Run, node: TimingExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    name = type(node).__name__.removeprefix("Proper")
    facts = time_facts(run, name, left, right, node.precision) or value_facts(name, left, right)
    return with_ages(strict(run, node, [left, right], facts), name, left, right)


@handler(intervals.Contains, intervals.ProperContains, intervals.Includes, intervals.ProperIncludes)
def contains(run: Run, node: TimingExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    name = "In" if type(node).__name__.endswith("Contains") else "IncludedIn"
    facts = time_facts(run, name, right, left, node.precision) or value_facts(name, right, left)
    return with_ages(strict(run, node, [left, right], facts), name, right, left)


@handler(logical.Less, logical.LessOrEqual, logical.Greater, logical.GreaterOrEqual)
def order(run: Run, node: BinaryExpression, scope: Scope) -> Value:
    left, right = (run.evaluate(operand, scope) for operand in node.operand)
    name = {"Less": "Before", "LessOrEqual": "SameOrBefore", "Greater": "After"}.get(type(node).__name__, "SameOrAfter")
    facts = time_facts(run, name, left, right, None) or value_facts(name, left, right)
    return with_ages(strict(run, node, [left, right], facts), name, left, right)


_TURNED = {
    "Before": "After", "After": "Before", "SameOrBefore": "SameOrAfter", "SameOrAfter": "SameOrBefore",
    "Overlaps": "Overlaps", "SameAs": "SameAs",
}  # fmt: skip


def time_facts(run: Run, name: str, left: Value, right: Value, precision: str | None) -> list[Fact]:
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
        return code_facts(left, right) if name == "In" else []
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
