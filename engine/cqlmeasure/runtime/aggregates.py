"""Aggregate functions: CQL reference, appendix B, "Aggregate Functions".

Owns functions from a list to one value.  Always holds: null elements do not count; without any other element the
result is null (Count is 0, AllTrue true, AnyTrue false); quantities are brought to the unit of the first, and where
that is not possible the result is null.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from cqlmeasure.runtime import arithmetic, comparison
from cqlmeasure.runtime.arithmetic import tidy
from cqlmeasure.runtime.keys import keys_of
from cqlmeasure.runtime.numbers import (
    MAX_INTEGER,
    MAX_LONG,
    MIN_INTEGER,
    MIN_LONG,
    WIDE_CONTEXT,
    Long,
    fix_decimal,
)
from cqlmeasure.runtime.quantity import Quantity, convert_quantity
from cqlmeasure.runtime.sorting import sort
from cqlmeasure.runtime.uncertainty import Uncertainty
from cqlmeasure.runtime.values import CqlError

Items = Iterable[Any]


def _present(items: Items | None) -> list[Any]:
    return [] if items is None else [item for item in items if item is not None]


def count(items: Items | None) -> int:
    """``Count``: how many elements are not null."""
    return 0 if items is None else sum(1 for item in items if item is not None)


def all_true(items: Items | None) -> bool:
    """``AllTrue``: no element is false."""
    return items is None or not any(item is False for item in items)


def any_true(items: Items | None) -> bool:
    """``AnyTrue``: some element is true."""
    return items is not None and any(item is True for item in items)


def min_(items: Items | None) -> Any:
    """``Min``: the least element; null where comparison leaves open which that is."""
    return _extreme(_present(items), comparison.less)


def max_(items: Items | None) -> Any:
    """``Max``: the greatest element; null where comparison leaves open which that is."""
    return _extreme(_present(items), comparison.greater)


def _extreme(values: list[Any], beats: Callable[[Any, Any], bool | None]) -> Any:
    if not values:
        return None
    kinds = set(map(type, values))
    if len(kinds) == 1 and kinds <= {int, str, Decimal, Long}:
        return min(values) if beats is comparison.less else max(values)
    best = values[0]
    for value in values[1:]:
        if beats(value, best) is True:
            best = value
    # an element that may or may not beat the best makes the result unknown, unless it may only be equal to it
    for value in values:
        if beats(value, best) is None and not comparison.equivalent(value, best):
            return None
    return best


def sum_(items: Items | None) -> Any:
    """``Sum`` of Integers, Longs, Decimals or Quantities."""
    values = _present(items)
    if not values:
        return None
    if Uncertainty in set(map(type, values)):
        return reduce(arithmetic.add, values)
    kind = _kind(values, "Sum")
    if kind is Quantity:
        return _quantities(values, _sum_of)
    return _numbers(kind, sum(values) if kind is not Decimal else _sum_of(values))


def product(items: Items | None) -> Any:
    """``Product`` of Integers, Longs, Decimals or Quantities; the unit of quantities stays what it is."""
    values = _present(items)
    if not values:
        return None
    kind = _kind(values, "Product")
    if kind is Quantity:
        return _quantities(values, _product_of)
    if kind is Decimal:
        return _product_of(values)
    result: Any = 1
    limit = MAX_LONG if kind is Long else MAX_INTEGER
    for value in values:
        if value == 0:
            return _numbers(kind, 0)
        result = result * value if abs(result) <= limit + 1 else result
    return _numbers(kind, result)


def avg(items: Items | None) -> Any:
    """``Avg`` of Decimals or Quantities."""
    return _statistic(items, "Avg", lambda values: tidy(_mean(values)))


def median(items: Items | None) -> Any:
    """``Median`` of Decimals or Quantities: of an even number of elements the mean of the two in the middle."""
    return _statistic(items, "Median", _median_of)


def variance(items: Items | None) -> Any:
    """``Variance`` of a sample; null for a single element."""
    return _statistic(items, "Variance", lambda values: _tidy_or_null(_variance_of(values, 1)))


def population_variance(items: Items | None) -> Any:
    """``PopulationVariance``."""
    return _statistic(items, "PopulationVariance", lambda values: _tidy_or_null(_variance_of(values, 0)))


def std_dev(items: Items | None) -> Any:
    """``StdDev`` of a sample; null for a single element."""
    return _statistic(items, "StdDev", lambda values: _root(_variance_of(values, 1)))


def population_std_dev(items: Items | None) -> Any:
    """``PopulationStdDev``."""
    return _statistic(items, "PopulationStdDev", lambda values: _root(_variance_of(values, 0)))


def geometric_mean(items: Items | None) -> Decimal | None:
    """``GeometricMean`` of Decimals; null if there is none, as for a negative product."""
    values = [_decimal(value) for value in _present(items)]
    if not values or any(value < 0 for value in values):
        return None
    if any(value == 0 for value in values):
        return Decimal("0.0")
    logarithms = _exact_sum(WIDE_CONTEXT.ln(value) for value in values)
    return arithmetic.exp(WIDE_CONTEXT.divide(logarithms, Decimal(len(values))))


def mode(items: Items | None) -> Any:
    """``Mode``: the most frequent element; of several the one that comes first in the list."""
    values = _present(items)
    if not values:
        return None
    (keys,) = keys_of(values)
    if None not in keys:
        frequencies = Counter(keys)
        highest = max(frequencies.values())
        return next(value for value, key in zip(values, keys, strict=True) if frequencies[key] == highest)
    return max(values, key=lambda value: sum(comparison.equal(value, other) is True for other in values))


# -- helpers ----------------------------------------------------------------------------------------------------------


def _kind(values: Sequence[Any], operator: str) -> type:
    kinds = set(map(type, values))
    if kinds == {Quantity}:
        return Quantity
    if Decimal in kinds and kinds <= {Decimal, int, Long}:
        return Decimal
    if kinds <= {int, Long}:
        return Long if Long in kinds else int
    raise CqlError(f"{operator} needs numbers or quantities")


def _numbers(kind: type, result: Any) -> Any:
    if kind is Decimal:
        return result
    if kind is Long:
        return Long(result) if MIN_LONG <= result <= MAX_LONG else None
    return result if MIN_INTEGER <= result <= MAX_INTEGER else None


def _statistic(items: Items | None, operator: str, function: Callable[[list[Decimal]], Decimal | None]) -> Any:
    values = _present(items)
    if not values:
        return None
    if _kind(values, operator) is Quantity:
        return _quantities(values, function)
    return function([_decimal(value) for value in values])


def _quantities(values: list[Quantity], function: Callable[[list[Decimal]], Decimal | None]) -> Quantity | None:
    unit = values[0].unit
    numbers = []
    for value in values:
        same = value if value.unit == unit else convert_quantity(value, unit)
        if same is None:
            return None
        numbers.append(same.value)
    result = function(numbers)
    return None if result is None else Quantity(result, unit)


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)


def _exact_sum(values: Iterable[Decimal | int]) -> Decimal:
    return reduce(WIDE_CONTEXT.add, values, Decimal(0))


def _sum_of(values: Iterable[Any]) -> Decimal | None:
    return fix_decimal(_exact_sum(values))


def _product_of(values: Iterable[Any]) -> Decimal | None:
    return fix_decimal(reduce(WIDE_CONTEXT.multiply, values, Decimal(1)))


def _mean(values: Sequence[Decimal]) -> Decimal:
    return WIDE_CONTEXT.divide(_exact_sum(values), Decimal(len(values)))


def _median_of(values: list[Decimal]) -> Decimal | None:
    ordered = sort(values) or []
    middle, odd = divmod(len(ordered), 2)
    return ordered[middle] if odd else tidy(_mean(ordered[middle - 1 : middle + 1]))


def _variance_of(values: Sequence[Decimal], correction: int) -> Decimal | None:
    if len(values) <= correction:
        return None
    mean = _mean(values)
    squares = (WIDE_CONTEXT.power(WIDE_CONTEXT.subtract(value, mean), Decimal(2)) for value in values)
    return WIDE_CONTEXT.divide(_exact_sum(squares), Decimal(len(values) - correction))


def _tidy_or_null(value: Decimal | None) -> Decimal | None:
    return None if value is None else tidy(value)


def _root(value: Decimal | None) -> Decimal | None:
    return None if value is None else tidy(WIDE_CONTEXT.sqrt(value))
