"""Points and intervals of time that depend on nothing but parameters: as terms, as CQL text, as dates.

Always holds: evaluating a term never narrows: an open boundary counts as closed, a boundary that is not known is
``None`` (unbounded).  A point knows whether it is a day or an instant.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

import msgspec


class Parameter(msgspec.Struct, frozen=True, tag=True):
    """A parameter: an interval or a point.  ``dates``: its points are dates."""

    name: str
    dates: bool = False


class Boundary(msgspec.Struct, frozen=True, tag=True):
    """The start or end of an interval."""

    of: Time
    end: bool


class Shifted(msgspec.Struct, frozen=True, tag=True):
    """A point moved by a calendar duration."""

    of: Time
    amount: int
    unit: str


class Day(msgspec.Struct, frozen=True, tag=True):
    """The date of a point."""

    of: Time


class Literal(msgspec.Struct, frozen=True, tag=True):
    """A point given by its components, from year on."""

    parts: tuple[int, ...]


class Span(msgspec.Struct, frozen=True, tag=True):
    """An interval from one point to another; a missing one is unbounded."""

    low: Time | None
    high: Time | None
    low_closed: bool = True
    high_closed: bool = True


Time = Parameter | Boundary | Shifted | Day | Literal | Span
Points = tuple[str, str]

_UNITS = {"year": 12, "a": 12, "month": 1, "mo": 1}
_EXACT = {
    "week": timedelta(weeks=1), "wk": timedelta(weeks=1), "day": timedelta(days=1), "d": timedelta(days=1),
    "hour": timedelta(hours=1), "h": timedelta(hours=1), "minute": timedelta(minutes=1), "min": timedelta(minutes=1),
    "second": timedelta(seconds=1), "s": timedelta(seconds=1), "millisecond": timedelta(milliseconds=1),
    "ms": timedelta(milliseconds=1),
}  # fmt: skip
_MILLISECOND = timedelta(milliseconds=1)


def unit_of(text: str) -> str | None:
    """The unit of a calendar duration without its plural; ``None`` if it is none."""
    name = text if text in _UNITS or text in _EXACT else text.removesuffix("s")
    return name if name in _UNITS or name in _EXACT else None


def shifted(of: Time, amount: Decimal, unit: str) -> Time | None:
    """A point moved by a quantity; ``None`` if that is not a whole number of a calendar unit."""
    name = unit_of(unit)
    if name is None or amount != amount.to_integral_value() or isinstance(of, Span):
        return None
    return Shifted(of, int(amount), name)


def low_of(term: Time) -> Time | None:
    """The start of an interval, of a point the point itself."""
    if isinstance(term, Span):
        return term.low
    return Boundary(term, end=False) if isinstance(term, Parameter) else term


def high_of(term: Time) -> Time | None:
    """The end of an interval, of a point the point itself."""
    if isinstance(term, Span):
        return term.high
    return Boundary(term, end=True) if isinstance(term, Parameter) else term


def text(term: Time | None) -> str:
    """The term as CQL."""
    match term:
        case None:
            return "null"
        case Parameter(name):
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{quoted}"'
        case Boundary(of, end):
            return f"{'end' if end else 'start'} of {text(of)}"
        case Shifted(of, amount, unit):
            plural = (
                unit
                if abs(amount) == 1 or unit not in ("year", "month", "week", "day", "hour", "minute")
                else f"{unit}s"
            )
            shown = (
                f"{abs(amount)} {plural}"
                if unit in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
                else f"{abs(amount)} '{unit}'"
            )
            return f"{text(of)} {'-' if amount < 0 else '+'} {shown}"
        case Day(of):
            return f"date from ({text(of)})"
        case Literal(parts):
            return _literal(parts)
        case Span(low, high, low_closed, high_closed):
            return f"Interval{'[' if low_closed else '('}{text(low)}, {text(high)}{']' if high_closed else ')'}"
    raise AssertionError(term)


def _literal(parts: tuple[int, ...]) -> str:
    shown = "-".join(f"{part:02}" for part in parts[:3])
    time = ":".join(f"{part:02}" for part in parts[3:6])
    return f"@{shown}T{time}" if time else f"@{shown}"


class Point(msgspec.Struct, frozen=True):
    """An instant without offset, in the time zone of the request; ``day``: only its date counts."""

    at: datetime
    day: bool

    def text(self, offset: str) -> str:
        """As a FHIR date or dateTime."""
        if self.day:
            return self.at.date().isoformat()
        return f"{self.at.isoformat(timespec='milliseconds')}{offset}"


def evaluate(term: Time | None, periods: Mapping[str, Points], *, high: bool) -> Point | None:
    """Where a point is, the latest it may be if ``high``; ``None`` if that depends on a parameter that is not given."""
    try:
        return _evaluate(term, periods, high)
    except OverflowError:
        return None


def _evaluate(term: Time | None, periods: Mapping[str, Points], high: bool) -> Point | None:
    match term:
        case None | Span():
            return None
        case Parameter(name):
            given = periods.get(name)
            return _point(given[1 if high else 0], high) if given is not None else None
        case Boundary(Parameter(name, dates), end):
            given = periods.get(name)
            found = _point(given[1 if end else 0], end) if given is not None else None
            return Point(_midnight(found.at), True) if found is not None and dates else found
        case Boundary(Span(low, top), end):
            return _evaluate(top if end else low, periods, high)
        case Boundary(of):
            return _evaluate(of, periods, high)
        case Day(of):
            found = _evaluate(of, periods, high)
            return Point(_midnight(found.at), True) if found is not None else None
        case Literal(parts):
            return _from_parts(parts, high)
        case Shifted(of, amount, unit):
            found = _evaluate(of, periods, high)
            return None if found is None else _shift(found, amount, unit)
    raise AssertionError(term)


def _shift(point: Point, amount: int, unit: str) -> Point:
    if unit in _EXACT:
        step = _EXACT[unit]
        if point.day and step < timedelta(days=1):
            step = timedelta(0)
        return Point(point.at + step * amount, point.day)
    months = point.at.year * 12 + point.at.month - 1 + amount * _UNITS[unit]
    if months < 12 or months >= 12 * 10000:
        raise OverflowError
    year, month = divmod(months, 12)
    day = min(point.at.day, calendar.monthrange(year, month + 1)[1])
    return Point(point.at.replace(year=year, month=month + 1, day=day), point.day)


def _from_parts(parts: tuple[int, ...], high: bool) -> Point:
    year, month, day, *time = (
        (*parts, *((12, 31) if high else (1, 1))[max(len(parts) - 1, 0) :]) if len(parts) < 3 else parts
    )
    if len(parts) < 2 and high:
        month, day = 12, 31
    if len(parts) == 2:
        day = calendar.monthrange(year, month)[1] if high else 1
    if not time:
        return Point(datetime(year, month, day), True)
    filled = [*time, *([23, 59, 59, 999] if high else [0, 0, 0, 0])[len(time) :]]
    return Point(datetime(year, month, day, filled[0], filled[1], filled[2], filled[3] * 1000), False)


def _point(given: str, high: bool) -> Point:
    """A boundary of a period as requests have it: a year, month, date or dateTime."""
    if "T" in given:
        return Point(datetime.fromisoformat(given).replace(tzinfo=None), False)
    parts = tuple(int(part) for part in given.split("-"))
    start = _from_parts(parts, high).at
    return Point(start + timedelta(days=1) - _MILLISECOND if high else start, False)


def _midnight(at: datetime) -> datetime:
    return datetime.combine(date(at.year, at.month, at.day), datetime.min.time())


def moments(text: str, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """The first and the last moment that a FHIR date or dateTime may mean, in a time zone; ``None`` if it is none."""
    try:
        if "T" in text:
            at = datetime.fromisoformat(text)
            local = at if at.tzinfo is None else at.astimezone(zone).replace(tzinfo=None)
            return local, local
        return _point(text, False).at, _point(text, True).at
    except (ValueError, TypeError, OverflowError):
        return None
