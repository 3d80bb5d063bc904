"""Scorings that are not counted from criteria alone: attestation, rate aggregation; and what a group may count."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from measure_fakes import UV, FakeEvaluator, FakeSubject, concept, encounters, group, measure, population, proportion

from cqlmeasure.errors import ContentError, CqlMeasureError, DataError
from cqlmeasure.measure import (
    AttestedScore,
    Edition,
    MeasureResult,
    ReportOptions,
    aggregate_rate,
    attested_score,
    check_attested,
    evaluate,
    parse_period,
    prepare,
    read_attestation,
    read_measure,
    summary_report,
)
from cqlmeasure.measure.attestation import attester
from cqlmeasure.runtime import ValueSet

PERIOD = parse_period("2026")
MEMBER = dict.fromkeys(("initial-population", "denominator"), True)
ALTERNATE = "http://hl7.org/fhir/uv/deqm/StructureDefinition/deqm-alternateScoreType"


def run(definition: dict[str, Any], *subjects: FakeSubject, value_set: Any = None) -> MeasureResult:
    evaluator = FakeEvaluator()
    plan = prepare(read_measure(definition), evaluator, value_set)
    return evaluate(plan, evaluator, subjects, period=PERIOD)


REPORTER = {"reference": "Organization/o"}
ATTESTED = measure(group("attestation"), library=[])


def attestation(**score: Any) -> dict[str, Any]:
    return {
        "resourceType": "MeasureReport",
        "measure": "http://example.org/Measure/Sample|1.0",
        "reporter": REPORTER,
        "group": [{"id": "Group_1", **score}],
    }


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"measureScore": {"value": 0.75}}, AttestedScore(Decimal("0.75"), reporter=REPORTER)),
        ({"measureScore": {"value": 3, "unit": "days"}}, AttestedScore(Decimal(3), "days", reporter=REPORTER)),
        (
            {"extension": [{"url": ALTERNATE, "valueBoolean": True}]},
            AttestedScore(alternate=("valueBoolean", True), reporter=REPORTER),
        ),
    ],
)
def test_attested_scores_are_taken_and_carried(reported: dict[str, Any], expected: Any, valid: Any) -> None:
    definition = read_measure(ATTESTED)
    found = read_attestation(definition, attestation(**reported))
    assert found == {"Group_1": expected}
    result = run(ATTESTED)
    report = valid(summary_report(result, ReportOptions(attested=found)))
    (carried,) = report["group"]
    assert {name: carried[name] for name in reported if name in carried} == reported


def test_who_attests_reports_unless_somebody_else_does(valid: Any) -> None:
    definition = read_measure(ATTESTED)
    result = run(ATTESTED)
    found = read_attestation(definition, attestation(measureScore={"value": 0.75}))
    options = ReportOptions(attested=found, edition=Edition.US_5, date="2027-01-01")
    assert valid(summary_report(result, options))["reporter"] == REPORTER
    other = {"reference": "Practitioner/p"}
    assert summary_report(result, ReportOptions(attested=found, reporter=other))["reporter"] == other
    second = {"other": AttestedScore(Decimal(1), reporter=other)}
    assert attester({**found, "second": attested_score(1)}) == REPORTER
    assert attester({**found, **second}) is None
    assert attester({"first": attested_score(1)}) is None


def test_a_contained_attester_comes_with_what_it_refers_to(valid: Any) -> None:
    contained = [
        {"resourceType": "Organization", "id": "other", "name": "nobody's"},
        {"resourceType": "Organization", "id": "whole", "name": "We"},
        {"resourceType": "PractitionerRole", "id": "me", "organization": {"reference": "#whole"}},
    ]
    report = {
        **attestation(measureScore={"value": 0.75}),
        "contained": contained,
        "reporter": {"reference": "#me"},
    }
    found = read_attestation(read_measure(ATTESTED), report)
    carried = valid(summary_report(run(ATTESTED), ReportOptions(attested=found)))
    assert carried["reporter"] == {"reference": "#me"}
    assert carried["contained"] == [contained[2], contained[1]]


def test_an_attestation_is_never_computed(valid: Any) -> None:
    rate = group("attestation", population("denominator", "denominator"), population("numerator", "numerator"))
    result = run(measure(rate), FakeSubject("p", {"denominator": True, "numerator": True}))
    report = valid(summary_report(result))
    assert [item["count"] for item in report["group"][0]["population"]] == [1, 1]
    assert report["group"][0]["measureScore"]["_value"]["extension"][0]["valueCode"] == "unknown"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"measure": "http://example.org/Measure/Other"}, "is for http://example.org/Measure/Other"),
        ({"measure": "http://example.org/Measure/Sample|0.9"}, "is for version 0.9"),
        ({"reporter": None}, "nobody attests"),
        ({"reporter": {"reference": "#me"}}, "nobody attests"),
        ({"reporter": {}}, "neither a Reference nor a resource"),
        (
            {"reporter": {"reference": "#me"}, "contained": [{"resourceType": "Patient", "id": "me"}]},
            "a Patient cannot be a reporter",
        ),
        ({"group": []}, "has no group"),
        ({"group": [{"id": "Group_1"}]}, "it has no score"),
        ({"resourceType": "Patient"}, "is a MeasureReport"),
    ],
)
def test_attestations_are_checked(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_attestation(read_measure(ATTESTED), {**attestation(measureScore={"value": 1}), **changes})
    assert said in str(caught.value)


def test_supplied_scores_fit_group_unit_and_precision() -> None:
    rate = group("attestation")
    rate["extension"] += [
        {"url": f"{UV}scoringUnit", "valueCodeableConcept": {"coding": [{"code": "d"}]}},
        {"url": f"{UV}scoringPrecision", "valueInteger": 1},
    ]
    definition = read_measure(measure(rate, library=[]))
    check_attested(definition, {"Group_1": attested_score(2.5, "d"), "1": attested_score(True)})
    with pytest.raises(DataError) as caught:
        check_attested(definition, {"Group_1": attested_score("2.55", "h"), "Group_9": attested_score(1)})
    text = str(caught.value)
    assert "unit 'h', not 'd'" in text and "more than 1 decimal places" in text and "Group_9" in text
    with pytest.raises(DataError):
        attested_score("good")


@pytest.mark.parametrize(
    ("scoring", "shown"), [("proportion", 0.75), ("cohort", None), ("ratio", 0.25), ("continuous-variable", 3)]
)
def test_the_flag_for_decrease_changes_only_rates(scoring: str, shown: float | None, valid: Any) -> None:
    codes = {
        "proportion": ("initial-population", "denominator", "numerator"),
        "ratio": ("initial-population", "denominator", "numerator"),
        "cohort": ("initial-population",),
        "continuous-variable": ("initial-population", "measure-population"),
    }[scoring]
    rate = group(scoring, *(population(code, code) for code in codes))
    if scoring == "continuous-variable":
        rate["population"].append(
            population("measure-observation", "Value", reference="measure-population", aggregate="sum")
        )
    definition = measure(rate, improvementNotation=concept("decrease", None))
    facts = {"measure-population": True, **MEMBER}
    subjects = [FakeSubject(str(n), {**facts, "numerator": n == 0, "Value": n // 2 + 0}) for n in range(4)]
    subjects[3] = FakeSubject("3", {**facts, "Value": 2})
    report = valid(summary_report(run(definition, *subjects), ReportOptions(invert_decrease=True)))
    score = report["group"][0].get("measureScore")
    assert (score and score["value"]) == shown


@pytest.mark.parametrize(
    ("word", "value"),
    [("average", "0.625"), ("Sum", "1.25"), ("pooled", "0.5"), ("minimum", "0.25"), ("see the guide", None)],
)
def test_rates_are_aggregated_as_the_measure_says(word: str, value: str | None) -> None:
    first, second = proportion(), proportion(identity="Group_2")
    for item in second["population"]:
        item["criteria"]["expression"] = f"Second {item['id']}"
    definition = measure(first, second, rateAggregation=word)
    extra = {"Second initial-population": True, "Second denominator": False, "Second numerator": True}
    subjects = [FakeSubject(str(n), {**MEMBER, **extra, "numerator": n == 0}) for n in range(4)]
    for one in subjects[:2]:
        one.values["Second denominator"] = True
    result = run(definition, *subjects)
    found = aggregate_rate(result.definition.groups, result.groups())
    assert (found and found.value) == (Decimal(value) if value else None)


def test_a_population_of_another_code_system_is_counted_within_the_initial_population(valid: Any) -> None:
    rate = proportion()
    rate["population"].append(population("watch-list", "Watched"))
    rate["population"][-1]["code"] = concept("watch-list", "http://example.org/populations")
    subjects = (FakeSubject("p", {**MEMBER, "Watched": True}), FakeSubject("q", {"Watched": True}))
    report = valid(summary_report(run(measure(rate), *subjects)))
    assert report["group"][0]["population"][3]["count"] == 1
    assert report["group"][0]["population"][3]["code"] == concept("watch-list", "http://example.org/populations")


SCAN = ValueSet("http://example.org/ValueSet/ct", None, "ct", [{"system": "s", "code": "ct"}])


def scans(*requirements: dict[str, Any]) -> dict[str, Any]:
    return {**proportion(basis="Resource"), "basisRequirement": list(requirements)}


REPORTS = {
    "type": "DiagnosticReport",
    "profile": ["http://example.org/p"],
    "codeFilter": [{"path": "code", "valueSet": "http://example.org/ValueSet/ct"}],
}
OBSERVATIONS = {"type": "Observation", "codeFilter": [{"path": "code", "code": [{"system": "s", "code": "x"}]}]}


def item(kind: str, code: str, *profiles: str) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": kind, "id": code, "code": {"coding": [{"system": "s", "code": code}]}}
    if profiles:
        found["meta"] = {"profile": list(profiles)}
    return found


@pytest.mark.parametrize(
    ("found", "accepted"),
    [
        (item("DiagnosticReport", "ct", "http://example.org/p|1"), True),
        (item("DiagnosticReport", "ct"), True),
        (item("DiagnosticReport", "ct", "http://example.org/other"), False),
        (item("DiagnosticReport", "x"), False),
        (item("Observation", "x"), True),
        (item("Observation", "ct"), False),
        (item("Encounter", "x"), False),
    ],
)
def test_items_satisfy_any_basis_requirement(found: dict[str, Any], accepted: bool) -> None:
    subject = FakeSubject("p", {"initial-population": [found, found]})
    result = run(measure(scans(REPORTS, OBSERVATIONS)), subject, value_set=lambda url, version=None: SCAN)
    if accepted:
        assert result.groups()[0].counts[0] == 1
    else:
        assert "satisfies none of the basis requirements" in result.failures[0].diagnostics[0].message


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ({"profile": ["http://example.org/p"]}, "it has no type"),
        ({"type": "Observation", "dateFilter": [{}]}, "may not have a dateFilter"),
        ({"type": "Observation", "valueFilter": [{}]}, "may not have a valueFilter"),
        ({"type": "Observation", "limit": 1}, "may not have a limit"),
        ({"type": "Observation", "sort": [{}]}, "may not have a sort"),
        ({"type": "Observation", "codeFilter": [{"code": []}]}, "has no path"),
    ],
)
def test_what_a_basis_requirement_may_not_hold(requirement: dict[str, Any], said: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_measure(measure(scans(requirement)))
    assert said in str(caught.value)


def test_requirements_agree_with_the_basis_and_need_their_value_sets() -> None:
    rate = {**proportion(basis="Encounter"), "basisRequirement": [{"type": "Observation"}]}
    with pytest.raises(ContentError, match="the basis is 'Encounter'"):
        read_measure(measure(rate))
    with pytest.raises(CqlMeasureError, match=r"value set http://example\.org/ValueSet/ct was not found"):
        prepare(read_measure(measure(scans(REPORTS))), FakeEvaluator())
    unstated = {**proportion(), "basisRequirement": [{"type": "Encounter"}]}
    unstated["extension"] = unstated["extension"][:1]
    assert read_measure(measure(unstated)).groups[0].basis == "Encounter"


def test_an_item_counts_once_however_many_retrieves_return_it() -> None:
    subject = FakeSubject("p", {"initial-population": [*encounters("1", "2"), *encounters("2", "1")]})
    assert run(measure(proportion(basis="Encounter")), subject).groups()[0].counts[0] == 2


def test_pooled_rates_leave_out_what_is_excluded() -> None:
    definition = measure(
        proportion("denominator-exclusion"),
        proportion("denominator-exclusion", identity="Group_2"),
        rateAggregation="pooled",
    )
    subjects = [FakeSubject(str(n), {**MEMBER, "numerator": n == 0, "denominator-exclusion": n == 3}) for n in range(4)]
    result = run(definition, *subjects)
    found = aggregate_rate(result.definition.groups, result.groups())
    assert found is not None and found.value is not None and round(found.value, 6) == Decimal("0.333333")


def test_every_criterion_is_held_against_the_basis_requirements() -> None:
    scan = item("DiagnosticReport", "ct")
    values = {"initial-population": [scan], "denominator": [scan], "numerator": [item("Encounter", "x")]}
    result = run(measure(scans(REPORTS)), FakeSubject("p", values), value_set=lambda url, version=None: SCAN)
    assert "gives Encounter/x" in result.failures[0].diagnostics[0].message
