"""Date, DateTime and Time: points in time that know how precise they are.

A value is the range of instants that it may denote, ``low`` to ``high``, both included, and the ``precision`` to which
it is given.  Always holds: ``low`` and ``high`` are the first and the last instant of one unit of that precision.
Values are immutable by convention and may be shared freely.
"""

from __future__ import annotations

from datetime import date as _civil_date
from functools import lru_cache

YEAR = 1
MONTH = 2
DAY = 3
HOUR = 4
MINUTE = 5
SECOND = 6
MILLISECOND = 7
WEEK = 8
"""Only for durations, differences and quantities: no value has week precision."""

PRECISION_NAMES = ("", "year", "month", "day", "hour", "minute", "second", "millisecond", "week")

DAY_MS = 86_400_000
STEP_MS = (0, 0, 0, DAY_MS, 3_600_000, 60_000, 1_000, 1, 7 * DAY_MS)
"""Milliseconds in one unit of a precision; zero for years and months, which have no fixed length."""

_EPOCH = _civil_date(1970, 1, 1).toordinal()
_LAST_ORDINAL = _civil_date.max.toordinal()
MIN_DAY = 1 - _EPOCH
MAX_DAY = _LAST_ORDINAL - _EPOCH


def day_number(year: int, month: int = 1, day: int = 1) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar; ``ValueError`` if there is no such day."""
    return _civil_date(year, month, day).toordinal() - _EPOCH


_CYCLE_DAYS = 146_097
"""Days in 400 years, after which the calendar repeats itself."""


@lru_cache(maxsize=16_384)
def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of a day number; in another time zone it may lie beyond the years 1 to 9999."""
    try:
        found = _civil_date.fromordinal(day + _EPOCH)
    except ValueError:
        cycles, within = divmod(day + _EPOCH - 1, _CYCLE_DAYS)
        found = _civil_date.fromordinal(within + 1)
        return found.year + 400 * cycles, found.month, found.day
    return found.year, found.month, found.day


def last_day_of_month(year: int, month: int) -> int:
    """The day number of the last day of a month."""
    if month == 12:
        return day_number(year, 12, 31)
    return day_number(year, month + 1) - 1


def day_range(day: int, precision: int) -> tuple[int, int]:
    """First and last day number of the year, month or day that contains ``day``."""
    if precision >= DAY:
        return day, day
    found = _civil_date.fromordinal(day + _EPOCH)
    if precision == MONTH:
        return day - found.day + 1, last_day_of_month(found.year, found.month)
    return day_number(found.year), day_number(found.year, 12, 31)


class Date:
    """A calendar date of year, month or day precision; ``low`` and ``high`` are day numbers."""

    __slots__ = ("high", "low", "precision")

    def __init__(self, low: int, high: int, precision: int) -> None:
        self.low = low
        self.high = high
        self.precision = precision

    @classmethod
    def of(cls, year: int, month: int | None = None, day: int | None = None) -> Date:
        """The date of these components; ``ValueError`` if there is none."""
        if month is None:
            return cls(day_number(year), day_number(year, 12, 31), YEAR)
        if day is None:
            return cls(day_number(year, month), last_day_of_month(year, month), MONTH)
        low = day_number(year, month, day)
        return cls(low, low, DAY)

    @classmethod
    def of_day(cls, day: int, precision: int = DAY) -> Date:
        """The date of a day number, cut to a precision."""
        low, high = day_range(day, precision)
        return cls(low, high, precision)

    @property
    def components(self) -> tuple[int, int | None, int | None]:
        """Year, month, day; ``None`` beyond the precision."""
        year, month, day = civil(self.low)
        precision = self.precision
        return year, month if precision >= MONTH else None, day if precision >= DAY else None

    def __eq__(self, other: object) -> bool:
        return type(other) is Date and self.low == other.low and self.precision == other.precision

    def __hash__(self) -> int:
        return hash((self.low, self.precision))

    def __str__(self) -> str:
        return _iso_day(self.low, self.precision)

    def __repr__(self) -> str:
        return f"@{_iso_day(self.low, self.precision)}"


class DateTime:
    """A date and time of day.

    ``low`` and ``high`` are milliseconds since 1970 in UTC; ``offset`` is the time zone offset in minutes; ``day`` is
    the day number of ``low`` on the calendar of that offset.
    """

    __slots__ = ("day", "high", "low", "offset", "precision")

    def __init__(self, low: int, high: int, precision: int, offset: int = 0) -> None:
        self.low = low
        self.high = high
        self.precision = precision
        self.offset = offset
        self.day = (low + offset * 60_000) // DAY_MS

    @classmethod
    def of(
        cls,
        year: int,
        month: int | None = None,
        day: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
        second: int | None = None,
        millisecond: int | None = None,
        offset: int = 0,
    ) -> DateTime:
        """The date and time of these components in a zone ``offset`` minutes east; ``ValueError`` if there is none."""
        if month is None:
            return cls.of_local(day_number(year) * DAY_MS, YEAR, offset)
        if day is None:
            return cls.of_local(day_number(year, month) * DAY_MS, MONTH, offset)
        start = day_number(year, month, day) * DAY_MS
        if hour is None:
            return cls.of_local(start, DAY, offset)
        within, precision = _time_of_day(hour, minute, second, millisecond)
        return cls.of_local(start + within, precision, offset)

    @classmethod
    def of_local(cls, local: int, precision: int, offset: int = 0) -> DateTime:
        """The value at ``local`` milliseconds on the calendar of the offset, cut to a precision."""
        if precision >= DAY:
            step = STEP_MS[precision]
            low = local - local % step
            high = low + step - 1
        else:
            first, last = day_range(local // DAY_MS, precision)
            low = first * DAY_MS
            high = last * DAY_MS + DAY_MS - 1
        shift = offset * 60_000
        return cls(low - shift, high - shift, precision, offset)

    @property
    def local(self) -> int:
        """``low`` on the calendar of the offset."""
        return self.low + self.offset * 60_000

    @property
    def local_high(self) -> int:
        """``high`` on the calendar of the offset."""
        return self.high + self.offset * 60_000

    @property
    def components(self) -> tuple[int | None, ...]:
        """Year, month, day, hour, minute, second, millisecond; ``None`` beyond the precision."""
        within = self.local % DAY_MS
        found: tuple[int, ...] = (
            *civil(self.day),
            within // 3_600_000,
            within // 60_000 % 60,
            within // 1_000 % 60,
            within % 1_000,
        )
        return tuple(part if index < self.precision else None for index, part in enumerate(found))

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is DateTime
            and self.low == other.low
            and self.precision == other.precision
            and self.offset == other.offset
        )

    def __hash__(self) -> int:
        return hash((self.low, self.precision, self.offset))

    def __str__(self) -> str:
        text = _iso_day(self.day, self.precision)
        if self.precision <= DAY:
            return text
        return f"{text}T{_iso_time(self.local % DAY_MS, self.precision)}{_iso_offset(self.offset)}"

    def __repr__(self) -> str:
        return f"@{self}{'T' if self.precision <= DAY else ''}"


class Time:
    """A time of day of hour to millisecond precision; ``low`` and ``high`` are milliseconds since midnight."""

    __slots__ = ("high", "low", "precision")

    def __init__(self, low: int, high: int, precision: int) -> None:
        self.low = low
        self.high = high
        self.precision = precision

    @classmethod
    def of(
        cls, hour: int, minute: int | None = None, second: int | None = None, millisecond: int | None = None
    ) -> Time:
        """The time of these components; ``ValueError`` if there is none."""
        within, precision = _time_of_day(hour, minute, second, millisecond)
        return cls(within, within + STEP_MS[precision] - 1, precision)

    @classmethod
    def of_ms(cls, within: int, precision: int = MILLISECOND) -> Time:
        """The time at ``within`` milliseconds after midnight, cut to a precision."""
        step = STEP_MS[precision]
        low = within - within % step
        return cls(low, low + step - 1, precision)

    @property
    def components(self) -> tuple[int | None, ...]:
        """Hour, minute, second, millisecond; ``None`` beyond the precision."""
        low = self.low
        found = (low // 3_600_000, low // 60_000 % 60, low // 1_000 % 60, low % 1_000)
        return tuple(part if index + HOUR <= self.precision else None for index, part in enumerate(found))

    def __eq__(self, other: object) -> bool:
        return type(other) is Time and self.low == other.low and self.precision == other.precision

    def __hash__(self) -> int:
        return hash((self.low, self.precision))

    def __str__(self) -> str:
        return _iso_time(self.low, self.precision)

    def __repr__(self) -> str:
        return f"@T{_iso_time(self.low, self.precision)}"


def _time_of_day(hour: int, minute: int | None, second: int | None, millisecond: int | None) -> tuple[int, int]:
    if not 0 <= hour <= 23:
        raise ValueError(f"hour {hour} is not in 0..23")
    within = hour * 3_600_000
    if minute is None:
        return within, HOUR
    if not 0 <= minute <= 59:
        raise ValueError(f"minute {minute} is not in 0..59")
    within += minute * 60_000
    if second is None:
        return within, MINUTE
    if not 0 <= second <= 59:
        raise ValueError(f"second {second} is not in 0..59")
    within += second * 1_000
    if millisecond is None:
        return within, SECOND
    if not 0 <= millisecond <= 999:
        raise ValueError(f"millisecond {millisecond} is not in 0..999")
    return within + millisecond, MILLISECOND


def _iso_day(day: int, precision: int) -> str:
    return _civil_date.fromordinal(day + _EPOCH).isoformat()[: (0, 4, 7, 10)[min(precision, DAY)]]


def _iso_time(within: int, precision: int) -> str:
    text = f"{within // 3_600_000:02}:{within // 60_000 % 60:02}:{within // 1_000 % 60:02}.{within % 1_000:03}"
    return text[: (2, 5, 8, 12)[precision - HOUR]]


def _iso_offset(offset: int) -> str:
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


MIN_DATE = Date(MIN_DAY, MIN_DAY, DAY)
MAX_DATE = Date(MAX_DAY, MAX_DAY, DAY)
MIN_DATETIME = DateTime(MIN_DAY * DAY_MS, MIN_DAY * DAY_MS, MILLISECOND)
MAX_DATETIME = DateTime(MAX_DAY * DAY_MS + DAY_MS - 1, MAX_DAY * DAY_MS + DAY_MS - 1, MILLISECOND)
MIN_TIME = Time(0, 0, MILLISECOND)
MAX_TIME = Time(DAY_MS - 1, DAY_MS - 1, MILLISECOND)
