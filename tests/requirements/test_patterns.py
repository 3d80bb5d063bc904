"""Searches for the data of an entry."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from cqlmeasure.requirements import infer, module_definition
from cqlmeasure.requirements.patterns import LONGEST
from cqlmeasure.translator import SourceText, translate

from .support import HEAD, Shipped, entries


def searches(body: str) -> list[str]:
    """All searches of the definitions, without those for the patient."""
    return [
        unquote(extension["valueString"]).replace("{{context.patientId}}", "1")
        for one in entries(body)
        for extension in one.get("extension", [])
        if extension["url"].endswith("fhirQueryPattern")
    ]


PATTERNS = {
    '[Encounter: "Visits"] E where E.period overlaps "Measurement Period"': [
        "Encounter?patient=1&type:in=http://example.org/ValueSet/visits&date=ge2025-12-31&date=le2027-01-01"
    ],
    "[Observation: \"A1c\"] O where O.status = 'final'": [
        "Observation?patient=1&code=http://loinc.org|4548-4&status=final",
        "Observation?performer=1&code=http://loinc.org|4548-4&status=final",
    ],
    '[ServiceRequest] S where S.authoredOn after end of "Measurement Period"': [
        "ServiceRequest?patient=1&authored=ge2026-12-30",
        "ServiceRequest?performer=1&authored=ge2026-12-30",
    ],
    '[MedicationRequest: medication in "Drugs"]': [
        "MedicationRequest?patient=1&code:in=http://example.org/ValueSet/drugs"
    ],
    "[Location]": [],
}


@pytest.mark.parametrize("cql", PATTERNS)
def test_searches(cql: str) -> None:
    assert searches(f"define X: {cql}\n") == PATTERNS[cql]


def test_what_refers_to_medications_brings_them() -> None:
    body = (
        "define X: [MedicationRequest] R with [Medication] M such that R.medication is not null and M.id is not null\n"
    )
    assert searches(body) == ["MedicationRequest?patient=1&_include=MedicationRequest:medication"]


def test_a_time_that_may_be_no_date_is_searched_without_one_too() -> None:
    body = """
define function ToPeriod(choice Choice<FHIR.dateTime, FHIR.Period, FHIR.Age>):
  case when choice is FHIR.Period then FHIRHelpers.ToInterval(choice as FHIR.Period)
    when choice is FHIR.Age then Interval[@2020-01-01T00:00:00.0, @2021-01-01T00:00:00.0]
    else Interval[(choice as FHIR.dateTime).value, (choice as FHIR.dateTime).value] end
define X: [Procedure] P where
  ToPeriod(P.performed as Choice<FHIR.dateTime, FHIR.Period, FHIR.Age>) during "Measurement Period"
"""
    assert [one for one in searches(body) if "patient=" in one] == [
        "Procedure?patient=1&date=ge2025-12-31&date=le2027-01-01",
        "Procedure?patient=1&date:missing=true",
    ]


def test_many_codes_make_several_searches() -> None:
    codes = "\n".join(f'code "C{number}": \'code-{number:040}\' from "LOINC"' for number in range(80))
    condition = " or ".join(f'O.code ~ "C{number}"' for number in range(80))
    head, context, _ = HEAD.partition("parameter ")
    body = f"define X: [Observation] O where {condition}\n"
    text = f"{head}{codes}\n{context}{HEAD.partition('parameter ')[2]}{body}"
    translation = translate(SourceText("Test", "1", text), Shipped())
    found = infer(translation.main.library, [one.library for one in translation.libraries.values()])
    patterns = [one["valueString"] for one in module_definition(found)["dataRequirement"][0]["extension"]]
    assert len(patterns) > 2
    assert all(len(pattern) <= LONGEST + 200 for pattern in patterns)
    assert sum(unquote(one).count("code-") for one in patterns if "patient=" in one) == 80


def test_data_of_everybody_are_searched_by_no_patient() -> None:
    body = "context Unfiltered\ndefine All: [Encounter]\ncontext Patient\ndefine X: Count(All) > 3\n"
    assert [one["type"] for one in entries(body, "X")] == ["Encounter"]
    assert searches(body) == []
