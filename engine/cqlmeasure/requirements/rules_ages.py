"""Rules for ages: which days of birth follow from how old a subject is.

Always holds: only the birthDate of the subject itself has an age, told to a point that depends on nothing but
parameters; the days are too many rather than too few.
"""

from __future__ import annotations

from decimal import Decimal

from cqlmeasure.elm import clinical, datetimes, lists, literals, queries
from cqlmeasure.elm import library as names
from cqlmeasure.elm import types as types_
from cqlmeasure.elm.base import Expression
from cqlmeasure.requirements import times
from cqlmeasure.requirements.conditions import condition
from cqlmeasure.requirements.rules_values import is_conversion
from cqlmeasure.requirements.run import Run, Scope, handler
from cqlmeasure.requirements.values import Age, Clause, Constant, DateTest, Filter, Item, Moment, Range, Symbol, Value

_BIRTH = ("birthDate",)
_UNITS = frozenset({"Year", "Month", "Week", "Day"})
_CONVERSIONS = (types_.As, types_.ToDate, types_.ToDateTime, types_.Convert, datetimes.DateFrom)
_TURNED = {
    "Before": "After", "After": "Before", "SameOrBefore": "SameOrAfter", "SameOrAfter": "SameOrBefore",
    "SameAs": "SameAs",
}  # fmt: skip


@handler(clinical.CalculateAgeAt, datetimes.DurationBetween)
def age(run: Run, node: clinical.CalculateAgeAt | datetimes.DurationBetween, scope: Scope) -> Value:
    values = [run.evaluate(operand, scope) for operand in node.operand]
    needs = condition(run, values, frozenset()).needs
    subject = _born(run, node.operand[0], scope)
    moment = values[1].symbol
    if subject is None or not isinstance(moment, Moment) or node.precision not in _UNITS:
        return Value(needs=needs)
    if isinstance(moment.term, times.Span):
        return Value(needs=needs)
    return Value(symbol=Age(subject, moment.term, node.precision.lower()), needs=needs)


def _born(run: Run, node: Expression, scope: Scope) -> Item | None:
    """The subject whose birthDate a node is, and nothing else."""
    path: list[str] = []
    while True:
        if isinstance(node, _CONVERSIONS):
            node = node.operand
        elif isinstance(node, names.FunctionRef) and len(node.operand) == 1 and not path:
            if not all(is_conversion(one.key) for one in run.libraries.functions(scope.library, node)):
                return None
            node = node.operand[0]
        elif isinstance(node, literals.Property) and node.source is not None:
            path = [*node.path.split("."), *path]
            node = node.source
        else:
            break
    if tuple(path) not in (_BIRTH, (*_BIRTH, "value")) or not isinstance(node, names.ExpressionRef):
        return None
    body = run.libraries.expression(scope.library, node.name, node.library_name).node.expression
    if not isinstance(body, lists.SingletonFrom) or not isinstance(body.operand, queries.Retrieve):
        return None
    found = list(run.evaluate(node, scope).items)
    if len(found) != 1 or found[0].path or run.sites[found[0].site].resource != "Patient":
        return None
    return found[0]


def age_needs(name: str, left: Value, right: Value) -> frozenset[Clause]:
    """What follows of an age that compares to a constant, or is in an interval of constants.

    ``name`` is that of the operator as for times: ``Before``, ``SameOrAfter``, ``SameAs``, ``In`` ...
    """
    if isinstance(right.symbol, Age) and name in _TURNED:
        return age_needs(_TURNED[name], right, left)
    found = left.symbol
    if not isinstance(found, Age):
        return frozenset()
    least, most = _bounds(name, right.symbol)
    # Who is 18 was born on the day 18 years before, or earlier; who is not yet 19, later than 19 years before.  Whole
    # units are counted toward zero: who is to be born within a year is 0 as well.
    high = low = None
    if least is not None:
        high = times.shifted(found.at, -least if least > 0 else 1 - least, found.unit)
    if most is not None:
        low = times.shifted(found.at, -most - 1 if most >= 0 else -most, found.unit)
    if low is None and high is None:
        return frozenset()
    born = Filter(_BIRTH, DateTest("whole", low, high, day=True))
    subject = found.subject
    return frozenset({frozenset({Item(subject.site, subject.filters | {born}, subject.path, subject.scopes)})})


def _bounds(name: str, symbol: Symbol | None) -> tuple[Decimal | None, Decimal | None]:
    """The least and the greatest whole number that a comparison lets through."""
    if name == "In" and isinstance(symbol, Range):
        return _number(symbol.low), _number(symbol.high)
    number = _number(symbol if isinstance(symbol, Constant) else None)
    if number is None:
        return None, None
    return {
        "SameAs": (number, number),
        "SameOrAfter": (number, None),
        "After": (number + 1, None),
        "SameOrBefore": (None, number),
        "Before": (None, number - 1),
    }.get(name, (None, None))


def _number(constant: Constant | None) -> Decimal | None:
    if constant is None or constant.unit is not None:
        return None
    try:
        found = Decimal(constant.value)
    except ArithmeticError:
        return None
    return found if found == found.to_integral_value() else None


def with_ages(found: Value, name: str, left: Value, right: Value) -> Value:
    """The value of a comparison, with what follows of ages."""
    needs = age_needs(name, left, right)
    return Value(facts=found.facts, needs=found.needs | needs) if needs else found
