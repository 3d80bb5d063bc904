"""The subjects of one provider: what says whose they are, in one pass with everything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

BASE = "http://example.org"
CQL = """library Visits version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Everyone": true
define "Visited": exists [Encounter]
define "Seen At": [Encounter] E where E.period during "Measurement Period" return E.serviceProvider
define "Doctors": [PractitionerRole]
define "Is North": exists ([Encounter] E where E.serviceProvider.reference = 'Organization/north')
define "Fails": if exists [Flag] then Message(true, true, 'no', 'Error', 'a flag') else true
"""
NORTH, SOUTH = "Organization/north", "Organization/south"


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def measure_json(name: str, **more: Any) -> dict[str, Any]:
    found = {"resourceType": "Measure", "id": name, "name": name, "url": f"{BASE}/Measure/{name}", "status": "draft"}
    return {**found, **more}


def visit(year: int, place: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": f"visit-{year}",
        "status": "finished",
        "period": {"start": f"{year}-03-01", "end": f"{year}-03-02"},
        "serviceProvider": {"reference": place},
    }


def patient(name: str, *others: dict[str, Any], **more: Any) -> cm.SubjectData:
    return cm.SubjectData(name, [{"resourceType": "Patient", "id": name, **more}, *others], "test")


PATIENTS = [
    patient("a", visit(2026, NORTH), managingOrganization={"reference": SOUTH}),
    patient("b", visit(2025, NORTH), visit(2026, SOUTH), generalPractitioner=[{"reference": "Practitioner/1"}]),
    patient("c", visit(2026, f"http://example.org/fhir/{SOUTH}/_history/2")),
    patient("d", generalPractitioner=[{"reference": "Practitioner/1"}]),
    patient("e", {"resourceType": "Flag", "id": "f"}, {"resourceType": "PractitionerRole", "id": "role"}),
]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> cm.Content:
    folder = tmp_path_factory.mktemp("visits")
    (folder / "Visits.cql").write_text(CQL)

    def proportion(name: str, numerator: str) -> dict[str, Any]:
        names = (("initial-population", "Everyone"), ("denominator", "Everyone"), ("numerator", numerator))
        populations = [
            {"code": concept(code), "criteria": {"language": "text/cql-identifier", "expression": expression}}
            for code, expression in names
        ]
        return measure_json(
            name, scoring=concept("proportion"), library=["Visits"], group=[{"population": populations}]
        )

    parts = ("Visited", "Everyone")
    opportunity = {
        "url": "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-compositeScoring",
        "valueCodeableConcept": concept("opportunity"),
    }
    whole = measure_json(
        "Whole",
        scoring=concept("composite"),
        extension=[opportunity],
        relatedArtifact=[{"type": "composed-of", "resource": f"{BASE}/Measure/{name}"} for name in parts],
    )
    attest = measure_json("Attest", scoring=concept("attestation"), group=[{"id": "g"}])
    for one in (*(proportion(name, name) for name in parts), whole, attest):
        (folder / f"{one['id']}.json").write_text(json.dumps(one))
    return cm.Content(folder)


def seen(content: cm.Content, provider: str, *rules: str, **more: Any) -> list[str]:
    measure = content.measure("Visited")
    return measure.evaluate(PATIENTS, period="2026", provider=provider, attribution=rules, **more).subjects


@pytest.mark.parametrize(
    ("provider", "rules", "expected"),
    [
        # without a rule: general practitioner and managing organization
        ("Practitioner/1", (), "bd"),
        ("http://example.org/fhir/Practitioner/1", (), "bd"),
        (SOUTH, (), "a"),
        # paths
        (NORTH, ("Encounter.serviceProvider",), "ab"),
        (SOUTH, ("Encounter.serviceProvider",), "bc"),
        (SOUTH, ("Encounter.serviceProvider", "Patient.managingOrganization"), "abc"),
        # definitions: references, resources, true or false
        (NORTH, ("Seen At",), "a"),
        (SOUTH, ("Seen At",), "bc"),
        ("PractitionerRole/role", ("Doctors",), "e"),
        (NORTH, ("Is North",), "ab"),
        # CQL, which may use what the library defines
        (SOUTH, ('singleton from "Seen At"',), "bc"),
        (NORTH, ("First([Encounter] E return E.serviceProvider.reference)",), "ab"),
        (NORTH, ("'Organization/north'",), "abcde"),
        (NORTH, ("null",), ""),
        # any of several
        ("Practitioner/1", ("Patient.generalPractitioner", "Is North", "exists [Flag]"), "abde"),
    ],
)
def test_whose_subjects_they_are(content: cm.Content, provider: str, rules: tuple[str, ...], expected: str) -> None:
    assert seen(content, provider, *rules) == list(expected)


def test_a_single_rule_may_be_a_text(content: cm.Content) -> None:
    measure = content.measure("Visited")
    result = measure.evaluate(PATIENTS, period="2026", provider=NORTH, attribution="Seen At")
    assert result.subjects == ["a"]
    assert result.summary()["group"][0]["measureScore"] == {"value": 1.0}


def test_each_period_has_its_own_subjects(content: cm.Content) -> None:
    results = content.measure("Visited").trend(
        PATIENTS, "year", period="2025..2026", provider=NORTH, attribution="Seen At"
    )
    assert [result.subjects for result in results] == [["b"], ["a"]]


def test_several_measures_and_composites_have_the_same_subjects(content: cm.Content) -> None:
    names = ["Visited", "Everyone", "Whole"]
    results = content.evaluate(
        names, PATIENTS, period="2026", provider="Practitioner/1", attribution=["Patient.generalPractitioner"]
    )
    assert [result.subjects for result in results] == [["b", "d"]] * 3
    # of the opportunities of b and d, d's visit is missed
    assert results[2].summary()["group"][0]["measureScore"] == {"value": 0.75}
    with pytest.raises(cm.UsageError, match="no library that could define it"):
        content.evaluate(names, PATIENTS, period="2026", provider=NORTH, attribution=["Seen At"])


def test_the_provider_reports_unless_somebody_else_does(content: cm.Content) -> None:
    measure = content.measure("Visited")
    result = measure.evaluate(PATIENTS, period="2026", provider=NORTH, attribution="Seen At")
    assert result.summary()["reporter"] == {"reference": NORTH}
    other = cm.ReportOptions(reporter={"reference": "Practitioner/1"})
    result = measure.evaluate(PATIENTS, period="2026", provider=NORTH, attribution="Seen At", report=other)
    assert result.summary()["reporter"] == {"reference": "Practitioner/1"}
    attest = content.measure("Attest")
    attestation = {
        "resourceType": "MeasureReport",
        "measure": f"{BASE}/Measure/Attest",
        "reporter": {"reference": SOUTH},
        "group": [{"id": "g", "measureScore": {"value": 0.5}}],
    }
    options = cm.ReportOptions(attested=attest.attested(attestation))
    result = attest.evaluate([], period="2026", provider=NORTH, report=options)
    assert result.summary()["reporter"] == {"reference": SOUTH}


def test_nobody_is_said(content: cm.Content) -> None:
    result = content.measure("Visited").evaluate(PATIENTS, period="2026", provider="Practitioner/9")
    assert [found.code for found in result.warnings] == ["nobody-attributed"]
    assert "Practitioner/9" in json.dumps(result.summary()["contained"])


@pytest.mark.parametrize(
    "rule", ["Fails", "if exists [Flag] then Message(true, true, 'no', 'Error', 'what a flag') else true"]
)
def test_what_fails_fails_for_one_subject(content: cm.Content, rule: str) -> None:
    result = content.measure("Visited").evaluate(PATIENTS, period="2026", provider=NORTH, attribution=rule)
    assert result.failed_subjects == ["e"]
    assert result.subject_count == 5
    (failure,) = result.failures
    assert "a flag" in failure.message
    assert failure.span is not None
    place = (Path(failure.file or "").name, failure.span.line)
    assert place == (("Visits.cql", 11) if rule == "Fails" else ("attribution", 1))


@pytest.mark.parametrize(
    ("provider", "rules", "said"),
    [
        ("1", (), "'1' is no reference to a provider"),
        ("", (), "no reference to a provider"),
        (None, ("Seen At",), "none is named"),
        (NORTH, ("Sen At",), "did you mean 'Seen At'"),
        (NORTH, ("generalPractitioner",), "neither a definition of library Visits, nor a path"),
        (NORTH, ("Encounter",), "neither a definition of library Visits, nor a path"),
        (NORTH, ('exists "Sen At"',), "attribution:1:8"),
        (NORTH, ("Count([Encounter])",), "gives System.Integer, which names no provider"),
        (NORTH, ("[Encounter] E return Interval[1, 2]",), "which names no provider"),
    ],
)
def test_what_is_not_understood(content: cm.Content, provider: Any, rules: tuple[str, ...], said: str) -> None:
    def subjects() -> Any:
        raise AssertionError("nobody is read")
        yield

    measure = content.measure("Visited")
    with pytest.raises(cm.CqlMeasureError) as caught:
        measure.evaluate(subjects(), period="2026", provider=provider, attribution=rules)
    assert said in str(caught.value)
