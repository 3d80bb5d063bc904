"""Why a subject is where it is: the deciding condition, what was looked for, the nearest miss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.runtime.subject import Subject

VALUE_SET = "http://example.org/ValueSet/visits"
SYSTEM = "http://example.org/codes"
PROFILE = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-observation-lab"
LIBRARY = """library Explained version '1'
using QICore version '6.0.0'
include FHIRHelpers version '4.4.000'
include Helpers version '1' called Helpers
valueset "Visits": 'http://example.org/ValueSet/visits'
codesystem "Codes": 'http://example.org/codes'
code "Lab": 'lab' from "Codes"
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Visit In Period":
  exists ([Encounter: "Visits"] V where V.status = 'finished' and V.period during day of "Measurement Period")
define "Adult": AgeInYearsAt(@2026-12-31) >= 18
define "Both": "Adult" and "Visit In Period"
define "Either": exists [Procedure] or "Visit In Period" or exists [Encounter]
define "Neither": not "Either"
define "Labs": [LaboratoryResultObservation: "Lab"]
define "Has Lab": exists "Labs"
define "Last Lab": Last("Labs" L sort by issued)
define "No Last Lab": "Last Lab" is null
define "Finished": exists Helpers.finished([Encounter: "Visits"])
define "With Lab":
  exists ([Encounter: "Visits"] V with "Labs" L such that L.status = 'final')
define "Without Visit":
  exists ([Encounter] V without [Encounter: "Visits"] O such that O.id = V.id)
define "Any Union": exists ([Procedure] union [Encounter: "Visits"])
define "Implied": "Adult" implies "Visit In Period"
define "Listed": [Encounter: "Visits"]
define "Several": Count("Listed") > 1
define "Broken": (singleton from ([Procedure])) is not null
"""
HELPERS = """library Helpers version '1'
using QICore version '6.0.0'
include FHIRHelpers version '4.4.000'
context Patient
define function finished(list List<Encounter>): list E where E.status = 'finished'
"""
NAMES = [line.split('"')[1] for line in LIBRARY.splitlines() if line.startswith('define "') and 'Labs":' not in line]
BASES = {"Listed": "Encounter"}
VISIT = {"coding": [{"system": SYSTEM, "code": "visit", "display": "A visit"}]}


def encounter(id: str, **more: Any) -> dict[str, Any]:
    found = {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "type": [VISIT],
        "period": {"start": "2026-03-01"},
    }
    return {**found, "period": {"start": "2026-03-01", "end": "2026-03-01"}, **more}


def measure() -> dict[str, Any]:
    groups = []
    for name in NAMES:
        if name == "Last Lab":
            continue
        code = {"coding": [{"code": "initial-population"}]}
        groups.append(
            {
                "id": name,
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-populationBasis",
                        "valueCode": BASES.get(name, "boolean"),
                    }
                ],
                "population": [
                    {"id": "ip", "code": code, "criteria": {"language": "text/cql-identifier", "expression": name}}
                ],
            }
        )
    return {
        "resourceType": "Measure",
        "name": "Explained",
        "url": "http://example.org/Measure/Explained",
        "status": "draft",
        "library": ["http://example.org/Library/Explained|1"],
        "scoring": {"coding": [{"code": "cohort"}]},
        "group": groups,
    }


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> cm.CompiledMeasure:
    """A measure with a group for each definition."""
    folder = tmp_path_factory.mktemp("explained")
    (folder / "Explained.cql").write_text(LIBRARY)
    (folder / "Helpers.cql").write_text(HELPERS)
    (folder / "measure.json").write_text(json.dumps(measure()))
    contains = [{"system": SYSTEM, "code": "visit"}, {"system": SYSTEM, "code": "other"}]
    value_set = {"resourceType": "ValueSet", "url": VALUE_SET, "status": "draft", "expansion": {"contains": contains}}
    (folder / "visits.json").write_text(json.dumps(value_set))
    return cm.Content(folder).measure("Explained")


def explained(compiled: cm.CompiledMeasure, *resources: dict[str, Any], birth: str = "1980-01-01") -> dict[str, str]:
    """The reasons by group, as text."""
    patient = {"resourceType": "Patient", "id": "p", "birthDate": birth}
    subject = cm.SubjectData("p", [patient, *resources], "")
    found = compiled.evaluate([subject], period="2026").explain("p")
    return {one.group: "\n".join([one.headline, *one.reason.lines()]) for one in found.populations}


LAB = {"coding": [{"system": SYSTEM, "code": "lab"}]}
OBSERVATION = {"resourceType": "Observation", "id": "o", "status": "final", "code": LAB}
Case = tuple[str, str, list[dict[str, Any]], list[str]]
CASES: list[Case] = [
    (
        "right code, wrong date",
        "Visit In Period",
        [encounter("e", period={"start": "2025-12-31", "end": "2025-12-31"})],
        [
            "the one candidate is dropped",
            "nearest: Encounter/e meets 1 of 2 conditions",
            'not met: V.period during day of "Measurement Period"',
            "V.period is Interval[@2025-12-31",
        ],
    ),
    (
        "the nearest of several",
        "Visit In Period",
        [
            encounter("far", status="planned", period={"start": "2025-12-31", "end": "2025-12-31"}),
            encounter("near", status="planned"),
        ],
        ["none of 2 candidates meets all conditions", "nearest: Encounter/near", "V.status is 'planned'"],
    ),
    (
        "right date, wrong code",
        "Visit In Period",
        [encounter("e", type=[{"coding": [{"system": SYSTEM, "code": "call", "display": "A call"}]}])],
        ["looked for Encounter whose type is one of 2 codes of " + VALUE_SET, "another code: Encounter/e (A call)"],
    ),
    (
        "right code, wrong system",
        "Visit In Period",
        [encounter("e", type=[{"coding": [{"system": "urn:x", "code": "visit"}]}])],
        ["nearest: Encounter/e has the code visit, but of the system urn:x"],
    ),
    ("nothing of the type", "Visit In Period", [], ["there is no Encounter at all"]),
    (
        "right code, wrong profile",
        "Has Lab",
        [{**OBSERVATION, "meta": {"profile": [PROFILE.replace("-lab", "-clinical-result")]}}],
        ["nearest: Observation/o has the code, but it declares"],
    ),
    ("what made it true", "Visit In Period", [encounter("e")], ["initial-population: 1", "found Encounter/e"]),
    ("the first false of and", "Both", [], ['"Visit In Period": false\n', "there is no Encounter at all"]),
    (
        "the first true of or",
        "Either",
        [encounter("e", status="planned")],
        ["exists [Encounter]: true", "found Encounter/e"],
    ),
    ("all false of or", "Either", [], ["exists [Procedure]: false", "exists [Encounter]: false"]),
    (
        "through not",
        "Neither",
        [encounter("e", status="planned")],
        ['"Neither": false', '"Either": true', "found Encounter/e"],
    ),
    ("null because empty", "No Last Lab", [], ['"Last Lab": null', "there is no Observation at all"]),
    (
        "within a function of another library",
        "Finished",
        [encounter("e", status="planned")],
        ["nearest: Encounter/e", "not met: E.status = 'finished'", "E.status is 'planned'"],
    ),
    (
        "with",
        "With Lab",
        [encounter("e"), {**OBSERVATION, "status": "preliminary"}],
        ["nearest: Encounter/e", "not met: with \"Labs\" L such that L.status = 'final'"],
    ),
    (
        "without",
        "Without Visit",
        [encounter("e")],
        ["nearest: Encounter/e", 'not met: without [Encounter: "Visits"] O'],
    ),
    ("the part of a union that has it", "Any Union", [encounter("e")], ['[Encounter: "Visits"]: 1 item']),
    ("implies names both sides", "Implied", [], ['"Adult": true', '"Visit In Period": false']),
    ("items", "Listed", [encounter("a"), encounter("b")], ["initial-population: 2", "found Encounter/a, Encounter/b"]),
    (
        "what was counted",
        "Several",
        [encounter("a")],
        ['Count("Listed") > 1: false', 'Count("Listed") is 1', '"Listed": 1 item', "found Encounter/a"],
    ),
    ("no items", "Listed", [], ['"Listed": nothing', "there is no Encounter at all"]),
]


@pytest.mark.parametrize(("group", "resources", "texts"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_reasons(compiled: cm.CompiledMeasure, group: str, resources: list[dict[str, Any]], texts: list[str]) -> None:
    text = explained(compiled, *resources)[group]
    for expected in texts:
        assert expected in text, text


def test_only_what_decided_is_told(compiled: cm.CompiledMeasure) -> None:
    child = explained(compiled, birth="2020-01-01")
    assert '"Visit In Period"' not in child["Both"]
    assert "AgeInYearsAt(@2026-12-31) >= 18: false" in child["Both"] or "explained above" in child["Both"]
    grown_up = explained(compiled, encounter("e", status="planned"))
    assert "[Procedure]" not in grown_up["Either"]


def test_a_condition_tells_its_operands(compiled: cm.CompiledMeasure) -> None:
    assert "AgeInYearsAt(@2026-12-31) is 6" in explained(compiled, birth="2020-01-01")["Adult"]


def test_an_error_is_a_reason_and_does_not_hide_the_others(compiled: cm.CompiledMeasure) -> None:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
    procedures = [{"resourceType": "Procedure", "id": one} for one in "ab"]
    result = compiled.evaluate([cm.SubjectData("p", [patient, encounter("a"), *procedures], "")], period="2026")
    assert result.failed_subjects == ["p"]
    reasons = {one.group: one.reason for one in result.explain("p").populations}
    assert reasons["Broken"].value == "failed"
    assert reasons["Visit In Period"].value == "true"


def test_definitions_with_their_values_and_resources(compiled: cm.CompiledMeasure) -> None:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
    dropped = encounter("e", status="planned")
    result = compiled.evaluate([cm.SubjectData("p", [patient, dropped], "")], period="2026")
    explanation = result.explain("p")
    found = {one.name: one for one in explanation.definitions}
    assert found["Visit In Period"].value is False
    assert found["Visit In Period"].resources == ("Encounter/e",)
    assert found["Labs"].value == []
    assert found["Patient"].resources == ("Patient/p",)
    as_json = explanation.to_json()
    assert json.loads(json.dumps(as_json)) == as_json
    assert 'Explained."Labs": nothing' in explanation.text()


def test_data_that_can_be_read_once_only(compiled: cm.CompiledMeasure) -> None:
    patient = cm.SubjectData("p", [{"resourceType": "Patient", "id": "p"}], "")
    result = compiled.evaluate(iter([patient]), period="2026")
    with pytest.raises(cm.UsageError, match=r"result.explain\(subject, data\)"):
        result.explain("p")
    assert result.explain("p", patient).subject == "p"
    with pytest.raises(cm.UsageError, match="there is no subject q"):
        result.explain("q")


def test_why_a_criterion_that_is_met_does_not_count(repository: Path) -> None:
    folder = repository / "measures" / "diabetes-hba1c"
    name = "DiabetesHbA1cPoorControl"
    result = cm.Content(folder).measure(name).evaluate(folder / "input" / "tests" / "measure" / name, period="2026")

    def outside(subject: str) -> str | None:
        return {one.population: one.outside for one in result.explain(subject).populations}["numerator"]

    assert outside("hospice-care") == "the criterion is met, but so is the denominator-exclusion"
    assert outside("no-visit-in-period") == "the criterion is met, but the initial-population is not"
    assert outside("result-above-9") is None


@pytest.mark.parametrize("name", ["CMS122FHIRDiabetesAssessGreaterThan9Percent", "CMS986FHIRMalnutritionScore"])
def test_explaining_changes_no_value(shared: Path, name: str) -> None:
    """Populations and definitions of published measures have the same values when they are explained."""
    content = cm.Content(shared / "decks" / "qicore2025")
    measure = content.measure(name)
    subjects = [one for number, one in enumerate(content.test_subjects(name)) if number % 10 == 0]
    result = measure.evaluate(subjects, period="2026")
    _, evaluator = measure._prepare(measure.settings(result.period, None, None, None))
    for subject in subjects:
        explanation = result.explain(subject.id)
        evaluation = evaluator.subject(Subject(subject.id, subject.resources))
        own = [one for one in explanation.definitions if one.library == name]
        assert len(own) > 5
        assert [one.value for one in own] == [evaluation.value(one.name) for one in own]
        assert all(one.error is None for one in explanation.definitions)
        for one in explanation.populations:
            if one.count:
                assert one.reason.value not in ("false", "null", "nothing")
            assert one.outside is None or one.count == 0
