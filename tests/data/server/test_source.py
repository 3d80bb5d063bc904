"""Patients of a server: order, batches, pages, references, faults, and what a server cannot do."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from cqlmeasure.data import SubjectData
from cqlmeasure.data.server.client import Connection, ServerLimits
from cqlmeasure.data.server.plan import Codes, Dates, Search, ServerPlan
from cqlmeasure.data.server.source import ServerSubjects
from cqlmeasure.errors import DataError
from fhir_server.process import QUICK, Json, Running

LOINC = "http://loinc.org"


def observation(identity: str, patient: str, code: str = "a", **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": LOINC, "code": code}]},
        **more,
    }


def patients(count: int) -> list[Json]:
    return [{"resourceType": "Patient", "id": f"p{number}"} for number in range(count)]


DATA = [
    *patients(5),
    *(observation(f"o{number}", f"p{number % 5}", "ab"[number % 2]) for number in range(20)),
    observation("of-nobody", "p9"),
]
PLAN = ServerPlan((Search("Observation", ("patient",), (Codes("code", (f"{LOINC}|a",)),)),))


def source(fhir: Running, plan: ServerPlan = PLAN, only: Sequence[str] | None = None, **limits: Any) -> ServerSubjects:
    connection = Connection(url=fhir.url, limits=msgspec.structs.replace(QUICK, **limits))
    return ServerSubjects(connection, plan, only)


def read(found: ServerSubjects) -> dict[str, list[str]]:
    """The ids of each patient's resources."""
    return {one.id: [resource["id"] for resource in one.resources] for one in found}


EXPECTED = {
    f"p{patient}": [f"p{patient}", *(f"o{n}" for n in sorted(range(0, 20, 2), key=str) if n % 5 == patient)]
    for patient in range(5)
}


@pytest.mark.parametrize(
    "limits", [{}, {"batch": 1}, {"batch": 2}, {"page": 1}, {"workers": 1}, {"page": 3, "batch": 3}]
)
def test_the_data_do_not_depend_on_how_they_are_asked_for(fhir: Running, limits: dict[str, int]) -> None:
    fhir.hold(DATA)
    found = source(fhir, **limits)
    assert read(found) == EXPECTED
    assert list(read(found)) == ["p0", "p1", "p2", "p3", "p4"]
    assert found.warnings == []
    assert all(isinstance(one, SubjectData) and one.source == fhir.url and not one.faults for one in found)


def test_relative_links_to_next_pages(fhir: Running) -> None:
    fhir.hold(DATA, links="relative")
    assert read(source(fhir, page=2)) == EXPECTED


def test_named_patients_come_in_the_order_in_which_they_were_named(fhir: Running) -> None:
    fhir.hold(DATA)
    found = source(fhir, only=["p3", "p0", "p3", "nobody"])
    assert found.count == 3
    assert list(read(found)) == ["p3", "p0"]
    assert fhir.asked("Patient")[0] == "GET Patient _id=p3,p0,nobody"
    assert list(read(found.only("p1"))) == ["p1"]


def test_patients_are_read_one_by_one_where_ids_are_not_searched(fhir: Running) -> None:
    fhir.hold(DATA, refused=["Patient._id"])
    assert list(read(source(fhir, only=["p3", "nobody", "p0"]))) == ["p3", "p0"]


def test_a_server_without_patients(fhir: Running) -> None:
    fhir.hold([])
    assert read(source(fhir)) == {}


# references


MEDICATION: list[Json] = [
    *patients(1),
    {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "subject": {"reference": "Patient/p0"},
        "medicationReference": {"reference": "Medication/drug"},
        "encounter": {"reference": "Encounter/e1"},
    },
    {"resourceType": "Medication", "id": "drug", "manufacturer": {"reference": "Organization/maker"}},
    {"resourceType": "Medication", "id": "other"},
    {"resourceType": "Organization", "id": "maker", "partOf": {"reference": "Organization/gone"}},
    {"resourceType": "Encounter", "id": "e1", "subject": {"reference": "Patient/p0"}},
]


@pytest.mark.parametrize(
    ("includes", "followed", "expected"),
    [
        ((), (), ["p0", "m1"]),
        (("MedicationRequest:medication",), (), ["p0", "m1", "drug"]),
        ((), ("Medication",), ["p0", "m1", "drug"]),
        ((), ("Medication", "Organization"), ["p0", "m1", "drug", "maker"]),
        (("MedicationRequest:medication",), ("Medication", "Organization"), ["p0", "m1", "drug", "maker"]),
    ],
)
def test_what_is_referred_to(
    fhir: Running, includes: tuple[str, ...], followed: tuple[str, ...], expected: list[str]
) -> None:
    fhir.hold(MEDICATION)
    plan = ServerPlan((Search("MedicationRequest", ("patient",), includes=includes),), frozenset(followed))
    assert read(source(fhir, plan)) == {"p0": expected}
    assert len(fhir.asked("Medication")) == (0 if includes or not followed else 1)


def test_includes_that_are_refused_are_read_by_their_ids(fhir: Running) -> None:
    fhir.hold(MEDICATION, refused=["MedicationRequest:medication"])
    search = Search("MedicationRequest", ("patient",), includes=("MedicationRequest:medication",))
    found = source(fhir, ServerPlan((search,), frozenset({"Medication"})))
    assert read(found) == {"p0": ["p0", "m1", "drug"]}
    assert [one.code for one in found.warnings] == ["server-search"]


def test_all_that_is_referred_to(fhir: Running) -> None:
    fhir.hold(MEDICATION)
    plan = ServerPlan((Search("MedicationRequest", ("patient",)),), None)
    assert read(source(fhir, plan)) == {"p0": ["p0", "e1", "m1", "drug", "maker"]}


@pytest.mark.parametrize(
    "reference",
    [
        "Medication/a,b",
        "Medication/../metadata",
        "Medication/x?y",
        "medication/x",
        "Medication/",
        "#drug",
        "urn:uuid:1",
    ],
)
def test_what_is_no_reference_is_not_asked_for(fhir: Running, reference: str) -> None:
    fhir.hold([MEDICATION[0], {**MEDICATION[1], "medicationReference": {"reference": reference}}])
    plan = ServerPlan((Search("MedicationRequest", ("patient",)),), frozenset({"Medication"}))
    read(source(fhir, plan))
    assert all("," not in one and ".." not in one for one in fhir.asked("Medication", ".."))
    assert {one.partition(" ")[2].partition(" ")[0] for one in fhir.asked()} <= {
        "metadata", "Patient", "MedicationRequest", "Medication",
    }  # fmt: skip


def test_references_to_other_servers_are_not_followed(fhir: Running) -> None:
    changed = {**MEDICATION[1], "medicationReference": {"reference": "http://elsewhere.example.org/Medication/drug"}}
    fhir.hold([MEDICATION[0], changed])
    plan = ServerPlan((Search("MedicationRequest", ("patient",)),), frozenset({"Medication"}))
    assert read(source(fhir, plan)) == {"p0": ["p0", "m1"]}
    assert fhir.asked("Medication") == []


# what passes


@pytest.mark.parametrize("kind", ["unavailable", "bad_gateway", "busy", "busy_until", "truncated"])
@pytest.mark.parametrize("where", ["Patient?", "Observation?"])
def test_what_passes_is_tried_again(fhir: Running, kind: str, where: str) -> None:
    fhir.hold(DATA, {"match": where, "kind": kind, "times": 2})
    found = source(fhir)
    assert read(found) == EXPECTED
    assert found.warnings == []
    assert len(fhir.asked(where[:-1])) == 3


@pytest.mark.parametrize(("kind", "limits"), [("hangs", {"timeout": 0.15}), ("drips", {"deadline": 0.2})])
def test_slow_answers_are_tried_again(fhir: Running, kind: str, limits: dict[str, float]) -> None:
    fhir.hold(DATA, {"match": "Observation?", "kind": kind, "times": 1})
    assert read(source(fhir, **limits)) == EXPECTED
    assert len(fhir.asked("Observation")) == 2


def test_waiting_grows_and_the_server_may_say_how_long(fhir: Running) -> None:
    fhir.hold(DATA, {"match": "Patient?", "kind": "unavailable", "times": 3})
    started = time.monotonic()
    assert read(source(fhir, retries=3, backoff=0.02)) == EXPECTED
    assert time.monotonic() - started >= 0.02 + 0.04 + 0.08
    fhir.hold(DATA, {"match": "Patient?", "kind": "busy", "times": 2})
    started = time.monotonic()
    assert read(source(fhir, backoff=5.0)) == EXPECTED
    assert time.monotonic() - started < 5


def test_a_server_that_asks_to_wait_too_long_is_not_waited_for(fhir: Running) -> None:
    fhir.hold(DATA, {"match": "Patient?", "kind": "busy_for_long"})
    with pytest.raises(DataError) as caught:
        read(source(fhir))
    assert caught.value.diagnostics[0].hint == "it asks to wait 86400 seconds"


# what does not


FAULTS = [
    ("unavailable", "server-status", "503 Service Unavailable: too busy", 3),
    ("busy_for_long", "server-status", "429 Too Many Requests: slow down", 1),
    ("broken", "server-status", "500 Internal Server Error: the index is broken", 1),
    ("forbidden", "server-status", "403 Forbidden: not for you", 1),
    ("moved", "server-status", "302 Found", 1),
    ("malformed", "server-answer", "broken JSON", 1),
    ("no_resource", "server-answer", "entry 0 has no resource", 1),
    ("no_bundle", "server-answer", "no Bundle of results, but a Patient", 1),
    ("no_fhir", "server-answer", "no resourceType", 1),
    ("only_outcome", "server-answer", "the server says: no licence", 1),
    ("html", "server-answer", "no FHIR as JSON, but text/html", 1),
    ("huge", "server-answer", "larger than", 1),
    ("truncated", "server-unreachable", "breaks off", 3),
    ("loop", "server-paging", "round in a circle", 1),
    ("endless", "server-paging", "more than 4 pages", 4),
    ("foreign_next", "server-paging", "another server: http://elsewhere.example.org", 1),
    ("odd_outcome", "server-status", "403 Forbidden: no reason", 1),
    ("odd_outcomes", "server-status", "403 Forbidden: no reason; told in [31m red; xxx", 1),
    ("odd_entries", "server-answer", "Bundle.entry is no list", 1),
    ("odd_resource", "server-answer", "entry 0 has no resource", 1),
    ("a_list", "server-answer", "no resourceType", 1),
    ("other_port", "server-paging", "another server: http://127.0.0.1:1/fhir/Patient", 1),
    ("broken_link", "server-paging", "another server: http://[127.0.0.1:x/ [31m", 1),
]


@pytest.mark.parametrize(("kind", "code", "text", "requests"), FAULTS)
def test_a_list_of_patients_that_fails(fhir: Running, kind: str, code: str, text: str, requests: int) -> None:
    fhir.hold(DATA, {"match": "Patient?", "kind": kind})
    with pytest.raises(DataError) as caught:
        read(source(fhir, pages=4, bytes=100_000))
    (found,) = caught.value.diagnostics
    assert (found.code, found.file) == (code, f"{fhir.url}/Patient?_count=50" + found.file.partition("=50")[2])
    assert text in found.message
    assert len(fhir.asked("Patient")) == requests


@pytest.mark.parametrize(("kind", "code", "text", "requests"), FAULTS)
def test_one_patient_whose_data_fail(fhir: Running, kind: str, code: str, text: str, requests: int) -> None:
    fhir.hold(DATA, {"match": "p2", "kind": kind})
    found = {one.id: one for one in source(fhir, pages=4, bytes=100_000)}
    assert list(found) == list(EXPECTED)
    (fault,) = found["p2"].faults
    assert fault.code == code
    assert text in fault.message
    assert f"{fhir.url}/Observation?patient=p2&" in (fault.file or "")
    whole = {name: [one["id"] for one in found[name].resources] for name in found if name != "p2"}
    assert whole == {name: ids for name, ids in EXPECTED.items() if name != "p2"}


def test_odd_parts_of_an_answer_are_passed_over(fhir: Running) -> None:
    fhir.hold(DATA, {"match": "", "kind": "odd_parts"})
    found = {one.id: [resource["id"] for resource in one.resources] for one in source(fhir)}
    assert found == EXPECTED
    fhir.hold([*DATA, value_set(), parameter("in")], {"match": "url=", "kind": "odd_parts"}, **{"in": True})
    assert read(source(fhir, ServerPlan((BY_VALUES,)))) == EXPECTED


def test_who_stops_looking_is_not_kept_waiting(fhir: Running) -> None:
    fhir.hold(patients(6), {"match": "p5", "kind": "hangs"})
    started = time.monotonic()
    found = iter(source(fhir, batch=1))
    assert isinstance(found, Generator)
    assert next(found).id == "p0"
    found.close()
    assert time.monotonic() - started < 0.5


def test_when_everybody_fails_the_server_does(fhir: Running) -> None:
    fhir.hold(patients(40), {"match": "Observation", "kind": "broken"})
    with pytest.raises(DataError) as caught:
        read(source(fhir, failures=4))
    assert [one.code for one in caught.value.diagnostics] == ["server-failing", "server-status"]
    assert len(fhir.asked("Observation")) < 40


def test_nobody_there() -> None:
    connection = Connection(url="http://127.0.0.1:9/fhir", limits=QUICK)
    with pytest.raises(DataError) as caught:
        list(ServerSubjects(connection, PLAN))
    assert caught.value.diagnostics[0].code == "server-unreachable"


def test_fewer_results_than_the_server_counts_are_a_warning(fhir: Running) -> None:
    fhir.hold(DATA, {"match": "Observation", "kind": "fewer"})
    found = source(fhir)
    read(found)
    assert [one.message for one in found.warnings] == ["the server counts 10 results and gives 9"]


def test_an_outcome_among_results_is_a_warning(fhir: Running) -> None:
    fhir.hold(DATA, outcome="an index is old")
    found = source(fhir)
    assert read(found) == EXPECTED
    assert {one.message for one in found.warnings} == {"the server says: an index is old"}


# tokens


def test_a_token_that_is_refused(fhir: Running) -> None:
    fhir.hold(DATA, token="secret")
    connection = Connection(url=fhir.url, token="wrong-secret", limits=QUICK)
    with pytest.raises(DataError) as caught:
        list(ServerSubjects(connection, PLAN))
    assert "401" in caught.value.diagnostics[0].message
    assert "token" in (caught.value.diagnostics[0].hint or "")
    assert "wrong-secret" not in str(caught.value)
    assert "wrong-secret" not in repr(connection)
    accepted = ServerSubjects(replace(connection, token="secret", headers={"X-Tenant": "7"}), PLAN)
    assert read(accepted) == EXPECTED
    assert {one["token"] for one in fhir.log[1:]} == {"Bearer secret"}
    assert {one["headers"].get("X-Tenant") for one in fhir.log[1:]} == {"7"}


# what a server cannot do


FULL = Search("Observation", ("patient",), (Codes("code", (f"{LOINC}|a",)),), (Dates("date", "2026-01-01"),))
DATED = [
    *patients(1),
    observation("o1", "p0", "a", effectiveDateTime="2026-05"),
    observation("o2", "p0", "b", effectiveDateTime="2026-05"),
    observation("o3", "p0", "a", effectiveDateTime="2025-05"),
]

WIDER: list[tuple[dict[str, Any], list[str], int]] = [
    ({}, ["o1"], 1),
    ({"refused": ["Observation.date"], "unlisted": ["Observation.date"]}, ["o1", "o3"], 2),
    ({"refused": ["Observation.date"]}, ["o1", "o2", "o3"], 2),
    ({"refused": ["Observation.date"], "capability": False}, ["o1", "o2", "o3"], 2),
    ({"refused": ["Observation.code"], "unlisted": ["Observation.code"]}, ["o1", "o2"], 2),
    ({"refused": ["Observation.patient"]}, ["o1"], 3),
    ({"refused": ["Observation.patient"], "unlisted": ["Observation.patient"]}, ["o1"], 1),
    ({"ignored": ["Observation.code"]}, ["o1", "o2"], 1),
    ({"unlisted": ["Observation.code"]}, ["o1"], 1),
]


@pytest.mark.parametrize(("options", "expected", "requests"), WIDER)
def test_a_search_that_is_refused_is_made_wider(
    fhir: Running, options: dict[str, Any], expected: list[str], requests: int
) -> None:
    fhir.hold(DATED, **options)
    found = source(fhir, ServerPlan((FULL,)))
    assert read(found) == {"p0": ["p0", *expected]}
    assert len(fhir.asked("Observation")) == requests
    codes = [one.code for one in found.warnings]
    assert codes == (["server-search"] if len(expected) > 1 and "ignored" not in options else [])


def test_what_is_refused_is_refused_once(fhir: Running) -> None:
    fhir.hold([*DATED, *patients(9)[1:]], refused=["Observation.date"])
    found = source(fhir, ServerPlan((FULL,)), batch=1, workers=1)
    assert read(found)["p0"] == ["p0", "o1", "o2", "o3"]
    assert sum("date=" in one for one in fhir.asked("Observation")) == 1
    assert len(found.warnings) == 1


@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_a_further_link_that_is_not_searched_is_left_out(fhir: Running, how: str) -> None:
    performed = observation("o4", "p1", performer=[{"reference": "Patient/p0"}])
    data = [*patients(3), observation("o1", "p0"), performed, observation("o5", "p2")]
    fhir.hold(data, **{how: ["Observation.performer"]})
    found = source(fhir, ServerPlan((Search("Observation", ("patient", "performer")),)), batch=1)
    assert read(found) == {"p0": ["p0", "o1"], "p1": ["p1", "o4"], "p2": ["p2", "o5"]}
    (warning,) = found.warnings
    assert "does not search Observation by performer" in warning.message
    fhir.hold(data)
    assert read(found) == {"p0": ["p0", "o1", "o4"], "p1": ["p1", "o4"], "p2": ["p2", "o5"]}


def test_a_server_that_gives_the_data_of_others(fhir: Running) -> None:
    fhir.hold(DATA, ignored=["Observation.patient", "Observation.subject"])
    found = {one.id: one for one in source(fhir, batch=1)}
    assert {one.faults[0].code for one in found.values()} == {"server-search"}


def test_a_type_that_the_server_has_not(fhir: Running) -> None:
    fhir.hold(DATA, types=["Patient", "Encounter"])
    found = source(fhir)
    assert read(found) == {name: [name] for name in EXPECTED}
    assert [one.message for one in found.warnings] == ["the server has no Observation, which the measures ask for"]
    assert fhir.asked("Observation") == []


def test_a_long_search_is_posted_where_that_is_possible(fhir: Running) -> None:
    codes = Codes("code", tuple(f"{LOINC}|{code}" for code in ["a", *map(str, range(200))]))
    plan = ServerPlan((Search("Observation", ("patient",), (codes,)),))
    fhir.hold(DATA)
    assert read(source(fhir, plan, url=500)) == EXPECTED
    assert [one.partition(" ")[0] for one in fhir.asked("Observation")] == ["POST"]
    fhir.hold(DATA, post=False)
    assert read(source(fhir, plan, url=500)) == EXPECTED
    log = [one for one in fhir.log if one["path"].startswith("Observation")]
    assert {one["method"] for one in log[1:]} == {"GET"}
    assert max(one["length"] for one in log) <= 500


def value_set(version: str = "1") -> Json:
    codes = [{"system": LOINC, "code": "a"}]
    return {"resourceType": "ValueSet", "id": "v", "url": VALUES, "version": version, "expansion": {"contains": codes}}


def parameter(*modifiers: str) -> Json:
    url = "http://example.org/SearchParameter/Observation-code"
    return {"resourceType": "SearchParameter", "id": "c", "url": url, "modifier": list(modifiers)}


VALUES = "http://example.org/ValueSet/values"
BY_VALUES = Search("Observation", ("patient",), (Codes("code", (f"{LOINC}|a",), (VALUES, "1")),))


@pytest.mark.parametrize(
    ("held", "options", "by_value_set"),
    [
        ([value_set(), parameter("in", "not")], {"in": True}, True),
        ([value_set(), parameter("not")], {"in": True}, False),
        ([value_set()], {"in": True}, False),
        ([value_set("2"), parameter("in")], {"in": True}, False),
        ([parameter("in")], {"in": True}, False),
        ([value_set(), parameter("in")], {"in": True, "capability": False}, False),
        ([value_set(), parameter("in")], {"in": True, "unlisted": ["ValueSet.url"]}, False),
    ],
)
def test_value_sets_are_asked_for_where_the_server_knows_them(
    fhir: Running, held: list[Json], options: dict[str, Any], by_value_set: bool
) -> None:
    fhir.hold([*DATA, *held], **options)
    found = source(fhir, ServerPlan((BY_VALUES,)))
    assert read(found) == EXPECTED
    (asked,) = fhir.asked("Observation")
    assert (f"code:in={VALUES}|1" in asked) is by_value_set
    assert found.warnings == []


def test_a_value_set_that_is_refused_all_the_same(fhir: Running) -> None:
    fhir.hold([*DATA, value_set(), parameter("in")])
    found = source(fhir, ServerPlan((BY_VALUES,)))
    assert read(found) == EXPECTED
    assert ["code:in" in one for one in fhir.asked("Observation")] == [True, False]
    assert [one.code for one in found.warnings] == ["server-search"]


def test_limits_are_kept(fhir: Running) -> None:
    fhir.hold(DATA)
    assert read(source(fhir, batch=2, page=7)) == EXPECTED
    sizes = {value for one in fhir.log for name, value in one["parameters"] if name == "_count"}
    assert sizes == {"7"}
    assert ServerLimits().batch == 20
