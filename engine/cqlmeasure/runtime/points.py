"""What intervals need of any type of point: order, neighbours, least and greatest value.

The neighbours of a partial date are those of its precision; of a Decimal or Quantity they are one step of the eighth
decimal place away.  Beyond the range of the type there is none: null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cqlmeasure.runtime.numbers import (
    DECIMAL_STEP,
    MAX_DECIMAL,
    MAX_INTEGER,
    MAX_LONG,
    MIN_DECIMAL,
    MIN_INTEGER,
    MIN_LONG,
    Long,
)
from cqlmeasure.runtime.quantity import Quantity, compare_quantity
from cqlmeasure.runtime.temporal import (
    DAY_MS,
    HOUR,
    MAX_DATE,
    MAX_DATETIME,
    MAX_DAY,
    MAX_TIME,
    MILLISECOND,
    MIN_DATE,
    MIN_DATETIME,
    MIN_DAY,
    MIN_TIME,
    Date,
    DateTime,
    Time,
)
from cqlmeasure.runtime.temporal_compare import compare_date, compare_datetime, compare_temporal, compare_time


def compare_points(a: Any, b: Any, precision: int | None = None) -> int | None:
    """-1, 0 or 1 for two points of one type; null if either is null or they cannot be compared for certain."""
    if a is None or b is None:
        return None
    kind = type(a)
    if kind is DateTime:
        return compare_datetime(a, b, precision) if type(b) is DateTime else compare_temporal(a, b, precision)
    if kind is Date:
        return compare_date(a, b, precision) if type(b) is Date else compare_temporal(a, b, precision)
    if kind is Time:
        return compare_time(a, b, precision)
    if kind is Quantity:
        return compare_quantity(a, b)
    if a < b:
        return -1
    return 1 if a > b else 0


def successor_date(value: Date | None) -> Date | None:
    """The next day, month or year."""
    if value is None or value.high >= MAX_DAY:
        return None
    return Date.of_day(value.high + 1, value.precision)


def predecessor_date(value: Date | None) -> Date | None:
    """The day, month or year before."""
    if value is None or value.low <= MIN_DAY:
        return None
    return Date.of_day(value.low - 1, value.precision)


def successor_datetime(value: DateTime | None) -> DateTime | None:
    """The value one unit of its precision later."""
    if value is None:
        return None
    local = value.local_high + 1
    if local > MAX_DAY * DAY_MS + DAY_MS - 1:
        return None
    return DateTime.of_local(local, value.precision, value.offset)


def predecessor_datetime(value: DateTime | None) -> DateTime | None:
    """The value one unit of its precision earlier."""
    if value is None:
        return None
    local = value.local - 1
    if local < MIN_DAY * DAY_MS:
        return None
    return DateTime.of_local(local, value.precision, value.offset)


def successor_time(value: Time | None) -> Time | None:
    """The value one unit of its precision later; null at the end of the day."""
    if value is None or value.high >= DAY_MS - 1:
        return None
    return Time.of_ms(value.high + 1, value.precision)


def predecessor_time(value: Time | None) -> Time | None:
    """The value one unit of its precision earlier; null at midnight."""
    if value is None or value.low <= 0:
        return None
    return Time.of_ms(value.low - 1, value.precision)


def successor_decimal(value: Decimal | None) -> Decimal | None:
    """The value and one hundred-millionth."""
    return None if value is None or value >= MAX_DECIMAL else value + DECIMAL_STEP


def predecessor_decimal(value: Decimal | None) -> Decimal | None:
    """The value less one hundred-millionth."""
    return None if value is None or value <= MIN_DECIMAL else value - DECIMAL_STEP


def successor_quantity(value: Quantity | None) -> Quantity | None:
    """The quantity and one hundred-millionth of its unit."""
    if value is None:
        return None
    found = successor_decimal(value.value)
    return None if found is None else Quantity(found, value.unit)


def predecessor_quantity(value: Quantity | None) -> Quantity | None:
    """The quantity less one hundred-millionth of its unit."""
    if value is None:
        return None
    found = predecessor_decimal(value.value)
    return None if found is None else Quantity(found, value.unit)


def successor_point(value: Any) -> Any:
    """The next value of any point type; null at the greatest."""
    kind = type(value)
    if kind is DateTime:
        return successor_datetime(value)
    if kind is int:
        return value + 1 if value < MAX_INTEGER else None
    if kind is Date:
        return successor_date(value)
    if kind is Time:
        return successor_time(value)
    if kind is Decimal:
        return successor_decimal(value)
    if kind is Quantity:
        return successor_quantity(value)
    if kind is Long:
        return Long(value + 1) if value < MAX_LONG else None
    return None


def predecessor_point(value: Any) -> Any:
    """The value before, for any point type; null at the least."""
    kind = type(value)
    if kind is DateTime:
        return predecessor_datetime(value)
    if kind is int:
        return value - 1 if value > MIN_INTEGER else None
    if kind is Date:
        return predecessor_date(value)
    if kind is Time:
        return predecessor_time(value)
    if kind is Decimal:
        return predecessor_decimal(value)
    if kind is Quantity:
        return predecessor_quantity(value)
    if kind is Long:
        return Long(value - 1) if value > MIN_LONG else None
    return None


def least_like(sample: Any) -> Any:
    """The least value of the type of ``sample``, in its unit or time zone."""
    kind = type(sample)
    if kind is DateTime:
        if sample.offset == 0:
            return MIN_DATETIME
        return DateTime.of_local(MIN_DAY * DAY_MS, MILLISECOND, sample.offset)
    if kind is Quantity:
        return Quantity(MIN_DECIMAL, sample.unit)
    return _LEAST.get(kind)


def greatest_like(sample: Any) -> Any:
    """The greatest value of the type of ``sample``, in its unit or time zone."""
    kind = type(sample)
    if kind is DateTime:
        if sample.offset == 0:
            return MAX_DATETIME
        return DateTime.of_local(MAX_DAY * DAY_MS + DAY_MS - 1, MILLISECOND, sample.offset)
    if kind is Quantity:
        return Quantity(MAX_DECIMAL, sample.unit)
    return _GREATEST.get(kind)


def cut_point(point: Any, precision: int) -> Any:
    """A date or time made less precise; one that is not more precise, and any other point, is itself."""
    kind = type(point)
    if kind is DateTime and point.precision > precision:
        return DateTime.of_local(point.local, precision, point.offset)
    if kind is Date and point.precision > precision:
        return Date.of_day(point.low, precision)
    if kind is Time and point.precision > precision >= HOUR:
        return Time.of_ms(point.low, precision)
    return point


_LEAST: dict[type, Any] = {
    int: MIN_INTEGER,
    Long: Long(MIN_LONG),
    Decimal: MIN_DECIMAL,
    Date: MIN_DATE,
    Time: MIN_TIME,
}
_GREATEST: dict[type, Any] = {
    int: MAX_INTEGER,
    Long: Long(MAX_LONG),
    Decimal: MAX_DECIMAL,
    Date: MAX_DATE,
    Time: MAX_TIME,
}
