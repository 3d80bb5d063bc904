"""Intervals: CQL 1.5.3, appendix B, "Interval Operators".

The start of an interval is known, or it is an uncertainty between the least value of the type and the end; likewise
the end ("Start" and "End" of the specification).  A comparison of uncertain points is true or false if it is so
whatever they are.  Choices: ``properly included in`` of a point excludes both ends of the interval; ``meets`` with an
uncertain point is never true; results of ``union`` and the like are closed where an end is known.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from reference import numbers, points
from reference.logic import Truth, and_, or_
from reference.values import CqlFailure, Interval, Long, Point, Quantity

Span = tuple[Any, Any]
"""The least and greatest value that a point may have; null is unbounded."""


def compare(left: Any, right: Any, precision: str | None = None) -> int | None:
    """-1, 0, 1 or null for two values of an ordered type."""
    if left is None or right is None:
        return None
    match left:
        case Point():
            return points.compare(left, right, precision)
        case Quantity():
            if left.unit != right.unit:
                raise NotImplementedError("units that differ")
            left, right = left.value, right.value
        case Long():
            left, right = left.value, right.value
    return -1 if left < right else 1 if left > right else 0


def neighbour(value: Any, step: int) -> Any:
    """The successor (1) or predecessor (-1)."""
    if value is None:
        return None
    return points.neighbour(value, step) if isinstance(value, Point) else numbers.neighbour(value, step)


def type_of(value: Any) -> str | None:
    """The name of the type of a point."""
    match value:
        case Point():
            return value.kind
        case Quantity():
            return "Quantity"
        case Long():
            return "Long"
        case Decimal():
            return "Decimal"
        case int():
            return "Integer"
    return None


def limit(kind: str | None, greatest: bool, like: Any) -> Any:
    """The least or greatest value of a type, in the unit or offset of ``like``."""
    if kind is None:
        return None
    if kind in ("Date", "DateTime", "Time"):
        return points.least(kind, greatest, like.offset if isinstance(like, Point) else 0)
    if kind == "Quantity":
        if like is None:
            return None
        value = numbers.least("Decimal", greatest)
        return Quantity(value, like.unit)
    return numbers.least(kind, greatest)


def selector(low: Any, high: Any, low_closed: bool, high_closed: bool, kind: str | None) -> Interval:
    """``Interval[low, high]``: an error if it certainly ends before it starts, or is certainly empty."""
    order = compare(low, high)
    if order == 1 or (order == 0 and not (low_closed and high_closed)):
        raise CqlFailure("the interval ends before it starts")
    if order == -1 and not low_closed and not high_closed and compare(neighbour(low, 1), neighbour(high, -1)) == 1:
        raise CqlFailure("there is nothing between the ends")
    return Interval(low, high, low_closed, high_closed, kind)


def start(value: Interval | None, like: Any = None) -> Any:
    """``start of``: null if it is unknown."""
    return _end(value, False, like)


def end(value: Interval | None, like: Any = None) -> Any:
    """``end of``: null if it is unknown."""
    return _end(value, True, like)


def _end(value: Interval | None, upper: bool, like: Any) -> Any:
    if value is None:
        return None
    point, closed = (value.high, value.high_closed) if upper else (value.low, value.low_closed)
    if point is not None:
        return point if closed else neighbour(point, -1 if upper else 1)
    if not closed:
        return None
    other = value.low if upper else value.high
    if other is None and (value.point is None or value.point == "Quantity"):
        other = like
    return limit(value.point or type_of(other), upper, other)


def _spans(value: Any, other: Any) -> tuple[Span, Span]:
    """What the start and the end of an interval (or of a point) may be."""
    if not isinstance(value, Interval):
        return (value, value), (value, value)
    like = other
    if isinstance(other, Interval):
        like = other.low if other.low is not None else other.high
    first, last = start(value, like), end(value, like)
    return (first if first is not None else None, last if first is None else first), (
        last if last is not None else first,
        last,
    )


def _certain(span: Span) -> bool:
    return span[0] is span[1] and span[0] is not None


def not_after(left: Span, right: Span, precision: str | None) -> Truth:
    """``left <= right`` of points that may be uncertain."""
    if compare(left[1], right[0], precision) in (-1, 0):
        return True
    if compare(left[0], right[1], precision) == 1:
        return False
    return None


def before(left: Span, right: Span, precision: str | None) -> Truth:
    """``left < right`` of points that may be uncertain."""
    if compare(left[1], right[0], precision) == -1:
        return True
    if compare(left[0], right[1], precision) in (0, 1):
        return False
    return None


def equal(left: Span, right: Span, precision: str | None) -> Truth:
    """``left = right`` of points that may be uncertain."""
    if _certain(left) and _certain(right):
        order = compare(left[0], right[0], precision)
        return None if order is None else order == 0
    if before(left, right, precision) is True or before(right, left, precision) is True:
        return False
    return None


# -- relations --------------------------------------------------------------------------------------------------------


def in_(point: Any, value: Any, precision: str | None) -> Truth:
    """``point in value``."""
    if value is None:
        return False
    if point is None:
        return None
    first, last = _spans(value, point)
    here = (point, point)
    return and_(not_after(first, here, precision), not_after(here, last, precision))


def proper_in(point: Any, value: Any, precision: str | None) -> Truth:
    """``point properly included in value``."""
    if value is None:
        return False
    if point is None:
        return None
    first, last = _spans(value, point)
    here = (point, point)
    return and_(before(first, here, precision), before(here, last, precision))


Relation = Callable[[Span, Span, Span, Span, str | None], Truth]
"""A relation of start and end of the left to start and end of the right."""


def _proper(a: Span, b: Span, c: Span, d: Span, precision: str | None) -> Truth:
    inside = and_(not_after(c, a, precision), not_after(b, d, precision))
    return and_(inside, or_(before(c, a, precision), before(b, d, precision)))


def _meets_before(a: Span, b: Span, c: Span, d: Span, precision: str | None) -> Truth:
    """Whether ``c`` is the successor of ``b``, at the precision if one is given."""
    first, last = c, b

    def step(span: Span, by: int) -> Any:
        point = span[0]
        if (
            isinstance(point, Point)
            and precision is not None
            and len(point.parts) > points.units_of(point).index(precision)
        ):
            point = points.cut(point, precision)
        return neighbour(point, by)

    if _certain(last):
        following = step(last, 1)
        return False if following is None else equal((following, following), first, precision)
    if _certain(first):
        previous = step(first, -1)
        return False if previous is None else equal(last, (previous, previous), precision)
    return False if before(first, last, precision) is True else None


RELATIONS: dict[str, Relation] = {
    "Before": lambda a, b, c, d, p: before(b, c, p),
    "After": lambda a, b, c, d, p: before(d, a, p),
    "SameOrBefore": lambda a, b, c, d, p: not_after(b, c, p),
    "SameOrAfter": lambda a, b, c, d, p: not_after(d, a, p),
    "SameAs": lambda a, b, c, d, p: and_(equal(a, c, p), equal(b, d, p)),
    "Equal": lambda a, b, c, d, p: and_(equal(a, c, p), equal(b, d, p)),
    "Includes": lambda a, b, c, d, p: and_(not_after(a, c, p), not_after(d, b, p)),
    "IncludedIn": lambda a, b, c, d, p: and_(not_after(c, a, p), not_after(b, d, p)),
    "ProperIncludes": lambda a, b, c, d, p: _proper(c, d, a, b, p),
    "ProperIncludedIn": lambda a, b, c, d, p: _proper(a, b, c, d, p),
    "Overlaps": lambda a, b, c, d, p: and_(not_after(a, d, p), not_after(c, b, p)),
    "OverlapsBefore": lambda a, b, c, d, p: and_(before(a, c, p), not_after(c, b, p)),
    "OverlapsAfter": lambda a, b, c, d, p: and_(before(d, b, p), not_after(a, d, p)),
    "MeetsBefore": _meets_before,
    "MeetsAfter": lambda a, b, c, d, p: _meets_before(c, d, a, b, p),
    "Meets": lambda a, b, c, d, p: or_(_meets_before(a, b, c, d, p), _meets_before(c, d, a, b, p)),
    "Starts": lambda a, b, c, d, p: and_(equal(a, c, p), not_after(b, d, p)),
    "Ends": lambda a, b, c, d, p: and_(equal(b, d, p), not_after(c, a, p)),
}


def relate(name: str, left: Any, right: Any, precision: str | None = None) -> Truth:
    """A relation of two intervals, or of an interval and a point."""
    if left is None or right is None:
        return None
    return RELATIONS[name](*_spans(left, right), *_spans(right, left), precision)


def equivalent(left: Interval, right: Interval) -> bool:
    """``left ~ right``: equivalent starts and ends; an unknown one is equivalent to an unknown one."""
    for one, other in zip(_spans(left, right), _spans(right, left), strict=True):
        if _certain(one) != _certain(other):
            return False
        if _certain(one) and compare(one[0], other[0]) != 0:
            return False
    return True


# -- sets of points ---------------------------------------------------------------------------------------------------


def _made(low: Any, high: Any, kind: str | None) -> Interval:
    return Interval(low, high, low is not None, high is not None, kind)


def _extreme(one: Any, other: Any, greatest: bool) -> tuple[Any, bool]:
    """The lesser or greater of two ends, and whether that can be told."""
    if one is None or other is None:
        return None, True
    order = compare(one, other)
    if order is None:
        return None, False
    return (one if (order > 0) is greatest else other), True


def _combined(left: Interval, right: Interval, outer: bool) -> Interval | None:
    like_left, like_right = _sample(right), _sample(left)
    low, low_known = _extreme(start(left, like_left), start(right, like_right), not outer)
    high, high_known = _extreme(end(left, like_left), end(right, like_right), outer)
    return _made(low, high, left.point or right.point) if low_known and high_known else None


def _sample(value: Interval) -> Any:
    return value.low if value.low is not None else value.high


def union(left: Interval | None, right: Interval | None) -> Interval | None:
    """``left union right``: null unless they overlap or meet."""
    if relate("Overlaps", left, right) is not True and relate("Meets", left, right) is not True:
        return None
    assert left is not None and right is not None
    return _combined(left, right, True)


def intersect(left: Interval | None, right: Interval | None) -> Interval | None:
    """``left intersect right``: null unless they overlap."""
    if relate("Overlaps", left, right) is not True:
        return None
    assert left is not None and right is not None
    return _combined(left, right, False)


def except_(left: Interval | None, right: Interval | None) -> Interval | None:
    """``left except right``: what is left of the first, if it is one interval."""
    if left is None or right is None:
        return None
    overlap = relate("Overlaps", left, right)
    if overlap is False:
        return left
    a, b = start(left, _sample(right)), end(left, _sample(right))
    c, d = start(right, _sample(left)), end(right, _sample(left))
    starts, ends = compare(a, c), compare(b, d)
    if overlap is None or starts is None or ends is None:
        return None
    if starts == -1 and ends in (-1, 0):
        return _made(a, neighbour(c, -1), left.point)
    if starts in (0, 1) and ends == 1:
        return _made(neighbour(d, 1), b, left.point)
    return None


def width(value: Interval | None, size: bool = False) -> Any:
    """``width of``, or ``Size``."""
    first, last = start(value), end(value)
    if isinstance(first, Point) or isinstance(last, Point):
        raise CqlFailure("no width of dates")
    if first is None or last is None:
        return None
    found = numbers.subtract(last, first)
    if not size or found is None:
        return found
    match found:
        case Quantity():
            return numbers.add(found, Quantity(numbers.STEP, found.unit))
        case Decimal():
            return numbers.add(found, numbers.STEP)
        case Long():
            return numbers.add(found, Long(1))
    return numbers.add(found, 1)


def point_from(value: Interval | None) -> Any:
    """``point from``."""
    first, last = start(value), end(value)
    order = compare(first, last)
    if order is None:
        return None
    if order != 0:
        raise CqlFailure("more than one point")
    return first


def collapse(values: list[Interval | None] | None) -> list[Interval] | None:
    """``collapse`` without ``per``, of intervals whose ends are known and of one precision."""
    if values is None:
        return None
    known = [value for value in values if value is not None]
    ends = [(start(value), end(value)) for value in known]
    if any(None in pair for pair in ends):
        raise NotImplementedError("collapse of unknown ends")
    if len({len(point.parts) for pair in ends for point in pair if isinstance(point, Point)}) > 1:
        raise NotImplementedError("collapse of several precisions")
    if len(known) < 2:
        return known
    # Join any two that overlap or meet, as long as there are such.
    waiting, found = [_made(low, high, known[0].point) for low, high in ends], []
    while waiting:
        one = waiting.pop()
        for index, other in enumerate(waiting):
            if relate("Overlaps", one, other) is True or relate("Meets", one, other) is True:
                joined = union(one, other)
                assert joined is not None
                waiting[index] = joined
                break
        else:
            found.append(one)
    result: list[Interval] = []
    for one in found:
        place = next((at for at, other in enumerate(result) if compare(one.low, other.low) == -1), len(result))
        result.insert(place, one)
    return result


def expand(value: Any) -> list[Any] | None:
    """``expand`` without ``per`` of Integers and Dates; intervals of one point each, or the points of one interval."""
    if value is None:
        return None
    found: list[Any] = []
    for one in value if isinstance(value, list) else [value]:
        if one is None or one.low is None or one.high is None:
            continue
        point, last = start(one), end(one)
        if isinstance(point, Decimal | Quantity) or (isinstance(point, Point) and len(point.parts) != len(last.parts)):
            raise NotImplementedError("expand of decimals, or of several precisions")
        while point is not None and compare(point, last) in (-1, 0):
            piece = _made(point, point, one.point)
            if not isinstance(value, list):
                found.append(point)
            elif piece not in found:
                found.append(piece)
            if len(found) > 5000:
                raise NotImplementedError("expand of so many points")
            point = neighbour(point, 1)
    return found
