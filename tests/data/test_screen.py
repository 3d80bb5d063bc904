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

from cqlmeasure.data import Selection, SubjectData, Wanted, from_texts, ndjson, source
from cqlmeasure.data.ndjson.index import Index
from cqlmeasure.data.screen import Screen, type_of, writing

Json = dict[str, Any]
VISITS = Wanted("Encounter", frozenset({"1", "2"}))
DRUGS = Wanted("MedicationRequest")
PRESSURES = Wanted("Observation", frozenset({"85354-9"}), frozenset({"http://example.org/blood-pressure"}))
SELECTION = Selection((Wanted("Patient"), VISITS, DRUGS, PRESSURES))


@pytest.fixture(autouse=True)
def texts_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts are read whole otherwise."""
    monkeypatch.setattr(source, "SKIMMED_FROM", 0)


LOOKS = [
    ('{"resourceType":"Encounter","type":[{"coding":[{"system":"s","code":"1"}]}]}', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"system":"s","code":"3"}]}]}', False),
    ('{ "resourceType" : "Encounter", "class": { "code" : "2" } }', True),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"\\u0031"}]}]}', None),
    ('{"resourceType":"Encounter","type":[{"coding":[{"code":"1\\/2"}]}]}', True),
    ('{"resourceType":"Encounter","note":"\\"quoted\\"","type":[{"coding":[{"code":"3"}]}]}', False),
    ('{"resourceType":"Encounter"}', False),
    ('{"resourceType":"Encounter","extension":[{"url":"http://x/qicore-notDoneValueSet"}]}', True),
    ('{"resourceType":"MedicationRequest"}', True),
    ('{"resourceType":"Observation","code":{"coding":[{"code":"85354-9"}]}}', True),
    ('{"resourceType":"Observation","meta":{"profile":["http:\\/\\/example.org\\/blood-pressure"]}}', True),
    ('{"resourceType":"Observation","meta":{"profile":["http://example.org/weight"]}}', False),
    ('{"resourceType":"Procedure"}', False),
]


@pytest.mark.parametrize(("text", "wanted"), LOOKS)
def test_what_is_wanted(text: str, wanted: bool | None) -> None:
    how = writing(text.encode())
    if wanted is None:
        assert how is None, "nothing can be told without reading it"
        return
    assert how is not None
    screen = Screen(SELECTION)
    kind = type_of(text.encode())
    assert kind is not None
    found = screen.types.get(kind)
    assert (found is not None and bool(found.looked(text.encode(), how))) is wanted


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
        bundle(patient("p"), {"id": "first", "resourceType": "Procedure", "subject": {"reference": "Patient/p"}}),
        bundle(patient("p"), {"resourceType": "Bundle", "id": "inner", "entry": [{"resource": C}]}),
    ],
    ids=["several patients", "a type that comes later", "a bundle in the bundle"],
)
def test_other_bundles_are_read_whole(text: bytes) -> None:
    whole = [(one.id, [str(resource["id"]) for resource in one.resources]) for one in from_texts([text])]
    assert [(identity, ids) for identity, ids, _ in kept(text, SELECTION)] == whole


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
WANTED = st.builds(Wanted, TYPES, st.none() | st.frozensets(CODES, max_size=3))
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
