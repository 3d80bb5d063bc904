"""Keys of resources: codes wherever they are, and days that enclose every time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from stores import NOT_DONE

from cqlmeasure.data.store.keys import EPOCH, days_of, row_of
from cqlmeasure.errors import DataError

Json = dict[str, Any]


def coded(*codes: str) -> Json:
    return {"coding": [{"system": "s", "code": code} for code in codes]}


def days(resource: Json) -> tuple[str | None, str | None]:
    row = row_of({"resourceType": "Observation", **resource}, "test")
    start, end = (None if day is None else date.fromordinal(day + EPOCH).isoformat() for day in (row.start, row.end))
    return start, end


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"code": coded("a", "b")}, ["a", "b"]),
        ({"code": {"coding": [{"code": "a"}]}, "category": [coded("b"), coded("a")]}, ["a", "b"]),
        ({"class": {"code": "AMB"}}, ["AMB"]),
        ({"component": [{"code": coded("a"), "valueCodeableConcept": coded("b")}]}, ["a", "b"]),
        ({"contained": [{"resourceType": "Medication", "code": coded("m")}]}, ["m"]),
        ({"extension": [{"url": "x", "valueCoding": {"code": "e"}}]}, ["e"]),
        ({"code": "plain"}, ["plain"]),
        ({"valueQuantity": {"value": 1, "unit": "%", "code": "%"}}, []),
        ({"valueQuantity": {"code": "%"}}, ["%"]),
        ({"code": {"extension": [{"url": NOT_DONE, "valueCanonical": "http://vs"}]}}, [NOT_DONE]),
        ({"meta": {"tag": [{"code": "t"}], "profile": ["http://p|1.0", 7]}}, ["http://p", "t"]),
        ({"code": coded("x" * 300)}, ["x" * 200]),
        ({"code": {"coding": [None, {"code": 7}, {"code": None}, "text"]}, "category": None}, []),
        ({"code": [[{"code": "deep"}]]}, ["deep"]),
    ],
)
def test_codes(resource: Json, expected: list[str]) -> None:
    assert sorted(row_of({"resourceType": "Observation", **resource}, "test").codes) == expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({}, (None, None)),
        ({"effectiveDateTime": "2026-02-03"}, ("2026-02-03", "2026-02-03")),
        ({"effectiveDateTime": "2026-02-03T23:59:59.000-05:00"}, ("2026-02-03", "2026-02-03")),
        ({"effectiveDateTime": "2026-02"}, ("2026-02-01", "2026-02-28")),
        ({"effectiveDateTime": "2024"}, ("2024-01-01", "2024-12-31")),
        ({"effectiveDateTime": "9999-12"}, ("9999-12-01", "9999-12-31")),
        ({"effectiveDateTime": "1969-12-31"}, ("1969-12-31", "1969-12-31")),
        ({"effectiveDateTime": "2026-02-30"}, (None, None)),
        ({"effectiveDateTime": "2020-01-01", "issued": "2021-01-01T00:00:00Z"}, ("2020-01-01", "2021-01-01")),
        ({"effectivePeriod": {"start": "2026-01-02", "end": "2026-01-04"}}, ("2026-01-02", "2026-01-04")),
        ({"effectivePeriod": {"start": "2026-01-02"}}, ("2026-01-02", None)),
        ({"effectivePeriod": {"end": "2026-01-04"}}, (None, "2026-01-04")),
        ({"effectivePeriod": {}, "issued": "2020-01-01"}, (None, None)),
        ({"location": [{"period": {"start": "2026-01-02"}}]}, ("2026-01-02", None)),
        ({"onsetAge": {"value": 7}, "recordedDate": "2020-01-01"}, (None, None)),
        ({"onsetString": "as a child", "recordedDate": "2020-01-01"}, (None, None)),
        ({"occurrenceTiming": {"repeat": {"count": 1}}, "authoredOn": "2020-01-01"}, (None, None)),
        ({"performedRange": {"low": {"value": 1}}, "authoredOn": "2020-01-01"}, (None, None)),
        ({"valueString": "7", "valueRange": {}, "effectiveDateTime": "2020-01-01"}, ("2020-01-01", "2020-01-01")),
        ({"referenceRange": [{"low": {"value": 1}}], "issued": "2020-01-01"}, ("2020-01-01", "2020-01-01")),
        ({"meta": {"lastUpdated": "2030-01-01T00:00:00Z"}, "issued": "2020-01-01"}, ("2020-01-01", "2020-01-01")),
        ({"meta": {"lastUpdated": "2030-01-01T00:00:00Z"}}, (None, None)),
        ({"extension": [{"url": "x", "valueDateTime": "2026-01-01"}], "issued": "2020"}, ("2020-01-01", "2026-01-01")),
        ({"event": ["2020-01-01", "2021-01-01"]}, ("2020-01-01", "2021-01-01")),
        ({"id": "2000", "identifier": [{"value": "1999"}], "issued": "2020-01-01"}, ("2020-01-01", "2020-01-01")),
        ({"code": {"coding": [{"code": "1999-01-01"}]}, "issued": "2020-01-01"}, ("2020-01-01", "2020-01-01")),
        ({"resourceType": "Condition", "onsetDateTime": "2015-01-01"}, ("2015-01-01", None)),
        (
            {"resourceType": "Condition", "onsetDateTime": "2015-01-01", "abatementDateTime": "2016-01-01"},
            ("2015-01-01", "2016-01-01"),
        ),
        ({"resourceType": "AllergyIntolerance", "onsetDateTime": "2015-01-01"}, ("2015-01-01", None)),
    ],
)
def test_days(resource: Json, expected: tuple[str | None, str | None]) -> None:
    assert days(resource) == expected


def test_no_times() -> None:
    for text in ("20260101", "2026-1-1", "0000", "2026-13", "2026-01-01x", "12345"):
        assert days_of(text) is None


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"code": coded("a", "b"), "category": [coded("c")]}, "a"),
        ({"category": [coded("c")]}, "c"),
        ({"type": [coded("t")], "category": [coded("c")]}, "t"),
        ({"code": {"text": "only"}}, ""),
        ({}, ""),
    ],
)
def test_the_code_that_says_what_it_is(resource: Json, expected: str) -> None:
    assert row_of({"resourceType": "Observation", **resource}, "test").code == expected


def test_what_is_no_json() -> None:
    with pytest.raises(DataError, match=r"Observation/o cannot be written as JSON"):
        row_of({"resourceType": "Observation", "id": "o", "x": {1, 2}}, "test")
