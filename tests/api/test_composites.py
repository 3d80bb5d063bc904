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
OWN = """library Own version '1'
using FHIR version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Patient
define "Busy": Count([Encounter]) > 1
define function "Status"(visit Encounter): visit.status.value
define "Everyone": true
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
    result = measure.evaluate(iter(people), period="2026")
    report = result.summary()
    assert report["measure"] == f"{BASE}/Measure/Whole"
    assert [item["count"] for item in report["group"][0]["population"]] == [3, 3, 0, 0, 1, 0]
    assert result.individual("b")["group"][0]["population"][4]["count"] == 0
    with pytest.raises(cm.UsageError, match="criteria of its own"):
        result.explain("a")
    needed = measure.data_requirements("2026")
    assert {one["type"] for one in needed["dataRequirement"]} >= {"Encounter", "Observation"}
    assert measure.data_requirements(into_measure=True)["name"] == "Whole"


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
    assert [total.groups[0].counts for total in totals] == [(2, 2, 2), (2, 2, 0, 0, 1, 0)]
    assert [total.subjects for total in totals] == [[], []]


def composite(name: str, method: str, *components: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Measure",
        "id": name,
        "name": name,
        "url": f"{BASE}/Measure/{name}",
        "status": "draft",
        "scoring": concept("composite"),
        "extension": [{"url": f"{UV}compositeScoring", "valueCodeableConcept": concept(method)}],
        "relatedArtifact": [{"type": "composed-of", "resource": f"{BASE}/Measure/{one}"} for one in components],
        **more,
    }


def more_content(content: cm.Content, folder: Path, *measures: dict[str, Any]) -> cm.Content:
    """The content with more measures, and a library for them."""
    library = {
        "resourceType": "Library",
        "id": "Own",
        "name": "Own",
        "version": "1",
        "url": f"{BASE}/Library/Own",
        "status": "draft",
        "type": concept("logic-library"),
    }
    for resource in (library, *measures):
        (folder / f"{resource['resourceType']}-{resource['id']}.json").write_text(json.dumps(resource))
    (folder / "Own.cql").write_text(OWN)
    return cm.Content(folder, *content.paths)


def by_expression(name: str) -> dict[str, Any]:
    return {"id": name, "criteria": {"language": "text/cql-identifier", "expression": name}}


PEOPLE = (patient("a", "Encounter", "Observation"), patient("b", "Encounter"), patient("c", "Observation"))


def test_a_composite_of_composites_with_strata_of_its_own_library(content: cm.Content, tmp_path: Path) -> None:
    inner = composite("Inner", "any", "Visits", "Values")
    outer = composite("Outer", "opportunity", "Inner", "Whole", library=[f"{BASE}/Library/Own"])
    outer["group"] = [{"id": "g", "stratifier": [by_expression("Busy"), by_expression("Everyone")]}]
    outer["supplementalData"] = [{**by_expression("Busy"), "usage": [concept("supplemental-data")]}]
    both = more_content(content, tmp_path, inner, outer)
    busy = patient("d", "Encounter")
    busy.resources.append({"resourceType": "Encounter", "id": "d-2", "status": "finished"})
    result = both.measure("Outer").evaluate(iter([*PEOPLE, busy]), period="2026")
    assert (result.failures, result.warnings) == ([], [])
    assert result.groups[0].counts == (8, 8, 0, 0, 5, 0)
    (stratum,) = result.groups[0].strata[0]
    assert (stratum.key, stratum.counts) == (("true",), (2, 2, 0, 0, 1, 0))
    report = result.summary()
    assert report["group"][0]["stratifier"][1]["stratum"][0]["measureScore"]["value"] == 5 / 8
    assert [part["valueInteger"] for part in report["contained"][0]["component"]] == [3, 1]
    assert [row["Busy"] for row in result.rows()] == ["", "", "", "true"]


def test_rows_of_a_weighted_composite_tell_the_strata(content: cm.Content, tmp_path: Path) -> None:
    weighted = composite("Weighted", "weighted", "Visits", "Whole", library=[f"{BASE}/Library/Own"])
    weighted["group"] = [{"stratifier": [by_expression("Busy"), by_expression("Everyone")]}]
    result = more_content(content, tmp_path, weighted).measure("Weighted").evaluate(PEOPLE, period="2026")
    assert [(row["Busy"], row["Everyone"]) for row in result.rows()] == [("", "true")] * 3


def test_composites_over_several_periods(content: cm.Content, tmp_path: Path) -> None:
    both = more_content(content, tmp_path, composite("Outer", "any", "Visits", "Whole"))
    # More periods than a measure keeps prepared.
    results = both.evaluate(["Outer", "Visits"], iter(PEOPLE), period="2026", step="month")
    assert [result.period.start for result in results[:12]] == [result.period.start for result in results[12:]]
    assert {result.groups[0].counts for result in results[:12]} == {(3, 3, 0, 0, 2, 0)}
    assert {result.groups[0].counts for result in results[12:]} == {(3, 3, 2)}


def test_a_stratifier_by_a_function_of_the_item(content: cm.Content, tmp_path: Path) -> None:
    basis = {"url": f"{UV}populationBasis", "valueCode": "Encounter"}
    names = {"first": "All Visits", "second": "Finished"}
    parts = []
    for name, numerator in names.items():
        one = component(name, numerator)
        one["library"] = [f"{BASE}/Library/Visits"]
        one["extension"] = [basis]
        for population in one["group"][0]["population"][:2]:
            population["criteria"]["expression"] = "All Visits"
        parts.append(one)
    whole = composite("ByItem", "all-or-nothing", *names, library=[f"{BASE}/Library/Own"])
    whole["extension"].append(basis)
    whole["group"] = [{"stratifier": [by_expression("Status")]}]
    library = {
        "resourceType": "Library",
        "id": "Visits",
        "name": "Visits",
        "version": "1",
        "url": f"{BASE}/Library/Visits",
        "status": "draft",
        "type": concept("logic-library"),
    }
    cql = OWN.partition("define")[0].replace("library Own", "library Visits")
    (tmp_path / "Visits.cql").write_text(
        cql
        + """define "All Visits": [Encounter]\ndefine "Finished": [Encounter] E where E.status.value = 'finished'\n"""
    )
    both = more_content(content, tmp_path, whole, library, *parts)
    visits = [{"resourceType": "Encounter", "id": status, "status": status} for status in ("finished", "planned")]
    data = cm.SubjectData("a", [{"resourceType": "Patient", "id": "a"}, *visits], "test")
    result = both.measure("ByItem").evaluate([data], period="2026")
    found = {one.values[0]["text"]: one.counts for one in result.groups[0].strata[0]}
    assert found == {"finished": (1, 1, 0, 0, 1, 0), "planned": (1, 1, 0, 0, 0, 0)}


@pytest.mark.parametrize(
    ("links", "said"),
    [
        (
            {"A|1": ("A|2", "Visits"), "A|2": ("A|1", "Visits")},
            "composite A|1 is composed of itself: A|1 -> A|2 -> A|1",
        ),
        ({"A|1": ("B", "Visits"), "B|1": ("Values", "A")}, "composite A is composed of itself: A -> B -> A"),
        (
            {"A|1": ("B", "Visits"), "B|1": ("Values", "C"), "C|1": ("B", "Values")},
            "composite B is composed of itself: B -> C -> B",
        ),
    ],
)
def test_composites_of_themselves_are_refused(
    content: cm.Content, tmp_path: Path, links: dict[str, tuple[str, ...]], said: str
) -> None:
    measures = []
    for canonical, components in links.items():
        name, _, version = canonical.partition("|")
        one = composite(name, "any", *components, version=version)
        measures.append({**one, "id": f"{name}-{version}"})
    both = more_content(content, tmp_path, *measures)
    with pytest.raises(cm.ContentError) as caught:
        both.measure(f"{BASE}/Measure/A|1")
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("composite-cycle", said)
    assert found.file is not None and found.file.endswith(".json")


def test_composites_on_too_many_levels_are_refused(content: cm.Content, tmp_path: Path) -> None:
    measures = [composite(f"L{n}", "any", f"L{n + 1}", "Visits") for n in range(20)]
    measures.append(composite("L20", "any", "Values", "Visits"))
    both = more_content(content, tmp_path, *measures)
    assert both.measure("L1").evaluate(PEOPLE, period="2026").groups[0].counts == (3, 3, 0, 0, 3, 0)
    fresh = cm.Content(*both.paths)
    with pytest.raises(cm.ContentError, match="L0 has components on more than 20 levels"):
        fresh.measure("L0")


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
