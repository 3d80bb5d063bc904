"""Points in time: CQL 1.5.3, appendix B, "Date and Time Operators"; appendix H for durations.

Everything works on the components as they were written, one by one.  Choices: seconds and milliseconds are two
precisions when points are compared (the conformance suite has it so), but a second without milliseconds counts as
``.000`` in durations; durations are of instants (the suite, against the text), differences in days and above of what
was written; a Time that is given to the unit of a duration counts from its beginning; what leaves the years 1 to 9999
is an error.
"""

from __future__ import annotations

import datetime
from typing import Any

from reference.values import CqlFailure, Point, Quantity, Uncertain, word

UNITS = ("year", "month", "day", "hour", "minute", "second", "millisecond")
MILLISECONDS = {"hour": 3_600_000, "minute": 60_000, "second": 1000, "millisecond": 1, "day": 86_400_000}
CYCLE = 146_097
"""Days in 400 years."""
UCUM = {"d": "day", "wk": "week", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond"}


def units_of(point: Point) -> tuple[str, ...]:
    """The names of the components that a point of this kind may have."""
    return {"Date": UNITS[:3], "DateTime": UNITS, "Time": UNITS[3:]}[point.kind]


def month_length(year: int, month: int) -> int:
    """How many days a month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def made(kind: str, parts: tuple[int, ...], offset: int = 0) -> Point:
    """A point of valid components."""
    limits = [(0, 23), (0, 59), (0, 59), (0, 999)]
    if kind != "Time":
        last = month_length(parts[0], parts[1]) if len(parts) > 2 and 1 <= parts[1] <= 12 else 31
        limits = [(1, 9999), (1, 12), (1, last), *limits]
    for part, (low, high) in zip(parts, limits, strict=False):
        if not low <= part <= high:
            raise CqlFailure(f"{kind} {parts} does not exist")
    return Point(kind, parts, offset)


def filled(point: Point, latest: bool) -> tuple[int, ...]:
    """All components: the earliest or latest that the point may mean."""
    parts = list(point.parts)
    first = {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "millisecond": 0}
    last = {"month": 12, "hour": 23, "minute": 59, "second": 59, "millisecond": 999}
    for unit in units_of(point)[len(parts) :]:
        if not latest:
            parts.append(first[unit])
        elif unit == "day":
            parts.append(month_length(parts[0], parts[1]))
        else:
            parts.append(last[unit])
    return tuple(parts)


def clock(parts: tuple[int, ...]) -> int:
    """Milliseconds since midnight of hour, minute, second, millisecond."""
    hour, minute, second, millisecond = parts
    return ((hour * 60 + minute) * 60 + second) * 1000 + millisecond


def count(kind: str, parts: tuple[int, ...]) -> int:
    """All components as one number of milliseconds, on the calendar that they are written in."""
    if kind == "Time":
        return clock(parts)
    cycles, year = divmod(parts[0] - 1, 400)
    days = datetime.date(year + 1, parts[1], parts[2]).toordinal() - 1 + CYCLE * cycles
    return days * MILLISECONDS["day"] + (clock(parts[3:]) if kind == "DateTime" else 0)


def uncount(kind: str, number: int) -> tuple[int, ...]:
    """What :func:`count` counted."""
    if kind == "Time":
        return number // 3_600_000, number // 60_000 % 60, number // 1000 % 60, number % 1000
    days, within = divmod(number, MILLISECONDS["day"])
    # The calendar repeats itself every 400 years; another offset may lead beyond the years 1 to 9999.
    cycles, rest = divmod(days, CYCLE)
    day = datetime.date.fromordinal(rest + 1)
    return (day.year + 400 * cycles, day.month, day.day, *(uncount("Time", within) if kind == "DateTime" else ()))


def instants(point: Point) -> tuple[int, int]:
    """The first and last instant that the point may mean, in UTC."""
    shift = point.offset * 60_000
    return count(point.kind, filled(point, False)) - shift, count(point.kind, filled(point, True)) - shift


# -- comparison -------------------------------------------------------------------------------------------------------


def compare(left: Point | None, right: Point | None, precision: str | None = None) -> int | None:
    """-1, 0 or 1, component by component as far as the precision or the finest component of either; null if one is
    missing before it is decided.
    """
    if left is None or right is None:
        return None
    units = units_of(left)
    if precision is not None and precision not in units:
        # A precision finer than the type has cannot be reached; the components may still differ before.
        units = (*units, precision)
    calendar = precision in ("year", "month", "day") or (len(left.parts) <= 3 and len(right.parts) <= 3)
    if left.kind == "DateTime" and left.offset != right.offset and not (calendar and precision != "hour"):
        first, last = instants(left)
        other_first, other_last = instants(right)
        if last < other_first or first > other_last:
            wanted = units.index(precision) if precision else 7
            if len(left.parts) > wanted and len(right.parts) > wanted:
                return compare(left, in_offset(right, left.offset), precision)
            return -1 if last < other_first else 1
        if min(len(left.parts), len(right.parts)) <= 3:
            return None
        right = in_offset(right, left.offset)
    for index, unit in enumerate(units):
        mine = left.parts[index] if index < len(left.parts) else None
        other = right.parts[index] if index < len(right.parts) else None
        if mine is None and other is None and precision is None:
            return 0
        if mine is None or other is None:
            return None
        if mine != other:
            return -1 if mine < other else 1
        if unit == precision:
            return 0
    return 0


def in_offset(point: Point, offset: int) -> Point:
    """The same point on the calendar of another offset (of a difference in whole hours), as precise as it was.

    A point without an hour is not moved: it has no instant to keep.
    """
    if len(point.parts) <= 3:
        return point
    number = count(point.kind, filled(point, False)) + (offset - point.offset) * 60_000
    return Point(point.kind, uncount(point.kind, number)[: len(point.parts)], offset)


def equivalent(left: Point, right: Point) -> bool:
    """Equal, where a difference in precision is a difference."""
    return compare(left, right) == 0


# -- neighbours and limits --------------------------------------------------------------------------------------------


def neighbour(point: Point, step: int) -> Point | None:
    """The next point of the same precision, or the one before; null beyond the type's range."""
    try:
        if point.kind == "Time":
            unit = units_of(point)[len(point.parts) - 1]
            number = count("Time", filled(point, False)) + step * MILLISECONDS[unit]
            if not 0 <= number < MILLISECONDS["day"]:
                return None
            return Point("Time", uncount("Time", number)[: len(point.parts)])
        return shifted(point, step, units_of(point)[len(point.parts) - 1])
    except CqlFailure:
        return None


def least(kind: str, greatest: bool = False, offset: int = 0) -> Point:
    """``minimum`` or ``maximum`` of a type."""
    day = (9999, 12, 31) if greatest else (1, 1, 1)
    time = (23, 59, 59, 999) if greatest else (0, 0, 0, 0)
    return Point(kind, {"Date": day, "DateTime": (*day, *time), "Time": time}[kind], offset)


def cut(point: Point, precision: str) -> Point:
    """The point with no component finer than the precision."""
    return Point(point.kind, point.parts[: units_of(point).index(precision) + 1], point.offset)


# -- arithmetic -------------------------------------------------------------------------------------------------------


def shifted(point: Point, amount: int, unit: str) -> Point:
    """The point ``amount`` units later, computed in its own finest unit if that is coarser."""
    units = units_of(point)
    finest = units[len(point.parts) - 1]
    if unit == "week":
        amount, unit = amount * 7, "day"
    while UNITS.index(unit) > UNITS.index(finest):
        sizes = {"millisecond": 1000, "second": 60, "minute": 60, "hour": 24, "day": 30, "month": 12}
        size = 365 if unit == "day" and finest == "year" else sizes[unit]
        amount = (abs(amount) // size) * (1 if amount >= 0 else -1)
        unit = "year" if size == 365 else UNITS[UNITS.index(unit) - 1]
    if unit in ("year", "month"):
        year, month, *rest = (*point.parts, 1)[: max(2, len(point.parts))]
        months = year * 12 + month - 1 + (amount * 12 if unit == "year" else amount)
        year, month = months // 12, months % 12 + 1
        if not 1 <= year <= 9999:
            raise CqlFailure("not in the years 1 to 9999")
        if len(point.parts) > 2:
            rest[0] = min(rest[0], month_length(year, month))
        return Point(point.kind, (year, month, *rest)[: len(point.parts)], point.offset)
    number = count(point.kind, filled(point, False)) + amount * MILLISECONDS[unit]
    if point.kind == "Time":
        number %= MILLISECONDS["day"]
    parts = uncount(point.kind, number)
    if point.kind != "Time" and not 1 <= parts[0] <= 9999:
        raise CqlFailure("not in the years 1 to 9999")
    return Point(point.kind, parts[: len(point.parts)], point.offset)


def add(point: Point | None, quantity: Quantity | None, sign: int = 1) -> Point | None:
    """``point + quantity``, or with the sign -1 ``point - quantity``."""
    if point is None or quantity is None:
        return None
    unit = UCUM.get(quantity.unit, word(quantity.unit))
    allowed = {"Date": (*UNITS[:3], "week"), "DateTime": (*UNITS, "week"), "Time": UNITS[3:]}[point.kind]
    if unit not in allowed:
        raise CqlFailure(f"{quantity.unit} cannot be added to a {point.kind}")
    amount = quantity.value
    if unit == "second" and amount != int(amount):
        amount, unit = amount * 1000, "millisecond"
    return shifted(point, sign * int(amount), unit)


# -- durations and differences ----------------------------------------------------------------------------------------


def _whole(kind: str, left: tuple[int, ...], right: tuple[int, ...], unit: str) -> int:
    """Whole periods between two full points."""
    if left > right:
        return -_whole(kind, right, left, unit)
    if unit in ("year", "month"):
        months = (right[0] - left[0]) * 12 + right[1] - left[1]
        if right[2:] < left[2:]:
            months -= 1
        return months // 12 if unit == "year" else months
    days = 7 if unit == "week" else 1
    size = MILLISECONDS["day"] * days if unit in ("week", "day") else MILLISECONDS[unit]
    return (count(kind, right) - count(kind, left)) // size


def _crossed(kind: str, left: tuple[int, ...], right: tuple[int, ...], unit: str) -> int:
    """Boundaries crossed between two full points."""
    if unit == "year":
        return right[0] - left[0]
    if unit == "month":
        return (right[0] - left[0]) * 12 + right[1] - left[1]
    if unit in ("week", "day"):
        one, other = (datetime.date(*parts[:3]) for parts in (left, right))
        if unit == "day":
            return (other - one).days
        # to the Sunday that each week begins with
        one, other = (day.toordinal() - day.isoweekday() % 7 for day in (one, other))  # type: ignore[assignment]
        return (other - one) // 7  # type: ignore[operator]
    size = MILLISECONDS[unit]
    return count(kind, right) // size - count(kind, left) // size


def between(left: Point | None, right: Point | None, unit: str, crossed: bool) -> Any:
    """``<unit>s between left and right`` or, if ``crossed``, ``difference in <unit>s between``."""
    if left is None or right is None:
        return None
    if left.kind == "DateTime" and (unit in UNITS[3:] or not crossed):
        right = in_offset(right, left.offset)
        if right.offset != left.offset:
            raise NotImplementedError("a duration from a day of another offset")
    measure = _crossed if crossed else _whole
    # A Time that has the unit is exact only if both are; otherwise each counts as what it may mean.
    exact = False
    if left.kind == "Time" and not crossed:
        exact = all(len(one.parts) > min(UNITS[3:].index(unit), 2) for one in (left, right))
    last_left, last_right = (_last(one, unit, exact) for one in (left, right))
    low = measure(left.kind, last_left, filled(right, False), unit)
    high = measure(left.kind, filled(left, False), last_right, unit)
    if not all(-(2**31) <= number < 2**31 for number in (low, high)):
        return None  # no Integer
    return low if low == high else Uncertain(low, high)


def _last(point: Point, unit: str, exact: bool) -> tuple[int, ...]:
    if exact or (point.kind != "Date" and units_of(point)[len(point.parts) - 1] == "second"):
        return filled(point, False)
    return filled(point, True)
