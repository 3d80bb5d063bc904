"""Rules for numbers and quantities that are compared to constants.

Always holds: nothing follows where the unit is none that FHIR data have (calendar years and months are no UCUM units).
"""

from __future__ import annotations

from cqlmeasure.elm import types as types_
from cqlmeasure.elm.base import UnaryExpression
from cqlmeasure.requirements.run import Run, Scope, element_of, handler
from cqlmeasure.requirements.values import Constant, Fact, Range, Value, ValueTest

#: FHIR types that hold a number and nothing else.
NUMBERS = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
#: FHIR types that hold a number with a unit.
QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"})
_COMPARATORS = {"Before": "lt", "After": "gt", "SameOrBefore": "le", "SameOrAfter": "ge", "SameAs": "eq"}
_TURNED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq"}
#: Calendar durations that are as long as those of UCUM.
_UCUM = {
    "week": "wk", "weeks": "wk", "day": "d", "days": "d", "hour": "h", "hours": "h", "minute": "min", "minutes": "min",
    "second": "s", "seconds": "s", "millisecond": "ms", "milliseconds": "ms",
}  # fmt: skip
_CALENDAR = frozenset({"year", "years", "month", "months"})


def value_facts(name: str, left: Value, right: Value) -> list[Fact]:
    """What follows of an element that compares to a constant, or is in an interval of constants.

    ``name`` is that of the operator as for times: ``Before``, ``SameOrAfter``, ``SameAs``, ``In`` ...
    """
    if name == "In" and isinstance(right.symbol, Range):
        low, high = right.symbol.low, right.symbol.high
        lower = _fact("ge" if right.symbol.low_closed else "gt", left, low)
        return lower + _fact("le" if right.symbol.high_closed else "lt", left, high)
    comparator = _COMPARATORS.get(name)
    if comparator is None:
        return []
    if isinstance(left.symbol, Constant):
        return _fact(_TURNED[comparator], right, left.symbol)
    return _fact(comparator, left, right.symbol if isinstance(right.symbol, Constant) else None)


def _fact(comparator: str, value: Value, constant: Constant | None) -> list[Fact]:
    element = element_of(value)
    if constant is None or element is None or element.part != "whole" or element.day or element.partial:
        return []
    if constant.unit in _CALENDAR:
        return []
    unit = _UCUM.get(constant.unit, constant.unit) if constant.unit is not None else None
    return [Fact(element.scope, element.path, ValueTest(comparator, constant.value, unit))]


@handler(types_.ToDecimal, types_.ToLong, types_.ToQuantity)
def widened(run: Run, node: UnaryExpression, scope: Scope) -> Value:
    """A number as one of another type stays what it is; as a quantity it has the unit ``1``."""
    value = run.evaluate(node.operand, scope)
    if isinstance(value.symbol, Constant) and isinstance(node, types_.ToQuantity):
        return Value(symbol=Constant(value.symbol.value, value.symbol.unit or "1"))
    element = element_of(value)
    if isinstance(value.symbol, Constant) or (element is not None and element.types and element.types <= NUMBERS):
        return value
    return run.other(node, scope)
