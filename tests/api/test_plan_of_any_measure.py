"""A plan changes no result, however a Measure names its criteria and whatever its CQL asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm
from cqlmeasure.data import source

Json = dict[str, Any]
HEAD = """library Test version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
valueset "A": 'http://example.org/A'
valueset "B": 'http://example.org/B'
parameter "Measurement Period" Interval<DateTime>
context Patient
"""
SYSTEM = "http://example.org/codes"
MODES = [(True, True), (False, True), (False, False)]
VISIT = 'define "I P": exists [Encounter: "A"]\n'
GIVEN = """define function Visits(kinds List<Code>): [Encounter: kinds]
define "I P": exists Visits("A") and exists Visits("B")
"""
UPDATED = 'define "I P": exists ([Encounter: "A"] E where E.meta.lastUpdated during "Measurement Period")\n'
NAME = {"language": "text/cql-identifier", "expression": "I P"}


@pytest.fixture(autouse=True)
def texts_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short texts are read whole otherwise."""
    monkeypatch.setattr(source, "SKIMMED_FROM", 0)


def value_set(name: str, code: str) -> Json:
    expansion = {"timestamp": "2020-01-01", "contains": [{"system": SYSTEM, "code": code}]}
    return {"resourceType": "ValueSet", "url": f"http://example.org/{name}", "expansion": expansion}


def measure(folder: Path, cql: str, criteria: Any, stratifier: Any = None) -> cm.CompiledMeasure:
    population = {"code": {"coding": [{"code": "initial-population"}]}, "criteria": criteria}
    group: Json = {"population": [population]}
    if stratifier is not None:
        group["stratifier"] = [{"criteria": stratifier}]
    resource = {
        "resourceType": "Measure",
        "name": "M",
        "url": "http://example.org/Measure/m",
        "library": ["http://example.org/Library/Test"],
        "scoring": {"coding": [{"code": "cohort"}]},
        "group": [group],
    }
    (folder / "Test.cql").write_text(HEAD + cql)
    for name, one in {"m": resource, "a": value_set("A", "1"), "b": value_set("B", "2")}.items():
        (folder / f"{name}.json").write_text(json.dumps(one))
    return cm.Content(folder).measure("M")


def visit(code: str) -> Json:
    return {
        "resourceType": "Encounter",
        "id": code,
        "meta": {"lastUpdated": "2026-03-03T00:00:00Z"},
        "type": [{"coding": [{"system": SYSTEM, "code": code}]}],
        "period": {"start": "2020-01-01", "end": "2020-01-02"},
    }


PATIENT = {"resourceType": "Patient", "id": "p", "gender": "female"}
DATA = {"resourceType": "Bundle", "entry": [{"resource": one} for one in (PATIENT, visit("1"), visit("2"))]}

MEASURES = {
    "quoted": (VISIT, {**NAME, "expression": '"I P"'}, None),
    "qualified": (VISIT, {**NAME, "expression": 'Test."I P"'}, None),
    "a bare name": (VISIT, "I P", None),
    "a language written otherwise": (VISIT, {"language": "Text/CQL.name", "expression": " i p "}, None),
    "without a language": (VISIT, {"expression": "I P"}, "gender"),
    "a path": (VISIT, NAME, {"language": "text/fhirpath", "expression": "Patient.gender"}),
    "value sets that a function is given": (GIVEN, NAME, None),
    "a time of meta": (UPDATED, NAME, None),
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("stored", [False, True])
def test_any_measure(tmp_path: Path, name: str, stored: bool) -> None:
    (tmp_path / "content").mkdir()
    made = measure(tmp_path / "content", *MEASURES[name])
    data = tmp_path / "p.json"
    data.write_text(json.dumps(DATA))
    if stored:
        pytest.importorskip("pyarrow")
        cm.load(str(data), store=tmp_path / "store")
        data = tmp_path / "store"
    for evidence, keep in MODES:
        without, planned = (
            made.evaluate(str(data), period="2026", evidence=evidence, keep=keep, plan=plan) for plan in (False, True)
        )
        assert without.summary()["group"][0]["population"][0]["count"] == 1
        assert planned.summary() == without.summary()
        assert [planned.individual(one) for one in planned.subjects] == [
            without.individual(one) for one in without.subjects
        ]
