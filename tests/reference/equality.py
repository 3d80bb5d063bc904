"""Equality and equivalence of all types, and the list operators: CQL 1.5.3, appendix B.

Choices of the conformance suite: two null elements of lists are equal; tuples are compared element by element up to the
first that is not equal; ``in`` a list is null if no element is certainly equal and one may be.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from reference import intervals, points
from reference.logic import Truth, and_, not_
from reference.numbers import WIDE
from reference.values import CqlFailure, Interval, Long, Point, Quantity, Tuple, Uncertain


def equal(left: Any, right: Any) -> Truth:
    """``left = right``."""
    if left is None or right is None:
        return None
    if isinstance(left, Uncertain) or isinstance(right, Uncertain):
        one, other = (value if isinstance(value, Uncertain) else Uncertain(value, value) for value in (left, right))
        return False if one.high < other.low or one.low > other.high else None
    if type(left) is not type(right):
        if isinstance(left, int | Long | Decimal) and isinstance(right, int | Long | Decimal):
            return _number(left) == _number(right)
        return False
    match left:
        case Point():
            if left.kind != right.kind:
                raise NotImplementedError("points of several types")
            order = points.compare(left, right)
            return None if order is None else order == 0
        case Quantity():
            order = intervals.compare(left, right)
            return None if order is None else order == 0
        case Interval():
            return intervals.relate("Equal", left, right)
        case list():
            if len(left) != len(right):
                return False
            found: Truth = True
            for one, other in zip(left, right, strict=True):
                found = and_(found, True if one is None and other is None else equal(one, other))
            return found
        case Tuple():
            for name in left:
                one, other = left[name], right.get(name)
                if one is None and other is None:
                    continue
                found = equal(one, other)
                if found is not True:
                    return found
            return True
    return bool(left == right)


def _number(value: Any) -> Any:
    return value.value if isinstance(value, Long) else value


def equivalent(left: Any, right: Any) -> bool:
    """``left ~ right``."""
    if left is None or right is None:
        return left is None and right is None
    if type(left) is not type(right):
        return False
    match left:
        case Uncertain():
            return bool(left == right)
        case str():
            return _plain(left) == _plain(right)
        case Decimal():
            places = min(_places(left), _places(right))
            one, other = (value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE) for value in (left, right))
            return one == other
        case Point():
            return points.equivalent(left, right)
        case Quantity():
            if left.unit != right.unit:
                raise NotImplementedError("units that differ")
            return left.value == right.value
        case Interval():
            return intervals.equivalent(left, right)
        case list():
            return len(left) == len(right) and all(
                equivalent(one, other) for one, other in zip(left, right, strict=True)
            )
        case Tuple():
            return all(equivalent(left.get(name), right.get(name)) for name in left.keys() | right.keys())
    return bool(left == right)


def _plain(text: str) -> str:
    return "".join(" " if char in "\t\n\r\u00a0" else char for char in text).casefold()


def _places(value: Decimal) -> int:
    exponent = value.normalize(WIDE).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


# -- lists ------------------------------------------------------------------------------------------------------------


def in_(element: Any, items: list[Any] | None) -> Truth:
    """``element in items``."""
    if items is None:
        return False
    if element is None:
        return any(item is None for item in items)
    truths = [equal(item, element) for item in items if item is not None]
    if True in truths:
        return True
    return None if None in truths else False


def among(element: Any, items: list[Any]) -> bool:
    """Whether the element is certainly one of a list, where nulls are equal: what set operators ask."""
    if element is None:
        return any(item is None for item in items)
    return any(equal(item, element) is True for item in items)


def includes(left: list[Any] | None, right: list[Any] | None) -> Truth:
    """``left includes right``."""
    if left is None or right is None:
        return None
    found: Truth = True
    for item in right:
        found = and_(found, in_(item, left))
    return found


def proper_includes(left: list[Any] | None, right: list[Any] | None) -> Truth:
    """``left properly includes right``: the left is longer, too."""
    if left is None or right is None:
        return None
    return includes(left, right) if len(left) > len(right) else False


def proper_in(element: Any, items: list[Any] | None) -> Truth:
    """``element properly included in items``: the list has another element, too."""
    present = in_(element, items)
    if items is None or present is False:
        return False
    if element is None:
        differing = [item is not None for item in items]
    else:
        differing = [not_(equal(item, element)) for item in items]  # type: ignore[misc]
    if True in differing:
        return present
    return None if None in differing else False


def distinct(items: list[Any] | None) -> list[Any] | None:
    """``distinct``: every element once, in the order of first appearance."""
    if items is None:
        return None
    found: list[Any] = []
    for item in items:
        if not among(item, found):
            found.append(item)
    return found


def union(left: list[Any] | None, right: list[Any] | None) -> list[Any] | None:
    """``left union right``: null counts as an empty list."""
    return distinct([*(left or []), *(right or [])])


def intersect(left: list[Any] | None, right: list[Any] | None) -> list[Any] | None:
    """``left intersect right``."""
    if left is None or right is None:
        return None
    return distinct([item for item in left if among(item, right)])


def except_(left: list[Any] | None, right: list[Any] | None) -> list[Any] | None:
    """``left except right``."""
    if left is None:
        return None
    return distinct([item for item in left if not among(item, right or [])])


def flatten(items: list[Any] | None) -> list[Any] | None:
    """``flatten``: null lists give nothing."""
    if items is None:
        return None
    return [item for inner in items if inner is not None for item in inner]


def singleton(items: list[Any] | None) -> Any:
    """``singleton from``."""
    if items is None or not items:
        return None
    if len(items) > 1:
        raise CqlFailure("several elements")
    return items[0]


def index_of(items: list[Any] | None, element: Any) -> int | None:
    """``IndexOf``."""
    if items is None or element is None:
        return None
    return next((at for at, item in enumerate(items) if equal(item, element) is True), -1)


def at(items: Any, index: int | None) -> Any:
    """``items[index]`` of a list or a string."""
    if items is None or index is None or index < 0 or index >= len(items):
        return None
    return items[index]


def slice_(items: list[Any] | None, first: int | None, last: int | None) -> list[Any] | None:
    """What ``Skip``, ``Take`` and ``Tail`` are: negative numbers leave nothing."""
    if items is None:
        return None
    if (first is not None and first < 0) or (last is not None and last < 0):
        return []
    return [item for at, item in enumerate(items) if (first is None or at >= first) and (last is None or at < last)]


def insertion_sorted(items: list[Any], keys: list[Any], descending: bool) -> list[Any]:
    """Sorted, stable; null is less than anything else."""
    order: list[int] = []
    for index, key in enumerate(keys):
        place = len(order)
        while place and _ahead(key, keys[order[place - 1]], descending):
            place -= 1
        order.insert(place, index)
    return [items[index] for index in order]


def _ahead(key: Any, other: Any, descending: bool) -> bool:
    if key is None or other is None:
        lower = key is None and other is not None
        higher = other is None and key is not None
        return higher if descending else lower
    if isinstance(key, bool | str):
        return key > other if descending else key < other
    order = intervals.compare(key, other)
    if order is None:
        raise NotImplementedError("sorting of what cannot be compared")
    return order == (1 if descending else -1)
