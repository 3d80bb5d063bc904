"""The Interval class and what one interval tells: its ends, width, size and point.

A closed null end is the least or greatest value of the point type; an open null end is unknown, and so is whatever
depends on it.  Intervals may be of a subclass that fixes the point type, so that the ends of ``Interval[null, null]``
are known and the type can be told by one class test; operators treat all alike.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from cqlmeasure.runtime.numbers import (
    DECIMAL_STEP,
    MAX_DECIMAL,
    MAX_INTEGER,
    MAX_LONG,
    MIN_DECIMAL,
    MIN_INTEGER,
    MIN_LONG,
    WIDE_CONTEXT,
    Long,
    fix_decimal,
    fix_integer,
    fix_long,
)
from cqlmeasure.runtime.points import compare_points, greatest_like, least_like, predecessor_point, successor_point
from cqlmeasure.runtime.quantity import Quantity, add_quantity, subtract_quantity
from cqlmeasure.runtime.temporal import (
    MAX_DATE,
    MAX_DATETIME,
    MAX_TIME,
    MIN_DATE,
    MIN_DATETIME,
    MIN_TIME,
    Date,
    DateTime,
    Time,
)
from cqlmeasure.runtime.values import CqlError


class Interval:
    """A range of points.  The constructor checks nothing; :func:`interval` is the operator that does."""

    __slots__ = ("high", "high_closed", "low", "low_closed")

    least: ClassVar[Any] = None
    """The least value of the point type, where the class fixes it."""

    greatest: ClassVar[Any] = None
    """The greatest value of the point type, where the class fixes it."""

    def __init__(self, low: Any, high: Any, low_closed: bool = True, high_closed: bool = True) -> None:
        self.low = low
        self.high = high
        self.low_closed = low_closed
        self.high_closed = high_closed

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Interval)
            and self.low_closed == other.low_closed
            and self.high_closed == other.high_closed
            and self.low == other.low
            and self.high == other.high
        )

    def __hash__(self) -> int:
        return hash((self.low, self.high, self.low_closed, self.high_closed))

    def __repr__(self) -> str:
        left = "[" if self.low_closed else "("
        right = "]" if self.high_closed else ")"
        return f"Interval{left}{_literal(self.low)}, {_literal(self.high)}{right}"


def _literal(point: Any) -> str:
    if point is None:
        return "null"
    return f"{point:f}" if isinstance(point, Decimal) else repr(point)


class IntegerInterval(Interval):
    """``Interval<Integer>``."""

    __slots__ = ()
    least = MIN_INTEGER
    greatest = MAX_INTEGER


class LongInterval(Interval):
    """``Interval<Long>``."""

    __slots__ = ()
    least = Long(MIN_LONG)
    greatest = Long(MAX_LONG)


class DecimalInterval(Interval):
    """``Interval<Decimal>``."""

    __slots__ = ()
    least = MIN_DECIMAL
    greatest = MAX_DECIMAL


class DateInterval(Interval):
    """``Interval<Date>``."""

    __slots__ = ()
    least = MIN_DATE
    greatest = MAX_DATE


class DateTimeInterval(Interval):
    """``Interval<DateTime>``."""

    __slots__ = ()
    least = MIN_DATETIME
    greatest = MAX_DATETIME


class TimeInterval(Interval):
    """``Interval<Time>``."""

    __slots__ = ()
    least = MIN_TIME
    greatest = MAX_TIME


class QuantityInterval(Interval):
    """``Interval<Quantity>``; the least and greatest quantity depend on the unit, so the class fixes none."""

    __slots__ = ()


INTERVAL_CLASSES: dict[type, type[Interval]] = {
    int: IntegerInterval,
    Long: LongInterval,
    Decimal: DecimalInterval,
    Date: DateInterval,
    DateTime: DateTimeInterval,
    Time: TimeInterval,
    Quantity: QuantityInterval,
}
"""The subclass for each class of point."""


def interval_class(value: Any) -> type[Interval]:
    """The interval class for points like ``value``; the untyped one for null."""
    return INTERVAL_CLASSES.get(type(value), Interval)


def interval(low: Any, high: Any, low_closed: bool | None = True, high_closed: bool | None = True) -> Interval:
    """The interval selector.

    A null closed flag counts as open.  An end that is certainly before the start, or an interval that is certainly
    empty, is the error that CQL demands.
    """
    found = interval_class(high if low is None else low)(low, high, bool(low_closed), bool(high_closed))
    if low is not None and high is not None:
        order = compare_points(low, high)
        if order is not None and (order > 0 or (order == 0 and not (found.low_closed and found.high_closed))):
            raise CqlError(f"{found!r} is not an interval: it ends before it starts")
        if order == -1 and not found.low_closed and not found.high_closed:
            order = compare_points(successor_point(low), predecessor_point(high))
            if order is not None and order > 0:
                raise CqlError(f"{found!r} is not an interval: there is nothing between its ends")
    return found


def start_interval(value: Interval | None) -> Any:
    """``start of``: the first point; null if it is unknown."""
    if value is None:
        return None
    low = value.low
    if low is not None:
        return low if value.low_closed else successor_point(low)
    if not value.low_closed:
        return None
    return value.least if value.high is None else least_like(value.high)


def end_interval(value: Interval | None) -> Any:
    """``end of``: the last point; null if it is unknown."""
    if value is None:
        return None
    high = value.high
    if high is not None:
        return high if value.high_closed else predecessor_point(high)
    if not value.high_closed:
        return None
    return value.greatest if value.low is None else greatest_like(value.low)


def close(value: Interval) -> tuple[Any, Any]:
    """First and last point; an unknown one is null."""
    low = value.low
    high = value.high
    return (
        low if low is not None and value.low_closed else start_interval(value),
        high if high is not None and value.high_closed else end_interval(value),
    )


def close_like(value: Interval, sample: Any) -> tuple[Any, Any]:
    """First and last point, where a point of the other operand tells the type of an interval with two null ends."""
    first, last = close(value)
    if sample is not None and value.low is None and value.high is None:
        if first is None and value.low_closed:
            first = least_like(sample)
        if last is None and value.high_closed:
            last = greatest_like(sample)
    return first, last


def any_end(value: Any) -> Any:
    """An end of an interval that is not null, to tell its type; a point is itself."""
    if isinstance(value, Interval):
        return value.low if value.low is not None else value.high
    return value


def width_interval(value: Interval | None) -> Any:
    """``width of``: last point less first point; an error for dates and times, which have a duration instead."""
    return _extent(value, "width", 0)


def size_interval(value: Interval | None) -> Any:
    """``Size``: the number of points, in steps of the point type: width and one step."""
    return _extent(value, "size", 1)


def _extent(value: Interval | None, name: str, steps: int) -> Any:
    if value is None:
        return None
    first, last = close(value)
    if isinstance(first, Date | DateTime | Time) or isinstance(last, Date | DateTime | Time):
        raise CqlError(f"the {name} of an interval of dates or times is not defined; use 'duration in days of'")
    if first is None or last is None:
        return None
    if isinstance(first, Quantity):
        width = subtract_quantity(last, first)
        if width is None or not steps:
            return width
        return add_quantity(width, Quantity(DECIMAL_STEP, width.unit))
    if isinstance(first, Long):
        return fix_long(int(last) - int(first) + steps)
    if isinstance(first, int):
        return fix_integer(last - first + steps)
    return fix_decimal(WIDE_CONTEXT.add(WIDE_CONTEXT.subtract(last, first), steps * DECIMAL_STEP))


def point_from_interval(value: Interval | None) -> Any:
    """``point from``: the one point of a unit interval; an error if there are more, null if the ends are unknown."""
    if value is None:
        return None
    first, last = close(value)
    order = compare_points(first, last)
    if order is None:
        return None
    if order != 0:
        raise CqlError(f"{value!r} has more than one point")
    return first
