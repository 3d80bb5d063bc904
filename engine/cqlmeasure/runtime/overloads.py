"""Operators that lists and intervals (or Strings) share, for operands whose type is known at run time only.

Always holds: a function here only chooses; where neither operand tells which overload is meant, the result is null.
"""

from __future__ import annotations

from typing import Any

from cqlmeasure.runtime.interval import Interval
from cqlmeasure.runtime.interval_compare import (
    in_interval,
    included_in_interval,
    proper_in_interval,
    proper_included_in_interval,
)
from cqlmeasure.runtime.interval_sets import except_interval, intersect_interval, union_interval
from cqlmeasure.runtime.lists import (
    except_list,
    in_list,
    included_in_list,
    indexer_list,
    intersect_list,
    length_list,
    proper_in_list,
    proper_included_in_list,
    union_list,
)
from cqlmeasure.runtime.strings import indexer_string, length_string


def in_(element: Any, container: Any, precision: int | None = None) -> bool | None:
    """``element in container``."""
    if isinstance(container, list):
        return in_list(element, container)
    return in_interval(element, container, precision) if isinstance(container, Interval) else None


def contains(container: Any, element: Any, precision: int | None = None) -> bool | None:
    """``container contains element``."""
    return in_(element, container, precision)


def proper_in(element: Any, container: Any, precision: int | None = None) -> bool | None:
    """``element properly included in container``."""
    if isinstance(container, list):
        return proper_in_list(element, container)
    return proper_in_interval(element, container, precision) if isinstance(container, Interval) else None


def proper_contains(container: Any, element: Any, precision: int | None = None) -> bool | None:
    """``container properly includes element``."""
    return proper_in(element, container, precision)


def included_in(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left included in right``; a left operand that is no container is an element."""
    if isinstance(right, list):
        return included_in_list(left, right) if left is None or isinstance(left, list) else in_list(left, right)
    return included_in_interval(left, right, precision) if isinstance(right, Interval) else None


def includes(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left includes right``."""
    return included_in(right, left, precision)


def proper_included_in(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left properly included in right``; a left operand that is no container is an element."""
    if isinstance(right, list):
        if left is None or isinstance(left, list):
            return proper_included_in_list(left, right)
        return proper_in_list(left, right)
    return proper_included_in_interval(left, right, precision) if isinstance(right, Interval) else None


def proper_includes(left: Any, right: Any, precision: int | None = None) -> bool | None:
    """``left properly includes right``."""
    return proper_included_in(right, left, precision)


def union(left: Any, right: Any) -> Any:
    """``left union right``."""
    if isinstance(left, list) or isinstance(right, list):
        return union_list(left, right)
    return union_interval(left, right) if isinstance(left, Interval) and isinstance(right, Interval) else None


def intersect(left: Any, right: Any) -> Any:
    """``left intersect right``."""
    if isinstance(left, list) and isinstance(right, list):
        return intersect_list(left, right)
    return intersect_interval(left, right) if isinstance(left, Interval) and isinstance(right, Interval) else None


def except_(left: Any, right: Any) -> Any:
    """``left except right``."""
    if isinstance(left, list):
        return except_list(left, right)
    return except_interval(left, right) if isinstance(left, Interval) and isinstance(right, Interval) else None


def length(argument: Any) -> int | None:
    """``Length`` of a String or a list."""
    if isinstance(argument, list):
        return length_list(argument)
    return length_string(argument) if isinstance(argument, str) else None


def indexer(argument: Any, index: int | None) -> Any:
    """``argument[index]`` of a String or a list."""
    if isinstance(argument, list):
        return indexer_list(argument, index)
    return indexer_string(argument, index) if isinstance(argument, str) else None
