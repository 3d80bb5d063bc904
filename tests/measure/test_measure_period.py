"""Periods: what is read, what it means, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cqlmeasure.errors import UsageError
from cqlmeasure.measure import default_period, parse_period, period_of


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        (" 2024-02 ", "2024-02-01", "2024-02-29"),
        ("2026-01..2026-03", "2026-01-01", "2026-03-31"),
        ("2025..2026", "2025-01-01", "2026-12-31"),
        ("2026-07-01..2027-06-30", "2026-07-01", "2027-06-30"),
        ("2026-07-01/2026-07-01", "2026-07-01", "2026-07-01"),
        ("2026-7-1..2026-8", "2026-07-01", "2026-08-31"),
    ],
)
def test_texts(text: str, start: str, end: str) -> None:
    period = parse_period(text)
    assert (period.start, period.end) == (start, end)
    assert period.json() == {"start": start, "end": end}
    first, last = period.instants()
    assert first == f"{start}T00:00:00.000+00:00"
    assert last == f"{end}T23:59:59.999+00:00"


def test_start_and_end() -> None:
    period = parse_period(start="2014-01", end="2014-03")
    assert period.instants("-05:00") == ("2014-01-01T00:00:00.000-05:00", "2014-03-31T23:59:59.999-05:00")


@pytest.mark.parametrize(
    ("start", "end", "instants"),
    [
        (
            "2026-01-01T00:00:00Z",
            "2026-12-31T23:59:59Z",
            ("2026-01-01T00:00:00.000+00:00", "2026-12-31T23:59:59.999+00:00"),
        ),
        (
            "2026-01-01T06:30",
            "2026-01-01T23:45:10.5+02:00",
            ("2026-01-01T06:30:00.000-03:00", "2026-01-01T23:45:10.500+02:00"),
        ),
    ],
)
def test_date_times(start: str, end: str, instants: tuple[str, str]) -> None:
    assert parse_period(start=start, end=end).instants("-03:00") == instants


def test_the_interval_is_that_of_cql() -> None:
    interval = parse_period("2026").interval("+02:00")
    assert str(interval.low) == "2026-01-01T00:00:00.000+02:00"
    assert str(interval.high) == "2026-12-31T23:59:59.999+02:00"
    assert interval.low_closed and interval.high_closed


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": ""},
        {"text": "next year"},
        {"text": "26"},
        {"text": "2026-13"},
        {"text": "2026-02-30"},
        {"text": "0000"},
        {"text": "2026.."},
        {"text": "2026..2027..2028"},
        {"text": "2027..2026"},
        {"text": "2026-01-01T25:00:00..2027"},
        {"text": "2026-01-01T00:00:00+99:00..2027"},
        {"text": "2026", "start": "2026"},
        {"start": "2026"},
        {"end": "2026"},
        {},
        {"start": "2026-12-31T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
    ],
)
def test_nonsense_is_refused_with_a_hint(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_period(**arguments)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "period"
    assert diagnostic.hint


def test_defaults() -> None:
    effective = {"start": "2025-01-01", "end": "2025-12-31"}
    expected = {"period": {"start": "2026-01-01", "end": "2026-12-31"}}
    assert default_period(effective, expected) == parse_period("2026")
    assert default_period(effective) == parse_period("2025")
    assert default_period(effective, {"period": {"start": "2026-01-01"}}) == parse_period("2025")
    assert default_period() is None
    with pytest.raises(UsageError, match="no end"):
        period_of({"start": "2026"})
