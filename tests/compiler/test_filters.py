"""Filters of retrieves that published ELM may have, and related-context retrieves."""

from __future__ import annotations

from typing import Any

import pytest
from elm_support import elm_value, integer, operator, string
from support import FHIR, QICORE, subject

from cqlmeasure.errors import EvaluationError

ME = {"reference": "Patient/p1"}
MOTHER = {"reference": "http://example.org/fhir/Patient/m"}
FLU = {"coding": [{"system": "s", "code": "flu"}]}
COLD = {"coding": [{"system": "s", "code": "cold"}]}
DATA: list[dict[str, Any]] = [
    {"resourceType": "Patient", "id": "p1"},
    {"resourceType": "Patient", "id": "m"},
    {"resourceType": "Condition", "id": "c1", "subject": ME, "code": FLU, "onsetDateTime": "2026-03-01"},
    {
        "resourceType": "Condition",
        "id": "c2",
        "subject": ME,
        "code": COLD,
        "onsetPeriod": {"start": "2026-03-01", "end": "2026-04-01"},
        "severity": FLU,
    },
    {"resourceType": "Condition", "id": "c3", "subject": ME, "code": FLU, "onsetDateTime": "2025-12-31T23:00:00Z"},
    {"resourceType": "Condition", "id": "c4", "subject": MOTHER, "code": FLU, "onsetPeriod": {"start": "2026-03-01"}},
    {"resourceType": "Condition", "id": "c5", "subject": MOTHER, "code": COLD, "onsetString": "2026-05"},
    {
        "resourceType": "Encounter",
        "id": "e1",
        "subject": ME,
        "period": {"start": "2026-01-01T08:00:00Z", "end": "2026-01-03T08:00:00Z"},
        "length": {"value": 2, "unit": "d", "code": "d", "system": "http://unitsofmeasure.org"},
    },
    {"resourceType": "Encounter", "id": "e2", "subject": ME, "period": {"start": "2027-01-01", "end": "2026-01-03"}},
]


def date_time(year: int) -> dict[str, Any]:
    zero = {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}Decimal", "value": "0.0"}
    parts = {"year": year, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "millisecond": 0}
    return {"type": "DateTime", "timezoneOffset": zero, **{name: integer(value) for name, value in parts.items()}}


YEAR = {"type": "Interval", "low": date_time(2026), "high": date_time(2027), "highClosed": False}
FLU_SET = {"type": "ValueSetRef", "name": "Flu"}
DAYS = {"type": "Quantity", "value": 1, "unit": "d"}


def retrieve(kind: str = "Condition", **more: Any) -> dict[str, Any]:
    return {"type": "Retrieve", "dataType": f"{{http://hl7.org/fhir}}{kind}", **more}


def strings(*values: str) -> dict[str, Any]:
    return {"type": "List", "element": [string(value) for value in values]}


def only(kind: str, identity: str) -> dict[str, Any]:
    return {"type": "SingletonFrom", "operand": retrieve(kind, id=string(identity))}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (retrieve(), "c1 c2 c3 c4 c5"),
        # an interval must lie in the range as a whole; what has no date of a kind that counts is left out
        (retrieve(dateProperty="onset", dateRange=YEAR), "c1 c2"),
        (retrieve(dateProperty="onset", dateRange={"type": "Null"}), ""),
        (retrieve(dateFilter=[{"property": "onset", "value": YEAR}]), "c1 c2"),
        (retrieve(dateSearch="onset-date", dateRange=YEAR), "c1 c2"),
        (retrieve("Encounter", dateProperty="period", dateRange=YEAR), "e1"),
        (retrieve("Encounter", dateProperty="period.start", dateRange=YEAR), "e1"),
        (retrieve("Encounter", dateLowProperty="period.start", dateHighProperty="period.end", dateRange=YEAR), "e1"),
        (retrieve(id=string("c3")), "c3"),
        (retrieve(idProperty="id", id=strings("c1", "c5", "x")), "c1 c5"),
        (retrieve(id={"type": "Null"}), ""),
        (retrieve(codeFilter=[{"property": "code", "comparator": "in", "value": FLU_SET}]), "c1 c3 c4"),
        (
            retrieve(
                codeFilter=[
                    {"property": "code", "comparator": "in", "value": FLU_SET},
                    {"property": "severity", "comparator": "in", "value": FLU_SET},
                ]
            ),
            "",
        ),
        (retrieve(codeFilter=[{"search": "severity", "comparator": "in", "value": FLU_SET}]), "c2"),
        (retrieve(codeSearch="code", codes=FLU_SET, dateProperty="onset", dateRange=YEAR), "c1"),
        (retrieve("Encounter", otherFilter=[{"property": "length", "comparator": ">", "value": DAYS}]), "e1"),
        (retrieve(otherFilter=[{"property": "id", "comparator": "in", "value": strings("c2", "c4")}]), "c2 c4"),
        (retrieve(otherFilter=[{"property": "subject.reference", "comparator": "=", "value": string("x")}]), ""),
        # what a server may send along changes nothing
        (retrieve("Encounter", include=[{"relatedDataType": "{http://hl7.org/fhir}Condition"}]), "e1 e2"),
        (retrieve(context=string("p1")), "c1 c2 c3 c4 c5"),
        (retrieve(context=only("Patient", "m")), "c4 c5"),
        (retrieve(context=only("Patient", "nobody")), ""),
        (retrieve(context=string("Patient/m"), contextProperty="subject", codes=FLU_SET), "c4"),
        (retrieve("Patient", context=string("Patient/m")), "m"),
    ],
)
def test_filters(node: dict[str, Any], expected: str) -> None:
    assert [found["id"] for found in elm_value(node, DATA)] == expected.split()


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (retrieve(dateRange=YEAR), "the retrieve of Condition: no dateProperty"),
        (retrieve(dateProperty="subject", dateRange=YEAR), "'subject' is neither a date nor a period"),
        (retrieve(dateProperty="nothing", dateRange=YEAR), "Condition has no element 'nothing'"),
        (retrieve(dateLowProperty="onset", dateRange=YEAR), "dateLowProperty and dateHighProperty go together"),
        (retrieve(dateSearch="nothing", dateRange=YEAR), "'nothing' is not a search parameter"),
        (retrieve(valueSetProperty="code", codes=FLU_SET), "valueSetProperty"),
        (retrieve(codeFilter=[{"property": "x", "comparator": "in", "value": FLU_SET}]), "no element 'x'"),
        (retrieve(codeFilter=[{"property": "code", "comparator": "<", "value": FLU_SET}]), "compare by '<'"),
        (retrieve(otherFilter=[{"property": "id", "comparator": "like", "value": string("x")}]), "compare by 'like'"),
        (retrieve(context=string("Patient/elsewhere")), "about Patient/elsewhere, whose data are not among those"),
        (retrieve(context=integer(1)), "neither a resource nor a reference"),
        (retrieve("Location", context=string("p1")), "Location does not refer to a person"),
    ],
)
def test_what_cannot_be_honoured(node: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        elm_value(node, DATA)


def test_related_context_in_cql() -> None:
    found = subject(
        f"{FHIR}context Patient\n"
        "define Mother: singleton from ([Patient] P where P.id = 'm')\n"
        "define Conditions: [Mother -> Condition]\n"
        "define Nobody: singleton from ([Patient] P where P.id = 'nobody')\n"
        "define None: [Nobody -> Condition]\n",
        DATA,
    )
    assert [one["id"] for one in found.value("Conditions")] == ["c4", "c5"]
    assert found.value("None") == []


def test_related_context_of_medications_and_negations() -> None:
    """All retrieves that stand for one of QICore's are in the context."""
    mine = {"resourceType": "MedicationRequest", "id": "r1", "subject": ME, "medicationCodeableConcept": FLU}
    hers = {"resourceType": "MedicationRequest", "id": "r2", "subject": MOTHER, "medicationCodeableConcept": FLU}
    by_reference = {"medicationReference": {"reference": "Medication/d"}, "resourceType": "MedicationRequest"}
    referred = [{**by_reference, "id": "r3", "subject": ME}, {**by_reference, "id": "r4", "subject": MOTHER}]
    drug = {"resourceType": "Medication", "id": "d", "code": FLU}
    found = subject(
        f"{QICORE}codesystem S: 's'\ncode Flu: 'flu' from S\ncontext Patient\n"
        "define Mother: singleton from ([Patient] P where P.id = 'm')\n"
        "define Orders: [Mother -> MedicationRequest: Flu] M return M.id\n",
        [*DATA, mine, hers, drug, *referred],
    )
    assert sorted(found.value("Orders")) == ["r2", "r4"]


def test_filters_of_one_retrieve_do_not_leak() -> None:
    """The unfiltered retrieve is shared; the filtered one must not change it."""
    both = {"type": "List", "element": [retrieve(id=string("c1")), retrieve()]}
    assert [len(found) for found in elm_value(both, DATA)] == [1, 5]
    assert elm_value(operator("Exists", retrieve(id=string("c9"))), DATA) is False
