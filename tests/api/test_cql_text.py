"""Values as CQL text."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.api.literals import cql_of
from cqlmeasure.runtime import Date, DateTime, FhirValue, Interval, Long, Quantity, Ratio, Time, Tuple, Uncertainty

CASES: list[tuple[Any, str]] = [
    (None, "null"),
    (True, "true"),
    (5, "5"),
    (Long(5), "5L"),
    (Decimal("5"), "5.0"),
    (Decimal("2.50"), "2.5"),
    (Decimal("1E+2"), "100.0"),
    ("it's\n\\", "'it\\'s\\n\\\\'"),
    ("\x01é", "'\\u0001é'"),
    (Date.of(2026, 3), "@2026-03"),
    (DateTime.of(2026), "@2026T"),
    (DateTime.of(2026, 3, 1, 8, 30), "@2026-03-01T08:30+00:00"),
    (Time.of(8, 30), "@T08:30"),
    (Quantity(Decimal("9"), "%"), "9.0 '%'"),
    (Quantity(Decimal("3"), "days"), "3.0 days"),
    (Ratio(Quantity(Decimal(1), "mg"), Quantity(Decimal(2), "mL")), "1.0 'mg' : 2.0 'mL'"),
    (Interval(1, None, True, False), "Interval[1, null)"),
    (Uncertainty(3, 4), "Interval[3, 4]"),
    ([], "{}"),
    ([1, "a"], "{ 1, 'a' }"),
    (Tuple(a=1, b=None), "Tuple { a: 1, b: null }"),
    (Tuple({"a name": 1}), 'Tuple { "a name": 1 }'),
    ({"system": "s", "code": "c"}, "Code { code: 'c', system: 's' }"),
    ({"coding": [{"code": "c"}], "text": "t"}, "Concept { codes: { Code { code: 'c' } }, display: 't' }"),
    (FhirValue("Period", {"start": "2026"}), "Period { start: '2026' }"),
    (FhirValue("dateTime", "2026"), "'2026'"),
    ({"resourceType": "Patient", "id": "p", "active": True}, "Patient { id: 'p', active: true }"),
    ({"value": 2.5, "unit": "kg"}, "Tuple { value: 2.5, unit: 'kg' }"),
]


@pytest.mark.parametrize(("value", "text"), CASES, ids=[text for _, text in CASES])
def test_text(value: Any, text: str) -> None:
    assert cm.to_cql(value) == text


LITERALS = [
    "null",
    "true",
    "5L",
    "-2.5",
    "'it\\'s \\u0001'",
    "@2026-03",
    "@2026T",
    "@2026-03-01T08:30:00.000+02:00",
    "@T08:30",
    "3.0 days",
    "9.0 '%'",
    "1.0 'mg' : 2.0 'mL'",
    "Interval[1, 5)",
    "{ 1, null }",
    "Tuple { a: 1, b: { 'x' } }",
    "Code { code: 'c', system: 's' }",
]


@pytest.mark.parametrize("text", LITERALS)
def test_what_is_written_can_be_read_again(text: str) -> None:
    value = cm.evaluate_expression(text)
    assert cm.to_cql(value) == text
    assert cm.to_cql(cm.evaluate_expression(cm.to_cql(value))) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime.date(2026, 3, 1), "@2026-03-01"),
        (datetime.datetime(2026, 3, 1, 8), "@2026-03-01T08:00:00.000"),
        (datetime.datetime(2026, 3, 1, 8, tzinfo=datetime.UTC), "@2026-03-01T08:00:00.000+00:00"),
        (datetime.time(8, 30), "@T08:30:00.000"),
        (2.5, "2.5"),
        ([datetime.date(2026, 3, 1)], "{ @2026-03-01 }"),
        ("1 + 1", "'1 + 1'"),
        (cm.Cql("1 + 1"), "1 + 1"),
    ],
)
def test_python_values(value: Any, text: str) -> None:
    assert cql_of(value) == text
