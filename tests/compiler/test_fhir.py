"""FHIR data: elements, choices, FHIRHelpers, retrieves by code and profile."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from support import FHIR, QICORE, evaluator, subject, value

from cqlmeasure.errors import TerminologyError
from cqlmeasure.runtime import Date, DateTime, Interval, Quantity
from cqlmeasure.runtime.subject import Subject
from cqlmeasure.runtime.values import ValueSet

GUIDE = "http://hl7.org/fhir/us/qicore/StructureDefinition/"
LOINC = "http://loinc.org"
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1980-05-05", "gender": "female"}


def observation(id: str, code: str = "a", profile: str | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        **more,
    }
    if profile is not None:
        found["meta"] = {"profile": [profile]}
    return found


WEIGHT = observation(
    "w",
    valueQuantity={"value": 70.5, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    effectiveDateTime="2026-02-03T10:00:00.250Z",
)
STAY = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "IMP"},
    "period": {"start": "2026-01-01T08:00:00Z", "end": "2026-01-03T08:00:00Z"},
    "type": [{"coding": [{"system": "s", "code": "1"}]}, {"coding": [{"system": "s", "code": "2"}]}],
    "_status": {"extension": [{"url": "u", "valueString": "why"}]},
}

ELEMENTS: list[tuple[str, Any]] = [
    ("Patient.gender.value", "female"),
    ("Patient.birthDate.value", Date.of(1980, 5, 5)),
    ("AgeInYears()", 46),
    ("AgeInYearsAt(@2026-05-04)", 45),
    ("First([Observation] O return O.value is Quantity)", True),
    ("First([Observation] O return O.value is CodeableConcept)", False),
    ("First([Observation] O return (O.value as Quantity).value.value)", Decimal("70.5")),
    ("First([Observation] O return FHIRHelpers.ToQuantity(O.value as Quantity))", Quantity(Decimal("70.5"), "kg")),
    ("First([Observation] O return (O.effective as dateTime).value)", DateTime.of(2026, 2, 3, 10, 0, 0, 250, offset=0)),
    ("First([Observation] O return O.issued)", None),
    ("First([Encounter] E return E.type[1].coding[0].code.value)", "2"),
    ("First([Encounter] E return Count(E.type))", 2),
    ("First([Encounter] E return First(E.status.extension).url.value)", "u"),
    ("First([Encounter] E return E.period contains @2026-01-02T00:00:00.0Z)", True),
    ("[Procedure]", []),
]


@pytest.mark.parametrize(("expression", "expected"), ELEMENTS, ids=[case[0] for case in ELEMENTS])
def test_elements(expression: str, expected: Any) -> None:
    assert value(expression, [PATIENT, WEIGHT, STAY], before=FHIR) == expected


def test_period_without_end() -> None:
    stay = {**STAY, "period": {"start": "2026-01-01T08:00:00Z"}}
    found = value("First([Encounter] E return FHIRHelpers.ToInterval(E.period))", [stay], before=FHIR)
    assert isinstance(found, Interval)
    assert (found.high, found.high_closed) == (None, True)


def test_quantity_with_a_comparator_is_an_error() -> None:
    from cqlmeasure.errors import EvaluationError

    wrong = observation("c", valueQuantity={"value": 1, "comparator": "<"})
    with pytest.raises(EvaluationError, match="comparator"):
        value("First([Observation] O return FHIRHelpers.ToQuantity(O.value as Quantity))", [wrong], before=FHIR)


CODES = ValueSet("http://x/vs", members=[{"system": LOINC, "code": "a"}, {"system": LOINC, "code": "b"}])
TERMS = (
    f'codesystem "L": \'{LOINC}\'\nvalueset "VS": \'http://x/vs\'\ncode "A": \'a\' from "L"\n'
    'code "BP": \'85354-9\' from "L"\n'
)


def ids(expression: str, resources: list[dict[str, Any]], model: str = QICORE) -> list[str]:
    found = subject(f"{model}{TERMS}context Patient\ndefine X: {expression}", resources, value_sets=[CODES])
    return [one["id"] for one in found.value("X")]


def test_retrieve_by_value_set_keeps_order_and_system() -> None:
    data = [observation("3", "b"), observation("1", "a"), observation("2", "c")]
    data.append({**observation("4"), "code": {"coding": [{"system": "other", "code": "a"}]}})
    data.append({**observation("5"), "code": {"coding": [{"code": "x"}, *data[0]["code"]["coding"] * 2]}})
    assert ids('[Observation: "VS"]', data, FHIR) == ["3", "1", "5"]
    assert ids('[Observation: "A"]', data, FHIR) == ["1"]
    assert ids('[Observation: code ~ "A"]', data, FHIR) == ["1"]


PROFILES: list[tuple[str, str | None, bool]] = [
    ("LaboratoryResultObservation", f"{GUIDE}qicore-observation-lab", True),
    ("LaboratoryResultObservation", f"{GUIDE}qicore-observation-lab|6.0.0", True),
    ("LaboratoryResultObservation", None, True),
    ("LaboratoryResultObservation", "http://example.org/own-lab", True),
    ("LaboratoryResultObservation", f"{GUIDE}qicore-simple-observation", False),
    ("LaboratoryResultObservation", f"{GUIDE}qicore-observation", False),
    ("ObservationCancelled", None, False),
    ("ObservationCancelled", f"{GUIDE}qicore-observationcancelled", True),
]


@pytest.mark.parametrize(("name", "profile", "expected"), PROFILES)
def test_profiles(name: str, profile: str | None, expected: bool) -> None:
    assert ids(f'[{name}: "VS"]', [observation("1", profile=profile)]) == (["1"] if expected else [])


def test_a_profile_that_fixes_a_code_asks_for_it_where_none_is_declared() -> None:
    declared = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure"
    data = [observation("1"), observation("2", "85354-9"), observation("3", "z", declared)]
    assert ids("[USCoreBloodPressureProfile]", data) == ["2", "3"]


def test_negation_by_value_set_url() -> None:
    profile = f"{GUIDE}qicore-servicenotrequested"
    extension = {"url": f"{GUIDE}qicore-notDoneValueSet", "valueCanonical": "http://x/vs"}
    coded = {"coding": [{"system": LOINC, "code": "a"}]}

    def request(id: str, code: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"resourceType": "ServiceRequest", "id": id, "meta": {"profile": [profile]}, "code": code, **more}

    data = [
        request("whole set", {"extension": [extension]}),
        request("other set", {"extension": [{**extension, "valueCanonical": "http://x/other"}], **coded}),
        request("one code", coded),
        {**request("done", coded), "meta": {"profile": [f"{GUIDE}qicore-servicerequest"]}},
    ]
    assert sorted(ids('[ServiceNotRequested: "VS"]', data)) == ["one code", "whole set"]


def test_medication_by_reference() -> None:
    data = [
        {"resourceType": "MedicationRequest", "id": "m", "medicationReference": {"reference": "Medication/x"}},
        {"resourceType": "MedicationRequest", "id": "n", "medicationCodeableConcept": WEIGHT["code"]},
        {"resourceType": "Medication", "id": "x", "code": {"coding": [{"system": LOINC, "code": "b"}]}},
    ]
    assert sorted(ids('[MedicationRequest: "VS"]', data)) == ["m", "n"]


def test_missing_value_sets_are_named_together_and_only_if_used() -> None:
    text = f"{FHIR}{TERMS}valueset \"W\": 'http://x/w'\nvalueset \"U\": 'http://x/u'\ncontext Patient\n"
    text += 'define X: [Observation: "VS"] union [Observation: "W"]'
    with pytest.raises(TerminologyError) as failure:
        evaluator(text)
    message = str(failure.value)
    assert "http://x/vs" in message and "http://x/w" in message and "http://x/u" not in message


def test_evaluated_resources_are_those_that_retrieves_returned() -> None:
    found = subject(f"{FHIR}context Patient\ndefine X: exists [Observation]", [PATIENT, WEIGHT, STAY])
    assert found.evaluated == []
    assert found.value("X") is True
    assert [one["id"] for one in found.evaluated] == ["w"]


def test_reference_to_a_resource() -> None:
    data = Subject("s", [PATIENT, STAY])
    assert data.resolve("Encounter/e") is STAY
    assert data.resolve("http://server/base/Patient/p") is PATIENT
    assert data.resolve("Patient/q") is None
