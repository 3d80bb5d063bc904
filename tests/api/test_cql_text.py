"""Values as CQL text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cqlmeasure.api.literals import cql_text
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
    ({"system": "s", "code": "c"}, "Code { code: 'c', system: 's' }"),
    ({"coding": [{"code": "c"}], "text": "t"}, "Concept { codes: { Code { code: 'c' } }, display: 't' }"),
    (FhirValue("Period", {"start": "2026"}), '{\n  "start": "2026"\n}'),
    ({"resourceType": "Patient", "id": "p"}, '{\n  "resourceType": "Patient",\n  "id": "p"\n}'),
]


@pytest.mark.parametrize(("value", "text"), CASES, ids=[text for _, text in CASES])
def test_text(value: Any, text: str) -> None:
    assert cql_text(value) == text
