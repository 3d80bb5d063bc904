"""What reports hold besides counts: supplemental data, evidence, messages, errors, ids."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from measure_fakes import UV, FakeEvaluator, FakeSubject, concept, encounters, measure, proportion, resource

from cqlmeasure.errors import EvaluationError, Span
from cqlmeasure.measure import (
    MeasureResult,
    ReportOptions,
    evaluate,
    individual_report,
    parse_period,
    read_measure,
    summary_report,
)
from cqlmeasure.runtime import Date, DateTime, FhirValue, Interval, Quantity, Ratio, Time, Tuple
from cqlmeasure.runtime.messages import Message

PERIOD = parse_period("2026")
SDE = {"id": "sde", "description": "SDE Sex", "criteria": {"language": "text/cql-identifier", "expression": "SDE"}}
DEFINITION = measure(proportion(), supplementalData=[SDE])
MEMBER = dict.fromkeys(("initial-population", "denominator"), True)
FEMALE = {"system": "http://example.org/sex", "code": "F", "display": "Female"}


def run(*subjects: FakeSubject, definition: dict[str, Any] = DEFINITION) -> MeasureResult:
    return evaluate(read_measure(definition), FakeEvaluator(), subjects, period=PERIOD, evidence=True)


def individual(subject: FakeSubject, options: ReportOptions | None = None) -> dict[str, Any]:
    result = run(subject)
    return individual_report(result.definition, PERIOD, result.subjects[0], options or ReportOptions())


@pytest.mark.parametrize(
    ("value", "content"),
    [
        (FEMALE, {"valueCodeableConcept": {"coding": [FEMALE]}}),
        ({"coding": [FEMALE], "text": "Female"}, {"valueCodeableConcept": {"coding": [FEMALE], "text": "Female"}}),
        ({"text": "Female"}, {"valueCodeableConcept": {"text": "Female"}}),
        ("female", {"valueString": "female"}),
        (True, {"valueBoolean": True}),
        (7, {"valueInteger": 7}),
        (7_000_000_000, {"valueQuantity": {"value": 7_000_000_000}}),
        (Decimal("7.25"), {"valueQuantity": {"value": 7.25}}),
        (Quantity(Decimal(3), "years"), {"valueQuantity": {"value": 3, "unit": "years"}}),
        (
            Ratio(Quantity(Decimal(1)), Quantity(Decimal(2), "mL")),
            {
                "valueRatio": {
                    "numerator": {"value": 1, "unit": "1", "system": "http://unitsofmeasure.org", "code": "1"},
                    "denominator": {"value": 2, "unit": "mL", "system": "http://unitsofmeasure.org", "code": "mL"},
                }
            },
        ),
        (Date.of(1980, 5), {"valueDateTime": "1980-05"}),
        (DateTime.of(2026, 1, 2, 3, 4, 5, 6), {"valueDateTime": "2026-01-02T03:04:05.006+00:00"}),
        (DateTime.of(2026, 1, 2, 3), {"valueString": "2026-01-02T03+00:00"}),
        (Time.of(3, 4, 5), {"valueTime": "03:04:05"}),
        (
            Interval(Date.of(2026, 1, 1), Date.of(2026, 2, 1)),
            {"valuePeriod": {"start": "2026-01-01", "end": "2026-02-01"}},
        ),
        (FhirValue("Period", {"start": "2026"}), {"valuePeriod": {"start": "2026"}}),
        (FhirValue("decimal", 1.5), {"valueQuantity": {"value": 1.5}}),
        (FhirValue("HumanName", {"family": "A"}), {"valueString": '{"family":"A"}'}),
        ({"start": "2026-01-01"}, {"valuePeriod": {"start": "2026-01-01"}}),
        (
            Tuple({"codes": [FEMALE, FEMALE], "display": "Female", "nothing": None}),
            {
                "component": [
                    {"code": {"text": "codes"}, "valueCodeableConcept": {"coding": [FEMALE]}},
                    {"code": {"text": "codes"}, "valueCodeableConcept": {"coding": [FEMALE]}},
                    {"code": {"text": "display"}, "valueString": "Female"},
                ]
            },
        ),
    ],
)
def test_supplemental_values_in_individual_reports(value: Any, content: dict[str, Any], valid: Any) -> None:
    report = valid(individual(FakeSubject("p", {**MEMBER, "SDE": value})))
    (observation,) = report["contained"]
    shown = {name: item for name, item in observation.items() if name.startswith(("value", "component"))}
    assert shown == content
    assert observation["code"] == {"text": "SDE Sex"}
    (extension,) = report["extension"]
    assert extension["url"] == "http://hl7.org/fhir/5.0/StructureDefinition/extension-MeasureReport.supplementalData"
    assert extension["valueReference"]["reference"] == "#" + observation["id"]
    assert extension["valueReference"]["extension"][0]["valueString"] == "sde"


def test_who_changes_supplemental_data_changes_no_other_report() -> None:
    race = {"codes": [{"system": "urn:oid:1", "code": "1002-5"}], "display": "invented"}
    people = [FakeSubject(name, {"initial-population": True, "SDE": Tuple(race)}) for name in "ab"]
    result = run(*people)
    reports = [individual_report(result.definition, PERIOD, one) for one in result.subjects]
    before = str(reports[1]["contained"])
    for part in reports[0]["contained"][0]["component"]:
        part["code"]["text"] = "changed"
        part.setdefault("valueCodeableConcept", {})["text"] = "changed"
        part.setdefault("valueCoding", {})["code"] = "changed"
    assert str(reports[1]["contained"]) == before
    summary = summary_report(result)
    summary["contained"][0]["component"][0]["code"]["text"] = "changed"
    assert "changed" not in str(summary_report(result))


def test_resources_as_supplemental_data_are_referenced(valid: Any) -> None:
    report = valid(
        individual(FakeSubject("p", {**MEMBER, "SDE": [resource("Coverage", "c"), resource("Coverage", "c")]}))
    )
    assert "contained" not in report
    assert [item["valueReference"]["reference"] for item in report["extension"]] == ["Coverage/c"]


def test_null_supplemental_data_leave_nothing(valid: Any) -> None:
    report = valid(individual(FakeSubject("p", {**MEMBER, "SDE": [None]})))
    assert "contained" not in report and "extension" not in report


def test_summary_counts_supplemental_values_over_members(valid: Any) -> None:
    race = Tuple({"codes": [FEMALE], "display": "Female"})
    subjects = [
        FakeSubject("a", {**MEMBER, "SDE": FEMALE}),
        FakeSubject("b", {**MEMBER, "SDE": [race, "other"]}),
        FakeSubject("c", {**MEMBER, "SDE": resource("Coverage", "secret")}),
        FakeSubject("d", {"initial-population": False, "SDE": FEMALE}),
    ]
    report = valid(summary_report(run(*subjects)))
    (observation,) = report["contained"]
    assert observation["code"] == {"text": "SDE Sex"}
    counts = [
        (item["code"].get("coding", [{}])[0].get("code") or item["code"]["text"], item["valueInteger"])
        for item in observation["component"]
    ]
    assert counts == [("Coverage", 1), ("F", 2), ("other", 1)]
    assert "secret" not in str(report)


def test_evidence_is_listed_once(valid: Any) -> None:
    subject = FakeSubject("p", MEMBER, evaluated=(*encounters("2", "1"), *encounters("1"), {"resourceType": "Patient"}))
    report = valid(individual(subject))
    assert report["evaluatedResource"] == [{"reference": "Encounter/1"}, {"reference": "Encounter/2"}]
    assert "evaluatedResource" not in summary_report(run(subject))


def test_a_failed_subject_has_no_groups_but_says_why(valid: Any) -> None:
    error = EvaluationError("boom", library="L", definition="D", span=Span(3, 4, 3, 9), hint="mind the gap")
    subject = FakeSubject("p", {"initial-population": error})
    report = valid(individual(subject))
    assert report["status"] == "error"
    assert "group" not in report
    (outcome,) = report["contained"]
    (issue,) = outcome["issue"]
    assert (issue["severity"], issue["code"]) == ("error", "exception")
    assert issue["details"]["text"] == 'L."D": boom'
    assert issue["diagnostics"] == "L:3:4-3:9 [evaluation] mind the gap"
    assert report["extension"][0]["valueReference"] == {"reference": "#messages"}
    whole = valid(
        summary_report(run(subject, FakeSubject("q", {"initial-population": error}), FakeSubject("r", MEMBER)))
    )
    assert whole["status"] == "error"
    assert [item["count"] for item in whole["group"][0]["population"]] == [1, 1, 0]
    (issue,) = whole["contained"][0]["issue"]
    assert issue["details"]["text"] == '2 subjects: L."D": boom'


def test_failing_supplemental_data_do_not_cost_the_score(valid: Any) -> None:
    result = run(FakeSubject("p", {**MEMBER, "numerator": True, "SDE": EvaluationError("no sex", definition="SDE")}))
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    assert report["status"] == "error"
    assert report["group"][0]["measureScore"] == {"value": 1}
    assert [(failure.subject, failure.scored) for failure in result.failures] == [("p", True)]


def test_messages_are_reported_and_traces_are_not(valid: Any) -> None:
    messages = (
        Message("Warning", "W1", "odd date"),
        Message("Trace", "T", "secret"),
        Message("Message", None, "hello"),
    )
    report = valid(individual(FakeSubject("p", MEMBER, messages=messages)))
    assert report["status"] == "complete"
    issues = report["contained"][0]["issue"]
    assert [(item["severity"], item["details"]["text"]) for item in issues] == [
        ("warning", "odd date"),
        ("information", "hello"),
    ]


@pytest.mark.parametrize("notation", ["increase", "decrease"])
def test_improvement_notation_is_copied_and_changes_no_score(notation: str, valid: Any) -> None:
    definition = measure(proportion(), improvementNotation=concept(notation, None))
    result = run(FakeSubject("p", {**MEMBER, "numerator": True}), FakeSubject("q", MEMBER), definition=definition)
    report = valid(summary_report(result))
    assert report["improvementNotation"]["coding"][0]["code"] == notation
    assert report["group"][0]["measureScore"] == {"value": 0.5}


def test_groups_that_differ_carry_their_own_notation(valid: Any) -> None:
    groups = [proportion(), proportion(identity="Group_2")]
    for rate, notation in zip(groups, ("increase", "decrease"), strict=True):
        rate["extension"].append({"url": f"{UV}improvementNotation", "valueCodeableConcept": concept(notation, None)})
    report = valid(summary_report(run(FakeSubject("p", MEMBER), definition=measure(*groups))))
    assert "improvementNotation" not in report
    codes = [item["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] for item in report["group"]]
    assert codes == ["increase", "decrease"]


def test_options_and_link_ids(valid: Any) -> None:
    rate = {**proportion(), "linkId": "g-link", "code": {"text": "Rate"}}
    rate["population"][0]["linkId"] = "ip-link"
    result = run(FakeSubject("p", MEMBER), definition=measure(rate))
    options = ReportOptions(
        date="2027-01-05T10:00:00Z",
        reporter={"reference": "Organization/o"},
        profiles=("http://hl7.org/fhir/uv/deqm/StructureDefinition/deqm-individualmeasurereport",),
    )
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0], options))
    assert report["date"] == "2027-01-05T10:00:00Z"
    assert report["reporter"] == {"reference": "Organization/o"}
    assert report["meta"]["profile"] == list(options.profiles)
    assert report["period"] == {"start": "2026-01-01", "end": "2026-12-31"}
    (found,) = report["group"]
    assert found["code"] == {"text": "Rate"}
    assert found["extension"][0]["valueString"] == "g-link"
    mark = found["population"][0]["extension"][0]
    assert mark["url"].endswith("extension-MeasureReport.group.population.linkId")
    assert mark["valueString"] == "ip-link"


@pytest.mark.parametrize("identity", ["p", "", "x" * 70, "a b", "ä/../b", "urn:uuid:1"])
def test_any_subject_id_gives_a_valid_report_id(identity: str, valid: Any) -> None:
    report = valid(individual(FakeSubject(identity, MEMBER)))
    assert 0 < len(report["id"]) <= 64
    assert individual(FakeSubject("a-b", MEMBER))["id"] != individual(FakeSubject("a b", MEMBER))["id"]


def test_precision_and_unit_of_a_score(valid: Any) -> None:
    rate = proportion()
    rate["extension"].append({"url": f"{UV}scoringPrecision", "valueInteger": 2})
    subjects = [FakeSubject(str(n), {**MEMBER, "numerator": n < 2}) for n in range(3)]
    report = valid(summary_report(run(*subjects, definition=measure(rate))))
    assert report["group"][0]["measureScore"] == {"value": 0.67}
    plain = summary_report(run(*subjects, definition=measure(proportion())))
    assert plain["group"][0]["measureScore"]["value"] == pytest.approx(2 / 3, abs=1e-15)


def test_results_need_not_be_kept() -> None:
    definition = read_measure(DEFINITION)
    subjects = (FakeSubject(str(n), {**MEMBER, "SDE": "x"}) for n in range(10))
    result = evaluate(definition, FakeEvaluator(), subjects, period=PERIOD, keep=False, supplemental=False)
    assert result.subjects == []
    assert result.groups()[0].counts == (10, 10, 0)
    assert "contained" not in summary_report(result)
