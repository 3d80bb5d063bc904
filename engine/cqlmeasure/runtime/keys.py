"""Hashable keys that stand for CQL equality, so that set operators on lists need not compare every pair.

Always holds: two values with keys have the same key exactly when they are the same element of a set (``equal`` is true,
or both are null); where that cannot be promised there is no key, and the caller compares with ``equal``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.interval import Interval
from cqlmeasure.runtime.numbers import Long
from cqlmeasure.runtime.quantity import Quantity, Ratio
from cqlmeasure.runtime.temporal import DAY, Date, DateTime, Time
from cqlmeasure.runtime.values import CodeSystem, FhirValue, Tuple, ValueSet

NULL_KEY = ("null",)
"""The key of null: nulls are the same element."""

SELF_KEYED: frozenset[type] = frozenset((str, int, Long, Decimal))
"""Types whose values are their own keys.  1, 1L and 1.0 are equal in CQL as in Python; Booleans are not among them."""


def distinct_key(value: Any) -> Hashable | None:
    """The key of one value, or ``None`` if only a comparison can tell (mixed units, uncertain or open ends)."""
    units: set[str] = set()
    key = _key(value, units)
    return key if len(units) < 2 else None


def resource_key(resource: Any) -> tuple[str, str] | None:
    """Type and id of a resource; ``None`` for anything else."""
    if type(resource) is dict:
        kind = resource.get("resourceType")
        if kind is not None and (identifier := resource.get("id")) is not None:
            return kind, identifier
    return None


def keys_of(*lists: Sequence[Any]) -> list[list[Hashable | None]]:
    """The keys of the elements of several lists that are about to be held against each other.

    Quantities can be told apart by value and unit only as long as all have one unit; with several units in play none of
    them has a key.
    """
    units: set[str] = set()
    found = [[_key(item, units) for item in items] for items in lists]
    if len(units) > 1:
        found = [[_key(item, None) for item in items] for items in lists]
    return found


def _key(value: Any, units: set[str] | None) -> Hashable | None:
    """``units`` collects the units of quantities; without it quantities have no key."""
    kind = type(value)
    if kind in SELF_KEYED:
        return value  # type: ignore[no-any-return]  # strings and numbers are hashable
    if value is None:
        return NULL_KEY
    if kind is dict:
        return resource_key(value) or _key_of_elements(value, units)
    if kind is DateTime:
        # without a time of day, a DateTime equals the Date of its calendar
        return (Date, value.precision, value.day) if value.precision <= DAY else (DateTime, value.precision, value.low)
    if kind is Date:
        return Date, value.precision, value.low
    if kind is Time:
        return Time, value.precision, value.low
    if kind is bool:
        return bool, value
    if kind is float:
        return Decimal(repr(value))
    if kind is FhirValue:
        return _key(value.json, units)
    if kind is Tuple:
        return _key_of_elements(value, units)
    if kind is list:
        return _key_of_list(value, units)
    if kind is Quantity:
        if units is None:
            return None
        units.add(value.unit)
        # a number equals the quantity without a unit
        return value.value if value.unit == "1" else (Quantity, value.value, value.unit)
    if isinstance(value, Interval):
        return _key_of_interval(value, units)
    if kind is Ratio:
        return _key_of_list([value.numerator, value.denominator], units)
    if kind is ValueSet or kind is CodeSystem:
        return kind, value
    return None


def _key_of_elements(value: dict[str, Any], units: set[str] | None) -> Hashable | None:
    # a missing element and a null one are the same; tuples and JSON objects with the same elements are equal
    parts = []
    for name, element in value.items():
        if element is not None:
            key = _key(element, units)
            if key is None:
                return None
            parts.append((name, key))
    return "elements", frozenset(parts)


def _key_of_list(items: Sequence[Any], units: set[str] | None) -> Hashable | None:
    keys = tuple([_key(item, units) for item in items])
    return None if None in keys else ("list", keys)


def _key_of_interval(value: Interval, units: set[str] | None) -> Hashable | None:
    if value.low is None or value.high is None or not (value.low_closed and value.high_closed):
        return None
    low = _key(value.low, units)
    high = _key(value.high, units)
    return None if low is None or high is None else ("interval", low, high)
