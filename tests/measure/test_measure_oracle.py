"""The scoring oracle: nine patients, four measures; labels, observations, scores and summaries as published facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from measure_fakes import UV, FakeEvaluator, FakeSubject, concept, group, measure, population

from cqlmeasure.measure import (
    MeasureResult,
    evaluate,
    individual_report,
    parse_period,
    read_measure,
    summary_report,
)

# encounters, procedures, observations, immunizations, conditions, research subjects, deceased
FACTS: dict[str, tuple[int, int, int, int, int, int, bool]] = {
    "ada": (1, 1, 2, 1, 0, 0, False),
    "ben": (1, 1, 0, 0, 0, 0, False),
    "cyd": (0, 1, 9, 1, 0, 0, False),
    "dev": (1, 1, 4, 1, 0, 0, True),
    "eve": (1, 1, 1, 1, 0, 1, False),
    "fin": (1, 1, 0, 0, 1, 0, False),
    "gus": (1, 1, 3, 1, 1, 0, False),
    "hana": (0, 0, 0, 0, 0, 0, True),
    "ivy": (1, 0, 7, 0, 0, 0, False),
}

PERIOD = parse_period("2026")


def subject(name: str) -> FakeSubject:
    encounter, procedure, observation, immunization, condition, research, deceased = FACTS[name]
    values = {
        "Has Encounter": encounter > 0,
        "Has Procedure": procedure > 0,
        "Has Observation": observation > 0,
        "Has Immunization": immunization > 0,
        "Has Condition": condition > 0,
        "In Research": research > 0,
        "Deceased": deceased,
        "Patient": {"resourceType": "Patient", "id": name, "observations": observation},
    }
    return FakeSubject(name, values)


IP = population("initial-population", "Has Encounter", "IP")
PROPORTION = group(
    "proportion",
    IP,
    population("denominator", "Has Procedure", "D"),
    population("denominator-exclusion", "Deceased", "DX"),
    population("numerator", "Has Observation", "N"),
    population("numerator-exclusion", "In Research", "NX"),
    population("denominator-exception", "Has Condition", "DE"),
)
RATIO = group(
    "ratio",
    population("initial-population", "Has Encounter", "IP1"),
    population("initial-population", "Has Immunization", "IP2"),
    population("denominator", "Has Procedure", "D", reference="IP1"),
    population("denominator-exclusion", "Deceased", "DX"),
    population("numerator", "Has Observation", "N", reference="IP2"),
    population("numerator-exclusion", "In Research", "NX"),
)
RATIO["extension"].append(
    {"url": f"{UV}scoringUnit", "valueCodeableConcept": {"coding": [{"code": "{immunizations}/{encounters}"}]}}
)
CONTINUOUS_VARIABLE = group(
    "continuous-variable",
    IP,
    population("measure-population", "Has Procedure", "MP"),
    population("measure-population-exclusion", "Deceased", "MPX"),
    population("measure-observation", "Measure Observation", "MO", reference="MP", aggregate="median"),
)
COHORT = group("cohort", IP)


def run(*groups: dict[str, Any]) -> MeasureResult:
    evaluator = FakeEvaluator(functions={"Measure Observation": lambda _, patient: patient["observations"]})
    return evaluate(read_measure(measure(*groups)), evaluator, map(subject, FACTS), period=PERIOD)


def labels(result: MeasureResult) -> dict[str, str]:
    populations = result.definition.groups[0].populations
    return {
        one.subject: " ".join(
            item.id for item, count in zip(populations, one.groups[0].counts, strict=True) for _ in range(count)
        )
        for one in result.subjects
    }


def scores(result: MeasureResult) -> dict[str, Any]:
    found = {}
    for one in result.subjects:
        score = one.groups[0].score(result.definition.groups[0])
        assert score is not None
        found[one.subject] = score.absent or score.value
    return found


def test_proportion() -> None:
    result = run(PROPORTION)
    assert labels(result) == {
        "ada": "IP D N",
        "ben": "IP D",
        "cyd": "",
        "dev": "IP D DX",
        "eve": "IP D N NX",
        "fin": "IP D DE",
        "gus": "IP D N",
        "hana": "",
        "ivy": "IP",
    }
    nan = "not-a-number"
    one, zero = Decimal(1), Decimal(0)
    assert scores(result) == {
        "ada": one, "ben": zero, "cyd": nan, "dev": nan, "eve": zero, "fin": nan, "gus": one, "hana": nan, "ivy": nan,
    }  # fmt: skip
    assert result.groups()[0].counts == (7, 6, 1, 3, 1, 1)
    assert result.scores()[0].value == Decimal("0.5")


def test_ratio_with_two_initial_populations() -> None:
    result = run(RATIO)
    assert labels(result) == {
        "ada": "IP1 IP2 D N",
        "ben": "IP1 D",
        "cyd": "IP2 N",
        "dev": "IP1 IP2 D DX N",
        "eve": "IP1 IP2 D N NX",
        "fin": "IP1 D",
        "gus": "IP1 IP2 D N",
        "hana": "",
        "ivy": "IP1",
    }
    assert scores(result)["cyd"] == "positive-infinity"
    assert scores(result)["hana"] == "not-a-number"
    assert result.groups()[0].counts == (7, 5, 6, 1, 5, 1)
    report = summary_report(result)
    assert report["group"][0]["measureScore"] == {
        "value": 0.8, "unit": "{immunizations}/{encounters}", "code": "{immunizations}/{encounters}",
    }  # fmt: skip
    counts = {item["id"]: item["count"] for item in report["group"][0]["population"]}
    assert counts == {"IP1": 7, "IP2": 5, "D": 6, "DX": 1, "N": 5, "NX": 1}


def test_continuous_variable() -> None:
    result = run(CONTINUOUS_VARIABLE)
    observed = {one.subject: [value.value for value in one.groups[0].observations[0]] for one in result.subjects}
    assert observed == {
        "ada": [2], "ben": [0], "cyd": [], "dev": [], "eve": [1], "fin": [0], "gus": [3], "hana": [], "ivy": [],
    }  # fmt: skip
    assert scores(result)["hana"] == "unknown"
    assert scores(result)["ben"] == 0
    assert result.groups()[0].counts == (7, 6, 1, 5)
    assert result.scores()[0].value == 1


def test_cohort_has_no_score() -> None:
    result = run(COHORT)
    assert result.groups()[0].counts == (7,)
    assert result.scores() == (None,)
    assert "measureScore" not in summary_report(result)["group"][0]


@pytest.mark.parametrize("rate", [PROPORTION, RATIO, CONTINUOUS_VARIABLE, COHORT], ids=["p", "r", "cv", "c"])
def test_reports_are_valid_and_reproducible(rate: dict[str, Any], valid: Any) -> None:
    result, again = run(rate), run(rate)
    reports = [individual_report(result.definition, PERIOD, one) for one in result.subjects]
    assert reports == [individual_report(again.definition, PERIOD, one) for one in again.subjects]
    for report in [*reports, summary_report(result)]:
        valid(report)


def test_individual_report_of_an_observation(valid: Any) -> None:
    result = run(CONTINUOUS_VARIABLE)
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    assert report["id"] == "sample-ada"
    assert report["measure"] == "http://example.org/Measure/Sample|1.0"
    assert report["subject"] == {"reference": "Patient/ada"}
    assert report["group"][0]["population"][3] == {
        "id": "MO",
        "code": concept("measure-observation"),
        "count": 1,
    }
    assert report["group"][0]["measureScore"] == {"value": 2}
    (observation,) = report["contained"]
    assert observation["code"] == {"text": "Measure Observation"}
    assert observation["valueInteger"] == 2
    (reference,) = report["evaluatedResource"]
    assert reference["reference"] == f"#{observation['id']}"
    assert reference["extension"][0]["valueString"] == "MO"


def test_undefined_score_says_why(valid: Any) -> None:
    result = run(PROPORTION)
    hana = next(one for one in result.subjects if one.subject == "hana")
    report = valid(individual_report(result.definition, PERIOD, hana))
    assert report["group"][0]["measureScore"]["_value"]["extension"][0]["valueCode"] == "not-a-number"
