"""The scoring oracle: counts and scores of the four summaries, and what single patients' scores say."""

from __future__ import annotations

from typing import Any

import pytest

import cqlmeasure as cm

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

SUMMARIES: dict[str, dict[str, int]] = {
    "OracleProportion": {
        "initial-population": 7,
        "denominator": 6,
        "denominator-exclusion": 1,
        "denominator-exception": 1,
        "numerator": 3,
        "numerator-exclusion": 1,
    },
    "OracleRatio": {
        "initial-population-encounters": 7,
        "initial-population-immunizations": 5,
        "denominator": 6,
        "denominator-exclusion": 1,
        "numerator": 5,
        "numerator-exclusion": 1,
    },
    "OracleContinuousVariable": {
        "initial-population": 7,
        "measure-population": 6,
        "measure-population-exclusion": 1,
        "measure-observation": 5,
    },
    "OracleCohort": {"initial-population": 7},
}
SCORES = {"OracleProportion": 0.5, "OracleRatio": 0.8, "OracleContinuousVariable": 1, "OracleCohort": None}

# Scores of single patients: a value, or the reason why there is none.
INDIVIDUALS: dict[str, dict[str, float | str]] = {
    "OracleProportion": {"ada": 1, "ben": 0, "eve": 0, "gus": 1, "fin": "not-a-number", "dev": "not-a-number"},
    "OracleRatio": {"ada": 1, "ben": 0, "cyd": "positive-infinity", "hana": "not-a-number"},
    "OracleContinuousVariable": {"ada": 2, "ben": 0, "eve": 1, "fin": 0, "gus": 3, "hana": "unknown", "dev": "unknown"},
}


@pytest.fixture(scope="module")
def results(repository: Any) -> dict[str, cm.MeasureResult]:
    content = cm.Content(repository / "measures" / "scoring-oracle")
    return {name: content.measure(name).evaluate(content.test_subjects(name), period="2026") for name in SUMMARIES}


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary(results: dict[str, cm.MeasureResult], name: str) -> None:
    (group,) = results[name].summary()["group"]
    assert {one["id"]: one["count"] for one in group["population"]} == SUMMARIES[name]
    assert _score(group) == SCORES[name]


def test_unit_of_the_ratio(results: dict[str, cm.MeasureResult]) -> None:
    score = results["OracleRatio"].summary()["group"][0]["measureScore"]
    assert (score["value"], score["code"]) == (0.8, "{immunizations}/{encounters}")


@pytest.mark.parametrize("name", INDIVIDUALS)
def test_individual_scores(results: dict[str, cm.MeasureResult], name: str) -> None:
    found = {patient: _score(results[name].individual(patient)["group"][0]) for patient in INDIVIDUALS[name]}
    assert found == INDIVIDUALS[name]


def test_a_cohort_has_no_score(results: dict[str, cm.MeasureResult]) -> None:
    result = results["OracleCohort"]
    assert all("measureScore" not in report["group"][0] for report in [*result.individuals(), result.summary()])


def test_observation_of_a_patient(results: dict[str, cm.MeasureResult]) -> None:
    report = results["OracleContinuousVariable"].individual("gus")
    (observation,) = (one for one in report["contained"] if one["resourceType"] == "Observation")
    assert (observation["code"]["text"], observation["valueInteger"]) == ("Measure Observation", 3)
    assert f"#{observation['id']}" in {one["reference"] for one in report["evaluatedResource"]}


def _score(group: dict[str, Any]) -> float | str | None:
    score = group.get("measureScore")
    if score is None:
        return None
    if "value" in score:
        return float(score["value"])
    (extension,) = score["_value"]["extension"]
    assert extension["url"] == ABSENT
    return str(extension["valueCode"])
