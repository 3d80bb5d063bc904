"""A FHIR server as data: the results of the same data as files, and nothing asked but what the measures need."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from fhir_server.process import QUICK, Json, Running

DIABETES = "DiabetesHbA1cPoorControl"
SAMPLES = [
    ("diabetes-hba1c", DIABETES),
    ("breast-cancer-proms", "BreastCancerComfortAll"),
    ("breast-cancer-proms", "BreastCancerComfortChange"),
    ("emergency-follow-up", "EmergencyFollowUp"),
    ("hospital-stays", "CatheterInfections"),
    ("hospital-stays", "LengthOfStay"),
    ("scoring-oracle", "OracleCohort"),
    ("scoring-oracle", "OracleContinuousVariable"),
    ("scoring-oracle", "OracleProportion"),
    ("scoring-oracle", "OracleRatio"),
]
DECK = (
    "CMS108FHIRVTEProphylaxis",  # Medications and Locations
    "CMS1218FHIRHHRF",  # data of patients as risk variables
    "CMS122FHIRDiabetesAssessGreaterThan9Percent",
    "CMS130FHIRColorectalCancerScreening",
)


def held(content: cm.Content, measure: str) -> list[Json]:
    """The resources of a measure's test cases in the order of their ids, each once."""
    found: dict[tuple[str, str], Json] = {}
    for case in content.test_cases(measure):
        for one in case.resources:
            if one["resourceType"] != "MeasureReport" and "id" in one:
                found.setdefault((one["resourceType"], one["id"]), one)
    return [found[key] for key in sorted(found)]


def reports(result: cm.MeasureResult) -> list[Any]:
    """All that a result says."""
    assert result.failures == []
    individual = [result.individual(one) for one in result.subjects]
    return [result.summary(), result.rows("population"), *individual]


def same(fhir: Running, content: cm.Content, measure: str, period: str | None) -> None:
    resources = held(content, measure)
    fhir.hold(resources)
    server = fhir.source()
    compiled = content.measure(measure)
    # Evidence is what retrieves give; a server does not send what a condition drops anyway.
    expected = compiled.evaluate(cm.from_resources(resources), period=period, evidence=False)
    assert reports(compiled.evaluate(server, period=period, evidence=False)) == reports(expected)
    assert server.warnings == []


@pytest.mark.parametrize(("folder", "measure"), SAMPLES)
def test_samples(fhir: Running, repository: Path, folder: str, measure: str) -> None:
    same(fhir, cm.Content(repository / "measures" / folder), measure, "2026")


@pytest.fixture(scope="module")
def deck(shared: Path) -> cm.Content:
    return cm.Content(shared / "decks" / "qicore2025", lenient_terminology=True)


@pytest.mark.parametrize("measure", DECK)
def test_published_measures(fhir: Running, deck: cm.Content, measure: str) -> None:
    same(fhir, deck, measure, None)


# what is asked


@pytest.fixture(scope="module")
def content(repository: Path) -> cm.Content:
    return cm.Content(repository / "measures" / "diabetes-hba1c")


@pytest.fixture(scope="module")
def resources(content: cm.Content) -> list[Json]:
    return held(content, DIABETES)


TWO = "exactly-9,hospice-care"
TWO_LONG = "Patient/exactly-9,Patient/hospice-care"
YEAR = "date=ge2025-12-31 date=le2027-01-01"
SCT, ICD = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
DISEASES = f"code={SCT}|44054006,{SCT}|46635009,{ICD}|E10.9,{ICD}|E11.65,{ICD}|E11.9"
RESULTS = "code=http://loinc.org|4548-4,http://loinc.org|4549-2,http://loinc.org|17856-6"
VISITS = f"type={SCT}|185349003,{SCT}|185463005,{SCT}|448337001"
HOSPICE = f"code={SCT}|385763009,{SCT}|385765002"


def test_nothing_is_asked_but_what_the_measure_needs(fhir: Running, content: cm.Content, resources: list[Json]) -> None:
    fhir.hold(resources, capability=False)
    server = fhir.source()
    assert fhir.log == []
    content.measure(DIABETES).evaluate(server, period="2026", subjects=["exactly-9", "Patient/hospice-care"])
    assert fhir.asked() == [
        f"GET Condition asserter={TWO_LONG} {DISEASES}",
        f"GET Condition patient={TWO} {DISEASES}",
        f"GET Encounter patient={TWO} {YEAR} status=finished {VISITS}",
        f"GET Observation patient={TWO} {YEAR} status=final,amended,corrected {RESULTS}",
        f"GET Observation performer={TWO_LONG} {YEAR} status=final,amended,corrected {RESULTS}",
        f"GET Patient _id={TWO}",
        f"GET Procedure patient={TWO} {YEAR} status=completed,in-progress {HOSPICE}",
        f"GET Procedure performer={TWO_LONG} {YEAR} status=completed,in-progress {HOSPICE}",
        "GET metadata",
    ]


def test_periods_are_asked_for_together(fhir: Running, content: cm.Content, resources: list[Json]) -> None:
    fhir.hold(resources)
    measure = content.measure(DIABETES)
    found = measure.trend(fhir.source(), "quarter", period="2026", evidence=False)
    (asked,) = fhir.asked("Encounter")
    assert YEAR in asked
    expected = measure.trend(cm.from_resources(resources), "quarter", period="2026", evidence=False)
    assert [one.summary() for one in found] == [one.summary() for one in expected]


def test_several_measures_are_asked_for_together(fhir: Running, repository: Path) -> None:
    content = cm.Content(repository / "measures" / "hospital-stays")
    names = ["CatheterInfections", "LengthOfStay"]
    resources = held(content, names[0])
    fhir.hold(resources)
    found = content.evaluate(names, fhir.source(), period="2026", evidence=False)
    assert len(fhir.asked("Encounter")) == 1
    expected = content.evaluate(names, cm.from_resources(resources), period="2026", evidence=False)
    assert list(map(reports, found)) == list(map(reports, expected))


def test_value_sets_on_request(fhir: Running, content: cm.Content, resources: list[Json]) -> None:
    fhir.hold(resources, **{"in": True})
    server = cm.fhir_server(fhir.url, value_sets="in", limits=QUICK)
    content.measure(DIABETES).evaluate(server, period="2026")
    # The server has none of them: each search is asked once by value set, then by codes.
    assert sum(":in=" in one for one in fhir.asked("Encounter")) == 1
    assert [one.code for one in server.warnings] == ["server-search"] * len(server.warnings)


# who


def group(*members: str, **more: Any) -> Json:
    listed = [{"entity": {"reference": one}} for one in members]
    return {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": listed, **more}


@pytest.mark.parametrize("members", [["Patient/exactly-9", "Patient/hospice-care"], ["Patient/hospice-care"], []])
def test_members_of_a_group(
    fhir: Running, content: cm.Content, resources: list[Json], members: list[str], tmp_path: Path
) -> None:
    fhir.hold([*resources, group(*members)])
    expected = [one.removeprefix("Patient/") for one in members]
    found = content.measure(DIABETES).evaluate(fhir.source(), period="2026", subjects=["Group/g"])
    assert list(found.subjects) == expected
    file = tmp_path / "group.json"
    file.write_text(json.dumps(group(*members)))
    found = content.measure(DIABETES).evaluate(fhir.source(), period="2026", subjects=[str(file)])
    assert list(found.subjects) == expected


@pytest.mark.parametrize(
    ("subjects", "code"),
    [
        (["nobody"], "unknown-subject"),
        (["Group/none"], "unknown-subject"),
        (["Group/../metadata"], "unknown-subject"),
        (["a b"], "unknown-subject"),
        (["Patient/1&_id=2"], "unknown-subject"),
        (["Organization/1"], "unknown-subject"),
        (["Group/g"], "group"),
    ],
)
def test_who_is_not_there(
    fhir: Running, content: cm.Content, resources: list[Json], subjects: list[str], code: str
) -> None:
    fhir.hold([*resources, group(actual=False)])
    with pytest.raises(cm.UsageError) as caught:
        content.measure(DIABETES).evaluate(fhir.source(), period="2026", subjects=subjects)
    assert caught.value.diagnostics[0].code == code


def test_measures_of_other_subjects_are_refused(fhir: Running, repository: Path) -> None:
    measure = cm.Content(repository / "measures" / "hospital-stays").measure("InfectionRegister")
    with pytest.raises(cm.UsageError) as caught:
        measure.evaluate(fhir.source(), period="2026")
    assert caught.value.diagnostics[0].code == "subject-type"


def test_patients_of_a_provider(fhir: Running, content: cm.Content, resources: list[Json]) -> None:
    doctor = {"generalPractitioner": [{"reference": "Practitioner/1"}]}
    mine = [{**one, **doctor} if one["id"] in ("exactly-9", "result-above-9") else one for one in resources]
    fhir.hold(mine)
    measure = content.measure(DIABETES)
    found = measure.evaluate(fhir.source(), period="2026", provider="Practitioner/1")
    assert list(found.subjects) == ["exactly-9", "result-above-9"]
    with pytest.raises(cm.UsageError) as caught:
        measure.evaluate(fhir.source(), provider="Practitioner/1", attribution="Encounter.serviceProvider")
    assert caught.value.diagnostics[0].code == "attribution"


def test_a_composite_asks_for_its_components(fhir: Running, repository: Path) -> None:
    content = cm.Content(repository / "measures" / "breast-cancer-proms")
    fhir.hold(held(content, "BreastCancerComfortAll"))
    whole, asked, reached = (
        set(content.server_subjects([f"BreastCancerComfort{name}"], fhir.source(), period="2026").plan.searches)
        for name in ("All", "Asked", "Reached")
    )
    assert asked | reached <= whole
    assert fhir.log == []


def test_one_patient_that_fails_does_not_lose_the_others(
    fhir: Running, content: cm.Content, resources: list[Json]
) -> None:
    fhir.hold(resources, {"match": "Observation?patient=hospice-care", "kind": "broken"},
              {"match": ",hospice-care,", "kind": "broken"})  # fmt: skip
    measure = content.measure(DIABETES)
    found = measure.evaluate(fhir.source(), period="2026", evidence=False)
    (failure,) = found.failures
    assert failure.message.startswith("hospice-care: the server answers 500")
    assert failure.file is not None
    assert failure.file.startswith(f"{fhir.url}/Observation?patient=hospice-care&")
    others = [one for one in found.subjects if one != "hospice-care"]
    expected = measure.evaluate(cm.from_resources(resources), period="2026", evidence=False)
    assert [found.individual(one) for one in others] == [expected.individual(one) for one in others]
    assert found.individual("hospice-care")["status"] == "error"


def test_a_patient_is_read_again_alone_to_be_explained(
    fhir: Running, content: cm.Content, resources: list[Json]
) -> None:
    fhir.hold(resources)
    found = content.measure(DIABETES).evaluate(fhir.source(), period="2026")
    asked = len(fhir.asked("Patient"))
    assert "Numerator" in found.explain("result-above-9").text()
    assert fhir.asked("Patient")[asked:] == ["GET Patient _id=result-above-9"]


# logic that is hard to search for


HEAD = """library Test version '1'
using QICore version '6.0.0'
include FHIRHelpers version '4.4.000'
codesystem "SCT": 'http://snomed.info/sct'
valueset "Screening": 'http://example.org/ValueSet/screening'
parameter "Measurement Period" Interval<DateTime>
context Patient
"""
HARD: list[tuple[str, list[Json]]] = [
    (
        # What was not requested names the value set, and has no code.
        'exists [ServiceNotRequested: "Screening"]',
        [
            {
                "resourceType": "ServiceRequest",
                "id": "s",
                "status": "completed",
                "intent": "order",
                "doNotPerform": True,
                "subject": {"reference": "Patient/p"},
                "code": {
                    "extension": [
                        {
                            "url": "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-notDoneValueSet",
                            "valueCanonical": "http://example.org/ValueSet/screening",
                        }
                    ]
                },
            }
        ],
    ),
    (
        # A Task is in no compartment of R4.
        "exists [Task]",
        [{"resourceType": "Task", "id": "t", "status": "ready", "intent": "order", "for": {"reference": "Patient/p"}}],
    ),
    (
        # What a resource refers to is looked up without a retrieve.
        "exists ([Encounter] E where FHIRHelpers.resolve(E.partOf.reference) is not null)",
        [
            {
                "resourceType": "Encounter",
                "id": "e",
                "status": "finished",
                "class": {"code": "AMB"},
                "subject": {"reference": "Patient/p"},
                "partOf": {"reference": "EpisodeOfCare/c"},
            },
            {"resourceType": "EpisodeOfCare", "id": "c", "status": "active", "patient": {"reference": "Patient/p"}},
        ],
    ),
    (
        # Data of everybody are, patient by patient, those of the patient.
        '"All" > 0',
        [{"resourceType": "Immunization", "id": "i", "status": "completed", "patient": {"reference": "Patient/p"}}],
    ),
]


def small(folder: Path, criteria: str) -> cm.Content:
    """A content with one measure."""
    unfiltered = 'context Unfiltered\ndefine "All": Count([Immunization])\ncontext Patient\n'
    (folder / "Test.cql").write_text(f'{HEAD}{unfiltered}define "Member": {criteria}\n')
    contains = [{"system": "http://snomed.info/sct", "code": "1"}]
    values: Json = {"resourceType": "ValueSet", "url": "http://example.org/ValueSet/screening", "status": "draft"}
    (folder / "values.json").write_text(json.dumps({**values, "expansion": {"contains": contains}}))
    population = {
        "code": {"coding": [{"code": "initial-population"}]},
        "criteria": {"language": "text/cql-identifier", "expression": "Member"},
    }
    measure = {
        "resourceType": "Measure",
        "name": "Test",
        "status": "draft",
        "scoring": {"coding": [{"code": "cohort"}]},
        "library": ["http://example.org/Library/Test"],
        "group": [{"population": [population]}],
    }
    (folder / "measure.json").write_text(json.dumps(measure))
    return cm.Content(folder)


def count(result: cm.MeasureResult) -> int:
    assert result.failures == []
    found: int = result.summary()["group"][0]["population"][0]["count"]
    return found


@pytest.mark.parametrize(("criteria", "data"), HARD, ids=[one[0] for one in HARD])
def test_data_that_are_hard_to_search_for(fhir: Running, tmp_path: Path, criteria: str, data: list[Json]) -> None:
    content = small(tmp_path, criteria)
    resources: Iterable[Json] = [{"resourceType": "Patient", "id": "p"}, *data]
    fhir.hold(resources)
    assert count(content.measure("Test").evaluate(cm.from_resources(resources), period="2026")) == 1
    assert count(content.measure("Test").evaluate(fhir.source(), period="2026")) == 1


# naming a server


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("server/fhir", {}),
        ("ftp://server/fhir", {}),
        ("https://", {}),
        ("https://server:port/fhir", {}),
        ("https://server:99999/fhir", {}),
        ("https://server/fhir?x=1", {}),
        ("https://server/fhir#x", {}),
        ("https://me:secret@server/fhir", {}),
        ("https://server/fhir", {"token": "secret\r\nX: y"}),
        ("https://server/fhir", {"token": "secrét"}),
        ("https://server/fhir", {"headers": {"A B": "secret"}}),
        ("https://server/fhir", {"headers": {"A": "secret\n"}, "value_sets": "all"}),
    ],
)
def test_what_is_no_server(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(cm.UsageError) as caught:
        cm.fhir_server(url, **options)
    assert "secr" not in str(caught.value)


def test_a_token_in_the_clear_is_a_warning() -> None:
    assert [one.code for one in cm.fhir_server("http://server/fhir", token="x").warnings] == ["server-url"]
    for url in ("https://server/fhir", "http://127.0.0.1/fhir", "http://localhost:8080/fhir"):
        assert cm.fhir_server(url, token="x").warnings == []
    assert repr(cm.fhir_server("https://server/fhir/", token="x")) == "FhirServer('https://server/fhir')"
