"""Measurement periods, time zones and the moment of an evaluation as callers give them."""

from __future__ import annotations

import re
from datetime import UTC as _UTC
from datetime import datetime, timedelta

from cqlmeasure.errors import UsageError
from cqlmeasure.measure import Period, parse_period
from cqlmeasure.runtime import MILLISECOND, DateTime
from cqlmeasure.runtime.temporal_parse import parse_datetime

UTC = "+00:00"
MEASUREMENT_PERIOD = "Measurement Period"

PeriodLike = str | tuple[str, str] | Period
NowLike = str | datetime | DateTime

_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


def as_period(period: PeriodLike) -> Period:
    """``"2026"``, ``"2026-07..2027-06"``, a pair of start and end, or a period as it is."""
    if isinstance(period, Period):
        return period
    if isinstance(period, str):
        return parse_period(period)
    ends = tuple(period) if isinstance(period, tuple | list) else ()
    if len(ends) != 2 or not all(isinstance(one, str) for one in ends):
        raise UsageError(
            f"{period!r} is no period", code="period", hint='such as "2026", "2026-07..2027-06", or a start and an end'
        )
    start, end = ends
    return parse_period(start=start, end=end)


def utc_offset(timezone: str) -> str:
    """A time zone offset as FHIR writes it: ``Z`` for none."""
    return "Z" if timezone == UTC else timezone


def offset_minutes(timezone: str) -> int:
    """The minutes east of UTC that ``+02:00`` means."""
    match = _OFFSET.fullmatch("+00:00" if timezone == "Z" else timezone)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        raise UsageError(
            f"there is no time zone offset {timezone!r}", code="timezone", hint="write it as +02:00, -05:00 or Z"
        )
    return (int(match[2]) * 60 + int(match[3])) * (-1 if match[1] == "-" else 1)


def evaluation_time(timezone: str, now: NowLike | None = None) -> DateTime:
    """What ``Now()`` gives: ``now``, else the time of the clock, in the time zone of the caller.

    A time that says less than the millisecond means the first: ``2026-07-01`` is midnight.
    """
    minutes = offset_minutes(timezone)
    if isinstance(now, str):
        found = parse_datetime(now.strip().removeprefix("@"), minutes)
        if found is None:
            raise UsageError(
                f"there is no date and time {now!r}",
                code="now",
                hint="write it as 2026-07-01 or 2026-07-01T08:30+02:00",
            )
        now = found
    if isinstance(now, DateTime):
        return DateTime.of_local(now.low + minutes * 60_000, MILLISECOND, minutes)
    if now is not None and now.tzinfo is None:
        local = now
    else:
        local = (now or datetime.now(_UTC)).astimezone(_UTC) + timedelta(minutes=minutes)
    parts = (local.year, local.month, local.day, local.hour, local.minute, local.second, local.microsecond // 1000)
    return DateTime.of(*parts, minutes)
