"""Equality (``=``) of every type.

Always holds: the result is true, false or null, and values of types that have nothing in common are not equal.  FHIR
JSON objects are compared as tuples, where a missing element is null; two resources of one type and id are equal; a
value of a FHIR choice element is compared by its content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.interval import INTERVAL_CLASSES, Interval
from cqlmeasure.runtime.interval_compare import equal_interval
from cqlmeasure.runtime.numbers import Long
from cqlmeasure.runtime.quantity import (
    Quantity,
    Ratio,
    equal_quantity,
    equal_ratio,
)
from cqlmeasure.runtime.temporal import Date, DateTime, Time
from cqlmeasure.runtime.temporal_compare import (
    equal_date,
    equal_datetime,
    equal_time,
    to_datetime_like,
)
from cqlmeasure.runtime.uncertainty import (
    Uncertainty,
    equal_uncertainty,
)
from cqlmeasure.runtime.values import CodeSystem, FhirValue, Tuple, ValueSet

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
    return _all_equal(zip(left, right, strict=True))


def equal_tuple(left: Json | None, right: Json | None) -> bool | None:
    """``left = right`` of tuples: element by element; an element that is null on both sides is equal.

    The elements are looked at in order up to the first that is not equal: one that is null on one side only makes the
    result null even if a later one differs.
    """
    if left is None or right is None:
        return None
    for name in dict.fromkeys((*left, *right)):
        one, other = left.get(name), right.get(name)
        if one is None and other is None:
            continue
        same = equal(one, other)
        if same is not True:
            return same
    return True


def _equal_elements(left: Json, right: Json, names: Iterable[str]) -> bool | None:
    return _all_equal((left.get(name), right.get(name)) for name in names)


def _all_equal(pairs: Iterable[tuple[Any, Any]]) -> bool | None:
    """Whether each pair is equal, two nulls being so; one that differs outweighs those that cannot be told."""
    result: bool | None = True
    for one, other in pairs:
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
    return equal_interval(left, right) if share_points(left, right) else False


def share_points(left: Interval, right: Interval) -> bool:
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
    left, right = in_common_type(left, right)
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return bool(left == right) if isinstance(left, bool) is isinstance(right, bool) else False
    for kind, operator in _EQUAL.items():
        if isinstance(left, kind) and isinstance(right, kind):
            return operator(left, right)
    if isinstance(left, Uncertainty) or isinstance(right, Uncertainty):
        other = right if isinstance(left, Uncertainty) else left
        return equal_uncertainty(left, right) if isinstance(other, _NUMBERS) else False
    return False


def in_common_type(left: Any, right: Any) -> tuple[Any, Any]:
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
    if isinstance(left, Quantity) and is_number(right):
        return left, Quantity(Decimal(right))
    if isinstance(right, Quantity) and is_number(left):
        return Quantity(Decimal(left)), right
    return left, right


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def not_equal(left: Any, right: Any) -> bool | None:
    """``left != right``."""
    same = equal(left, right)
    return None if same is None else not same
