"""Subjects that are no patients, groups of subjects, attribution, the whole population, several periods."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from measure_fakes import UV, FakeEvaluator, FakeSubject, group, measure, population, proportion

from cqlmeasure.compiler import compile_library, library_key
from cqlmeasure.errors import UsageError
from cqlmeasure.evaluation import Evaluator, environment
from cqlmeasure.measure import (
    MeasureResult,
    Period,
    Task,
    anchored_period,
    attributed,
    by_expression,
    by_paths,
    evaluate,
    evaluate_together,
    evaluate_unfiltered,
    group_members,
    individual_report,
    parse_period,
    prepare,
    read_measure,
    split_period,
    subject_reference,
    subjects_of,
    summary_report,
    trend,
    trend_points,
)
from cqlmeasure.runtime import DateTime
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.translator import SourceText, translate

PERIOD = parse_period("2026")


def refer(kind: str, identity: str, **elements: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": kind, "id": identity}
    for name, value in elements.items():
        found[name] = {"reference": value} if isinstance(value, str) and "/" in value else value
    return found


WARDS: list[dict[str, Any]] = [
    refer("Location", "north", status="active"),
    refer("Location", "south", status="suspended"),
    refer("Patient", "a", managingOrganization="Organization/o", generalPractitioner=[{"reference": "Practitioner/p"}]),
    refer("Patient", "b", managingOrganization="Organization/q"),
    refer("Encounter", "1", subject="Patient/a", location=[{"location": {"reference": "Location/north"}}]),
    refer("Encounter", "2", subject="Patient/a", location=[{"location": {"reference": "Location/south"}}]),
    refer("Encounter", "3", subject="Patient/b", location=[{"location": {"reference": "Location/north"}}]),
    refer("Observation", "x", subject="Patient/a", encounter="Encounter/1"),
]


def ids(subject: Subject) -> set[str]:
    return {f"{item['resourceType']}/{item['id']}" for item in subject.resources}


def test_a_subject_has_what_is_about_it_and_no_other_subject() -> None:
    north, south = subjects_of(WARDS, "Location")
    assert ids(north) == {
        *("Location/north", "Encounter/1", "Encounter/3", "Observation/x", "Patient/a", "Patient/b"),
    }
    assert ids(south) == {"Location/south", "Encounter/2", "Patient/a"}
    moved = refer("Encounter", "4", location=[{"location": {"reference": f"Location/{n}"}} for n in ("north", "south")])
    assert [ids(one) for one in subjects_of([*WARDS[:2], moved], "Location")] == [
        {"Location/north", "Encounter/4"},
        {"Location/south", "Encounter/4"},
    ]
    with pytest.raises(UsageError, match="about a Medication"):
        list(subjects_of(WARDS, "Medication"))


CQL = """library Wards version '1'
using FHIR version '4.0.1'
context Unfiltered
define "Stays": [Encounter]
define "With Observation": [Encounter] E
  with [Observation] O such that O.encounter.reference.value = 'Encounter/' + E.id.value
"""


class _Nothing:
    def find(self, name: str, version: str | None) -> SourceText | None:
        return None

    def versions(self, name: str) -> list[str]:
        return []


def evaluator(text: str = CQL) -> Evaluator:
    translation = translate(SourceText("Wards", "1", text, None, "wards.cql"), _Nothing())
    libraries = {library_key(*key): item.library for key, item in translation.libraries.items()}
    program = compile_library(translation.main.library, libraries)
    now = DateTime.of(2026, 12, 31, 0, 0, 0, 0)
    return Evaluator(program, environment(program, now=now, parameters={}, value_set=lambda url, version: None))  # type: ignore[arg-type,return-value]


def ward_measure() -> dict[str, Any]:
    rate = group(
        "proportion",
        population("initial-population", "Stays"),
        population("denominator", "Stays"),
        population("numerator", "With Observation"),
        basis="Encounter",
        stratifiers=[
            {"id": "S1", "criteria": {"language": "text/fhirpath", "expression": "Location.status"}},
        ],
    )
    return measure(
        rate, library=["http://example.org/Library/Wards"], subjectCodeableConcept={"coding": [{"code": "Location"}]}
    )


def test_a_measure_about_locations(valid: Any) -> None:
    definition = read_measure(ward_measure())
    assert definition.subject_type == "Location"
    result = evaluate(definition, evaluator(), subjects_of(WARDS, "Location"), period=PERIOD)
    assert [one.groups[0].counts for one in result.subjects] == [(2, 2, 1), (1, 1, 0)]
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    assert report["subject"] == {"reference": "Location/north"}
    total = valid(summary_report(result))
    assert total["group"][0]["measureScore"]["value"] == pytest.approx(1 / 3)
    strata = total["group"][0]["stratifier"][0]["stratum"]
    assert [(item["value"]["text"], item["population"][1]["count"]) for item in strata] == [
        ("active", 2),
        ("suspended", 1),
    ]


@pytest.mark.parametrize("kind", ["Patient", "Practitioner", "PractitionerRole", "Organization", "Device", "Group"])
def test_reports_name_subjects_of_every_type(kind: str, valid: Any) -> None:
    definition = read_measure(measure(proportion(), subjectCodeableConcept={"coding": [{"code": kind}]}))
    result = evaluate(definition, FakeEvaluator(), [FakeSubject("s")], period=PERIOD)
    report = individual_report(result.definition, PERIOD, result.subjects[0])
    assert valid(report)["subject"] == {"reference": f"{kind}/s"}
    found = list(subjects_of([refer(kind, "s"), refer("Basic", "1", subject=f"{kind}/s")], kind))
    assert [ids(one) for one in found] == [{f"{kind}/s", "Basic/1"}]


def test_without_a_subject_the_criteria_see_everything() -> None:
    resource = ward_measure()
    del resource["group"][0]["stratifier"]
    calculator = evaluator()
    plan = prepare(read_measure(resource), calculator)
    result = evaluate_unfiltered(plan, calculator, WARDS, period=PERIOD)
    assert result.groups()[0].counts == (3, 3, 1)


def test_the_subject_of_a_group_counts_where_the_measure_has_none() -> None:
    rate = {**proportion(), "subjectCodeableConcept": {"coding": [{"code": "Device"}]}}
    assert read_measure(measure(rate)).subject_type == "Device"


def test_members_of_a_group() -> None:
    members = [
        {"entity": {"reference": "Patient/a"}},
        {"entity": {"reference": "http://example.org/fhir/Patient/b"}},
        {"entity": {"reference": "Patient/c"}, "inactive": True},
        {"entity": {"reference": "Patient/a"}},
    ]
    assert group_members({"resourceType": "Group", "member": members}) == ("Patient/a", "Patient/b")
    with pytest.raises(UsageError, match="describes its members"):
        group_members({"resourceType": "Group", "actual": False})
    with pytest.raises(UsageError):
        group_members({"resourceType": "Patient"})


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("124", "Patient", "Patient/124"),
        ("Patient/124", "Patient", "Patient/124"),
        ("http://example.org/fhir/Group/g/_history/2", "Patient", "Group/g"),
        (" l1 ", "Location", "Location/l1"),
    ],
)
def test_bare_ids_are_references(text: str, kind: str, found: str) -> None:
    assert subject_reference(text, kind) == found


@pytest.mark.parametrize("text", ["", "Patient/"])
def test_what_names_no_subject(text: str) -> None:
    with pytest.raises(UsageError):
        subject_reference(text)


def patients() -> list[Subject]:
    return [
        Subject("a", [WARDS[2], refer("Encounter", "1", serviceProvider="Organization/o")]),
        Subject("b", [WARDS[3], refer("Encounter", "3", serviceProvider="Organization/o")]),
    ]


@pytest.mark.parametrize(
    ("provider", "paths", "found"),
    [
        ("Practitioner/p", (), ["a"]),
        ("Organization/o", (), ["a"]),
        ("http://example.org/fhir/Organization/q", (), ["b"]),
        ("Organization/o", ("Encounter.serviceProvider",), ["a", "b"]),
        ("Organization/z", ("Encounter.serviceProvider",), []),
    ],
)
def test_attribution_by_paths(provider: str, paths: tuple[str, ...], found: list[str]) -> None:
    assert [one.id for one in attributed(patients(), provider, by_paths(*paths))] == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, True),
        (False, False),
        (None, False),
        ("Practitioner/p", True),
        (["Practitioner/x", {"reference": "Practitioner/p"}], True),
        ([{"resourceType": "Practitioner", "id": "p"}], True),
    ],
)
def test_attribution_by_expression(value: Any, found: bool) -> None:
    subject = FakeSubject("a", {"Responsible": value})
    rule = by_expression(FakeEvaluator(), "Responsible")
    assert rule(subject, "Practitioner/p") is found  # type: ignore[arg-type]


def test_paths_for_attribution_name_a_type() -> None:
    with pytest.raises(UsageError, match="names no resource type"):
        by_paths("serviceProvider")


@pytest.mark.parametrize(
    ("period", "step", "found"),
    [
        ("2026", "quarter", ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]),
        ("2026-01-31..2026-03-15", "month", ["2026-01-31", "2026-02-28"]),
        ("2025..2026", "year", ["2025-01-01", "2026-01-01"]),
    ],
)
def test_the_parts_of_a_period_cover_it(period: str, step: str, found: list[str]) -> None:
    whole = parse_period(period)
    parts = split_period(whole, step)
    assert [part.start for part in parts] == found
    assert parts[-1].end == whole.end


def test_a_trend_over_quarters() -> None:
    definition = read_measure(measure(proportion()))

    def one(period: Period) -> MeasureResult:
        share = int(period.start[5:7]) // 3
        subjects = [
            FakeSubject(str(n), {"initial-population": True, "denominator": True, "numerator": n <= share})
            for n in range(4)
        ]
        return evaluate(definition, FakeEvaluator(), subjects, period=period)

    points = list(trend_points(trend(split_period(PERIOD, "quarter"), one)))
    assert [point.score and point.score.value for point in points] == list(map(Decimal, ("0.25", "0.5", "0.75", "1")))
    assert [point.change for point in points] == [None, 0.25, 0.25, 0.25]
    assert all(point.interval and point.interval.low < point.counts["numerator"] / 4 for point in points)


def test_effective_periods_with_an_anchor_and_a_duration() -> None:
    effective = {
        "start": "2024-01-01",
        "extension": [
            {"url": f"{UV}effectivePeriodAnchor", "valueDateTime": "2024-07-01"},
            {"url": f"{UV}effectivePeriodDuration", "valueDuration": {"value": 6, "code": "mo"}},
        ],
    }
    assert anchored_period(effective, "2026-03-15") == Period("2026-01-01", "2026-06-30")
    assert anchored_period({"start": "2024-04-01"}, "2026-03-15") == Period("2025-04-01", "2026-03-31")
    assert anchored_period({"start": "2024-07-15"}, "2026-07-10") == Period("2025-07-15", "2026-07-14")
    with pytest.raises(UsageError, match="outside the effective period"):
        anchored_period({**effective, "end": "2025-12-31"}, "2026-03-15")
    with pytest.raises(UsageError, match="neither an anchor nor a start"):
        anchored_period({}, "2026-03-15")


def test_several_measures_in_one_pass_give_what_each_gives_alone() -> None:
    calculator, fake = evaluator(), FakeEvaluator()
    stays = prepare(read_measure(ward_measure()), calculator)
    again = evaluate_together([Task(stays, calculator, PERIOD)] * 2, subjects_of(WARDS, "Location"))
    alone = evaluate(stays, calculator, subjects_of(WARDS, "Location"), period=PERIOD)
    assert [summary_report(result) for result in again] == [summary_report(alone)] * 2
    first = prepare(read_measure(measure(proportion())), fake)
    second = prepare(read_measure(measure(group("cohort", population("initial-population", "Other")))), fake)
    people = (FakeSubject(name, {"initial-population": name < "c", "Other": name > "a"}) for name in "abc")
    results = evaluate_together([Task(first, fake, PERIOD), Task(second, fake, PERIOD)], people, keep=False)
    assert [result.groups()[0].counts[0] for result in results] == [2, 2]
    assert [result.subjects for result in results] == [[], []]
