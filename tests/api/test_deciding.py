"""Measures whose criteria a store answers for all give what evaluating everybody gives."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cqlmeasure as cm
from cqlmeasure.api import engine
from cqlmeasure.data import Selection, Store, Wanted
from cqlmeasure.data.store import source
from cqlmeasure.data.store.loading import load
from cqlmeasure.data.store.source import _subjects
from cqlmeasure.errors import Diagnostic

pytest.importorskip("pyarrow")

Json = dict[str, Any]
SYSTEM, OTHER = "http://example.org/codes", "http://example.org/others"
LOINC = "http://loinc.org"
QICORE = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-"
NOT_DONE = f"{QICORE}notDoneValueSet"
HEADS = {
    "FHIR": "using FHIR version '4.0.1'\ninclude FHIRHelpers version '4.0.1'\n",
    "QICore": "using QICore version '6.0.0'\ninclude FHIRHelpers version '4.4.000'\n",
}
DECLARED = f"""codesystem "S": '{SYSTEM}'
code "One": '1' from "S"
code "Two": '2' from "S"
concept "Both": {{ "One", "Two" }}
valueset "A": 'http://example.org/A'
parameter "Measurement Period" Interval<DateTime>
context Patient
"""
CRITERIA = {
    "FHIR": (
        'exists [Observation: "One"]',
        'not exists [Observation: "A"]',
        'exists [Encounter: "A"] and (exists [Observation] or exists [Procedure: "A"])',
        'exists ([Encounter: "A"] union [Encounter: "Two"] union [Procedure: "Two"])',
        'Count([Observation: "A"]) > 1',
        'Count("Listed") <= 1 implies exists "Listed"',
        '1 = Count([Encounter: "A"])',
        'exists [MedicationRequest: "A"] xor exists [Encounter]',
        'exists [MedicationRequest: "A"]',
        'exists [Observation: "Both"]',
        '(exists [Observation: code ~ "One"]) is true',
        'exists [Patient] and ((exists [Observation: "One"]) is false)',
    ),
    "QICore": (
        'exists [SimpleObservation: "One"]',
        'not exists [Encounter: "A"] or Count([Encounter: "A"]) >= 2',
        "exists [USCoreBloodPressureProfile]",
        'exists [ConditionEncounterDiagnosis: "A"] and not exists [ConditionProblemsHealthConcerns: "A"]',
        "exists [LaboratoryResultObservation] or exists [Encounter]",
    ),
}
#: Those that are no logic of retrieves, or not of those that can be told.
UNDECIDED = {
    "FHIR": (
        "exists ([Observation: \"One\"] O where O.status = 'final')",
        'exists [Observation: category in "A"]',
        'Count([Observation: "A"] union [Observation: "One"]) > 1',
        'exists [Observation: code in { "One", "Two" }]',
        "Count([Observation]) = Count([Encounter])",
        "exists [Observation: \"One\"] and Patient.gender = 'male'",
    ),
    "QICore": ("exists [ObservationCancelled]", 'exists [MedicationRequest: "A"]'),
}


def value_set() -> Json:
    members = [{"system": SYSTEM, "code": "1"}, {"system": OTHER, "code": "2"}]
    expansion = {"timestamp": "2020-01-01", "contains": members}
    return {"resourceType": "ValueSet", "url": "http://example.org/A", "expansion": expansion}


def measure_of(name: str, criteria: Sequence[int]) -> Json:
    """A proportion of three criteria, or a cohort of one."""
    kinds = ["initial-population", "denominator", "numerator"][: len(criteria)]
    group: Json = {
        "population": [
            {
                "code": {"coding": [{"code": kind}]},
                "criteria": {"language": "text/cql-identifier", "expression": f"D{number}"},
            }
            for kind, number in zip(kinds, criteria, strict=True)
        ]
    }
    return {
        "resourceType": "Measure",
        "name": name,
        "url": f"http://example.org/Measure/{name}",
        "library": ["http://example.org/Library/Test"],
        "scoring": {"coding": [{"code": "proportion" if len(kinds) > 1 else "cohort"}]},
        "group": [group],
    }


@cache
def content(model: str) -> tuple[cm.Content, list[str], list[str]]:
    """Measures of each criterion and of several; the names of those that are decided, and of the others."""
    folder = Path(tempfile.mkdtemp())
    criteria = (*CRITERIA[model], *UNDECIDED[model])
    listed = {"FHIR": '[Observation: "Two"]', "QICore": '[SimpleObservation: "Two"]'}[model]
    text = f"library Test version '1'\n{HEADS[model]}{DECLARED}define \"Listed\": {listed}\n"
    text += "".join(f"define D{number}: {one}\n" for number, one in enumerate(criteria))
    (folder / "Test.cql").write_text(text)
    (folder / "a.json").write_text(json.dumps(value_set()))
    decided = len(CRITERIA[model])
    asked = {f"M{number}": (number,) for number in range(len(criteria))}
    asked |= {"First": (0, 1, 2), "Last": (decided - 3, decided - 2, decided - 1)}
    for name, numbers in asked.items():
        (folder / f"{name}.json").write_text(json.dumps(measure_of(name, numbers)))
    others = [f"M{number}" for number in range(decided, len(criteria))]
    return cm.Content(folder), [name for name in asked if name not in others], others


NOTHING = {"extension": [{"url": NOT_DONE, "valueCanonical": "http://example.org/A"}]}
NEGATED = (NOTHING, {**NOTHING, "coding": [{"system": SYSTEM, "code": "1"}]})
odd = st.sampled_from([None, [], {}, "", "1", 1, True, [None], {"code": "1"}, {"coding": "1"}, ["1"]])
codings = st.one_of(
    st.fixed_dictionaries(
        {"code": st.sampled_from(["1", "2", "3", "85354-9"])},
        optional={"system": st.sampled_from([SYSTEM, SYSTEM, OTHER, LOINC])},
    ),
    st.fixed_dictionaries(
        {},
        optional={"code": st.one_of(odd, st.just("a|1"), st.just("x" * 300)), "system": st.one_of(odd, st.just("*"))},
    ),
)
plain = st.fixed_dictionaries(
    {"coding": st.lists(st.builds(lambda code: {"system": SYSTEM, "code": code}, st.sampled_from("123")), max_size=3)}
)
concepts = st.one_of(
    plain,
    st.fixed_dictionaries({"coding": st.lists(codings, max_size=3)}, optional={"text": st.just("1")}),
    st.sampled_from(NEGATED),
    st.just({"extension": [{"url": "http://example.org/x"}], "coding": [{"system": SYSTEM, "code": "1"}]}),
    odd,
)
profiles = st.sampled_from(
    ["simple-observation", "observation-lab", "encounter", "encounter|6.0.0", "condition-encounter-diagnosis"]
).map(lambda name: QICORE + name)
profiles |= st.sampled_from(
    [
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure",
        "http://example.org/mine",
        f"{QICORE}own",
    ]
)
metas = st.one_of(
    st.none(),
    st.fixed_dictionaries({"profile": st.lists(profiles, max_size=2)}),
    st.fixed_dictionaries({"profile": odd}),
)
ELEMENTS = {
    "Observation": "code",
    "Encounter": "type",
    "Procedure": "code",
    "Condition": "code",
    "MedicationRequest": "medicationCodeableConcept",
}


@st.composite
def resources(draw: st.DrawFn, number: int = 0) -> Json:
    kind = draw(st.sampled_from(sorted(ELEMENTS)))
    found: Json = {"resourceType": kind}
    if draw(st.booleans()):
        found["id"] = draw(st.sampled_from(["a", "b", "c"]))
    if (meta := draw(metas)) is not None:
        found["meta"] = meta
    if draw(st.integers(0, 5)):
        value = draw(concepts)
        found[ELEMENTS[kind]] = [value] if kind == "Encounter" and draw(st.booleans()) else value
    if draw(st.integers(0, 5)) == 0:
        found["category"] = [draw(concepts)]
    return found


populations = st.lists(st.lists(st.one_of(resources(), resources()), max_size=4), min_size=1, max_size=8)


def loaded(people: Sequence[Sequence[Json]], folder: Path) -> Store:
    """A store of these people."""
    subjects = [
        cm.SubjectData(f"p{number}", [{"resourceType": "Patient", "id": f"p{number}"}, *own], "here")
        for number, own in enumerate(people)
    ]
    load({"here": Given(subjects)}, folder)
    return Store(folder)


class Given:
    """Subjects that are at hand, as a source."""

    def __init__(self, subjects: Sequence[cm.SubjectData]) -> None:
        self.subjects = subjects
        self.warnings: list[Diagnostic] = []
        self.count = len(subjects)

    def __iter__(self) -> Iterator[cm.SubjectData]:
        return iter(self.subjects)


def evaluated(model: str, names: Sequence[str], data: Any, **options: Any) -> list[Any]:
    results = content(model)[0].evaluate(names, data, period="2026", keep=False, evidence=False, **options)
    return [(one.summary()["group"], list(map(str, one.failures)), one.subject_count) for one in results]


def handed_out(model: str, name: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many subjects were evaluated."""
    count = 0

    def told(*arguments: Any) -> Iterator[cm.SubjectData]:
        nonlocal count
        for one in _subjects(*arguments):
            count += 1
            yield one

    monkeypatch.setattr(source, "_subjects", told)
    evaluated(model, [name], store)
    return count


@pytest.fixture(scope="module", autouse=True)
def nobody_is_ruled_out() -> Iterator[None]:
    """Who cannot count, or what no measure reads, is left out otherwise: not all of who is odd fails then."""
    whole = Selection(tuple(map(Wanted, ELEMENTS)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "selection", lambda readings, **_: whole)
        yield


@pytest.mark.parametrize("model", CRITERIA)
@settings(max_examples=30, deadline=None)
@given(people=populations)
def test_same_as_evaluating_everybody(model: str, people: list[list[Json]]) -> None:
    decided = content(model)[1]
    with tempfile.TemporaryDirectory() as folder:
        store = loaded(people, Path(folder))
        assert evaluated(model, decided, store) == evaluated(model, decided, store, plan=False)


def one(kind: str, code: str = "1", **more: Any) -> Json:
    coded = {"coding": [{"system": SYSTEM, "code": code}]}
    return {"resourceType": kind, ELEMENTS[kind]: [coded] if kind == "Encounter" else coded, **more}


ODD = [
    *NEGATED,
    "1",
    ["1"],
    {"code": "1"},
    {"system": SYSTEM, "code": "1"},
    {"coding": {"system": SYSTEM, "code": "1"}},
    {"coding": [{"code": "1"}]},
    {"coding": [{"system": OTHER, "code": "1"}, {"system": SYSTEM, "code": "1"}]},
    {"coding": [{"system": "*", "code": "1"}]},
    [{"coding": [{"system": SYSTEM, "code": "2"}]}, {"coding": [{"system": SYSTEM, "code": "1"}]}],
]


@pytest.mark.parametrize("model", CRITERIA)
def test_odd_codes(model: str, tmp_path: Path) -> None:
    people = [[{"resourceType": kind, element: value}] for kind, element in ELEMENTS.items() for value in ODD]
    store, decided = loaded(people, tmp_path / "store"), content(model)[1]
    assert evaluated(model, decided, store) == evaluated(model, decided, store, plan=False)


PEOPLE = [
    [],
    [one("Observation")],
    [one("Observation", "2"), one("Observation", "1")],
    [one("Encounter"), one("Procedure", "2")],
    [one("Condition"), one("MedicationRequest"), one("Encounter", "2")],
]
MODELS = [(model, name) for model in CRITERIA for name in (*content(model)[1], *content(model)[2])]


@pytest.mark.parametrize(("model", "name"), MODELS)
def test_who_is_evaluated(model: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = loaded(PEOPLE, tmp_path / "store")
    expected = evaluated(model, [name], store, plan=False)
    assert evaluated(model, [name], store) == expected
    assert (handed_out(model, name, store, monkeypatch) == 0) == (name in content(model)[1])
