"""Comparison operators: CQL reference, appendix B, "Comparison Operators".

Owns order, and offers equality and equivalence; points in time, quantities and intervals have theirs beside their
class.  Always holds: an order is true, false or null; types without an order are an error.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.equality import (
    equal,
    equal_boolean,
    equal_code,
    equal_concept,
    equal_decimal,
    equal_fhir_value,
    equal_integer,
    equal_json,
    equal_list,
    equal_long,
    equal_string,
    equal_tuple,
    in_common_type,
    not_equal,
)
from cqlmeasure.runtime.equivalence import (
    equivalent,
    equivalent_boolean,
    equivalent_code,
    equivalent_concept,
    equivalent_concept_code,
    equivalent_decimal,
    equivalent_fhir_value,
    equivalent_integer,
    equivalent_json,
    equivalent_list,
    equivalent_long,
    equivalent_string,
    equivalent_tuple,
    not_equivalent,
)
from cqlmeasure.runtime.quantity import (
    Quantity,
    greater_or_equal_quantity,
    greater_quantity,
    less_or_equal_quantity,
    less_quantity,
)
from cqlmeasure.runtime.temporal import Date, DateTime, Time
from cqlmeasure.runtime.temporal_compare import (
    compare_temporal,
)
from cqlmeasure.runtime.uncertainty import (
    Uncertainty,
    greater_or_equal_uncertainty,
    greater_uncertainty,
    less_or_equal_uncertainty,
    less_uncertainty,
)
from cqlmeasure.runtime.values import CqlError

__all__ = [
    "between",
    "equal",
    "equal_boolean",
    "equal_code",
    "equal_concept",
    "equal_decimal",
    "equal_fhir_value",
    "equal_integer",
    "equal_json",
    "equal_list",
    "equal_long",
    "equal_string",
    "equal_tuple",
    "equivalent",
    "equivalent_boolean",
    "equivalent_code",
    "equivalent_concept",
    "equivalent_concept_code",
    "equivalent_decimal",
    "equivalent_fhir_value",
    "equivalent_integer",
    "equivalent_json",
    "equivalent_list",
    "equivalent_long",
    "equivalent_string",
    "equivalent_tuple",
    "greater",
    "greater_decimal",
    "greater_integer",
    "greater_long",
    "greater_or_equal",
    "greater_or_equal_decimal",
    "greater_or_equal_integer",
    "greater_or_equal_long",
    "greater_or_equal_string",
    "greater_string",
    "less",
    "less_decimal",
    "less_integer",
    "less_long",
    "less_or_equal",
    "less_or_equal_decimal",
    "less_or_equal_integer",
    "less_or_equal_long",
    "less_or_equal_string",
    "less_string",
    "not_equal",
    "not_equivalent",
]


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
    left, right = in_common_type(left, right)
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
    left, right = in_common_type(left, right)
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
    left, right = in_common_type(left, right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return greater_quantity(left, right)
    return less(right, left)


def greater_or_equal(left: Any, right: Any) -> bool | None:
    """``left >= right`` of any types that have an order."""
    if left is None or right is None:
        return None
    left, right = in_common_type(left, right)
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
