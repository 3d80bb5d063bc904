"""Outcomes by patients' own account: cohorts, an individual beside an average, a benchmark, a composite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.measure import compare

CHANGE = "BreastCancerComfortChange"
ASKED = "BreastCancerComfortAsked"
REACHED = "BreastCancerComfortReached"
ALL = "BreastCancerComfortAll"
STEPS = "BreastCancerComfortSteps"


@pytest.fixture(scope="module")
def content(repository: Path) -> cm.Content:
    return cm.Content(repository / "measures" / "breast-cancer-proms")


@pytest.fixture(scope="module")
def results(content: cm.Content) -> dict[str, cm.MeasureResult]:
    return {name: _evaluate(content, name) for name in (CHANGE, ASKED, REACHED, ALL, STEPS)}


@pytest.mark.parametrize(
    ("name", "score"), [(CHANGE, 7.33), (ASKED, 6 / 9), (REACHED, 5 / 9), (ALL, 4 / 9), (STEPS, 10 / 18)]
)
def test_scores(results: dict[str, cm.MeasureResult], name: str, score: float) -> None:
    assert _group(results[name].summary())["measureScore"]["value"] == pytest.approx(score)


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        (CHANGE, {"conserving": 8, "mastectomy": -1, "reconstruction": 22}),
        (ASKED, {"conserving": 3 / 4, "mastectomy": 2 / 3, "reconstruction": 1 / 2}),
        (REACHED, {"conserving": 3 / 4, "mastectomy": 1 / 3, "reconstruction": 1 / 2}),
        (ALL, {"conserving": 2 / 4, "mastectomy": 1 / 3, "reconstruction": 1 / 2}),
        (STEPS, {"conserving": 5 / 8, "mastectomy": 3 / 6, "reconstruction": 2 / 4}),
    ],
)
def test_cohorts_are_compared(results: dict[str, cm.MeasureResult], name: str, scores: dict[str, float]) -> None:
    stratifier = _group(results[name].summary())["stratifier"][0]
    found = {
        stratum["value"]["coding"][0]["code"]: stratum["measureScore"]["value"] for stratum in stratifier["stratum"]
    }
    assert found == pytest.approx(scores)


def test_a_cohort_that_nobody_is_in_is_a_stratum(content: cm.Content) -> None:
    few = _evaluate(content, CHANGE, subjects=["conserving-better"])
    (stratifier,) = _group(few.summary())["stratifier"]
    sizes = {one["value"]["coding"][0]["code"]: one["population"][0]["count"] for one in stratifier["stratum"]}
    assert sizes == {"conserving": 1, "mastectomy": 0, "reconstruction": 0}


@pytest.mark.parametrize(("reference", "difference", "reached"), [(None, -14, 5), (75.0, -21, 2), (50.5, 3.5, 7)])
def test_an_individual_beside_an_average(
    content: cm.Content, reference: float | None, difference: float, reached: int
) -> None:
    parameters = {} if reference is None else {"Reference Average": reference}
    result = _evaluate(content, REACHED, parameters=parameters)
    (found,) = (one for one in result.individual("mastectomy-worse")["contained"] if "reference" in one["code"]["text"])
    assert found["valueQuantity"]["value"] == difference
    assert _counts(result.summary())["numerator"] == reached


def test_risk_factors_are_told_apart(results: dict[str, cm.MeasureResult]) -> None:
    contained = results[CHANGE].individual("mastectomy-worse")["contained"]
    factors = [one for one in contained if "category" in one]
    assert [(one["code"]["text"], one["valueInteger"]) for one in factors] == [("Age at operation", 75)]
    assert factors[0]["category"][0]["coding"][0]["code"] == "risk-adjustment-factor"


def test_an_organisation_beside_a_benchmark(results: dict[str, cm.MeasureResult]) -> None:
    result = results[REACHED]
    score = _group(result.summary())["measureScore"]["value"]
    (group,) = result.definition.groups
    assert compare(group, score, 0.5).better is True
    assert compare(group, score, 0.6).better is False


def test_the_composite_is_who_is_in_the_numerator_of_both(results: dict[str, cm.MeasureResult]) -> None:
    inside = {
        name: {row["subject"] for row in results[name].rows() if row["numerator"]} for name in (ASKED, REACHED, ALL)
    }
    assert inside[ALL] == inside[ASKED] & inside[REACHED]
    assert inside[ALL] == {"conserving-better", "conserving-same", "exactly-the-reference", "reconstruction-better"}
    counts = _counts(results[ALL].summary())
    assert (counts["denominator"], counts["denominator-exclusion"], counts["numerator"]) == (10, 1, 4)


def test_the_composite_of_the_composite_counts_steps(results: dict[str, cm.MeasureResult]) -> None:
    taken = {row["subject"]: row["numerator"] for row in results[STEPS].rows()}
    inside = {name: {row["subject"]: row["numerator"] for row in results[name].rows()} for name in (ASKED, ALL)}
    assert taken == {subject: count + inside[ALL][subject] for subject, count in inside[ASKED].items()}
    low = _group(results[STEPS].summary())["stratifier"][1]["stratum"][0]
    assert low["measureScore"]["value"] == pytest.approx(2 / 6)
    contained = results[STEPS].individual("mastectomy-worse")["contained"]
    assert [one["valueInteger"] for one in contained if "category" in one] == [75]


def _evaluate(content: cm.Content, name: str, **options: Any) -> cm.MeasureResult:
    return content.measure(name).evaluate(content.test_subjects(name), period="2026", **options)


def _group(report: dict[str, Any]) -> dict[str, Any]:
    (group,) = report["group"]
    return group  # type: ignore[no-any-return]


def _counts(report: dict[str, Any]) -> dict[str, int]:
    return {one["id"]: one["count"] for one in _group(report)["population"]}
