"""Times that depend on parameters: as CQL, and with the parameters given."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cqlmeasure.requirements.filters import Periods, span_text
from cqlmeasure.requirements.times import Boundary, Day, Literal, Parameter, Span, Time, shifted, text

MP = Parameter("Measurement Period")
START, END = Boundary(MP, end=False), Boundary(MP, end=True)


def moved(point: Time, amount: str, unit: str) -> Time:
    """A moved point that there must be."""
    found = shifted(point, Decimal(amount), unit)
    assert found is not None
    return found


POINTS = [
    (START, False, "2026-01-01", 'start of "Measurement Period"'),
    (END, True, "2026-12-31", 'end of "Measurement Period"'),
    (moved(START, "-2", "years"), False, "2024-01-01", 'start of "Measurement Period" - 2 years'),
    (moved(END, "1", "'d'".strip("'")), True, "2027-01-01", "end of \"Measurement Period\" + 1 'd'"),
    (moved(Literal((2024, 2, 29)), "1", "year"), False, "2025-02-28", "@2024-02-29 + 1 year"),
    (moved(Literal((2024, 5, 31)), "-3", "months"), False, "2024-02-29", "@2024-05-31 - 3 months"),
    (moved(START, "-36", "hours"), False, "2025-12-30T12:00:00.000+02:00", 'start of "Measurement Period" - 36 hours'),
    (moved(Day(END), "-12", "hours"), True, "2026-12-31", 'date from (end of "Measurement Period") - 12 hours'),
    (Literal((2024,)), True, "2024-12-31", "@2024"),
    (Literal((2024, 2)), True, "2024-02-29", "@2024-02"),
    (Literal((2024, 2, 3, 4)), False, "2024-02-03T04:00:00.000+02:00", "@2024-02-03T04"),
    (moved(Literal((9999, 1, 1)), "1", "year"), False, None, "@9999-01-01 + 1 year"),
    (Boundary(Parameter("Other"), end=True), True, None, 'end of "Other"'),
]


@pytest.mark.parametrize(("term", "high", "expected", "cql"), POINTS)
def test_points(term: Time, high: bool, expected: str | None, cql: str) -> None:
    periods = Periods({"Measurement Period": ("2026", "2026-12-31")}, "+02:00")
    assert periods.bound(term, high=high, day=False) == expected
    assert text(term) == cql


def test_the_interval_of_a_parameter_is_its_name() -> None:
    assert span_text(Span(START, END)) == '"Measurement Period"'
    assert span_text(Span(START, None)) == 'Interval[start of "Measurement Period", null]'


def test_names_are_quoted() -> None:
    assert text(Parameter('a "b" \\')) == '"a \\"b\\" \\\\"'


@pytest.mark.parametrize(("amount", "unit"), [("1.5", "days"), ("1", "kg"), ("1", "fortnight")])
def test_what_is_no_whole_calendar_duration_is_not_followed(amount: str, unit: str) -> None:
    assert shifted(START, Decimal(amount), unit) is None
