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
        ({"category": [coded("s|a")]}, ["s\u00a6a"]),
    ],
)
def test_codes(resource: Json, expected: list[str]) -> None:
    codes = row_of({"resourceType": "Observation", **resource}, "test").codes
    assert sorted(code for code in codes if "|" not in code) == expected


EXACT: list[tuple[Json, list[str]]] = [
    ({"code": coded("a", "b")}, ["s|a", "s|b"]),
    ({"resourceType": "Encounter", "type": [coded("a"), coded("b")]}, ["s|a", "s|b"]),
    ({"code": {"coding": [{"system": "s", "code": "a|b"}]}}, ["s|a|b"]),
    ({"code": {"text": "a"}, "category": [coded("b")]}, []),
    ({}, []),
    ({"code": {"coding": [{"code": "a"}, {"system": "s"}]}}, []),
    ({"meta": {"profile": ["http://p|1.0", "http://q"]}}, ["|http://p", "|http://q"]),
    ({"meta": {"profile": []}, "code": coded("a")}, ["s|a"]),
    # What evaluation takes apart in other ways, or fails on.
    ({"code": "a"}, ["|"]),
    ({"code": ["a"]}, ["|"]),
    ({"code": [coded("a")]}, ["|"]),
    ({"code": {"system": "s", "code": "a"}}, ["|"]),
    ({"code": {**coded("a"), "extension": []}}, ["|"]),
    ({"code": {"coding": None}}, ["|"]),
    ({"code": {"coding": coded("a")}}, ["|"]),
    ({"code": {"coding": ["a"]}}, ["|"]),
    ({"code": {"coding": [{"system": "s", "code": 1}]}}, ["|"]),
    ({"code": {"coding": [{"system": ["s"], "code": "a"}]}}, ["|"]),
    ({"code": {"coding": [{"system": "s|1", "code": "a"}]}}, ["|"]),
    ({"code": {"coding": [{"system": "*", "code": "a"}]}}, ["|"]),
    ({"code": {"coding": [{"system": "", "code": "a"}]}}, ["|"]),
    ({"code": coded("x" * 300)}, ["|"]),
    ({"meta": [], "code": coded("a")}, ["|"]),
    ({"meta": {"profile": "http://p"}}, ["|"]),
    ({"meta": {"profile": ["http://p", 7]}}, ["|"]),
    ({"meta": {"profile": ["|1"]}}, ["|"]),
    ({"meta": {"profile": ["http://" + "p" * 200]}}, ["|"]),
    # Other types say elsewhere what they are, or do not.
    ({"resourceType": "Encounter", "type": [coded("a")], "code": coded("b")}, ["s|a"]),
    ({"resourceType": "MedicationRequest", "medicationCodeableConcept": coded("a")}, ["s|a"]),
    ({"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/a"}}, []),
    ({"resourceType": "DeviceUseStatement", "device": {"code": coded("a")}}, ["s|a"]),
    ({"resourceType": "DeviceUseStatement", "device": "a"}, ["|"]),
    ({"resourceType": "Nothing", "code": "a"}, []),
]


@pytest.mark.parametrize(("resource", "expected"), EXACT)
def test_exact_keys(resource: Json, expected: list[str]) -> None:
    codes = row_of({"resourceType": "Observation", **resource}, "test").codes
    assert [code for code in codes if "|" in code] == expected


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
