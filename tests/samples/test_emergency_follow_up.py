"""Counting visits: exclusions with exceptions, strata of every kind, supplemental data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

MEASURE = "EmergencyFollowUp"
COUNTS = ("initial-population", "denominator", "denominator-exclusion", "denominator-exception")
COUNTS += ("numerator", "numerator-exclusion")


@pytest.fixture(scope="module")
def result(repository: Path) -> cm.MeasureResult:
    content = cm.Content(repository / "measures" / "emergency-follow-up")
    return content.measure(MEASURE).evaluate(content.test_subjects(MEASURE), period="2026")


@pytest.fixture(scope="module")
def group(result: cm.MeasureResult) -> dict[str, Any]:
    (found,) = result.summary()["group"]
    return found  # type: ignore[no-any-return]


def test_summary(group: dict[str, Any]) -> None:
    assert _counts(group) == (14, 14, 3, 2, 6, 1)
    assert group["measureScore"]["value"] == pytest.approx(5 / 9)


def test_summary_is_the_sum_of_the_individual_reports(result: cm.MeasureResult, group: dict[str, Any]) -> None:
    single = [_counts(report["group"][0]) for report in result.individuals()]
    assert tuple(map(sum, zip(*single, strict=True))) == _counts(group)


def test_all_combinations_of_components_are_strata(group: dict[str, Any]) -> None:
    strata = {
        tuple(one["value"]["coding"][0]["code"] for one in stratum["component"]): _counts(stratum)
        for stratum in _stratifier(group, "time-and-age")
    }
    assert strata == {
        ("day", "below-65"): (12, 12, 3, 2, 4, 1),
        ("day", "65-and-above"): (0, 0, 0, 0, 0, 0),
        ("evening", "below-65"): (0, 0, 0, 0, 0, 0),
        ("evening", "65-and-above"): (1, 1, 0, 0, 1, 0),
        ("night", "below-65"): (1, 1, 0, 0, 1, 0),
        ("night", "65-and-above"): (0, 0, 0, 0, 0, 0),
    }


def test_the_score_of_a_stratum_is_that_of_the_full_formula(group: dict[str, Any]) -> None:
    scores = [
        stratum["measureScore"].get("value")
        for stratum in _stratifier(group, "time-and-age")
        if _counts(stratum) == (12, 12, 3, 2, 4, 1)
    ]
    assert scores == [pytest.approx((4 - 1) / (12 - 3 - 2))]


def test_strata_by_criteria_and_by_path(group: dict[str, Any]) -> None:
    (weekend,) = _stratifier(group, "weekend")
    assert _counts(weekend) == (2, 2, 0, 1, 0, 0)
    classes = {one["value"]["coding"][0]["code"]: _counts(one) for one in _stratifier(group, "class")}
    assert classes == {"EMER": (13, 13, 3, 2, 6, 1), "OBSENC": (1, 1, 0, 0, 0, 0)}


def test_supplemental_data_are_counted_by_patient(result: cm.MeasureResult) -> None:
    found = {
        one["code"]["text"]: {part["code"]["text"]: part["valueInteger"] for part in one["component"]}
        for one in result.summary()["contained"]
    }
    assert found == {"Sex": {"female": 9, "male": 2}, "Number of visits": {"1": 9, "2": 1, "3": 1}}


def _counts(holder: dict[str, Any]) -> tuple[int, ...]:
    found = {one["id"]: one["count"] for one in holder["population"]}
    return tuple(found[name] for name in COUNTS)


def _stratifier(group: dict[str, Any], name: str) -> list[dict[str, Any]]:
    (found,) = (one for one in group["stratifier"] if one["id"] == name)
    return found["stratum"]  # type: ignore[no-any-return]
