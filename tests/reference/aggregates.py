"""Aggregate functions: CQL 1.5.3, appendix B: null elements do not count."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from reference import equality, intervals, numbers
from reference.values import Long, Quantity

Items = list[Any] | None


def present(items: Items) -> list[Any]:
    """The elements that count."""
    return [item for item in items or [] if item is not None]


def total(items: Items) -> Any:
    """``Sum``: the exact total, null if it is out of range."""
    values = present(items)
    if not values:
        return None
    first = values[0]
    exact = sum((Fraction(_bare(value)) for value in values), Fraction(0))
    return _like(first, exact, values)


def product(items: Items) -> Any:
    """``Product``."""
    values = present(items)
    if not values:
        return None
    exact = Fraction(1)
    for value in values:
        exact *= Fraction(_bare(value))
    return _like(values[0], exact, values)


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Long | Quantity) else value


def _like(first: Any, exact: Fraction, values: list[Any]) -> Any:
    match first:
        case Quantity():
            if len({value.unit for value in values}) > 1:
                raise NotImplementedError("units that differ")
            value = numbers.decimal(exact)
            return None if value is None else Quantity(value, first.unit)
        case Long():
            return numbers.long(int(exact))
        case int():
            return numbers.integer(int(exact))
    return numbers.decimal(exact)


def extreme(items: Items, greatest: bool) -> Any:
    """``Min`` or ``Max``; null where comparison leaves it open."""
    values = present(items)
    if not values:
        return None

    def order(one: Any, other: Any) -> int | None:
        if isinstance(one, str):
            return -1 if one < other else 1 if one > other else 0
        return intervals.compare(one, other)

    wanted = (0, 1) if greatest else (0, -1)
    for value in values:
        orders = [order(value, other) for other in values if other is not value]
        if all(found in wanted for found in orders):
            return value
    if any(order(one, other) is None for one in values for other in values):
        raise NotImplementedError("the least of what cannot be compared")
    return None


def average(items: Items) -> Any:
    """``Avg`` of Decimals or Quantities."""
    values = present(items)
    if not values:
        return None
    exact = sum((Fraction(_bare(value)) for value in values), Fraction(0)) / len(values)
    return _like(values[0], exact, values)


def median(items: Items) -> Any:
    """``Median`` of Decimals or Quantities."""
    values = present(items)
    if not values:
        return None
    ordered = equality.insertion_sorted(values, values, False)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else average(ordered[middle - 1 : middle + 1])


def variance(items: Items, correction: int) -> Any:
    """``Variance`` (correction 1) or ``PopulationVariance`` (0), rounded once."""
    values = present(items)
    if len(values) <= correction:
        return None
    mean = sum((Fraction(_bare(value)) for value in values), Fraction(0)) / len(values)
    squares = sum(((Fraction(_bare(value)) - mean) ** 2 for value in values), Fraction(0))
    return _like(values[0], squares / (len(values) - correction), values)


def mode(items: Items) -> Any:
    """``Mode``: of several the first in the list."""
    values = present(items)
    best, most = None, 0
    for value in values:
        count = sum(1 for other in values if equality.equal(value, other) is True)
        if count > most:
            best, most = value, count
    return best
