"""The patient compartment of FHIR R4: which elements of a resource say whose it is.

Facts of the R4 CompartmentDefinition for Patient with its search parameters resolved to JSON paths.  Two departures:
``Patient.link`` is left out (a linked patient is a subject of its own), and Task, which R4 puts into no patient's
compartment, is in by ``for`` as in R5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from cqlmeasure.data.outline import field_of

_SUBJECT = (("subject",),)
_PATIENT = (("patient",),)

PATIENT_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Account": _SUBJECT,
    "AdverseEvent": _SUBJECT,
    "AllergyIntolerance": (("patient",), ("recorder",), ("asserter",)),
    "Appointment": (("participant", "actor"),),
    "AppointmentResponse": (("actor",),),
    "AuditEvent": (("agent", "who"), ("entity", "what")),
    "Basic": (("subject",), ("author",)),
    "BodyStructure": _PATIENT,
    "CarePlan": (("subject",), ("activity", "detail", "performer")),
    "CareTeam": (("subject",), ("participant", "member")),
    "ChargeItem": _SUBJECT,
    "Claim": (("patient",), ("payee", "party")),
    "ClaimResponse": _PATIENT,
    "ClinicalImpression": _SUBJECT,
    "Communication": (("subject",), ("sender",), ("recipient",)),
    "CommunicationRequest": (("subject",), ("sender",), ("recipient",), ("requester",)),
    "Composition": (("subject",), ("author",), ("attester", "party")),
    "Condition": (("subject",), ("asserter",)),
    "Consent": _PATIENT,
    "Coverage": (("policyHolder",), ("subscriber",), ("beneficiary",), ("payor",)),
    "CoverageEligibilityRequest": _PATIENT,
    "CoverageEligibilityResponse": _PATIENT,
    "DetectedIssue": _PATIENT,
    "DeviceRequest": (("subject",), ("performer",)),
    "DeviceUseStatement": _SUBJECT,
    "DiagnosticReport": _SUBJECT,
    "DocumentManifest": (("subject",), ("author",), ("recipient",)),
    "DocumentReference": (("subject",), ("author",)),
    "Encounter": _SUBJECT,
    "EnrollmentRequest": (("candidate",),),
    "EpisodeOfCare": _PATIENT,
    "ExplanationOfBenefit": (("patient",), ("payee", "party")),
    "FamilyMemberHistory": _PATIENT,
    "Flag": _SUBJECT,
    "Goal": _SUBJECT,
    "Group": (("member", "entity"),),
    "ImagingStudy": _SUBJECT,
    "Immunization": _PATIENT,
    "ImmunizationEvaluation": _PATIENT,
    "ImmunizationRecommendation": _PATIENT,
    "Invoice": (("subject",), ("recipient",)),
    "List": (("subject",), ("source",)),
    "MeasureReport": _SUBJECT,
    "Media": _SUBJECT,
    "MedicationAdministration": (("subject",), ("performer", "actor")),
    "MedicationDispense": (("subject",), ("receiver",)),
    "MedicationRequest": _SUBJECT,
    "MedicationStatement": _SUBJECT,
    "MolecularSequence": _PATIENT,
    "NutritionOrder": _PATIENT,
    "Observation": (("subject",), ("performer",)),
    "Person": (("link", "target"),),
    "Procedure": (("subject",), ("performer", "actor")),
    "Provenance": (("target",),),
    "QuestionnaireResponse": (("subject",), ("author",)),
    "RelatedPerson": _PATIENT,
    "RequestGroup": (("subject",), ("action", "participant")),
    "ResearchSubject": (("individual",),),
    "RiskAssessment": _SUBJECT,
    "Schedule": (("actor",),),
    "ServiceRequest": (("subject",), ("performer",)),
    "Specimen": _SUBJECT,
    "SupplyDelivery": _PATIENT,
    "SupplyRequest": (("deliverTo",),),
    "Task": (("for",),),
    "VisionPrescription": _PATIENT,
}


def compartment_references(resource: dict[str, Any]) -> list[str]:
    """The references in the elements that place this resource into patients' compartments (of any target type)."""
    found: list[str] = []
    for path in PATIENT_PATHS.get(resource["resourceType"], ()):
        first = resource.get(path[0])
        if first is None:
            continue
        if len(path) == 1 and type(first) is dict:
            reference = first.get("reference")
            if isinstance(reference, str):
                found.append(reference)
        else:
            found += _references_below(first, path[1:])
    return found


def _references_below(first: Any, names: tuple[str, ...]) -> Iterator[str]:
    values: list[Any] = first if isinstance(first, list) else [first]
    for name in names:
        below: list[Any] = []
        for value in values:
            item = value.get(name) if isinstance(value, dict) else None
            if isinstance(item, list):
                below.extend(item)
            elif item is not None:
                below.append(item)
        values = below
    for value in values:
        reference = value.get("reference") if isinstance(value, dict) else None
        if isinstance(reference, str):
            yield reference


class Reference(msgspec.Struct, gc=False):
    """Where a reference leads."""

    reference: str | None = None


def compartment_elements(kind: str) -> dict[str, Any]:
    """The elements that place resources of a type into patients' compartments, and their types for an outline."""
    paths = PATIENT_PATHS.get(kind, ())
    return {path[0]: Reference | list[Reference] | None if len(path) == 1 else Any for path in paths}


def compartment_fields(kind: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The attributes of an outline that have the ``compartment_elements``, with the steps below each."""
    return tuple((field_of(path[0]), path[1:]) for path in PATIENT_PATHS.get(kind, ()))


def outlined_references(outline: Any, fields: Iterable[tuple[str, tuple[str, ...]]]) -> list[str]:
    """What ``compartment_references`` gives, of an outline and the ``compartment_fields`` of its type."""
    found: list[str] = []
    for field, names in fields:
        value = getattr(outline, field)
        if value is None:
            continue
        if names:
            found += _references_below(value, names)
            continue
        for one in value if type(value) is list else (value,):
            if one.reference is not None:
                found.append(one.reference)
    return found
