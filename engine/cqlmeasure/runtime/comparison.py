"""Comparison operators: CQL reference, appendix B, "Comparison Operators", with the clinical and list overloads.

Owns equality, equivalence and order of every type; points in time, quantities and intervals have theirs beside their
class.  Always holds: ``equal`` and the orders give true, false or null; ``equivalent`` gives true or false.  FHIR JSON
objects are compared as tuples, where a missing element is null; two resources of one type and id are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cqlmeasure.runtime.interval import INTERVAL_CLASSES, Interval
from cqlmeasure.runtime.interval_compare import equal_interval, equivalent_interval
from cqlmeasure.runtime.numbers import WIDE_CONTEXT, Long
from cqlmeasure.runtime.quantity import (
    Quantity,
    Ratio,
    equal_quantity,
    equal_ratio,
    equivalent_quantity,
    equivalent_ratio,
    greater_or_equal_quantity,
    greater_quantity,
    less_or_equal_quantity,
    less_quantity,
)
from cqlmeasure.runtime.temporal import Date, DateTime, Time
from cqlmeasure.runtime.temporal_compare import (
    compare_temporal,
    equal_date,
    equal_datetime,
    equal_time,
    equivalent_date,
    equivalent_datetime,
    equivalent_time,
    to_datetime_like,
)
from cqlmeasure.runtime.uncertainty import (
    Uncertainty,
    equal_uncertainty,
    greater_or_equal_uncertainty,
    greater_uncertainty,
    less_or_equal_uncertainty,
    less_uncertainty,
)
from cqlmeasure.runtime.values import CodeSystem, CqlError, FhirValue, Tuple, ValueSet

Json = Mapping[str, Any]

# -- equality of single types -----------------------------------------------------------------------------------------


def equal_boolean(left: bool | None, right: bool | None) -> bool | None:
    """``left = right`` of Booleans."""
    return None if left is None or right is None else left == right


def equal_string(left: str | None, right: str | None) -> bool | None:
    """``left = right`` of Strings: character by character."""
    return None if left is None or right is None else left == right


def equal_decimal(left: Decimal | int | None, right: Decimal | int | None) -> bool | None:
    """``left = right`` of Decimals: trailing zeros do not count."""
    return None if left is None or right is None else left == right


def equal_integer(left: Any, right: Any) -> bool | None:
    """``left = right`` of Integers or Longs, either of which may be uncertain."""
    if left is None or right is None:
        return None
    if type(left) is Uncertainty or type(right) is Uncertainty:
        return equal_uncertainty(left, right)
    return bool(left == right)


equal_long = equal_integer

_CODE_ELEMENTS = ("code", "system", "version", "display")
_CODE_KEYS = frozenset((*_CODE_ELEMENTS, "userSelected", "id", "extension"))
_CONCEPT_KEYS = frozenset(("coding", "text", "id", "extension"))


def equal_code(left: Json | None, right: Json | None) -> bool | None:
    """``left = right`` of Codes: code, system, version and display, with the rules of tuples."""
    if left is None or right is None:
        return None
    return _equal_elements(left, right, _CODE_ELEMENTS)


def equal_concept(left: Json | None, right: Json | None) -> bool | None:
    """``left = right`` of Concepts: the same codes in the same order, and the same text."""
    if left is None or right is None:
        return None
    text = _equal_elements(left, right, ("text",))
    left_codes, right_codes = left.get("coding"), right.get("coding")
    if text is False or not left_codes or not right_codes:
        return False if text is False else text if not left_codes and not right_codes else None
    if len(left_codes) != len(right_codes):
        return False
    result = text
    for one, other in zip(left_codes, right_codes, strict=True):
        same = equal_code(one, other)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def equal_list(left: Sequence[Any] | None, right: Sequence[Any] | None) -> bool | None:
    """``left = right`` of lists: the same elements in the same order; two null elements are equal."""
    if left is None or right is None:
        return None
    if len(left) != len(right):
        return False
    result: bool | None = True
    for one, other in zip(left, right, strict=True):
        if one is None and other is None:
            continue
        same = equal(one, other)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def equal_tuple(left: Json | None, right: Json | None) -> bool | None:
    """``left = right`` of tuples: element by element; an element that is null on both sides is equal."""
    if left is None or right is None:
        return None
    return _equal_elements(left, right, left.keys() | right.keys())


def _equal_elements(left: Json, right: Json, names: Any) -> bool | None:
    result: bool | None = True
    for name in names:
        one = left.get(name)
        other = right.get(name)
        if one is None and other is None:
            continue
        same = equal(one, other)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def equal_json(left: Json | None, right: Json | None) -> bool | None:
    """``left = right`` of resources and FHIR elements."""
    if left is None or right is None:
        return None
    if left is right or left == right:
        return True
    kind = left.get("resourceType")
    if kind is not None or "resourceType" in right:
        if kind != right.get("resourceType"):
            return False
        identifier = left.get("id")
        if identifier is not None and right.get("id") is not None:
            return bool(identifier == right["id"])
    elif is_code_json(left) and is_code_json(right):
        return equal_code(left, right)
    elif is_concept_json(left) and is_concept_json(right):
        return equal_concept(left, right)
    return equal_tuple(left, right)


def is_code_json(value: Json) -> bool:
    """Whether a JSON object can be a Coding."""
    return "code" in value and value.keys() <= _CODE_KEYS


def is_concept_json(value: Json) -> bool:
    """Whether a JSON object can be a CodeableConcept."""
    return value.keys() <= _CONCEPT_KEYS and ("coding" in value or "text" in value)


def equal_fhir_value(left: FhirValue | None, right: FhirValue | None) -> bool | None:
    """``left = right`` of two values of FHIR choice elements: by content, since a bare value carries no type."""
    return None if left is None or right is None else equal(left.json, right.json)


def _equal_any_interval(left: Interval, right: Interval) -> bool | None:
    return equal_interval(left, right) if _share_points(left, right) else False


def _equivalent_any_interval(left: Interval, right: Interval) -> bool:
    return _share_points(left, right) and equivalent_interval(left, right)


def _share_points(left: Interval, right: Interval) -> bool:
    """Whether the points of two intervals can be compared at all."""
    one = left.low if left.low is not None else left.high
    other = right.low if right.low is not None else right.high
    if one is None or other is None or type(one) is type(other):
        return True
    return any(isinstance(one, kinds) and isinstance(other, kinds) for kinds in ((int, Decimal), (Date, DateTime)))


# -- equality of any type ---------------------------------------------------------------------------------------------

_EQUAL: dict[type, Callable[[Any, Any], bool | None]] = {
    bool: equal_boolean,
    int: equal_decimal,
    Long: equal_decimal,
    Decimal: equal_decimal,
    float: equal_decimal,
    str: equal_string,
    Date: equal_date,
    DateTime: equal_datetime,
    Time: equal_time,
    Quantity: equal_quantity,
    Ratio: equal_ratio,
    Interval: _equal_any_interval,
    list: equal_list,
    Tuple: equal_tuple,
    dict: equal_json,
    FhirValue: equal_fhir_value,
    Uncertainty: equal_uncertainty,
    ValueSet: equal_boolean,
    CodeSystem: equal_boolean,
    **dict.fromkeys(INTERVAL_CLASSES.values(), _equal_any_interval),
}
_NUMBERS = (int, Decimal, float)


def equal(left: Any, right: Any) -> bool | None:
    """``left = right`` of any types; values of types that have nothing in common are not equal."""
    if left is None or right is None:
        return None
    kind = type(left)
    if kind is type(right) and (operator := _EQUAL.get(kind)) is not None:
        return operator(left, right)
    return _equal_mixed(left, right)


def _equal_mixed(left: Any, right: Any) -> bool | None:
    left, right = _common(left, right)
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return bool(left == right) if isinstance(left, bool) is isinstance(right, bool) else False
    for kind, operator in _EQUAL.items():
        if isinstance(left, kind) and isinstance(right, kind):
            return operator(left, right)
    if isinstance(left, Uncertainty) or isinstance(right, Uncertainty):
        other = right if isinstance(left, Uncertainty) else left
        return equal_uncertainty(left, right) if isinstance(other, _NUMBERS) else False
    return False


def _common(left: Any, right: Any) -> tuple[Any, Any]:
    """Both values in one type where CQL converts implicitly."""
    if isinstance(left, FhirValue) is not isinstance(right, FhirValue):
        if isinstance(left, FhirValue):
            left = left.json
        else:
            right = right.json
    if isinstance(left, float) and not isinstance(right, float):
        left = Decimal(repr(left))
    elif isinstance(right, float) and not isinstance(left, float):
        right = Decimal(repr(right))
    if isinstance(left, Date) and isinstance(right, DateTime):
        return to_datetime_like(left, right), right
    if isinstance(left, DateTime) and isinstance(right, Date):
        return left, to_datetime_like(right, left)
    if isinstance(left, Quantity) and _is_number(right):
        return left, Quantity(Decimal(right))
    if isinstance(right, Quantity) and _is_number(left):
        return Quantity(Decimal(left)), right
    return left, right


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def not_equal(left: Any, right: Any) -> bool | None:
    """``left != right``."""
    same = equal(left, right)
    return None if same is None else not same


# -- equivalence ------------------------------------------------------------------------------------------------------

_WHITE_SPACE = {ord(char): " " for char in "\t\n\r\u00a0"}


def equivalent_boolean(left: Any, right: Any) -> bool:
    """``left ~ right`` of Booleans: two nulls are equivalent."""
    return left is right if left is None or right is None else bool(left == right)


equivalent_integer = equivalent_boolean
equivalent_long = equivalent_boolean


def equivalent_string(left: str | None, right: str | None) -> bool:
    """``left ~ right`` of Strings: case does not count, and every white space is like every other."""
    if left is None or right is None:
        return left is right
    if left == right:
        return True
    if len(left) != len(right) and left.isascii() and right.isascii():
        return False
    return left.translate(_WHITE_SPACE).casefold() == right.translate(_WHITE_SPACE).casefold()


def equivalent_decimal(left: Decimal | int | None, right: Decimal | int | None) -> bool:
    """``left ~ right`` of Decimals: both rounded to the places of the less precise one."""
    if left is None or right is None:
        return left is right
    if left == right:
        return True
    places = min(_places(left), _places(right))
    step = Decimal((0, (1,), -places))
    return _rounded(left, step) == _rounded(right, step)


def _places(value: Decimal | int) -> int:
    exponent = Decimal(value).normalize(WIDE_CONTEXT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rounded(value: Decimal | int, step: Decimal) -> Decimal:
    return Decimal(value).quantize(step, rounding=ROUND_HALF_UP, context=WIDE_CONTEXT)


def equivalent_code(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of Codes: code and system agree; version and display do not count."""
    if left is None or right is None:
        return left is right
    return left.get("code") == right.get("code") and left.get("system") == right.get("system")


def equivalent_concept(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of Concepts: they have an equivalent code in common."""
    if left is None or right is None:
        return left is right
    codes = right.get("coding")
    if not codes:
        return False
    for one in left.get("coding") or ():
        if one is not None:
            code = one.get("code")
            for other in codes:
                if other is not None and other.get("code") == code and other.get("system") == one.get("system"):
                    return True
    return False


def equivalent_concept_code(concept: Json | None, code: Json | None) -> bool:
    """``concept ~ code``: one of the concept's codes is equivalent to the code."""
    if concept is None or code is None:
        return concept is code
    wanted, system = code.get("code"), code.get("system")
    for one in concept.get("coding") or ():
        if one is not None and one.get("code") == wanted and one.get("system") == system:
            return True
    return False


def equivalent_list(left: Sequence[Any] | None, right: Sequence[Any] | None) -> bool:
    """``left ~ right`` of lists: equivalent elements in the same order."""
    if left is None or right is None:
        return left is right
    if len(left) != len(right):
        return False
    return all(equivalent(one, other) for one, other in zip(left, right, strict=True))


def equivalent_tuple(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of tuples: every element is equivalent to that of the same name."""
    if left is None or right is None:
        return left is right
    return all(equivalent(left.get(name), right.get(name)) for name in left.keys() | right.keys())


def equivalent_json(left: Json | None, right: Json | None) -> bool:
    """``left ~ right`` of resources and FHIR elements; Codes and Concepts are told by their shape."""
    if left is None or right is None:
        return left is right
    left_concept, right_concept = is_concept_json(left), is_concept_json(right)
    if left_concept and right_concept:
        return equivalent_concept(left, right)
    if left_concept and is_code_json(right):
        return equivalent_concept_code(left, right)
    if right_concept and is_code_json(left):
        return equivalent_concept_code(right, left)
    if is_code_json(left) and is_code_json(right):
        return equivalent_code(left, right)
    return equal_json(left, right) is True or equivalent_tuple(left, right)


def equivalent_fhir_value(left: FhirValue | None, right: FhirValue | None) -> bool:
    """``left ~ right`` of two values of FHIR choice elements."""
    if left is None or right is None:
        return left is right
    return equivalent(left.json, right.json)


_EQUIVALENT: dict[type, Callable[[Any, Any], bool]] = {
    bool: equivalent_boolean,
    int: equivalent_boolean,
    Long: equivalent_boolean,
    Decimal: equivalent_decimal,
    float: equivalent_boolean,
    str: equivalent_string,
    Date: equivalent_date,
    DateTime: equivalent_datetime,
    Time: equivalent_time,
    Quantity: equivalent_quantity,
    Ratio: equivalent_ratio,
    Interval: _equivalent_any_interval,
    list: equivalent_list,
    Tuple: equivalent_tuple,
    dict: equivalent_json,
    FhirValue: equivalent_fhir_value,
    Uncertainty: equivalent_boolean,
    ValueSet: equivalent_boolean,
    CodeSystem: equivalent_boolean,
    **dict.fromkeys(INTERVAL_CLASSES.values(), _equivalent_any_interval),
}


def equivalent(left: Any, right: Any) -> bool:
    """``left ~ right`` of any types: two nulls are equivalent, values of unrelated types are not."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is type(right) and (operator := _EQUIVALENT.get(kind)) is not None:
        return operator(left, right)
    left, right = _common(left, right)
    if _is_number(left) and _is_number(right):
        return equivalent_decimal(left, right)
    for kind, operator in _EQUIVALENT.items():
        if isinstance(left, kind) and isinstance(right, kind) and isinstance(left, bool) is isinstance(right, bool):
            return operator(left, right)
    return False


def not_equivalent(left: Any, right: Any) -> bool:
    """``left !~ right``."""
    return not equivalent(left, right)


# -- order ------------------------------------------------------------------------------------------------------------


def less_string(left: Any, right: Any) -> bool | None:
    """``left < right`` of Strings, by Unicode value."""
    return None if left is None or right is None else left < right


def less_or_equal_string(left: Any, right: Any) -> bool | None:
    """``left <= right`` of Strings."""
    return None if left is None or right is None else left <= right


def greater_string(left: Any, right: Any) -> bool | None:
    """``left > right`` of Strings."""
    return None if left is None or right is None else left > right


def greater_or_equal_string(left: Any, right: Any) -> bool | None:
    """``left >= right`` of Strings."""
    return None if left is None or right is None else left >= right


less_decimal = less_string
less_or_equal_decimal = less_or_equal_string
greater_decimal = greater_string
greater_or_equal_decimal = greater_or_equal_string


def less_integer(left: Any, right: Any) -> bool | None:
    """``left < right`` of Integers or Longs, either of which may be uncertain."""
    if left is None or right is None:
        return None
    try:
        return left < right  # type: ignore[no-any-return]  # numbers compare to a bool
    except TypeError:
        return less_uncertainty(left, right)


def less_or_equal_integer(left: Any, right: Any) -> bool | None:
    """``left <= right`` of Integers or Longs, either of which may be uncertain."""
    if left is None or right is None:
        return None
    try:
        return left <= right  # type: ignore[no-any-return]  # numbers compare to a bool
    except TypeError:
        return less_or_equal_uncertainty(left, right)


def greater_integer(left: Any, right: Any) -> bool | None:
    """``left > right`` of Integers or Longs, either of which may be uncertain."""
    if left is None or right is None:
        return None
    try:
        return left > right  # type: ignore[no-any-return]  # numbers compare to a bool
    except TypeError:
        return greater_uncertainty(left, right)


def greater_or_equal_integer(left: Any, right: Any) -> bool | None:
    """``left >= right`` of Integers or Longs, either of which may be uncertain."""
    if left is None or right is None:
        return None
    try:
        return left >= right  # type: ignore[no-any-return]  # numbers compare to a bool
    except TypeError:
        return greater_or_equal_uncertainty(left, right)


less_long = less_integer
less_or_equal_long = less_or_equal_integer
greater_long = greater_integer
greater_or_equal_long = greater_or_equal_integer

_TEMPORAL = (Date, DateTime, Time)


def less(left: Any, right: Any) -> bool | None:
    """``left < right`` of any types that have an order."""
    if left is None or right is None:
        return None
    left, right = _common(left, right)
    if isinstance(left, _TEMPORAL) and isinstance(right, _TEMPORAL):
        order = compare_temporal(left, right)
        return None if order is None else order < 0
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return less_quantity(left, right)
    return less_integer(*_ordered(left, right))


def less_or_equal(left: Any, right: Any) -> bool | None:
    """``left <= right`` of any types that have an order."""
    if left is None or right is None:
        return None
    left, right = _common(left, right)
    if isinstance(left, _TEMPORAL) and isinstance(right, _TEMPORAL):
        order = compare_temporal(left, right)
        return None if order is None else order <= 0
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return less_or_equal_quantity(left, right)
    return less_or_equal_integer(*_ordered(left, right))


def greater(left: Any, right: Any) -> bool | None:
    """``left > right`` of any types that have an order."""
    if left is None or right is None:
        return None
    left, right = _common(left, right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return greater_quantity(left, right)
    return less(right, left)


def greater_or_equal(left: Any, right: Any) -> bool | None:
    """``left >= right`` of any types that have an order."""
    if left is None or right is None:
        return None
    left, right = _common(left, right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return greater_or_equal_quantity(left, right)
    return less_or_equal(right, left)


def _ordered(left: Any, right: Any) -> tuple[Any, Any]:
    """Both values if they are strings, or numbers (perhaps uncertain); other types have no order."""
    if (isinstance(left, str) and isinstance(right, str)) or (
        isinstance(left, int | Decimal | float | Uncertainty) and isinstance(right, int | Decimal | float | Uncertainty)
    ):
        return left, right
    raise CqlError(f"values of type {type(left).__name__} and {type(right).__name__} have no order")


def between(operand: Any, low: Any, high: Any) -> bool | None:
    """``operand between low and high``: both ends included."""
    above = greater_or_equal(operand, low)
    if above is False:
        return False
    below = less_or_equal(operand, high)
    if below is False:
        return False
    return None if above is None or below is None else True
