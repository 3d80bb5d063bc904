"""Texts are passed over only if nobody wants what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqlmeasure.data import Selection, SubjectData, Times, Wanted, from_texts, ndjson, source
from cqlmeasure.data.ndjson.index import Index
from cqlmeasure.data.outline import UNREADABLE
from cqlmeasure.data.screen import Screen, type_of
from cqlmeasure.data.skimming import skim

Json = dict[str, Any]
VISITS = Wanted("Encounter", frozenset({"1", "2"}))
DRUGS = Wanted("MedicationRequest")
PRESSURES = Wanted("Observation", frozenset({"85354-9"}), frozenset({"http://example.org/blood-pressure"}))
SELECTION = Selection((Wanted("Patient"), VISITS, DRUGS, PRESSURES))


@pytest.fixture(autouse=True)
def texts_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts are read whole otherwise."""
    monkeypatch.setattr(source, "SKIMMED_FROM", 0)


AT_TYPE = Wanted("Encounter", frozenset({"1", "2", "é"}), elements=("type",))
AT_EITHER = Wanted("MedicationRequest", frozenset({"1"}), elements=("medicationCodeableConcept", "class"))
AT_CODE = Wanted("Observation", frozenset({"8"}), frozenset({"http://example.org/blood-pressure"}), elements=("code",))
LATER = Wanted("Encounter", frozenset({"9"}), elements=("class",))

ANYWHERE = [
    ('{"resourceType":"Encounter","type":[{"coding":[{"system":"s","code":"1"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"system":"s","code":"3"}]}]}', False),
    ('{ "resourceType" : "Encounter", "class": { "code" : "2" } }', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"\\u0031"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"c\\u006fde":"1"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"1\\/2"}]}]}', True),
    ('{"resourceType":"Encounter","note":"\\"quoted\\"","type":[{"coding":[{"code":"3"}]}]}', False),
    ('{"resourceType":"Encounter"}', False),
    ('{"resourceType":"Encounter","extension":[{"url":"http://x/qicore-notDoneValueSet"}]}', True),
    ('{"resourceType":"MedicationRequest"}', True),
    ('{"resourceType":"Observation","code":{"coding":[{"code":"85354-9"}]}}', True),
    ('{"resourceType":"Observation","meta":{"profile":["http:\\/\\/example.org\\/blood-pressure"]}}', True),
    ('{"resourceType":"Observation","meta":{"profile":["http://example.org/weight"]}}', False),
    ('{"resourceType":"Procedure"}', False),
    ('{"id":"1","resourceType":"Encounter","class":{"code":"2"}}', True),
]

NOT_DONE = '"extension":[{"url":"http://x/qicore-notDoneValueSet","valueCanonical":"http://v"}]'
PLACED = [
    ('{"resourceType":"Encounter","type":[{"coding":[{"system":"s","code":"1"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"7"}]},{"coding":[{"code":"8"},{"code":"2"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"3"}]}]}', False),
    # Not where it is looked for.
    ('{"resourceType":"Encounter","class":{"code":"2"},"note":[{"code":"1"}]}', False),
    ('{"resourceType":"Encounter","class":{"code":"9"}}', True),
    # As FHIR does not have it, but people do.
    ('{"resourceType":"Encounter","type":{"coding":[{"code":"1"}]}}', True),
    ('{"resourceType":"Encounter","type":"1"}', True),
    ('{"resourceType":"Encounter","type":["3","1"]}', True),
    ('{"resourceType":"Encounter","type":"3"}', False),
    ('{"resourceType":"Encounter","type":{"code":"1"}}', True),
    ('{"resourceType":"Encounter","type":{"coding":[],"code":"1"}}', True),
    ('{"resourceType":"Encounter","type":null,"class":null}', False),
    ('{"resourceType":"Encounter","type":[]}', False),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":null},{"display":"none"}]}]}', False),
    # However it is written.
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"\\u0031"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"\\u00e9"}]}]}', True),
    ('{"resourceType":"Encounter","t\\u0079pe":[{"c\\u006fding":[{"c\\u006fde":"1"}]}]}', True),
    (' { "type" : [ { "coding" : [ { "code" : "1" } ] } ],\n"resourceType":"Encounter" } ', True),
    # The last of what is there twice counts.
    ('{"resourceType":"Observation","type":"3","resourceType":"Encounter","type":"1"}', True),
    ('{"resourceType":"Encounter","type":"1","type":"3"}', False),
    # What was not done has no code.
    (f'{{"resourceType":"Encounter","type":[{{{NOT_DONE}}}]}}', True),
    (
        '{"resourceType":"Encounter","type":[{"extension":[{"url":"http:\\/\\/x\\/qicore-notDoneV\\u0061lueSet"}]}]}',
        True,
    ),
    ('{"resourceType":"Encounter","type":[{"extension":[{"url":"x"}],"coding":[{"code":"1"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"extension":[{"url":"x"}],"coding":[{"code":"3"}]}]}', False),
    (f'{{"resourceType":"Encounter",{NOT_DONE}}}', False),
    # A choice, and profiles.
    ('{"resourceType":"MedicationRequest","class":{"code":"1"}}', True),
    ('{"resourceType":"MedicationRequest","medicationReference":{"reference":"Medication/1"}}', False),
    ('{"resourceType":"Observation","meta":{"profile":["http:\\/\\/example.org\\/blood-pressure|2"]}}', True),
    ('{"resourceType":"Observation","meta":{"profile":["http://example.org/weight"]}}', False),
    ('{"resourceType":"Observation","meta":null,"code":{"coding":[{"code":"8"}]}}', True),
    # Nothing is told of what is not as it should be.
    ('{"resourceType":"Encounter","type":[{"coding":null}]}', None),
    ('{"resourceType":"Encounter","type":[{"coding":["1"]}]}', None),
    ('{"resourceType":"Encounter","type":[{"coding":[null]}]}', None),
    ('{"resourceType":"Encounter","type":[{"coding":{"code":"1"}}]}', None),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":1}]}]}', None),
    ('{"resourceType":"Encounter","type":[[{"coding":[{"code":"1"}]}]]}', None),
    ('{"resourceType":"Encounter","type":[null]}', None),
    ('{"resourceType":"Encounter","type":1}', None),
    ('{"resourceType":"Encounter","type":"\\ud800"}', None),
    ('{"resourceType":"Observation","meta":{"profile":"http://example.org/blood-pressure"}}', None),
    ('{"id":"1"}', None),
    ('[{"resourceType":"Encounter"}]', None),
    (f'{{"resourceType":"Encounter","note":{"[" * 5000}{"]" * 5000}}}', None),
]


PERIOD = Times(("period",), (), "2026-01-01", "2026-12-31")
ONSET = Times(("onsetDateTime", "onsetPeriod"), ("onsetAge",), low="2026-01-01")
BEFORE = Times(("onsetDateTime",), high="2026-12-31")
NEVER = Times(("onsetDateTime",), low="9999-12-31")
TOUCHED = [
    (PERIOD, '"period":{"start":"2026-03-01","end":"2026-03-02T10:00:00Z"}', True),
    (PERIOD, '"period":{"start":"2025-03-01","end":"2027-03-02"}', True),
    (PERIOD, '"period":{"start":"2025-03-01","end":"2025-03-02"}', False),
    (PERIOD, '"period":{"start":"2027-03-01","end":"2027-03-02"}', False),
    (PERIOD, '"period":{"start":"2027-03-01","end":"2025-03-02"}', True),
    (PERIOD, '"period":{"start":"2025-03-01"}', True),
    (PERIOD, '"period":{"start":"2027-03-01"}', False),
    (PERIOD, '"period":{"end":"2025-03-01"}', False),
    (PERIOD, '"period":{"end":"2027-03-01"}', True),
    (PERIOD, '"period":{}', True),
    (PERIOD, '"period":{"start":"2024","end":"2025-11"}', False),
    (PERIOD, '"period":{"start":"2024","end":"2025"}', True),
    (PERIOD, '"period":{"start":"2024","end":"2026"}', True),
    (PERIOD, '"period":{"start":"2024","end":"some day"}', True),
    (PERIOD, '"period":[{"start":"2024","end":"2025"}]', True),
    (PERIOD, '"period":null', True),
    (PERIOD, '"created":"2024"', True),
    # Days are as wide as time zones are.
    (PERIOD, '"period":"2027-01-02T00:00:00+14:00"', True),
    (PERIOD, '"period":"2027-01-03"', False),
    (PERIOD, '"period":"2025-12-30"', True),
    (PERIOD, '"period":"2025-12-29T23:59:59.999-12:00"', False),
    (ONSET, '"onsetDateTime":"2025-11"', False),
    (ONSET, '"onsetDateTime":"2025-12"', True),
    (ONSET, '"onsetDateTime":"2025-12-3"', True),
    (ONSET, '"onsetDateTime":"2025-12-01 10:00"', True),
    (ONSET, '"onsetDateTime":"2025","onsetPeriod":{"start":"2020","end":"2030"}', True),
    (ONSET, '"onsetDateTime":"2025","onsetAge":{"value":3}', True),
    (ONSET, '"onsetAge":{"value":3}', True),
    (ONSET, '"onsetDateTime":"2\\u003025-01-01"', False),
    (BEFORE, '"onsetDateTime":"2027-02"', False),
    (BEFORE, '"onsetDateTime":"0001-01-01"', True),
    (NEVER, '"onsetDateTime":"9999-12-31"', True),
    (NEVER, '"onsetDateTime":"9998"', False),
]


@pytest.mark.parametrize(("times", "body", "wanted"), TOUCHED)
def test_times(times: Times, body: str, wanted: bool) -> None:
    text = f'{{"resourceType":"Condition",{body},"recordedDate":"2020","code":"1"}}'
    coded = Wanted("Condition", frozenset({"1"}), elements=("code",), times=(times,))
    assert looked(text, Wanted("Condition", times=(times,))) is wanted
    assert looked(text, coded) is wanted
    # Who wants it whenever it was still gets it, and all times have to be.
    assert looked(text, coded, Wanted("Condition", frozenset({"1"}))) is True
    assert looked(text, Wanted("Condition", times=(times, Times(("recordedDate",), low="2026-01-01")))) is False
    # As a code here and as a time there, no time is told.
    other = Wanted("Encounter", frozenset({"1"}), elements=times.dates)
    assert looked(text, coded, other) in (wanted, True, None)


def test_who_lacks_what_is_needed_in_time_is_ruled_out() -> None:
    visits = Wanted("Encounter", times=(PERIOD,))
    late = {"resourceType": "Encounter", "id": "e", "period": {"start": "2027-05-01"}}
    selection = Selection((Wanted("Encounter"),), (((visits,),),))
    assert kept(bundle(patient(), late), selection) == [("p", ["p"], frozenset({0}))]
    assert kept(bundle(patient(), late, {**late, "period": {}}), selection) == [("p", ["p", "e", "e"], frozenset())]


BORN = Wanted("Patient", times=(Times(("birthDate",), low="1950-01-01", high="2000-01-01"),))
OF_AGE = Selection((Wanted("Patient"), VISITS, DRUGS), (((BORN,), (VISITS,)), ((BORN,),)))


@pytest.mark.parametrize(
    ("birth", "ruled_out"),
    [
        ({"birthDate": "1980-05-05"}, set()),
        ({"birthDate": "1980"}, set()),
        ({"birthDate": "1950"}, set()),
        ({}, set()),
        ({"birthDate": "unknown"}, set()),
        ({"birthDate": "1949-12-01"}, {0, 1}),
        ({"birthDate": "2000-02"}, {0, 1}),
    ],
)
def test_who_has_not_the_age_is_ruled_out(birth: Json, ruled_out: set[int], tmp_path: Path) -> None:
    person, visit = {**patient(), **birth}, {**A, "subject": {"reference": "Patient/p"}}
    ids = ["p"] if ruled_out else ["p", "a"]
    assert kept(bundle(person, visit), OF_AGE) == [("p", ids, frozenset(ruled_out))]
    assert kept(bundle(visit, person), OF_AGE) == [("p", ids, frozenset(ruled_out))]
    for one in (person, visit):
        (tmp_path / f"{one['resourceType']}.ndjson").write_text(json.dumps(one))
    (found,) = ndjson(tmp_path).selecting(OF_AGE)
    assert ([resource["id"] for resource in found.resources], found.ruled_out) == (ids, frozenset(ruled_out))


@pytest.mark.parametrize(
    "other",
    [
        {"resourceType": "Patient", "id": "q", "birthDate": "1980-01-01"},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "q"}}]},
    ],
    ids=["another patient", "a bundle in the bundle"],
)
def test_a_patient_is_not_ruled_out_for_another(other: Json) -> None:
    old = {**patient(), "birthDate": "1900-01-01"}
    assert [one.id for one in from_texts([bundle(old, other)]).selecting(OF_AGE)] == ["p", "q"]


def test_a_second_patient_is_seen_however_it_is_written() -> None:
    old = {**patient(), "birthDate": "1900-01-01"}
    text = bundle(old, {"resourceType": "Patient", "id": "q"})
    first, second = text.find(b'"Patient"'), text.rfind(b'"Patient"')
    assert 0 < first < second
    escaped = text[:second] + b'"P\\u0061tient"' + text[second + len('"Patient"') :]
    assert [one.id for one in from_texts([escaped]).selecting(OF_AGE)] == ["p", "q"]


THERE = [
    ('"medicationReference":{"reference":"Medication/1"}', True),
    ('"medicationReference":{}', True),
    ('"medicationReference":null', False),
    ('"medicationCodeableConcept":{"coding":[{"code":"1"}]}', False),
    ('"status":"active"', False),
    ('"medic\\u0061tionReference":{"reference":"Medication/1"}', True),
]


@pytest.mark.parametrize(("body", "wanted"), THERE)
def test_elements_that_have_to_be_there(body: str, wanted: bool) -> None:
    text = f'{{"resourceType":"MedicationRequest",{body}}}'
    referring = Wanted("MedicationRequest", there=(("medicationReference",),))
    assert looked(text, referring) is wanted
    assert looked(text, referring, Wanted("MedicationRequest")) is True
    assert looked(text, Wanted("MedicationRequest", there=(("medicationReference", "status"),))) is (
        wanted or "status" in body
    )
    assert looked(text, Wanted("MedicationRequest", there=(("medicationReference",), ("status",)))) is False


def looked(text: str, *wanted: Wanted) -> bool | None:
    """Whether a text is wanted; ``None`` if it has to be read to be told."""
    screen = Screen(Selection(wanted))
    try:
        one = screen.outlines.decode(text.encode())
    except UNREADABLE:
        return None
    found = screen.types.get(one.resourceType)
    return found is not None and bool(found.looked(one, text.encode()))


@pytest.mark.parametrize(("text", "wanted"), ANYWHERE)
def test_codes_that_may_be_anywhere(text: str, wanted: bool) -> None:
    assert looked(text, *SELECTION.wanted) is wanted


@pytest.mark.parametrize(("text", "wanted"), PLACED)
def test_codes_that_are_at_known_elements(text: str, wanted: bool | None) -> None:
    assert looked(text, AT_TYPE, AT_EITHER, AT_CODE, LATER) is wanted


@pytest.mark.parametrize("text", [text for text, wanted in PLACED if wanted is None and text.startswith("{")])
def test_what_has_to_be_read_to_be_told_is_read_with_all_that_is_there(text: str) -> None:
    plain = json.dumps(coded("Procedure", "c", "1"))
    whole = f'{{"resourceType":"Bundle","entry":[{{"resource":{text}}},{{"resource":{plain}}}]}}'.encode()
    assert skim(whole, Screen(Selection((AT_TYPE, AT_CODE)))) is None


def test_a_type_that_does_not_come_first_is_not_told() -> None:
    assert type_of(b'{"id":"1","resourceType":"Encounter"}') is None


def bundle(*resources: Json) -> bytes:
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}).encode()


def patient(identity: str = "p") -> Json:
    return {"resourceType": "Patient", "id": identity}


def coded(kind: str, identity: str, code: str) -> Json:
    return {"resourceType": kind, "id": identity, "code": {"coding": [{"code": code}]}}


def kept(text: bytes, selection: Selection) -> list[tuple[str, list[str], frozenset[int]]]:
    source = from_texts([text]).selecting(selection)
    return [(one.id, [str(resource["id"]) for resource in one.resources], one.ruled_out) for one in source]


A = coded("Encounter", "a", "1")
B = coded("Encounter", "b", "9")
C = coded("Procedure", "c", "1")


def test_a_bundle_of_one_patient_is_read_as_far_as_it_matters() -> None:
    assert kept(bundle(A, patient(), B, C), SELECTION) == [("p", ["p", "a"], frozenset())]


def test_what_names_another_patient_is_not_taken() -> None:
    foreign = {**A, "subject": {"reference": "Patient/other"}}
    assert kept(bundle(patient(), foreign), SELECTION) == [("p", ["p"], frozenset())]


@pytest.mark.parametrize(
    "text",
    [
        bundle(patient("p"), patient("q"), B),
        bundle(patient("p"), {"resourceType": "Encounter", "id": "a", "type": [{"coding": None}]}),
        bundle(patient("p"), {"resourceType": "Bundle", "id": "inner", "entry": [{"resource": C}]}),
    ],
    ids=["several patients", "no codes", "a bundle in the bundle"],
)
def test_other_bundles_are_read_whole(text: bytes) -> None:
    whole = [(one.id, [str(resource["id"]) for resource in one.resources]) for one in from_texts([text])]
    selection = Selection((*SELECTION.wanted, AT_TYPE))
    assert [(identity, ids) for identity, ids, _ in kept(text, selection)] == whole


def test_who_lacks_what_a_purpose_needs_is_ruled_out() -> None:
    clauses = ((VISITS,), (DRUGS, PRESSURES))
    selection = Selection(SELECTION.wanted, (clauses, ((VISITS,),), ()))
    drug = {"resourceType": "MedicationRequest", "id": "d"}
    assert kept(bundle(patient(), A, drug), selection) == [("p", ["p", "a", "d"], frozenset())]
    assert kept(bundle(patient(), A), selection) == [("p", ["p", "a"], frozenset({0}))]
    assert kept(bundle(patient(), B, drug), selection) == [("p", ["p", "d"], frozenset({0, 1}))]
    # Nobody asks for the rest of who is out everywhere.
    alone = Selection(SELECTION.wanted, (clauses,))
    assert kept(bundle(patient(), B, drug), alone) == [("p", ["p"], frozenset({0}))]


def test_errors_are_the_same() -> None:
    broken = bundle(patient(), A)[:-3]
    with pytest.raises(Exception, match="items: item 0") as whole:
        list(from_texts([broken], source="items"))
    with pytest.raises(type(whole.value)) as skimmed:
        list(from_texts([broken], source="items").selecting(SELECTION))
    assert str(skimmed.value) == str(whole.value)


CODES = st.sampled_from(["1", "2", "3", "é", 'a"b', "x\\y", "ü/1"])
TYPES = st.sampled_from(["Encounter", "Observation", "Procedure"])
PLACES = st.sampled_from([(), ("code",), ("type", "code")])
WANTED = st.builds(Wanted, TYPES, st.none() | st.frozensets(CODES, max_size=3), elements=PLACES)
RESOURCES = st.lists(st.tuples(TYPES, CODES), max_size=6)


@given(
    RESOURCES,
    st.lists(WANTED, max_size=4),
    st.lists(st.lists(WANTED, min_size=1, max_size=2), max_size=3),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_nothing_that_is_wanted_is_left_out(
    resources: list[tuple[str, str]], wanted: list[Wanted], needed: list[list[Wanted]], ascii_: bool, indent: int | None
) -> None:
    made = [coded(kind, str(number), code) for number, (kind, code) in enumerate(resources)]
    content = {"resourceType": "Bundle", "entry": [{"resource": one} for one in (patient(), *made)]}
    text = json.dumps(content, ensure_ascii=ascii_, indent=indent).encode()
    clauses = tuple(tuple(clause) for clause in needed)
    everything = tuple(dict.fromkeys((*wanted, *(one for clause in clauses for one in clause))))
    ((_, ids, out),) = kept(text, Selection(everything, (clauses,) if clauses else ()))

    def meets(resource: Json, one: Wanted) -> bool:
        code = resource["code"]["coding"][0]["code"]
        return bool(resource["resourceType"] == one.type and (one.codes is None or code in one.codes))

    may_count = all(any(meets(resource, one) for one in clause for resource in made) for clause in clauses)
    assert may_count <= (0 not in out), "who may count is never ruled out"
    if 0 not in out:
        expected = {one["id"] for one in made if any(meets(one, kind) for kind in everything)}
        assert expected <= set(ids)


NAMES = ["Encounter/1", "Encounter/2", "Procedure/1", "Medication/1", "Organization/1", "Location/1"]
LINKS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=8)
OWNERS = st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from(["p", "q"]))
KINDS = st.lists(st.builds(Wanted, st.sampled_from(["Encounter", "Medication", "Location"])), max_size=2)


@given(LINKS, OWNERS, KINDS, st.permutations(["Patient", *(name.partition("/")[0] for name in NAMES)]), st.booleans())
def test_shared_resources_are_reached_through_what_is_passed_over(
    links: list[tuple[str, str]], owners: dict[str, str], wanted: list[Wanted], order: list[str], single: bool
) -> None:
    lines: dict[str, list[str]] = {"Patient": [json.dumps(patient(one), separators=(",", ":")) for one in "pq"]}
    for name in NAMES:
        kind, _, identity = name.partition("/")
        found: Json = {"resourceType": kind, "id": identity}
        if name in owners:
            found["subject"] = {"reference": f"Patient/{owners[name]}"}
        found["of"] = [{"reference": to} for source, to in links if source == name]
        lines.setdefault(kind, []).append(json.dumps(found, separators=(",", ":")))
    kinds = list(dict.fromkeys(order))
    with TemporaryDirectory() as folder:
        if single:
            Path(folder, "all.ndjson").write_text("\n".join(line for kind in kinds for line in lines[kind]))
        else:
            for number, kind in enumerate(kinds):
                Path(folder, f"{number}.ndjson").write_text("\n".join(lines[kind]))
        whole, screened = ndjson(folder), ndjson(folder).selecting(Selection(tuple(wanted)))
        types = {"Patient", *(one.type for one in wanted)}

        def told(source: Iterable[SubjectData]) -> list[tuple[str, set[str]]]:
            return [
                (one.id, {f"{r['resourceType']}/{r['id']}" for r in one.resources if r["resourceType"] in types})
                for one in source
            ]

        assert told(screened) == told(whole)


def test_lines_of_ruled_out_patients_are_not_read(tmp_path: Path) -> None:
    def owned(resource: Json, owner: str) -> Json:
        return {**resource, "subject": {"reference": f"Patient/{owner}"}}

    drug = {"resourceType": "MedicationRequest", "id": "d"}
    files = {
        "Encounter": [owned(A, "p"), owned(B, "q")],
        "MedicationRequest": [owned(drug, "q")],
        "Patient": [patient("p"), patient("q")],
    }
    for name, resources in files.items():
        text = "\n".join(json.dumps(one, separators=(",", ":")) for one in resources)
        (tmp_path / f"{name}.ndjson").write_text(text)
    selection = Selection(SELECTION.wanted, (((VISITS,),),))
    found = [(one.id, len(one.resources), one.ruled_out) for one in ndjson(tmp_path).selecting(selection)]
    assert found == [("p", 2, frozenset()), ("q", 1, frozenset({0}))]


CARE = '{"resourceType":"CarePlan","id":"1"}'


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        (f"{CARE}\n{CARE}\n", True),
        (f"{CARE}\n\n  \n{CARE}", True),
        (f"{CARE}\r\n{CARE}\r\n", True),
        (f'{CARE}\n{{"resourceType":"CarePlanOfOthers"}}\n', False),
        (f"{CARE}\n {CARE}\n", False),
        (f'{CARE}\n{{"id":"1","resourceType":"CarePlan"}}\n', False),
        (f'{CARE}\n{{"resourceType":"CarePlan","of":{{"reference":"Medication/1"}}}}', False),
        ('{"resourceType":"Encounter"}\n', False),
        ("", False),
    ],
)
def test_files_that_hold_nothing_that_is_wanted(text: str, passed: bool) -> None:
    index = Index(Screen(Selection((VISITS, Wanted("Medication")))))
    assert index.passes_over_lines(text.encode(), 0, len(text)) is passed
