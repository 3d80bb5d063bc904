"""Paths in resources, and what stratifiers and supplemental data make of them."""

from __future__ import annotations

from typing import Any

import pytest
from measure_fakes import FakeEvaluator, FakeSubject, measure, proportion

from cqlmeasure.errors import ContentError, TerminologyError
from cqlmeasure.measure import (
    MeasureResult,
    ReportOptions,
    evaluate,
    individual_report,
    parse_period,
    prepare,
    read_measure,
    summary_report,
)
from cqlmeasure.measure.paths import Path, find, parse_path
from cqlmeasure.runtime import FhirValue, ValueSet

PERIOD = parse_period("2026")
MEMBER = dict.fromkeys(("initial-population", "denominator"), True)
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "gender": "female",
    "deceasedBoolean": True,
    "name": [{"family": "A", "given": ["B", "C"]}, {"given": ["D"]}],
    "extension": [{"url": "http://example.org/race", "valueCoding": {"code": "x"}}],
    "multipleBirthInteger": 2,
}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("gender", ["female"]),
        ("Patient.gender", ["female"]),
        ("Encounter.gender", []),
        ("$this.gender", ["female"]),
        ("deceased", [FhirValue("boolean", True)]),
        ("Patient.deceased.ofType(dateTime)", []),
        ("deceased.ofType(FHIR.boolean)", [FhirValue("boolean", True)]),
        ("name.given", ["B", "C", "D"]),
        ("name[0].given[1]", ["C"]),
        ("name.given.first()", ["B"]),
        ("name.exists()", [True]),
        ("photo.exists()", [False]),
        ("photo.url", []),
        ("extension('http://example.org/race').value", [FhirValue("Coding", {"code": "x"})]),
        ("extension('http://example.org/race').value.code", ["x"]),
        ("multipleBirth", [FhirValue("integer", 2)]),
        ("`gender`", ["female"]),
        ("gend", []),
    ],
)
def test_what_a_path_finds(text: str, values: list[Any]) -> None:
    path = parse_path(text)
    assert isinstance(path, Path)
    assert find(path, PATIENT) == values


@pytest.mark.parametrize(
    "text", ["", "name.", "name..given", "name.where(use = 'x')", "a b", "extension()", "first(x)", "name[x]", "1"]
)
def test_what_is_no_path_is_a_message(text: str) -> None:
    assert isinstance(parse_path(text), str)


def stratifier(expression: str, language: str | None = "text/fhirpath", **more: Any) -> dict[str, Any]:
    criteria: Any = expression if language is None else {"language": language, "expression": expression}
    return {"id": "S1", "criteria": criteria, **more}


def components(*expressions: str, **value_sets: str) -> dict[str, Any]:
    return {
        "id": "S1",
        "component": [
            {
                "code": {"text": text},
                "criteria": {"language": "text/fhirpath", "expression": text},
                **({"valueSet": value_sets[text]} if text in value_sets else {}),
            }
            for text in expressions
        ],
    }


def person(identity: str, numerator: bool = False, **elements: Any) -> FakeSubject:
    resource = {"resourceType": "Patient", "id": identity, **elements}
    return FakeSubject(identity, {**MEMBER, "numerator": numerator, "Patient": resource})


def run(
    rate: dict[str, Any], *subjects: FakeSubject, value_set: Any = None, missing: tuple[str, ...] = (), **extra: Any
) -> MeasureResult:
    evaluator = FakeEvaluator(missing=missing)
    plan = prepare(read_measure(measure(rate, **extra)), evaluator, value_set)
    return evaluate(plan, evaluator, subjects, period=PERIOD)


def strata(report: dict[str, Any]) -> dict[str, int]:
    found = {}
    for stratum in report["group"][0]["stratifier"][0].get("stratum", []):
        values = [item["value"] for item in stratum.get("component", [stratum])]
        name = "/".join(value.get("text") or value["coding"][0]["code"] for value in values)
        found[name] = next(item["count"] for item in stratum["population"] if item["id"] == "denominator")
    return found


def test_a_path_gives_a_stratum_for_each_value_of_the_subject(valid: Any) -> None:
    people = (person("a", True, gender="female"), person("b", gender="female"), person("c", gender="male"), person("d"))
    result = run(proportion(stratifiers=[stratifier("Patient.gender")]), *people)
    report = valid(summary_report(result))
    assert strata(report) == {"female": 2, "male": 1, "(no value)": 1}
    scores = [item["measureScore"].get("value") for item in report["group"][0]["stratifier"][0]["stratum"]]
    assert scores == [0, 0.5, 0]
    dropped = valid(summary_report(result, ReportOptions(null_strata=False)))
    assert strata(dropped) == {"female": 2, "male": 1}


def test_criteria_without_a_language_are_a_path_if_the_library_has_no_such_name() -> None:
    people = person("a", gender="female")
    assert strata(
        summary_report(run(proportion(stratifiers=[stratifier("gender", None)]), people, missing=("gender",)))
    )
    known = run(proportion(stratifiers=[stratifier("gender", None)]), people)
    assert strata(summary_report(known)) == {"true": 0}
    with pytest.raises(ContentError, match="no expression"):
        run(proportion(stratifiers=[stratifier("gender", "text/cql-identifier")]), people, missing=("gender",))
    with pytest.raises(ContentError, match="in a path"):
        run(proportion(stratifiers=[stratifier("name.where(use = 'x')")]), people)


def test_paths_of_items_are_about_the_item_or_the_subject(valid: Any) -> None:
    visits = [
        {"resourceType": "Encounter", "id": str(n), "class": {"code": code}, "type": [{"text": t} for t in texts]}
        for n, (code, texts) in enumerate([("AMB", ("a", "b")), ("IMP", ("a",))])
    ]
    values = {"initial-population": visits, "denominator": visits, "Patient": {**PATIENT}}
    subject = FakeSubject("p", values)
    by_item = run(proportion(basis="Encounter", stratifiers=[stratifier("class")]), subject)
    assert strata(valid(summary_report(by_item))) == {"AMB": 1, "IMP": 1}
    bare = run(
        proportion(basis="Encounter", stratifiers=[stratifier("Encounter.class", None)]), subject, missing=("class",)
    )
    assert strata(summary_report(bare)) == {"AMB": 1, "IMP": 1}
    several = run(proportion(basis="Encounter", stratifiers=[stratifier("type")]), subject)
    assert strata(summary_report(several)) == {"a": 2, "b": 1}
    by_both = run(proportion(basis="Encounter", stratifiers=[components("class", "Patient.gender")]), subject)
    assert strata(summary_report(by_both)) == {"AMB/female": 1, "IMP/female": 1}


AGES = ValueSet(
    "http://example.org/ages",
    None,
    None,
    [{"system": "s", "code": "young", "display": "P0Y--P40Y"}, {"system": "s", "code": "old"}],
)
SEXES = ValueSet("http://example.org/sexes", None, None, [{"system": "g", "code": "male"}])


def vocabulary(url: str, version: str | None = None) -> ValueSet:
    for found in (AGES, SEXES):
        if found.url == url:
            return found
    raise TerminologyError(f"value set {url} is not there")


def test_a_value_set_gives_empty_strata_and_flags_what_is_unexpected(valid: Any) -> None:
    rate = proportion(stratifiers=[stratifier("Age", "text/cql-identifier", valueSet=AGES.url)])
    people = [person(name) for name in "abcd"]
    for one, value in zip(people, ("P0Y--P40Y", "young", "ancient", None), strict=True):
        one.values["Age"] = value
    result = run(rate, *people, value_set=vocabulary)
    assert strata(valid(summary_report(result))) == {"young": 2, "old": 0, "ancient": 1, "(no value)": 1}
    assert strata(summary_report(result, ReportOptions(empty_strata=False))) == {
        "young": 2,
        "ancient": 1,
        "(no value)": 1,
    }
    (doubt,) = result.doubts()
    assert doubt.code == "unexpected-stratum" and "'ancient'" in doubt.message
    single = individual_report(result.definition, PERIOD, result.subjects[0])
    assert strata(single) == {"young": 1}


def test_expected_values_of_components_are_combined() -> None:
    one = components("gender", "photo", gender=SEXES.url, photo=AGES.url)
    result = run(proportion(stratifiers=[one]), person("a", gender="male", photo="old"), value_set=vocabulary)
    assert strata(summary_report(result)) == {"male/old": 1, "male/young": 0}


def test_a_value_set_that_is_missing_is_named() -> None:
    rate = proportion(stratifiers=[stratifier("gender", valueSet="http://example.org/none")])
    with pytest.raises(ContentError, match=r"http://example\.org/none"):
        run(rate, value_set=vocabulary)


def test_supplemental_data_by_path(valid: Any) -> None:
    items = [
        {"id": "sex", "criteria": {"language": "text/fhirpath", "expression": "Patient.gender"}},
        {"id": "dead", "criteria": {"language": "text/fhirpath", "expression": "deceased"}},
    ]
    result = run(proportion(), person("a", gender="female", deceasedBoolean=True), supplementalData=items)
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    shown = [{k: v for k, v in item.items() if k.startswith("value")} for item in report["contained"]]
    assert shown == [{"valueString": "female"}, {"valueBoolean": True}]
