"""A composite measure from a folder: its components are found and combined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cqlmeasure as cm

UV = "http://hl7.org/fhir/uv/cqm/StructureDefinition/cqm-"
BASE = "http://example.org"
CQL = """library Checks version '1'
using FHIR version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Everyone": true
define "Visited": exists [Encounter]
define "Measured": exists [Observation]
"""


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def component(name: str, numerator: str) -> dict[str, Any]:
    criteria = {"initial-population": "Everyone", "denominator": "Everyone", "numerator": numerator}
    return {
        "resourceType": "Measure",
        "id": name,
        "name": name,
        "url": f"{BASE}/Measure/{name}",
        "status": "draft",
        "scoring": concept("proportion"),
        "library": [f"{BASE}/Library/Checks"],
        "group": [
            {
                "population": [
                    {"code": concept(code), "criteria": {"language": "text/cql-identifier", "expression": text}}
                    for code, text in criteria.items()
                ]
            }
        ],
    }


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> cm.Content:
    folder = tmp_path_factory.mktemp("composite")
    whole = {
        "resourceType": "Measure",
        "id": "Whole",
        "name": "Whole",
        "url": f"{BASE}/Measure/Whole",
        "status": "draft",
        "scoring": concept("composite"),
        "extension": [{"url": f"{UV}compositeScoring", "valueCodeableConcept": concept("all-or-nothing")}],
        "relatedArtifact": [
            {"type": "composed-of", "resource": f"{BASE}/Measure/{name}"} for name in ("Visits", "Values")
        ],
    }
    library = {
        "resourceType": "Library",
        "id": "Checks",
        "name": "Checks",
        "version": "1",
        "url": f"{BASE}/Library/Checks",
        "status": "draft",
        "type": concept("logic-library"),
    }
    for resource in (whole, component("Visits", "Visited"), component("Values", "Measured"), library):
        (folder / f"{resource['resourceType']}-{resource['id']}.json").write_text(json.dumps(resource))
    (folder / "Checks.cql").write_text(CQL)
    return cm.Content(folder)


def patient(name: str, *kinds: str) -> cm.SubjectData:
    resources = [{"resourceType": "Patient", "id": name}]
    resources += [{"resourceType": kind, "id": f"{name}-{kind}"} for kind in kinds]
    return cm.SubjectData(name, resources, "test")


def test_the_components_are_evaluated_and_combined(content: cm.Content) -> None:
    people = (patient("a", "Encounter", "Observation"), patient("b", "Encounter"), patient("c"))
    measure = content.measure("Whole")
    assert isinstance(measure, cm.CompositeMeasure)
    result = measure.evaluate(iter(people), period="2026", keep=False)
    report = result.summary()
    assert report["measure"] == f"{BASE}/Measure/Whole"
    assert [item["count"] for item in report["group"][0]["population"]] == [3, 3, 0, 0, 1, 0]
    assert result.individual("b")["group"][0]["population"][4]["count"] == 0
    with pytest.raises(cm.UsageError, match="criteria of its own"):
        result.explain("a")
    with pytest.raises(cm.UsageError, match="requirements of its own"):
        measure.data_requirements()


def test_what_a_composite_needs_is_what_its_components_need(content: cm.Content) -> None:
    types = {one["type"] for one in content.data_requirements(["Whole"])["dataRequirement"]}
    assert types == {"Encounter", "Observation"}
    found = content.check_data(["Whole", "Visits"], [patient("a", "Encounter"), patient("b")], period="2026")
    assert {one.type: one.state for one in found.findings} == {"Encounter": "met", "Observation": "never"}
    assert content.measure("Whole").check_data([patient("a")], period="2026").subjects == 1


def test_a_composite_beside_one_of_its_components(content: cm.Content) -> None:
    people = (patient("a", "Encounter", "Observation"), patient("b", "Encounter"))
    results = content.evaluate(["Visits", "Whole", "Values"], iter(people), period="2026", subjects=["b"])
    assert [result.definition.name for result in results] == ["Visits", "Whole", "Values"]
    assert [result.groups[0].counts for result in results] == [(1, 1, 1), (1, 1, 0, 0, 0, 0), (1, 1, 0)]
    totals = content.evaluate(["Visits", "Whole"], iter(people), period="2026", keep=False)
    assert (totals[0].subjects, totals[1].subjects) == ([], ["a", "b"])


def test_a_composite_of_composites_is_refused(content: cm.Content, tmp_path: Path) -> None:
    source = json.loads(Path(content.measure("Whole").file).read_text())
    source["relatedArtifact"][0]["resource"] = source["url"] = f"{BASE}/Measure/Loop"
    file = tmp_path / "Loop.json"
    file.write_text(json.dumps({**source, "id": "Loop", "name": "Loop"}))
    both = cm.Content(file.parent, *content.paths)
    with pytest.raises(cm.ContentError, match="Loop"):
        both.measure("Loop").evaluate([patient("a")], period="2026")


def test_cases_of_a_composite(content: cm.Content, tmp_path: Path) -> None:
    case = tmp_path / "tests" / "measure" / "Whole" / "a"
    case.mkdir(parents=True)
    expected = {
        "resourceType": "MeasureReport",
        "id": "expected",
        "type": "individual",
        "measure": f"{BASE}/Measure/Whole",
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "group": [{"population": [{"code": concept("numerator"), "count": 1}]}],
    }
    for resource in (*patient("a", "Encounter").resources, expected):
        (case / f"{resource['resourceType']}-{resource['id']}.json").write_text(json.dumps(resource))
    (outcome,) = cm.Content(*content.paths, tmp_path).tests("Whole", explain=True).outcomes()
    assert (outcome.status, outcome.reasons) == (cm.CaseStatus.DIFFER, ())
    assert "numerator" in outcome.differences[0].place
