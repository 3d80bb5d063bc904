"""What counts as the same result for a test case."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from cqlmeasure.api.comparison import compare

Json = dict[str, Any]


def population(code: str, count: float, identifier: str | None = None) -> Json:
    """An entry of ``population``."""
    entry: Json = {"code": {"coding": [{"code": code}]}, "count": count}
    return {"id": identifier, **entry} if identifier else entry


def report(*populations: Json, identifier: str | None = "g", **more: Any) -> Json:
    """A MeasureReport with one group."""
    group: Json = {"population": list(populations)}
    if identifier:
        group["id"] = identifier
    return {"resourceType": "MeasureReport", "group": [{**group, **more}]}


def stratified(value: Json | None, **counts: int) -> Json:
    """A group's stratifier with one stratum."""
    stratum: Json = {"population": [population(code, count) for code, count in counts.items()]}
    if value is not None:
        stratum["value"] = value
    return {"stratifier": [{"id": "s", "stratum": [stratum]}]}


def combined(*parts: tuple[Json | None, str], **counts: int) -> Json:
    """A group's stratifier with one stratum of components, each a code and a value."""
    components = [{**({"code": code} if code else {}), "value": {"text": value}} for code, value in parts]
    stratum = {"component": components, "population": [population(code, count) for code, count in counts.items()]}
    return {"stratifier": [{"id": "s", "stratum": [stratum]}]}


SEX: Json = {"coding": [{"code": "sex"}], "text": "Sex"}
AGE: Json = {"text": "Age"}
OLD: Json = {"text": "Was old"}
NEW: Json = {"text": "Is new"}


def observed(computed: Json, *values: tuple[str, Any]) -> Json:
    """The report with contained Observations tied to populations by their ids."""
    computed["contained"] = [
        {"resourceType": "Observation", "id": f"o{number}", "valueQuantity": {"value": value}}
        for number, (_, value) in enumerate(values)
    ]
    computed["evaluatedResource"] = [
        {
            "reference": f"#o{number}",
            "extension": [{"url": "http://example.org/cqf-criteriaReference", "valueString": identifier}],
        }
        for number, (identifier, _) in enumerate(values)
    ]
    return computed


SAME = {
    "equal": (report(population("numerator", 1)), report(population("numerator", 1))),
    "by id, though the code differs": (
        report(population("numerator", 1, "p")),
        report(population("denominator", 1, "p"), population("numerator", 0)),
    ),
    "by code, though the id differs": (
        report(population("numerator", 1, "p")),
        report(population("numerator", 1, "q")),
    ),
    "second of equal codes by position": (
        report(population("initial-population", 1), population("initial-population", 0)),
        report(population("initial-population", 1), population("initial-population", 0)),
    ),
    "group by position": (report(population("numerator", 1), identifier="x"), report(population("numerator", 1))),
    "more populations than stated": (report(), report(population("numerator", 1))),
    "scores are not compared": (report(measureScore={"value": 1}), report(measureScore={"value": 0.5})),
    "observations in any order": (
        report(population("measure-population-observation", 2, "o"), population("measure-observation", 1, "o2")),
        observed(report(population("measure-observation", 2, "o")), ("o", 1), ("o", 2.0000000001)),
    ),
    "false strata are not compared": (
        report(**stratified({"text": "false"}, numerator=1)),
        report(**stratified({"text": "false"}, numerator=0)),
    ),
    "strata without a value are not compared": (
        report(**stratified(None, numerator=1)),
        report(**stratified(None, numerator=0)),
    ),
    "a stratum that is not there counts nothing": (report(**stratified({"text": "true"}, numerator=0)), report()),
    "stratum value as coding": (
        report(**stratified({"text": "18-44"}, numerator=1)),
        report(**stratified({"coding": [{"code": "18-44"}]}, numerator=1)),
    ),
    "components in another order": (
        report(**combined((SEX, "F"), (AGE, "18-44"), numerator=1)),
        report(**combined((AGE, "18-44"), (SEX, "F"), numerator=1)),
    ),
    "components by one of their codes": (
        report(**combined(({"coding": [{"code": "sex"}]}, "F"), (AGE, "18-44"), numerator=1)),
        report(**combined((AGE, "18-44"), (SEX, "F"), numerator=1)),
    ),
    "components without a code": (
        report(**combined((None, "F"), (AGE, "F"), numerator=1)),
        report(**combined((AGE, "F"), (SEX, "F"), numerator=1)),
    ),
    "a stratum of components that is not there counts nothing": (
        report(**combined((SEX, "F"), (AGE, "18-44"), numerator=0)),
        report(),
    ),
}

DIFFERENT = {
    "count": (
        report(population("numerator", 1)),
        report(population("numerator", 0)),
        "g, numerator: expected 1, computed 0",
    ),
    "no such population": (
        report(population("numerator", 0, "p")),
        report(),
        "g, p: expected 0, computed nothing",
    ),
    "no group": (
        report(population("numerator", 0)),
        {"group": []},
        "group g, populations: expected 1, computed nothing",
    ),
    "second of equal codes": (
        report(population("initial-population", 1), population("initial-population", 0)),
        report(population("initial-population", 1), population("initial-population", 1)),
        "initial-population: expected 0, computed 1",
    ),
    "observation value": (
        report(population("measure-observation", 2, "o")),
        observed(report(population("measure-observation", 1, "o")), ("o", 3)),
        "g, observations: expected 2, computed 3",
    ),
    "observation of another population": (
        report(population("measure-observation", 2, "o")),
        observed(report(population("measure-observation", 1, "o")), ("p", 2)),
        "observations: expected 2, computed none",
    ),
    "no observation": (
        report(),
        observed(report(population("measure-observation", 1, "o")), ("o", 0)),
        "observations: expected none, computed 0",
    ),
    "true stratum": (
        report(**stratified({"text": "true"}, numerator=1)),
        report(**stratified({"text": "true"}, numerator=0)),
        "g, stratifier s = true, numerator: expected 1, computed 0",
    ),
    "value stratum that is not there": (
        report(**stratified({"text": "18-44"}, numerator=1)),
        report(**stratified({"text": "45-64"}, numerator=1)),
        "stratifier s = 18-44, numerator: expected 1, computed nothing",
    ),
    "stratum of components": (
        report(**combined((SEX, "F"), (AGE, "18-44"), numerator=1)),
        report(**combined((AGE, "18-44"), (SEX, "F"), numerator=0)),
        "g, stratifier s = F / 18-44, numerator: expected 1, computed 0",
    ),
    "values of components that are exchanged": (
        report(**combined((OLD, "true"), (NEW, "false"), numerator=1)),
        report(**combined((OLD, "false"), (NEW, "true"), numerator=1)),
        "stratifier s = true / false, numerator: expected 1, computed nothing",
    ),
    "another number of components": (
        report(**combined((SEX, "F"), numerator=1)),
        report(**combined((SEX, "F"), (AGE, "18-44"), numerator=1)),
        "stratifier s = F, numerator: expected 1, computed nothing",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_same(name: str) -> None:
    expected, computed = SAME[name]
    assert compare(expected, computed) == []


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    expected, computed, message = DIFFERENT[name]
    found = compare(expected, computed)
    assert len(found) == 1
    assert str(found[0]).endswith(message)


def test_agrees_with_the_deck_tool(shared: Path) -> None:
    """On published expected reports and altered copies, the same ones differ as for the independent tool."""
    spec = importlib.util.spec_from_file_location("compare_reports", shared / "tools" / "compare_reports.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    verdicts = set()
    for folder in sorted((shared / "decks" / "qicore2025" / "cases").iterdir()):
        for number, file in enumerate(sorted(folder.glob("*.json"))[:4]):
            expected = json.loads(file.read_text())["entry"][-1]["resource"]
            computed = copy.deepcopy(expected)
            for group in computed["group"][number % 2 :]:
                for stratifier in group.get("stratifier", []):
                    for stratum in stratifier["stratum"]:
                        for entry in stratum["population"]:
                            entry["count"] = entry["count"] + (number == 2)
                if number == 1:
                    group["population"].reverse()
                if number == 3:
                    group.pop("id", None)
                    group["population"][0]["count"] += 1
            assert bool(compare(expected, computed)) == bool(tool.differences(expected, computed)), file
            verdicts.add(bool(compare(expected, computed)))
    assert verdicts == {True, False}
