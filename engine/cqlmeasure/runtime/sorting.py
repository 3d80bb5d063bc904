"""Sorting of lists: the ``sort`` clause of queries.

Always holds: sorting is stable; null comes before everything in ascending order and after everything in descending;
values that comparison cannot order (imprecise dates) are ordered by their earliest instant, the less precise first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from cqlmeasure.runtime.comparison import equal, greater, less
from cqlmeasure.runtime.keys import SELF_KEYED
from cqlmeasure.runtime.quantity import Quantity
from cqlmeasure.runtime.temporal import DAY_MS, Date, DateTime, Time

Items = list[Any]
Extract = Callable[[Any], Any]


def sort(items: Items | None, descending: bool = False) -> Items | None:
    """The list in ascending or descending order of its elements."""
    if items is None or len(items) < 2:
        return items
    return _sorted(items, items, descending)


def sort_by(items: Items | None, *criteria: tuple[Extract, bool]) -> Items | None:
    """The list in the order of criteria: pairs of a function that gives what to sort by, and whether descending."""
    if items is None or len(items) < 2:
        return items
    result = items
    for extract, descending in reversed(criteria):
        result = _sorted(result, [extract(item) for item in result], descending)
    return result


def _sorted(items: Sequence[Any], values: Sequence[Any], descending: bool) -> Items:
    nulls = [item for item, value in zip(items, values, strict=True) if value is None]
    if nulls:
        items = [item for item, value in zip(items, values, strict=True) if value is not None]
        values = [value for value in values if value is not None]
    keys = _order_keys(values)
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=descending)
    result = [items[position] for position in order]
    return result + nulls if descending else nulls + result


def _order_keys(values: Sequence[Any]) -> list[Any]:
    kinds = set(map(type, values))
    if kinds == {str} or (kinds <= SELF_KEYED and str not in kinds) or kinds == {bool}:
        return list(values)
    if kinds <= {DateTime, Date}:
        return [(value.low * DAY_MS if type(value) is Date else value.low, value.precision) for value in values]
    if kinds == {Time}:
        return [(value.low, value.precision) for value in values]
    if kinds == {Quantity} and _one(value.unit for value in values):
        return [value.value for value in values]
    if kinds <= {float, int, Decimal}:
        return [Decimal(repr(value)) if type(value) is float else value for value in values]
    return [_compared(value) for value in values]


def _one(items: Iterable[str]) -> bool:
    return len(set(items)) == 1


def _compare(left: Any, right: Any) -> int:
    if less(left, right) is True:
        return -1
    if greater(left, right) is True:
        return 1
    if equal(left, right) is None and hasattr(left, "precision") and hasattr(right, "precision"):
        return int(left.precision > right.precision) - int(left.precision < right.precision)
    return 0


_compared = cmp_to_key(_compare)
