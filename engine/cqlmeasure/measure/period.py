"""Measurement periods: what people type, what FHIR writes, and the two instants that CQL gets.

Always holds: the period's ends are full FHIR dates or dateTimes, the start not after the end; a partial date at the end
means the last instant of it (`2026` ends with 2026-12-31T23:59:59.999).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from cqlmeasure.errors import UsageError
from cqlmeasure.runtime import DateTime, Interval

_DATE = re.compile(r"^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$")
_DATE_TIME = re.compile(r"^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$")
_OFFSET = re.compile(r"^([+-])(\d{2}):(\d{2})$")
_HINT = "write a year (2026), a range (2026-01..2026-03), or start and end as YYYY, YYYY-MM, YYYY-MM-DD or a dateTime"


class Period(msgspec.Struct, frozen=True):
    """``start`` and ``end`` as FHIR writes them: ``YYYY-MM-DD``, or a dateTime with milliseconds."""

    start: str
    end: str

    def json(self) -> dict[str, str]:
        """The FHIR Period."""
        return {"start": self.start, "end": self.end}

    def instants(self, offset: str = "+00:00") -> tuple[str, str]:
        """First and last millisecond; ``offset`` is the zone of ends that have none of their own."""
        return _instant(self.start, offset, last=False), _instant(self.end, offset, last=True)

    def interval(self, offset: str = "+00:00") -> Interval:
        """The CQL value of the "Measurement Period" parameter: a closed interval of DateTimes."""
        start, end = self.instants(offset)
        return Interval(_date_time(start), _date_time(end), True, True)


def parse_period(text: str | None = None, *, start: str | None = None, end: str | None = None) -> Period:
    """A period from one text (``2026``, ``2026-01..2026-03``) or from a start and an end; ``UsageError`` otherwise."""
    if text is not None and (start is not None or end is not None):
        raise _error("give the period either as one text or as start and end, not both")
    if text is not None:
        parts = re.split(r"\.\.|/", text.strip())
        if len(parts) > 2 or not all(part.strip() for part in parts):
            raise _error(f"cannot read the period {text!r}")
        start, end = parts[0], parts[-1]
    if start is None or end is None:
        missing = "start and end" if start is None and end is None else "start" if start is None else "end"
        raise _error(f"the period has no {missing}")
    period = Period(_bound(start, last=False), _bound(end, last=True))
    first, last = period.interval().low, period.interval().high
    if first.low > last.high:
        raise _error(f"the period starts ({period.start}) after it ends ({period.end})", "swap start and end")
    return period


def period_of(value: Mapping[str, Any]) -> Period:
    """The period of a FHIR Period (of a MeasureReport, or a Measure's effectivePeriod)."""
    ends = {name: value.get(name) for name in ("start", "end")}
    for name, text in ends.items():
        if not isinstance(text, str):
            raise _error(f"the period has no {name}")
    return parse_period(start=str(ends["start"]), end=str(ends["end"]))


def default_period(
    effective: Mapping[str, Any] | None = None, expected: Mapping[str, Any] | None = None
) -> Period | None:
    """The period of an expected MeasureReport, else a Measure's effective period, else ``None``."""
    for value in ((expected or {}).get("period"), effective):
        if isinstance(value, Mapping) and "start" in value and "end" in value:
            return period_of(value)
    return None


def _bound(text: str, *, last: bool) -> str:
    text = text.strip()
    if (match := _DATE.match(text)) is not None:
        year, month, day = (int(part) if part else None for part in match.groups())
        if not year or (month is not None and not 1 <= month <= 12):
            raise _error(f"there is no date {text!r}")
        month = month or (12 if last else 1)
        days = calendar.monthrange(year, month)[1]
        day = (days if last else 1) if day is None else day
        if not 1 <= day <= days:
            raise _error(f"there is no date {text!r}")
        return f"{year:04}-{month:02}-{day:02}"
    match = _DATE_TIME.match(text)
    if match is None:
        raise _error(f"cannot read {text!r} as a date")
    year_, month_, day_, hour, minute, second, fraction, zone = match.groups()
    _bound(f"{year_}-{month_}-{day_}", last=last)
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise _error(f"there is no time {text!r}")
    second = second or ("59" if last else "00")
    fraction = (fraction or ("999" if last else "000")).ljust(3, "0")[:3]
    zone = "+00:00" if zone == "Z" else zone or ""
    if zone:
        _minutes(zone)
    return f"{year_}-{month_}-{day_}T{hour}:{minute}:{second}.{fraction}{zone}"


def _instant(bound: str, offset: str, *, last: bool) -> str:
    if "T" not in bound:
        bound += "T23:59:59.999" if last else "T00:00:00.000"
    has_zone = len(bound) > len("2026-01-01T00:00:00.000")
    return bound if has_zone else f"{bound}{'+00:00' if offset == 'Z' else offset}"


def _date_time(instant: str) -> DateTime:
    date, time, zone = instant[:10], instant[11:23], instant[23:]
    year, month, day = (int(part) for part in date.split("-"))
    hour, minute, rest = time.split(":")
    second, millisecond = rest.split(".")
    return DateTime.of(year, month, day, int(hour), int(minute), int(second), int(millisecond), _minutes(zone))


def _minutes(zone: str) -> int:
    match = _OFFSET.match(zone)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        raise _error(f"there is no time zone offset {zone!r}", "write it as +02:00, -05:00 or Z")
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def _error(message: str, hint: str = _HINT) -> UsageError:
    return UsageError(message, code="period", hint=hint)
