"""Membership in value sets and code systems, and ages."""

from __future__ import annotations

from typing import Any

import pytest

from cqlmeasure.runtime import (
    DAY,
    HOUR,
    MONTH,
    WEEK,
    YEAR,
    CodeSystem,
    CqlError,
    Date,
    DateTime,
    FhirValue,
    Uncertainty,
    ValueSet,
    clinical,
)

S, T = "http://snomed.info/sct", "http://loinc.org"
ONE = ValueSet("http://example.org/one", None, "One", [{"system": S, "code": "1"}, {"system": S, "code": "2"}])
TWO = ValueSet("http://example.org/two", None, "Two", [{"system": S, "code": "1"}, {"system": T, "code": "1"}])
BARE = ValueSet("http://example.org/bare", None, "Bare", [{"code": "1"}])
KNOWN = CodeSystem(S, None, "Known", [{"system": S, "code": "1"}])
UNKNOWN = CodeSystem(S, None, "Unknown")

ROWS: list[tuple[Any, ValueSet, bool]] = [
    ({"system": S, "code": "1", "display": "x"}, ONE, True),
    ({"system": T, "code": "1"}, ONE, False),
    ({"system": S, "code": "3"}, ONE, False),
    ({"code": "1"}, ONE, False),
    ({"code": "1"}, BARE, True),
    ({"system": S}, ONE, False),
    ({"coding": [{"system": T, "code": "9"}, {"system": S, "code": "2"}]}, ONE, True),
    ({"coding": [{"system": T, "code": "2"}]}, ONE, False),
    ({"text": "only text"}, ONE, False),
    (FhirValue("CodeableConcept", {"coding": [{"system": S, "code": "2"}]}), ONE, True),
    ("2", ONE, True),
    ("9", ONE, False),
    (None, ONE, False),
    ([{"system": T, "code": "9"}, None, {"system": S, "code": "1"}], ONE, True),
    ([{"coding": [{"system": S, "code": "9"}]}], ONE, False),
    ([], ONE, False),
]


@pytest.mark.parametrize(("code", "value_set", "expected"), ROWS)
def test_in_value_set(code: Any, value_set: ValueSet, expected: bool) -> None:
    assert clinical.in_value_set(code, value_set) is expected
    if isinstance(code, dict):
        typed = clinical.code_in_value_set if "code" in code else clinical.concept_in_value_set
        assert typed(code, value_set) is expected


def test_a_string_is_ambiguous_in_several_systems() -> None:
    with pytest.raises(CqlError, match="Two without a system"):
        clinical.in_value_set("1", TWO)


def test_null_value_sets_and_lists() -> None:
    assert clinical.in_value_set({"code": "1"}, None) is None
    assert clinical.any_in_value_set(None, ONE) is False
    assert clinical.expand_value_set(None) is None
    assert clinical.expand_value_set(BARE) == [{"code": "1"}]


@pytest.mark.parametrize(
    ("code", "code_system", "expected"),
    [
        ({"system": S, "code": "1"}, KNOWN, True),
        ({"system": S, "code": "7"}, KNOWN, False),
        ({"system": T, "code": "1"}, KNOWN, False),
        ({"system": S, "code": "7"}, UNKNOWN, True),
        ({"code": "7"}, UNKNOWN, False),
        ({"coding": [{"system": T, "code": "1"}, {"system": S, "code": "1"}]}, KNOWN, True),
        ({"text": "x"}, KNOWN, False),
        ("1", KNOWN, True),
        (["7", "1"], KNOWN, True),
        (None, KNOWN, False),
        ({"code": "1"}, None, None),
    ],
)
def test_in_code_system(code: Any, code_system: CodeSystem | None, expected: bool | None) -> None:
    assert clinical.in_code_system(code, code_system) is expected


def test_a_string_needs_a_code_system_with_content() -> None:
    with pytest.raises(CqlError, match="Unknown: its content is not known"):
        clinical.in_code_system("1", UNKNOWN)


AGES: list[tuple[Any, Any, int, Any]] = [
    (Date.of(1980, 6, 15), Date.of(2020, 6, 14), YEAR, 39),
    (Date.of(1980, 6, 15), Date.of(2020, 6, 15), YEAR, 40),
    (Date.of(1980, 6, 15), DateTime.of(2020, 6, 15, 0), YEAR, Uncertainty(39, 40)),
    (DateTime.of(1980, 6, 15, 7), Date.of(2020, 6, 15), YEAR, 40),
    (Date.of(2020, 2, 29), Date.of(2020, 4, 1), MONTH, 1),
    (Date.of(2020, 1, 1), Date.of(2020, 1, 20), WEEK, 2),
    (Date.of(2020, 1, 1), Date.of(2020, 1, 20), DAY, 19),
    (Date.of(1980), Date.of(2020, 6, 15), YEAR, Uncertainty(39, 40)),
    (None, Date.of(2020), YEAR, None),
    (Date.of(1980), None, YEAR, None),
]


@pytest.mark.parametrize(("birth", "as_of", "precision", "expected"), AGES)
def test_age_at(birth: Any, as_of: Any, precision: int, expected: Any) -> None:
    assert clinical.calculate_age_at(birth, as_of, precision) == expected


def test_age_now() -> None:
    now = DateTime.of(2020, 6, 15, 3, 0, 0, 0, offset=60)
    assert clinical.calculate_age(Date.of(1980, 6, 15), YEAR, now) == 40
    assert clinical.calculate_age(DateTime.of(2020, 6, 15, 1, 0, 0, 0, offset=60), HOUR, now) == 2
    assert clinical.calculate_age(None, YEAR, now) is None


def test_subsumption_without_a_hierarchy() -> None:
    assert clinical.subsumes({"system": S, "code": "1"}, {"system": S, "code": "1", "display": "x"}) is True
    assert clinical.subsumed_by(None, {"system": S, "code": "1"}) is None
    with pytest.raises(CqlError, match="no hierarchy"):
        clinical.subsumed_by({"system": S, "code": "1"}, {"system": S, "code": "2"})
