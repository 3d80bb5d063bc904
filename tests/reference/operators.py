"""Tables of operators that are functions of their operands, whatever these are, and the test of a value's type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cqlmeasure.typesys import ChoiceType, DataType, IntervalType, ListType, NamedType, TupleType
from reference import aggregates, conversions, equality, intervals, logic, numbers, strings
from reference.values import Interval, Tuple


def conforms(value: Any, kind: DataType | None) -> bool:
    """Whether a value that is not null is of a type."""
    match kind:
        case None:
            return True
        case ChoiceType():
            return any(conforms(value, one) for one in kind.alternatives)
        case ListType():
            return isinstance(value, list) and all(item is None or conforms(item, kind.element) for item in value)
        case IntervalType():
            ends = () if not isinstance(value, Interval) else (value.low, value.high)
            return isinstance(value, Interval) and all(end is None or conforms(end, kind.point) for end in ends)
        case TupleType():
            if not isinstance(value, Tuple):
                return False
            return all(value.get(name) is None or conforms(value[name], inner) for name, inner in kind.elements)
        case NamedType(_, name):
            if name == "Any":
                return True
            if isinstance(value, bool):
                return name == "Boolean"
            if isinstance(value, str):
                return name == "String"
            return (intervals.type_of(value) or ("Integer" if hasattr(value, "high") else None)) == name
    return False


def _listed(contains: bool, proper: bool) -> Callable[[Any, Any, bool, bool], Any]:
    """``includes`` and ``contains`` (or the other way round) of lists: the operand types tell which."""

    def relate(left: Any, right: Any, left_list: bool, right_list: bool) -> Any:
        container, other = (left, right) if contains else (right, left)
        if not (right_list if contains else left_list):
            return (equality.proper_in if proper else equality.in_)(other, container)
        return (equality.proper_includes if proper else equality.includes)(container, other)

    return relate


LISTS: dict[str, Callable[[Any, Any, bool, bool], Any]] = {
    "In": lambda left, right, a, b: equality.in_(left, right),
    "Contains": lambda left, right, a, b: equality.in_(right, left),
    "ProperIn": lambda left, right, a, b: equality.proper_in(left, right),
    "ProperContains": lambda left, right, a, b: equality.proper_in(right, left),
    "Includes": _listed(True, False),
    "IncludedIn": _listed(False, False),
    "ProperIncludes": _listed(True, True),
    "ProperIncludedIn": _listed(False, True),
}


def _not_equal(left: Any, right: Any) -> Any:
    return logic.not_(equality.equal(left, right))


OPERATORS: dict[str, Callable[..., Any]] = {
    "Not": logic.not_,
    "Xor": logic.xor_,
    "IsNull": lambda value: value is None,
    "IsTrue": lambda value: value is True,
    "IsFalse": lambda value: value is False,
    "Equal": equality.equal,
    "NotEqual": _not_equal,
    "Equivalent": equality.equivalent,
    "Multiply": numbers.multiply,
    "Divide": numbers.divide,
    "TruncatedDivide": numbers.truncated_divide,
    "Modulo": numbers.modulo,
    "Power": numbers.power,
    "Negate": numbers.negate,
    "Abs": numbers.absolute,
    "Ceiling": numbers.ceiling,
    "Floor": numbers.floor,
    "Truncate": numbers.truncate,
    "Start": intervals.start,
    "End": intervals.end,
    "Width": intervals.width,
    "Size": lambda value: intervals.width(value, True),
    "PointFrom": intervals.point_from,
    "Exists": lambda items: any(item is not None for item in items or []),
    "Distinct": equality.distinct,
    "Flatten": equality.flatten,
    "SingletonFrom": equality.singleton,
    "Indexer": equality.at,
    "ToList": lambda value: [] if value is None else [value],
    "Concatenate": strings.concatenate,
    "StartsWith": lambda text, part: None if text is None or part is None else text[: len(part)] == part,
    "EndsWith": lambda text, part: (
        None if None in (text, part) else text[len(text) - len(part) :] == part and len(part) <= len(text)
    ),
    "Upper": strings.upper,
    "Lower": strings.lower,
    "ToString": conversions.to_string,
    "ToInteger": conversions.to_integer,
    "ToLong": conversions.to_long,
    "ToDecimal": conversions.to_decimal,
    "ToBoolean": conversions.to_boolean,
    "ToQuantity": conversions.to_quantity,
    "ToDate": conversions.to_date,
    "ConvertsToInteger": conversions.converts(conversions.to_integer),
    "ConvertsToLong": conversions.converts(conversions.to_long),
    "ConvertsToDecimal": conversions.converts(conversions.to_decimal),
    "ConvertsToBoolean": conversions.converts(conversions.to_boolean),
    "ConvertsToString": conversions.converts(conversions.to_string),
}

AGGREGATES: dict[str, Callable[[Any], Any]] = {
    "Count": lambda items: len(aggregates.present(items)),
    "Sum": aggregates.total,
    "Product": aggregates.product,
    "Min": lambda items: aggregates.extreme(items, False),
    "Max": lambda items: aggregates.extreme(items, True),
    "Avg": aggregates.average,
    "Median": aggregates.median,
    "Mode": aggregates.mode,
    "Variance": lambda items: aggregates.variance(items, 1),
    "PopulationVariance": lambda items: aggregates.variance(items, 0),
    "AllTrue": lambda items: all(item is not False for item in items or []),
    "AnyTrue": lambda items: any(item is True for item in items or []),
}
