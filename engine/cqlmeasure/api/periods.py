"""Measurement periods and time zones as callers give them."""

from __future__ import annotations

from cqlmeasure.measure import Period, parse_period

UTC = "+00:00"
MEASUREMENT_PERIOD = "Measurement Period"

PeriodLike = str | tuple[str, str] | Period


def as_period(period: PeriodLike) -> Period:
    """``"2026"``, ``"2026-07..2027-06"``, a pair of start and end, or a period as it is."""
    if isinstance(period, Period):
        return period
    if isinstance(period, str):
        return parse_period(period)
    start, end = period
    return parse_period(start=start, end=end)
