"""Risk factors, expected results, observed to expected, standardisation, comparison and confidence intervals."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_fakes import FakeEvaluator, FakeSubject, concept, group, measure, population, proportion

from cqlmeasure.errors import ContentError, UsageError
from cqlmeasure.measure import (
    MeasureResult,
    ReportOptions,
    SupplementalForm,
    byar,
    compare,
    computed_risk,
    evaluate,
    individual_report,
    parse_period,
    rate_interval,
    read_measure,
    read_risk_model,
    risk_adjusted,
    standardised,
    summary_report,
    wilson,
)
from cqlmeasure.typesys import STRING

PERIOD = parse_period("2026")
USAGE = "http://terminology.hl7.org/CodeSystem/measure-data-usage"
FEMALE = {"system": "http://example.org/sex", "code": "F", "display": "Female"}


def element(name: str, *usage: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name.lower(),
        "usage": [concept(code, USAGE) for code in usage],
        "criteria": {"language": "text/cql-identifier", "expression": name},
        **more,
    }


ELEMENTS = [
    element("Payer", "supplemental-data"),
    element("Age", "risk-adjustment-factor"),
    element("Sex", "supplemental-data", "risk-adjustment-factor"),
    element("Expected", "risk-adjustment-factor"),
]
DEFINITION = measure(
    proportion(
        "denominator-exclusion", stratifiers=[{"id": "S1", "criteria": {"expression": "Band", "language": "text/cql"}}]
    ),
    supplementalData=ELEMENTS,
    improvementNotation=concept("decrease", None),
)


def person(name: str, numerator: bool, **values: Any) -> FakeSubject:
    return FakeSubject(
        name, {"initial-population": True, "denominator": True, "numerator": numerator, "Payer": "x", **values}
    )


def run(*subjects: FakeSubject, definition: dict[str, Any] = DEFINITION) -> MeasureResult:
    return evaluate(read_measure(definition), FakeEvaluator({"Band": STRING}), subjects, period=PERIOD)


PEOPLE = (
    person("a", True, Age=60, Sex=FEMALE, Expected=0.5, Band="old"),
    person("b", False, Age=50, Sex={"code": "M"}, Expected=0.25, Band="young"),
    person("c", False, Age=None, Sex=FEMALE, Expected=0.75, Band="old"),
    person("d", True, **{"denominator-exclusion": True}, Age=70, Sex=FEMALE, Expected=0.5, Band="old"),
)


def test_risk_factors_are_kept_apart_from_supplemental_data(valid: Any) -> None:
    result = run(*PEOPLE)
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    marked = {item["id"]: "category" in item for item in report["contained"]}
    assert marked == {
        "supplemental-data-1-1": False,
        "risk-adjustment-factor-2-1": True,
        "supplemental-data-3-1": True,
        "risk-adjustment-factor-4-1": True,
    }
    assert report["contained"][1]["category"][0]["coding"][0]["code"] == "risk-adjustment-factor"
    total = valid(summary_report(result))
    assert [item["id"] for item in total["contained"]][:2] == ["supplemental-data-1", "risk-adjustment-factor-2"]


def test_one_observation_per_value_is_an_option(valid: Any) -> None:
    elements = [
        element("Sex", "supplemental-data", code={"coding": [{"system": "http://loinc.org", "code": "76689-9"}]})
    ]
    result = run(*PEOPLE, definition=measure(proportion(), supplementalData=elements))
    report = valid(summary_report(result, ReportOptions(supplemental_form=SupplementalForm.VALUES)))
    shown = [
        ([coding["code"] for coding in item["code"]["coding"]], item["valueInteger"]) for item in report["contained"]
    ]
    assert shown == [(["F", "76689-9"], 3), (["M", "76689-9"], 1)]


def test_elements_are_in_the_reports_that_they_are_for() -> None:
    extension = {
        "url": "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-includeInReportType",
        "valueCode": "individual",
    }
    definition = measure(proportion(), supplementalData=[element("Payer", "supplemental-data", extension=[extension])])
    result = run(*PEOPLE, definition=definition)
    assert "contained" in individual_report(result.definition, PERIOD, result.subjects[0])
    assert "contained" not in summary_report(result)


MODEL = {
    "intercept": -1.0,
    "link": "logistic",
    "coefficients": [
        {"factor": "age", "coefficient": 0.01},
        {"factor": "Sex", "value": "F", "coefficient": 0.5},
    ],
}


def test_observed_and_expected_by_a_table_of_coefficients(valid: Any) -> None:
    result = run(*PEOPLE)
    model = read_risk_model(MODEL).bind(result.definition)
    found = risk_adjusted(result, model, reference_rate=0.4)
    expected = 1 / (1 + math.exp(-0.1)) + 1 / (1 + math.exp(0.5))
    assert (found.observed, found.cases, found.without) == (1, 2, 1)
    assert found.expected == pytest.approx(expected)
    assert found.ratio == pytest.approx(1 / expected)
    assert found.rate == pytest.approx(0.4 / expected)
    assert found.interval is not None and found.interval.low < 1 / expected < found.interval.high
    names = [part["code"]["text"] for part in found.observation("risk")["component"]]
    assert names == ["observed", "expected", "ratio", "low", "high", "standardised rate"]


def test_expected_results_by_a_cql_expression() -> None:
    result = run(*PEOPLE)
    found = risk_adjusted(result, computed_risk(result.definition, "Expected"))
    assert (found.observed, found.expected, found.ratio) == (1, 1.5, pytest.approx(2 / 3))


def test_continuous_variables_compare_sums() -> None:
    rate = group(
        "continuous-variable",
        population("initial-population", "initial-population"),
        population("measure-population", "denominator"),
        population("measure-observation", "Days", reference="measure-population", aggregate="average"),
    )
    people = (person("a", True, Days=4, Expected=2), person("b", True, Days=2, Expected=4))
    result = run(*people, definition=measure(rate, supplementalData=ELEMENTS))
    found = risk_adjusted(result, computed_risk(result.definition, "expected"))
    assert (found.observed, found.expected, found.ratio, found.interval) == (6, 6, 1, None)


def test_nothing_expected_is_no_ratio() -> None:
    result = run(person("a", True, Expected=0))
    found = risk_adjusted(result, computed_risk(result.definition, "Expected"))
    assert (found.ratio, found.interval, found.rate) == (None, None, None)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"link": "probit"}, "unknown link 'probit'"),
        ({}, "no list of coefficients"),
        ({"coefficients": [{"coefficient": 1}]}, "row 1 names no factor"),
        ({"coefficients": [{"factor": "age", "coefficient": "x"}]}, "not a number"),
        ({"coefficients": [], "intercept": float("nan")}, "the intercept is nan"),
    ],
)
def test_faults_of_a_risk_model_are_named(table: dict[str, Any], said: str) -> None:
    with pytest.raises(ContentError, match=said):
        read_risk_model(table)


def test_a_model_needs_its_factors() -> None:
    model = read_risk_model({"coefficients": [{"factor": "Weight", "coefficient": 1}]})
    with pytest.raises(ContentError, match="no risk factor 'Weight'"):
        model.bind(run().definition)


def test_indirect_standardisation() -> None:
    result = run(*PEOPLE)
    found = standardised(result, {"old": 0.4, "young": 0.2}, reference_rate=0.3)
    # two of the old and one of the young count; of them one is in the numerator
    assert (found.observed, found.cases) == (1, 3)
    assert found.expected == pytest.approx(1.0)
    assert found.rate == pytest.approx(0.3)
    with pytest.raises(UsageError, match="no rate for young"):
        standardised(result, {"old": 0.4})


@pytest.mark.parametrize(("value", "better"), [(0.2, True), (0.5, False), (0.3, None)])
def test_a_score_beside_a_reference(value: float, better: bool | None) -> None:
    found = compare(read_measure(DEFINITION).groups[0], value, 0.3)
    assert found.better is better
    assert found.difference == pytest.approx(value - 0.3)


def test_what_cannot_be_adjusted_is_refused() -> None:
    result = run(definition=measure(group("cohort", population("initial-population", "initial-population"))))
    with pytest.raises(UsageError, match="cannot be adjusted"):
        risk_adjusted(result, lambda _: 1.0)
    kept = evaluate(read_measure(DEFINITION), FakeEvaluator({"Band": STRING}), PEOPLE, period=PERIOD, keep=False)
    with pytest.raises(UsageError, match="not kept"):
        risk_adjusted(kept, lambda _: 1.0)


def test_intervals_by_published_examples() -> None:
    # Wilson, 1927: 15 of 148; the interval of Newcombe, 1998, table I
    found = wilson(15, 148)
    assert found is not None and (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)
    none = wilson(0, 20)
    assert none is not None and (none.low, round(none.high, 4)) == (0.0, 0.1611)
    assert wilson(0, 0) is None
    # Byar's approximation of a Poisson count of 10
    count = byar(10, 1.0)
    assert count is not None and (round(count.low, 2), round(count.high, 2)) == (4.79, 18.39)
    with pytest.raises(UsageError):
        wilson(1, 2, 1.5)


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_wilson_interval_encloses_the_share(successes: int, total: int, confidence: float) -> None:
    found = wilson(min(successes, total), total, confidence)
    assert found is not None
    assert 0 <= found.low <= min(successes, total) / total <= found.high <= 1


def test_the_interval_of_a_rate_accounts_for_exclusions() -> None:
    result = run(*PEOPLE)
    found = rate_interval(result.definition.groups[0], result.groups()[0])
    assert found == wilson(1, 3)


def test_intervals_and_adjusted_results_are_in_the_summary_on_request(valid: Any) -> None:
    result = run(*PEOPLE)
    adjusted = risk_adjusted(result, computed_risk(result.definition, "Expected"))
    plain = summary_report(result)
    report = valid(summary_report(result, ReportOptions(confidence=0.9, adjusted={"Group_1": adjusted})))
    added = {item["id"]: item for item in report["contained"]}
    assert added.keys() - {item["id"] for item in plain["contained"]} == {"confidence-interval-1", "risk-adjusted-1"}
    expected = wilson(1, 3, 0.9)
    assert expected is not None
    assert added["confidence-interval-1"]["valueRange"]["low"]["value"] == expected.low
    assert added["risk-adjusted-1"]["component"][1]["valueQuantity"]["value"] == 1.5


@pytest.mark.parametrize(
    ("link", "expected"), [("log", math.exp(0.1)), ("identity", 0.1), ("logistic", 1 / (1 + math.exp(-0.1)))]
)
def test_links(link: str, expected: float) -> None:
    result = run(PEOPLE[0])
    found = risk_adjusted(result, read_risk_model({**MODEL, "link": link}).bind(result.definition))
    assert found.expected == pytest.approx(expected)
