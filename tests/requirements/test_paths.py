"""What is read of resources: paths through functions, lets, unions, choices and sorts."""

from __future__ import annotations

import pytest

from cqlmeasure.models import fhir_types
from cqlmeasure.requirements.paths import Paths

from .support import entries

READS = {
    "the code path first": ('[Observation: "A1c"] O where O.status = \'final\'', ["code", "status"]),
    "prefixes, and no value of primitives": ("[Encounter] E return E.period.start.value", ["period", "period.start"]),
    "a choice": ("[Observation] O return (O.value as Quantity).unit", ["value", "value.unit"]),
    "a let": ("[Encounter] E let p: E.hospitalization return p.dischargeDisposition", [
        "hospitalization", "hospitalization.dischargeDisposition",
    ]),
    "a function": ("[Encounter] E return Class(E)", ["class", "class.code"]),
    "elements of elements": ("[Encounter] E return (E.location L where L.status = 'active')", [
        "location", "location.status",
    ]),
    "sorting by an expression": ("[Encounter] E sort by start of (period as Period)", ["period"]),
    "sorting by a column": ("[Encounter] E sort by status.value", ["status"]),
    "the other row": ("[Encounter] E with [Encounter] F such that F.partOf is not null return E.class", [
        "partOf", "class",
    ]),
    "parts of tuples": ("([Encounter] E return Tuple { a: E.class, b: E.type }) T return T.a.code", [
        "class", "type", "class.code",
    ]),
    "a definition's first": ("First(Stays).status", ["status", "period"]),
}  # fmt: skip

HELPERS = """
define function Class(item Encounter): item.class.code
define Stays: [Encounter] E where E.period is not null
"""


@pytest.mark.parametrize("name", READS)
def test_paths_that_are_read(name: str) -> None:
    cql, expected = READS[name]
    found = entries(f"{HELPERS}define X: {cql}\n", "X")
    read = dict.fromkeys(path for one in found if one["type"] != "Patient" for path in one.get("mustSupport", []))
    assert sorted(read) == sorted(expected)


def test_paths_go_to_each_member_of_a_union() -> None:
    body = "\ndefine X: ([Procedure] union [ServiceRequest]) P where P.status is not null\n"
    assert {one["type"]: one["mustSupport"] for one in entries(body)} == {
        "Procedure": ["status"],
        "ServiceRequest": ["status"],
    }


def test_an_age_reads_the_birth_date() -> None:
    body = 'define X: AgeInYearsAt(date from start of "Measurement Period") >= 18\n'
    assert [(one["type"], one["mustSupport"]) for one in entries(body)] == [("Patient", ["birthDate"])]


def test_paths_are_those_of_the_model() -> None:
    paths = Paths(fhir_types())
    assert paths.types("Observation", ("value", "nothing")) is None
    assert paths.types("Observation", ("value", "coding", "code")) == frozenset({"code"})
    assert paths.clean("Encounter", ("period", "start", "value")) == ("period", "start")
    assert paths.clean("Observation", ("value", "value", "value")) == ("value", "value")


def test_types_that_contain_themselves_are_followed_to_an_end() -> None:
    following = "Coalesce(R.extension, E.extension)"
    body = f"define X: [Encounter] E aggregate R starting (null as List<FHIR.Extension>): {following}\n"
    (made,) = entries(body)
    assert made["mustSupport"][:2] == ["extension", "extension.extension"]
    assert len(made["mustSupport"]) < 20
