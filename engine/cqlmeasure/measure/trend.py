"""Several periods in one run, and how results change between them.

Always holds: the parts of a period follow each other without gap or overlap, and cover it from its first day to its
last.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.codes import measure_extension
from cqlmeasure.measure.fhir_json import extension_value
from cqlmeasure.measure.intervals import ConfidenceInterval, rate_interval
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.results import MeasureResult
from cqlmeasure.measure.score import Score

_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


class TrendPoint(msgspec.Struct, frozen=True):
    """One group in one period; ``change`` is the difference to the period before."""

    period: Period
    group: str
    counts: dict[str, int]
    score: Score | None
    interval: ConfidenceInterval | None
    change: float | None


def split_period(period: Period, step: str) -> tuple[Period, ...]:
    """The months, quarters, half-years or years of a period, counted from its start; the last may be shorter."""
    months = _MONTHS.get(step)
    if months is None:
        raise UsageError(f"there is no step {step!r}", code="period", hint=f"one of {', '.join(_MONTHS)}")
    if "T" in period.start or "T" in period.end:
        raise UsageError("only a period of whole days can be split", code="period")
    first, last = (datetime.date.fromisoformat(end) for end in (period.start, period.end))
    found = []
    number = 0
    while (start := _later(first, months * number)) <= last:
        number += 1
        end = min(_later(first, months * number) - datetime.timedelta(days=1), last)
        found.append(Period(start.isoformat(), end.isoformat()))
    return tuple(found)


def trend(periods: Iterable[Period], evaluate: Callable[[Period], MeasureResult]) -> list[MeasureResult]:
    """The results of a measure for several periods; ``evaluate`` gives that of one."""
    return [evaluate(period) for period in periods]


def trend_points(results: Iterable[MeasureResult], confidence: float = 0.95) -> Iterator[TrendPoint]:
    """Each group in each period, with its change."""
    before: dict[str, Score | None] = {}
    for result in results:
        for number, (group, found) in enumerate(zip(result.definition.groups, result.groups(), strict=True), 1):
            label = group.id or group.link_id or str(number)
            score = found.score(group)
            counts = {item.id: count for item, count in zip(group.populations, found.counts, strict=True)}
            change = _change(before.get(label), score)
            yield TrendPoint(result.period, label, counts, score, rate_interval(group, found, confidence), change)
            before[label] = score


def anchored_period(effective: Mapping[str, Any], at: str) -> Period:
    """The measurement period that holds the day ``at``, by a Measure's effective period.

    The period's extensions say from which day periods are counted (the anchor; else its start) and how long they are
    (the duration; else a year).
    """
    anchor = extension_value(effective, measure_extension("effectivePeriodAnchor")) or effective.get("start")
    if not isinstance(anchor, str) or len(anchor) < 10:
        raise UsageError("the effective period has neither an anchor nor a start", code="period")
    months = _duration(extension_value(effective, measure_extension("effectivePeriodDuration")))
    start, day = datetime.date.fromisoformat(anchor[:10]), datetime.date.fromisoformat(at[:10])
    number = ((day.year - start.year) * 12 + day.month - start.month) // months
    while _later(start, number * months) > day:
        number -= 1
    while _later(start, (number + 1) * months) <= day:
        number += 1
    low, high = _later(start, number * months), _later(start, (number + 1) * months) - datetime.timedelta(days=1)
    first, last = str(effective.get("start") or "")[:10], str(effective.get("end") or "")[:10]
    if (first and low.isoformat()[: len(first)] < first) or (last and high.isoformat()[: len(last)] > last):
        raise UsageError(
            f"{at} is outside the effective period of the measure", code="period", hint="choose another day"
        )
    return Period(low.isoformat(), high.isoformat())


def _duration(value: Any) -> int:
    """A Duration in whole months."""
    if value is None:
        return 12
    number = value.get("value") if isinstance(value, Mapping) else None
    unit = str(value.get("code") or value.get("unit")) if isinstance(value, Mapping) else ""
    months = {"a": 12, "year": 12, "years": 12, "mo": 1, "month": 1, "months": 1}.get(unit)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1 or months is None:
        raise UsageError("the duration of the effective period is not a number of years or months", code="period")
    return number * months


def _later(day: datetime.date, months: int) -> datetime.date:
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _change(before: Score | None, now: Score | None) -> float | None:
    if before is None or now is None or before.value is None or now.value is None:
        return None
    return float(now.value - before.value)
