"""The plan of reading keeps all that can matter, and as little else as it can."""

from __future__ import annotations

from typing import Any

import pytest

from cqlmeasure.requirements import Plan, plan

from .support import YEAR, found

MEMBERS = {"http://example.org/ValueSet/visits": {"1": {"http://snomed.info/sct"}}}


def plan_of(cql: str, *, member: bool = False) -> Plan:
    """The plan for an expression."""
    one = found(f"define X: {cql}\n", "X", membership=["X"] if member else ())
    return plan([one], YEAR, MEMBERS.get)


def encounter(**elements: Any) -> dict[str, Any]:
    """An Encounter."""
    return {"resourceType": "Encounter", **elements}


def typed(code: str, system: str | None = "http://snomed.info/sct") -> dict[str, Any]:
    """An Encounter of a type."""
    return encounter(type=[{"coding": [{"code": "other"}]}, {"coding": [{"code": code, "system": system}]}])


def request(**elements: Any) -> dict[str, Any]:
    """A MedicationRequest."""
    return {"resourceType": "MedicationRequest", **elements}


BY_REFERENCE = (
    "[MedicationRequest] R with [Medication] M such that "
    "M.id = Last(Split((R.medication as FHIR.Reference).reference, '/'))"
)
DURING = '[Encounter] E where E.period during "Measurement Period"'
STARTS = '[Encounter] E where start of E.period during "Measurement Period"'
OVERLAPS = '[Encounter] E where E.period overlaps "Measurement Period"'
LATE = '[Observation] O where (O.effective as dateTime) after start of "Measurement Period"'

KEEPS = [
    ('[Encounter: "Visits"]', typed("1"), True),
    ('[Encounter: "Visits"]', typed("2"), False),
    ('[Encounter: "Visits"]', typed("1", "http://loinc.org"), False),
    ('[Encounter: "Visits"]', typed("1", None), True),
    ('[Encounter: "Visits"]', encounter(type=[{"extension": [{"url": "http://x/qicore-notDoneValueSet"}]}]), True),
    ('[Encounter: "Visits"]', {"resourceType": "Procedure"}, False),
    ('[Encounter: "Visits"]', encounter(type="nonsense"), False),
    ("[Encounter] E where E.status = 'finished'", encounter(status="finished"), True),
    ("[Encounter] E where E.status = 'finished'", encounter(status="planned"), False),
    ("[Encounter] E where E.status = 'finished'", encounter(), False),
    ("[Encounter] E where E.length is not null", encounter(length={"value": 1}), True),
    ("[Encounter] E where E.length is not null", encounter(), False),
    (BY_REFERENCE, request(medicationReference={"reference": "Medication/1"}), True),
    (BY_REFERENCE, request(medicationReference={"display": "one"}), False),
    (BY_REFERENCE, request(medicationCodeableConcept={"coding": [{"code": "1"}]}), False),
    (BY_REFERENCE, request(), False),
    (BY_REFERENCE.replace("M.id = Last", "M.id ~ Last"), request(), True),
    (BY_REFERENCE.replace("M.id = Last", "not (M.id = Last") + ")", request(), True),
    (BY_REFERENCE.replace(" = ", " is not null or M.id = "), request(), True),
    (DURING, encounter(period={"start": "2026-02-01", "end": "2026-03-01"}), True),
    (DURING, encounter(period={"start": "2025-12-31T20:00:00-08:00", "end": "2026-03-01"}), True),
    (DURING, encounter(period={"start": "2025-12-01", "end": "2026-03-01"}), False),
    (DURING, encounter(period={"start": "2026-12-01", "end": "2027-03-01"}), False),
    (DURING, encounter(period={"start": "2026"}), True),
    (DURING, encounter(period={"start": "garbage"}), True),
    (DURING, encounter(), False),
    (STARTS, encounter(period={"start": "2026-12-01", "end": "2027-03-01"}), True),
    (STARTS, encounter(period={"start": "2025-12-01", "end": "2026-03-01"}), False),
    (OVERLAPS, encounter(period={"start": "2025-12-01", "end": "2026-03-01"}), True),
    (OVERLAPS, encounter(period={"start": "2025-12-01"}), True),
    (OVERLAPS, encounter(period={"start": "2027-12-01"}), False),
    (OVERLAPS, encounter(period={"end": "2025-12-01"}), False),
    (LATE, {"resourceType": "Observation", "effectiveDateTime": "2026-05"}, True),
    (LATE, {"resourceType": "Observation", "effectiveDateTime": "2025-05"}, False),
]


@pytest.mark.parametrize(("cql", "resource", "expected"), KEEPS)
def test_what_is_kept(cql: str, resource: dict[str, Any], expected: bool) -> None:
    assert plan_of(cql).keeps(resource) is expected


def test_a_value_set_that_is_not_known_leaves_nothing_out() -> None:
    assert plan_of('[Encounter: "Drugs"]').keeps(typed("2"))
    assert not plan_of('[Encounter: "Drugs"]').keeps(encounter())


def test_elements_and_types_that_matter() -> None:
    made = plan_of("[Encounter] E where E.period.start is not null")
    assert (made.types, made.elements) == (frozenset({"Encounter"}), {"Encounter": {"period"}})


MEMBERSHIP = [
    ('exists [Encounter: "Visits"]', [typed("1")], True),
    ('exists [Encounter: "Visits"]', [typed("2")], False),
    ("exists ([Encounter] union [Procedure])", [{"resourceType": "Procedure"}], True),
    ("exists ([Encounter] union [Procedure])", [{"resourceType": "Condition"}], False),
    ("exists [Encounter] and exists [Procedure]", [encounter()], False),
    ("exists [Encounter] or exists [Procedure]", [encounter()], True),
    ("not exists [Encounter]", [], True),
    ("exists [Encounter] = false", [], True),
    ("[Encounter] ~ ([Encounter] E where E.status = 'x')", [], True),
    ("First([Encounter]) is not null", [], False),
    ("(First([Encounter]) is not null) is not null", [], True),
    ("[Encounter] E with [Procedure] P such that P.status = 'completed'", [encounter()], False),
    ("[Encounter] E without [Procedure] P such that P.status = 'completed'", [encounter()], True),
]


@pytest.mark.parametrize(("cql", "resources", "expected"), MEMBERSHIP)
def test_who_may_count(cql: str, resources: list[dict[str, Any]], expected: bool) -> None:
    assert plan_of(cql, member=True).may_count(resources) is expected


def test_data_of_everybody_keep_nobody_out() -> None:
    body = "context Unfiltered\ndefine All: [Encounter]\ncontext Patient\ndefine X: exists All\n"
    assert plan([found(body, "X", membership=["X"])], YEAR, MEMBERS.get).may_count([])
