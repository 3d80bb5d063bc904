"""When a value is the expected one.

Numbers agree within 1e-8 (exactly, and in type, when strict), intervals after closing their open ends, an uncertainty
with the closed interval of its bounds; lists in order.  A DateTime expected without offset has that of the engine.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from cql_tests.values import Amount, Number, Pair, Point, Span, Structure

_TOLERANCE = Decimal("1e-8")
_WORDS = {"year", "month", "week", "day", "hour", "minute", "second", "millisecond"}
_COMPLETE = {"Date": 3, "Time": 4, "DateTime": 7}


def agree(actual: Any, expected: Any, *, strict: bool = False) -> bool:
    """Whether a value is the expected one."""
    if actual is None or expected is None or isinstance(expected, bool | str) or isinstance(actual, bool | str):
        return type(actual) is type(expected) and bool(actual == expected)
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(expected)
            and all(agree(a, e, strict=strict) for a, e in zip(actual, expected, strict=True))
        )
    if type(actual) is not type(expected):
        return False
    if isinstance(expected, Number):
        return _numbers(actual, expected, strict)
    if isinstance(expected, Point):
        return _points(actual, expected, strict)
    if isinstance(expected, Amount):
        return _close(actual.value, expected.value, strict) and _unit(actual.unit) == _unit(expected.unit)
    if isinstance(expected, Pair):
        pairs = ((actual.numerator, expected.numerator), (actual.denominator, expected.denominator))
        return all(agree(a, e, strict=strict) for a, e in pairs)
    if isinstance(expected, Span):
        return _spans(actual, expected, strict)
    return isinstance(expected, Structure) and _structures(actual, expected, strict)


def _close(actual: Decimal, expected: Decimal, strict: bool) -> bool:
    return actual == expected if strict else abs(actual - expected) <= _TOLERANCE


def _numbers(actual: Number, expected: Number, strict: bool) -> bool:
    if strict and actual.kind != expected.kind:
        return False
    return _close(actual.value, expected.value, strict or expected.kind == "Long")


def _points(actual: Point, expected: Point, strict: bool) -> bool:
    if actual.kind != expected.kind:
        dates = {actual.kind, expected.kind} == {"Date", "DateTime"}
        return not strict and dates and actual.components == expected.components
    if len(actual.components) != len(expected.components):
        return False
    if expected.offset is None or actual.offset == expected.offset:
        return actual.components == expected.components
    return _instant(actual) == _instant(expected)


def _instant(point: Point) -> tuple[int, int]:
    """A date or time as one number, in steps of milliseconds (days for a Date), and how many components it has."""
    parts = point.components
    if point.kind == "Time":
        return _clock(parts), len(parts)
    day = date(*(*parts[:3], *(1, 1, 1)[min(len(parts), 3) :])).toordinal()
    if point.kind == "Date":
        return day, len(parts)
    return day * _clock((24,)) + _clock(parts[3:]) - (point.offset or 0) * _clock((0, 1)), len(parts)


def _clock(parts: tuple[int, ...]) -> int:
    hour, minute, second, millisecond = (*parts, *(0, 0, 0, 0)[len(parts) :])
    return ((hour * 60 + minute) * 60 + second) * 1000 + millisecond


def _unit(unit: str) -> str:
    return unit[:-1] if unit[:-1] in _WORDS else unit


def _spans(actual: Span, expected: Span, strict: bool) -> bool:
    same = (actual.low_closed, actual.high_closed) == (expected.low_closed, expected.high_closed)
    if same and agree(actual.low, expected.low, strict=strict) and agree(actual.high, expected.high, strict=strict):
        return True
    return _ends(actual.low, actual.low_closed, expected.low, expected.low_closed, 1, strict) and _ends(
        actual.high, actual.high_closed, expected.high, expected.high_closed, -1, strict
    )


def _ends(actual: Any, actual_closed: bool, expected: Any, expected_closed: bool, step: int, strict: bool) -> bool:
    if actual is None or expected is None:
        # A closed null end is the least or greatest value of the type, an open one is unknown.
        return actual is expected and actual_closed == expected_closed
    if isinstance(actual, Point) and isinstance(expected, Point) and expected.offset is None:
        actual = Point(actual.kind, actual.components)
    return agree(_closed(actual, actual_closed, step), _closed(expected, expected_closed, step), strict=strict)


def _closed(end: Any, closed: bool, step: int) -> Any:
    """The end as it is when closed; ``step`` leads into the interval."""
    if closed:
        return end
    if isinstance(end, Number):
        size = _TOLERANCE if end.kind == "Decimal" else Decimal(1)
        return Number(end.kind, end.value + size * step)
    if isinstance(end, Amount):
        return Amount(end.value + _TOLERANCE * step, end.unit)
    if isinstance(end, Point) and len(end.components) == _COMPLETE[end.kind]:
        return _stepped(end, step)
    return end


def _stepped(point: Point, step: int) -> Point:
    number = _instant(point)[0] + step
    if point.kind == "Date":
        day = date.fromordinal(number)
        return Point("Date", (day.year, day.month, day.day))
    days, clock = divmod(number, _clock((24,)))
    parts = (clock // 3_600_000, clock // 60_000 % 60, clock // 1000 % 60, clock % 1000)
    if point.kind == "Time":
        return Point("Time", parts)
    day = date.fromordinal(days)
    return Point("DateTime", (day.year, day.month, day.day, *parts), None if point.offset is None else 0)


def _structures(actual: Structure, expected: Structure, strict: bool) -> bool:
    if actual.name != expected.name or set(actual.elements) != set(expected.elements):
        return False
    for name, element in expected.elements.items():
        found = actual.elements[name]
        if expected.name == "Concept" and name == "codes" and not isinstance(element, list):
            element = [element]  # the suite writes a list of one Code as the Code
        if not agree(found, element, strict=strict):
            return False
    return True
