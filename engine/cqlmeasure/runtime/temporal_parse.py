"""Dates and times from text: FHIR's primitives, the strings of ToDate, ToDateTime and ToTime, and CQL's literals.

Parsing is the hot path of reading patient data, so results are kept in bounded caches; values are immutable and may be
shared.  Text that is no date or time gives ``None``.
"""

from __future__ import annotations

import re
from datetime import date as _civil_date
from datetime import datetime as _civil_datetime
from typing import Any

from cqlmeasure.runtime.temporal import (
    DAY,
    DAY_MS,
    MILLISECOND,
    SECOND,
    Date,
    DateTime,
    Time,
)
from cqlmeasure.runtime.values import CqlError

_START = _civil_datetime(1970, 1, 1)
_EPOCH = _START.toordinal()
CACHE_SIZE = 1 << 16
"""How many values a cache keeps before it starts anew."""
_LONGEST = 64

_TIME_PATTERN = r"(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_DATETIME = re.compile(rf"(\d{{4}})(?:-(\d\d)(?:-(\d\d))?)?(?:T(?:{_TIME_PATTERN})?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_TAIL = re.compile(r"(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_TIME = re.compile(rf"T?{_TIME_PATTERN}", re.ASCII)


class DateTimeCache(dict[str, DateTime | None]):
    """Text -> DateTime for one default offset; a look-up parses what it does not know yet.

    ``cache[text]`` costs a dictionary look-up once the text is known.  ``intervals`` are those that were made of the
    texts of a start and an end.
    """

    def __init__(self, offset: int = 0) -> None:
        super().__init__()
        self.offset = offset
        self.intervals: dict[tuple[str | None, str | None], Any] = {}

    def __missing__(self, text: str) -> DateTime | None:
        if len(self) >= CACHE_SIZE:
            self.clear()
        found = self[text] = _datetime_from_text(text, self.offset)
        return found


class FhirDateTimeCache(DateTimeCache):
    """Text of FHIR's dateTime and instant -> DateTime.

    FHIR writes seconds with an optional fraction, as one number, so a time to the second is exact; in CQL's own text
    (:class:`DateTimeCache`) the same time leaves the milliseconds open.
    """

    def __missing__(self, text: str) -> DateTime | None:
        found = super().__missing__(text)
        if found is not None and found.precision == SECOND:
            found = self[text] = DateTime(found.low, found.low, MILLISECOND, found.offset)
        return found


class _DateCache(dict[str, Date | None]):
    def __missing__(self, text: str) -> Date | None:
        if len(self) >= CACHE_SIZE:
            self.clear()
        found = self[text] = _date_from_text(text)
        return found


_datetime_caches: dict[int, DateTimeCache] = {}
_fhir_datetime_caches: dict[int, FhirDateTimeCache] = {}
_dates = _DateCache()


def datetime_cache(offset: int = 0) -> DateTimeCache:
    """The shared cache for a default offset (minutes); generated code subscripts it directly."""
    found = _datetime_caches.get(offset)
    if found is None:
        found = _datetime_caches[offset] = DateTimeCache(offset)
    return found


def fhir_datetime_cache(offset: int = 0) -> FhirDateTimeCache:
    """The shared cache of FHIR's date-times for a default offset (minutes)."""
    found = _fhir_datetime_caches.get(offset)
    if found is None:
        found = _fhir_datetime_caches[offset] = FhirDateTimeCache(offset)
    return found


def parse_fhir_time(text: str | None) -> Time | None:
    """The Time of a FHIR time, whose seconds are exact."""
    found = parse_time(text)
    return Time.of_ms(found.low, MILLISECOND) if found is not None and found.precision == SECOND else found


def parse_datetime(text: str | None, offset: int = 0) -> DateTime | None:
    """The DateTime that the text denotes; ``offset`` (minutes) is used where the text has none."""
    if text is None:
        return None
    return datetime_cache(offset)[text]


def parse_date(text: str | None) -> Date | None:
    """The Date that the text denotes."""
    if text is None:
        return None
    return _dates[text]


def parse_time(text: str | None) -> Time | None:
    """The Time that the text denotes; a leading ``T`` is allowed."""
    if text is None:
        return None
    match = _TIME.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    hour, minute, second, fraction = match.groups()
    try:
        return Time.of(
            int(hour),
            None if minute is None else int(minute),
            None if second is None else int(second),
            None if fraction is None else _milliseconds(fraction),
        )
    except ValueError:
        return None


def _milliseconds(fraction: str) -> int:
    return int(fraction[:3].ljust(3, "0"))


def _date_from_text(text: str) -> Date | None:
    try:
        match = _DATE.fullmatch(text)
        if match is None:
            return None
        year, month, day = match.groups()
        return Date.of(int(year), None if month is None else int(month), None if day is None else int(day))
    except (TypeError, ValueError):
        return None


def _datetime_from_text(text: str, offset: int) -> DateTime | None:
    try:
        # The common forms, checked just enough for the lenient C parser to be right about the rest.
        if text[10:11] == "T" and len(text) <= _LONGEST:
            if text[4] == "-" and text[7] == "-" and text[13:14] == ":" and text[16:17] == ":":
                found = _fast(text, offset)
                if found is not None:
                    return found
        elif len(text) == 10 and text[4] == "-" and text[7] == "-" and text.isascii():
            start = (_civil_date.fromisoformat(text).toordinal() - _EPOCH) * DAY_MS - offset * 60_000
            return DateTime(start, start + DAY_MS - 1, DAY, offset)
        return _slow(text, offset)
    except (TypeError, ValueError):
        return None


def _fast(text: str, offset: int) -> DateTime | None:
    """A date and a time to the second in the first 19 characters; None if there is none, or the rest is odd."""
    tail = _tails[text[19:]]
    if tail is None:
        return None
    try:
        since = _civil_datetime.fromisoformat(text[:19]) - _START
    except ValueError:
        return None
    fraction, length, zone = tail
    if zone is not None:
        offset = zone
    low = since.days * DAY_MS + since.seconds * 1000 + fraction - offset * 60_000
    return DateTime(low, low + length, SECOND if length else MILLISECOND, offset)


class _Tails(dict[str, tuple[int, int, int | None] | None]):
    """What follows the seconds -> milliseconds, the length of the value less one, and the offset if there is one."""

    def __missing__(self, text: str) -> tuple[int, int, int | None] | None:
        if len(self) >= CACHE_SIZE:
            self.clear()
        match = _TAIL.fullmatch(text)
        found: tuple[int, int, int | None] | None = None
        if match is not None:
            fraction, zone = match.groups()
            try:
                minutes = None if zone is None else 0 if zone == "Z" else _zone_minutes(zone)
                found = (_milliseconds(fraction), 0, minutes) if fraction else (0, 999, minutes)
            except ValueError:
                found = None
        self[text] = found
        return found


_tails = _Tails()


def _slow(text: str, offset: int) -> DateTime | None:
    match = _DATETIME.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if hour is not None and day is None:
        return None
    if zone is not None:
        if hour is None:
            return None
        offset = 0 if zone == "Z" else _zone_minutes(zone)
    if second == "60":  # a leap second: the calendar has none, so it is the last instant of its minute
        second, fraction = "59", "999"
    return DateTime.of(
        int(year),
        None if month is None else int(month),
        None if day is None else int(day),
        None if hour is None else int(hour),
        None if minute is None else int(minute),
        None if second is None else int(second),
        None if fraction is None else _milliseconds(fraction),
        offset,
    )


def _zone_minutes(zone: str) -> int:
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(f"time zone offset {zone}")
    found = hours * 60 + minutes
    return -found if zone[0] == "-" else found


def date_of(year: int | None, month: int | None = None, day: int | None = None) -> Date | None:
    """The operator ``Date(year, month, day)``; null without a year, an error for a date that there is not."""
    if year is None:
        return None
    _no_gap("Date", (year, month, day))
    try:
        return Date.of(year, month, day)
    except ValueError as error:
        raise _impossible("Date", (year, month, day), error) from None


def datetime_of(
    year: int | None,
    month: int | None = None,
    day: int | None = None,
    hour: int | None = None,
    minute: int | None = None,
    second: int | None = None,
    millisecond: int | None = None,
    offset: int = 0,
) -> DateTime | None:
    """The operator ``DateTime(...)``, ``offset`` in minutes; null without a year, an error for what there is not."""
    if year is None:
        return None
    parts = (year, month, day, hour, minute, second, millisecond)
    _no_gap("DateTime", parts)
    try:
        return DateTime.of(year, month, day, hour, minute, second, millisecond, offset)
    except ValueError as error:
        raise _impossible("DateTime", parts, error) from None


def time_of(
    hour: int | None, minute: int | None = None, second: int | None = None, millisecond: int | None = None
) -> Time | None:
    """The operator ``Time(...)``; null without an hour, an error for a time that there is not."""
    if hour is None:
        return None
    _no_gap("Time", (hour, minute, second, millisecond))
    try:
        return Time.of(hour, minute, second, millisecond)
    except ValueError as error:
        raise _impossible("Time", (hour, minute, second, millisecond), error) from None


def _call(name: str, parts: tuple[int | None, ...]) -> str:
    shown = ["null" if part is None else str(part) for part in parts]
    while shown[-1] == "null":
        shown.pop()
    return f"{name}({', '.join(shown)})"


def _impossible(name: str, parts: tuple[int | None, ...], error: ValueError) -> CqlError:
    return CqlError(f"{_call(name, parts)} does not exist: {error}")


def _no_gap(name: str, parts: tuple[int | None, ...]) -> None:
    missing = False
    for part in parts:
        if part is None:
            missing = True
        elif missing:
            raise CqlError(f"{_call(name, parts)} has a component below one that is null")
