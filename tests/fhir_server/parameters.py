"""The search parameters that the server for tests knows, as FHIR R4 defines them."""

from __future__ import annotations

from typing import NamedTuple


class Parameter(NamedTuple):
    """``kind``: token, date or reference; ``paths``: JSON paths of its elements; ``target``: only this type."""

    kind: str
    paths: tuple[str, ...]
    target: str | None = None


def _token(*paths: str) -> Parameter:
    return Parameter("token", paths)


def _date(*paths: str) -> Parameter:
    return Parameter("date", paths)


def _reference(*paths: str) -> Parameter:
    return Parameter("reference", paths)


def _patient(*paths: str) -> Parameter:
    return Parameter("reference", paths, "Patient")


_MEDICATION = {"medication": _reference("medicationReference"), "code": _token("medicationCodeableConcept")}
_ABOUT = {"patient": _patient("subject"), "subject": _reference("subject"), "status": _token("status")}

PARAMETERS: dict[str, dict[str, Parameter]] = {
    "Patient": {},
    "AllergyIntolerance": {
        "patient": _patient("patient"),
        "recorder": _reference("recorder"),
        "asserter": _reference("asserter"),
    },
    "Claim": {
        "patient": _patient("patient"),
        "payee": _reference("payee.party"),
        "status": _token("status"),
        "use": _token("use"),
    },
    "Communication": {
        **_ABOUT,
        "sender": _reference("sender"),
        "recipient": _reference("recipient"),
        "category": _token("category"),
    },
    "Condition": {
        **_ABOUT,
        "asserter": _reference("asserter"),
        "body-site": _token("bodySite"),
        "category": _token("category"),
        "clinical-status": _token("clinicalStatus"),
        "code": _token("code"),
        "severity": _token("severity"),
        "verification-status": _token("verificationStatus"),
    },
    "Coverage": {
        "patient": _patient("beneficiary"),
        "payor": _reference("payor"),
        "policy-holder": _reference("policyHolder"),
        "subscriber": _reference("subscriber"),
        "type": _token("type"),
    },
    "DeviceRequest": {
        **_ABOUT,
        "performer": _reference("performer"),
        "authored-on": _date("authoredOn"),
        "intent": _token("intent"),
    },
    "Encounter": {
        **_ABOUT,
        "class": _token("class"),
        "date": _date("period"),
        "location": _reference("location.location"),
        "type": _token("type"),
    },
    "EpisodeOfCare": {"patient": _patient("patient"), "status": _token("status")},
    "Group": {"member": _reference("member.entity")},
    "Immunization": {"patient": _patient("patient"), "vaccine-code": _token("vaccineCode")},
    "Location": {},
    "Medication": {"code": _token("code")},
    "MedicationAdministration": {**_ABOUT, **_MEDICATION, "performer": _reference("performer.actor")},
    "MedicationDispense": {**_ABOUT, **_MEDICATION, "receiver": _reference("receiver")},
    "MedicationRequest": {
        **_ABOUT,
        **_MEDICATION,
        "authoredon": _date("authoredOn"),
        "category": _token("category"),
        "intent": _token("intent"),
    },
    "Observation": {
        **_ABOUT,
        "performer": _reference("performer"),
        "category": _token("category"),
        "code": _token("code"),
        "date": _date("effectiveDateTime", "effectivePeriod", "effectiveInstant"),
    },
    "Organization": {},
    "Procedure": {
        **_ABOUT,
        "performer": _reference("performer.actor"),
        "code": _token("code"),
        "date": _date("performedDateTime", "performedPeriod"),
    },
    "QuestionnaireResponse": {
        **_ABOUT,
        "author": _reference("author"),
        "authored": _date("authored"),
        "questionnaire": Parameter("uri", ("questionnaire",)),
    },
    "ResearchSubject": {"patient": _patient("individual")},
    "ServiceRequest": {
        **_ABOUT,
        "performer": _reference("performer"),
        "authored": _date("authoredOn"),
        "code": _token("code"),
        "intent": _token("intent"),
    },
    "Task": {"patient": _patient("for"), "subject": _reference("for"), "status": _token("status")},
    "SearchParameter": {"url": Parameter("uri", ("url",))},
    "ValueSet": {"url": Parameter("uri", ("url",))},
}
