"""Stratifiers: criteria, values, functions of the member, components; what strata report."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from measure_fakes import US, FakeEvaluator, FakeSubject, concept, encounters, measure, proportion

from cqlmeasure.measure import MeasureResult, ReportOptions, evaluate, individual_report, parse_period, read_measure
from cqlmeasure.measure import summary_report as summary
from cqlmeasure.runtime import Quantity
from cqlmeasure.typesys import ANY, BOOLEAN, CODE, STRING, ListType

PERIOD = parse_period("2026")
MEMBER = dict.fromkeys(("initial-population", "denominator"), True)


def stratifier(expression: str, *applies: str, identity: str = "S1") -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": identity,
        "criteria": {"language": "text/cql-identifier", "expression": expression},
    }
    if applies:
        found["extension"] = [{"url": f"{US}appliesTo", "valueCodeableConcept": concept(code)} for code in applies]
    return found


def components(*expressions: str) -> dict[str, Any]:
    return {
        "id": "S1",
        "component": [
            {"code": {"text": name}, "criteria": {"language": "text/cql-identifier", "expression": name}}
            for name in expressions
        ],
    }


def run(definition: dict[str, Any], *subjects: FakeSubject, evaluator: FakeEvaluator | None = None) -> MeasureResult:
    return evaluate(read_measure(definition), evaluator or FakeEvaluator(), subjects, period=PERIOD)


def strata(report: dict[str, Any], index: int = 0) -> dict[str, dict[str, int]]:
    found = {}
    for stratum in report["group"][0]["stratifier"][index].get("stratum", []):
        values = [part["value"] for part in stratum.get("component", [stratum])]
        name = "/".join(value.get("text") or value["coding"][0]["code"] for value in values)
        found[name] = {item["id"]: item["count"] for item in stratum["population"] if item["count"]}
    return found


def people(**young: bool | None) -> list[FakeSubject]:
    return [
        FakeSubject(name, {**MEMBER, "numerator": name < "c", "denominator-exclusion": name == "d", "Young": value})
        for name, value in young.items()
    ]


def test_boolean_criteria_give_the_true_stratum(valid: Any) -> None:
    definition = measure(proportion("denominator-exclusion", stratifiers=[stratifier("Young")]))
    result = run(definition, *people(a=True, b=False, c=True, d=True, e=None))
    report = valid(summary(result))
    assert strata(report) == {
        "true": {"initial-population": 3, "denominator": 3, "numerator": 1, "denominator-exclusion": 1}
    }
    # the full formula, with the exclusion: 1 / (3 - 1)
    assert report["group"][0]["stratifier"][0]["stratum"][0]["measureScore"] == {"value": 0.5}


def test_the_false_stratum_is_the_rest_and_an_option(valid: Any) -> None:
    definition = measure(proportion("denominator-exclusion", stratifiers=[stratifier("Young")]))
    result = run(definition, *people(a=True, b=False, c=True, d=True, e=None))
    report = valid(summary(result, ReportOptions(false_strata=True)))
    assert strata(report)["false"] == {"initial-population": 2, "denominator": 2, "numerator": 1}


def test_the_true_stratum_is_there_when_nobody_is_in_it(valid: Any) -> None:
    definition = measure(proportion(stratifiers=[stratifier("Young", identity="Stratification_1_1")]))
    result = run(definition, FakeSubject("a", {"initial-population": False, "Young": True}))
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    assert report["group"][0]["stratifier"][0]["id"] == "Stratification_1_1"
    assert strata(report) == {"true": {}}


@pytest.mark.parametrize("expression", ["Young", "Nothing"])
def test_who_changes_a_report_changes_no_other(expression: str) -> None:
    definition = measure(proportion(stratifiers=[stratifier(expression)]))
    result = run(definition, *people(a=True, b=True))
    reports = [individual_report(result.definition, PERIOD, one) for one in result.subjects]
    found = [report["group"][0]["stratifier"][0]["stratum"][0]["value"] for report in reports]
    before = str(found[1])
    found[0]["text"] = "changed"
    found[0].setdefault("extension", [{}])[0]["url"] = "changed"
    assert str(found[1]) == before
    again = run(definition, *people(a=True))
    assert "changed" not in str(individual_report(again.definition, PERIOD, again.subjects[0]))


def test_applies_to_limits_what_a_stratum_reports(valid: Any) -> None:
    definition = measure(proportion(stratifiers=[stratifier("Young", "initial-population")]))
    report = valid(summary(run(definition, *people(a=True))))
    stratum = report["group"][0]["stratifier"][0]["stratum"][0]
    assert [item["id"] for item in stratum["population"]] == ["initial-population"]
    assert "measureScore" not in stratum


def test_criteria_on_items_select_items_and_are_numbered(valid: Any) -> None:
    rate = proportion(basis="Encounter", stratifiers=[stratifier("One"), stratifier("Two", identity="S2")])
    subject = FakeSubject(
        "p",
        {
            "initial-population": encounters("1", "2", "3"),
            "denominator": encounters("1", "2"),
            "numerator": encounters("2"),
            "One": encounters("2", "3", "9"),
            "Two": None,
        },
    )
    report = valid(summary(run(measure(rate), subject)))
    assert strata(report) == {"Strata-1": {"initial-population": 2, "denominator": 1, "numerator": 1}}
    assert strata(report, 1) == {"Strata-2": {}}


def test_values_give_a_stratum_each_and_null_its_own(valid: Any) -> None:
    code = {"system": "http://example.org/sex", "code": "female"}
    values: list[Any] = [code, dict(code, display="Female"), None, {"system": "http://example.org/sex", "code": "male"}]
    subjects = [FakeSubject(str(n), {**MEMBER, "Sex": value}) for n, value in enumerate(values)]
    outside = FakeSubject("x", {"initial-population": False, "Sex": code})
    evaluator = FakeEvaluator({"Sex": CODE})
    result = run(measure(proportion(stratifiers=[stratifier("Sex")])), *subjects, outside, evaluator=evaluator)
    report = valid(summary(result))
    two, one = ({"initial-population": n, "denominator": n} for n in (2, 1))
    assert strata(report) == {"female": two, "male": one, "(no value)": one}
    backwards = run(measure(proportion(stratifiers=[stratifier("Sex")])), outside, *subjects[::-1], evaluator=evaluator)
    assert summary(backwards) == report


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, ["true"]),
        (3, ["3"]),
        ("0-20", ["0-20"]),
        (["a", "b"], ["a", "b"]),
        (Quantity(Decimal("2.50"), "kg"), ["2.5 kg"]),
        ({"text": "free"}, ["free"]),
        ([], ["(no value)"]),
    ],
)
def test_values_of_any_type(value: Any, shown: list[str], valid: Any) -> None:
    definition = measure(proportion(stratifiers=[components("Value")]))
    report = valid(summary(run(definition, FakeSubject("a", {**MEMBER, "Value": value}))))
    assert list(strata(report)) == shown


def test_components_are_combined(valid: Any) -> None:
    definition = measure(proportion(stratifiers=[components("Age", "Sex")]))
    facts = [("old", "f"), ("old", "m"), ("young", "f"), ("old", "f")]
    subjects = [FakeSubject(str(n), {**MEMBER, "Age": age, "Sex": sex}) for n, (age, sex) in enumerate(facts)]
    report = valid(summary(run(definition, *subjects)))
    assert {name: counts["denominator"] for name, counts in strata(report).items()} == {
        "old/f": 2,
        "old/m": 1,
        "young/f": 1,
    }
    first = report["group"][0]["stratifier"][0]["stratum"][0]
    assert [part["code"]["text"] for part in first["component"]] == ["Age", "Sex"]


def test_a_function_of_the_member_stratifies_items(valid: Any) -> None:
    rate = proportion(basis="Encounter", stratifiers=[components("Ward")])
    subject = FakeSubject("p", dict.fromkeys(("initial-population", "denominator"), encounters("1", "2", "3")))
    evaluator = FakeEvaluator(functions={"Ward": lambda _, item: "odd" if int(item["id"]) % 2 else "even"})
    report = valid(summary(run(measure(rate), subject, evaluator=evaluator)))
    assert {name: counts["denominator"] for name, counts in strata(report).items()} == {"even": 1, "odd": 2}


@pytest.mark.parametrize(
    ("basis", "kind", "value", "shown"),
    [
        ("boolean", BOOLEAN, True, ["true"]),
        ("boolean", ANY, True, ["true"]),
        ("boolean", STRING, "x", ["x"]),
        ("Encounter", ListType(ANY), encounters("1"), ["Strata-1"]),
        ("Encounter", STRING, "x", ["x"]),
    ],
)
def test_root_criteria_are_values_when_their_type_is_not_the_basis(
    basis: str, kind: Any, value: Any, shown: list[str]
) -> None:
    rate = proportion(basis=basis, stratifiers=[stratifier("Root")])
    inside = True if basis == "boolean" else encounters("1")
    subject = FakeSubject("p", {"initial-population": inside, "denominator": inside, "Root": value})
    report = summary(run(measure(rate), subject, evaluator=FakeEvaluator({"Root": kind})))
    assert strata(report) == {shown[0]: {"initial-population": 1, "denominator": 1}}
