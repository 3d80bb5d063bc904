"""What the oracle lacks: exclusion and exception together, laziness, item basis, shapes of values."""

from __future__ import annotations

from typing import Any

import pytest
from measure_fakes import (
    FakeEvaluator,
    FakeSubject,
    encounters,
    group,
    measure,
    population,
    proportion,
    resource,
)

from cqlmeasure.errors import EvaluationError
from cqlmeasure.measure import SubjectResult, evaluate_subject, prepare, read_measure

ALL = ("denominator-exclusion", "denominator-exception", "numerator-exclusion")


def one(definition: dict[str, Any], values: dict[str, Any], evaluator: FakeEvaluator | None = None) -> SubjectResult:
    evaluator = evaluator or FakeEvaluator()
    return evaluate_subject(prepare(read_measure(definition), evaluator), evaluator, FakeSubject("p", values))


def counted(definition: dict[str, Any], values: dict[str, Any]) -> dict[str, int]:
    result = one(definition, values)
    assert not result.errors
    populations = definition["group"][0]["population"]
    return {item["id"]: n for item, n in zip(populations, result.groups[0].counts, strict=True) if n}


@pytest.mark.parametrize(
    ("met", "labels"),
    [
        ("initial-population", "initial-population"),
        ("denominator numerator", ""),
        ("initial-population numerator denominator-exception", "initial-population"),
        (
            "initial-population denominator denominator-exclusion denominator-exception numerator numerator-exclusion",
            "initial-population denominator denominator-exclusion",
        ),
        (
            "initial-population denominator denominator-exclusion denominator-exception",
            "initial-population denominator denominator-exclusion",
        ),
        (
            "initial-population denominator numerator denominator-exception",
            "initial-population denominator numerator",
        ),
        (
            "initial-population denominator denominator-exception numerator-exclusion",
            "initial-population denominator denominator-exception",
        ),
        (
            "initial-population denominator numerator numerator-exclusion denominator-exception",
            "initial-population denominator numerator numerator-exclusion",
        ),
    ],
)
def test_proportion_steps(met: str, labels: str) -> None:
    found = counted(measure(proportion(*ALL)), dict.fromkeys(met.split(), True))
    assert found == dict.fromkeys(labels.split(), 1)


@pytest.mark.parametrize(
    ("met", "labels"),
    [
        ("initial-population numerator", "initial-population numerator"),
        (
            "initial-population denominator denominator-exclusion numerator",
            "initial-population denominator denominator-exclusion numerator",
        ),
        ("initial-population denominator numerator-exclusion", "initial-population denominator"),
        ("numerator denominator", ""),
    ],
)
def test_ratio_numerator_is_independent_of_the_denominator(met: str, labels: str) -> None:
    codes = ("initial-population", "denominator", "denominator-exclusion", "numerator", "numerator-exclusion")
    definition = measure(group("ratio", *(population(code, code) for code in codes)))
    assert counted(definition, dict.fromkeys(met.split(), True)) == dict.fromkeys(labels.split(), 1)


@pytest.mark.parametrize("order", [0, 1])
def test_the_order_of_populations_in_the_measure_does_not_matter(order: int) -> None:
    rate = proportion(*ALL)
    if order:
        rate["population"].reverse()
    met = dict.fromkeys(("initial-population", "denominator", "numerator", *ALL), True)
    labelled = dict.fromkeys(("initial-population", "denominator", "denominator-exclusion"), 1)
    assert counted(measure(rate), met) == labelled


def test_criteria_that_cannot_matter_are_not_evaluated() -> None:
    evaluator = FakeEvaluator()
    one(measure(proportion(*ALL)), {"initial-population": True, "denominator": False}, evaluator)
    assert [name for _, name in evaluator.asked] == ["initial-population", "denominator"]


def test_items_are_labelled_one_by_one() -> None:
    values = {
        "initial-population": encounters("1", "2", "3", "4", "5"),
        "denominator": encounters("5", "4", "3", "2", "9"),
        "denominator-exclusion": encounters("2"),
        "numerator": encounters("2", "3", "4"),
        "numerator-exclusion": encounters("4"),
        "denominator-exception": encounters("3", "5"),
    }
    definition = measure(proportion(*ALL, basis="Encounter"))
    assert counted(definition, values) == {
        "initial-population": 5,
        "denominator": 4,
        "denominator-exclusion": 1,
        "numerator": 2,
        "numerator-exclusion": 1,
        "denominator-exception": 1,
    }
    members = one(definition, values).groups[0].members
    assert members[2] == ("Encounter/3", "Encounter/4")


def test_an_item_is_counted_once() -> None:
    values = {
        "initial-population": [*encounters("1", "1"), {**resource("Encounter", "1"), "status": "finished"}, None],
        "denominator": encounters("1"),
    }
    found = counted(measure(proportion(basis="Encounter")), values)
    assert found == {"initial-population": 1, "denominator": 1}


def test_items_without_an_id_are_the_same_if_equal() -> None:
    plain = {"resourceType": "Encounter", "status": "finished"}
    values = {"initial-population": [plain, dict(plain), {**plain, "status": "planned"}], "denominator": [dict(plain)]}
    found = counted(measure(proportion(basis="Encounter")), values)
    assert found == {"initial-population": 2, "denominator": 1}


def test_null_is_false_or_the_empty_list() -> None:
    assert counted(measure(proportion()), {"initial-population": None}) == {}
    assert counted(measure(proportion(basis="Encounter")), {"initial-population": None}) == {}


@pytest.mark.parametrize(
    ("basis", "value", "said"),
    [
        ("boolean", encounters("1"), "gives a list"),
        ("boolean", [], "gives a list"),
        ("boolean", "yes", "gives a str"),
        ("Encounter", True, "gives true or false"),
        ("Encounter", False, "gives true or false"),
        ("Encounter", resource("Encounter", "1"), "gives one Encounter"),
        ("Encounter", [resource("Condition", "1")], "a list with a Condition"),
    ],
)
def test_a_value_of_the_wrong_shape_names_the_expression(basis: str, value: Any, said: str) -> None:
    result = one(measure(proportion(basis=basis)), {"initial-population": value})
    (error,) = result.errors
    assert result.groups == ()
    assert said in error.message
    assert 'SampleLogic."initial-population"' in error.message
    assert error.hint


def test_one_subject_that_fails_does_not_cost_the_others() -> None:
    from cqlmeasure.measure import evaluate, parse_period

    broken = EvaluationError("no such luck", library="SampleLogic", definition="denominator")
    subjects = [
        FakeSubject("a", {"initial-population": True, "denominator": broken}),
        FakeSubject("b", {"initial-population": True, "denominator": True}),
    ]
    result = evaluate(read_measure(measure(proportion())), FakeEvaluator(), subjects, period=parse_period("2026"))
    assert [one.failed for one in result.subjects] == [True, False]
    assert result.totals.subjects == 2
    assert result.totals.failed == 1
    assert result.groups()[0].counts == (1, 1, 0)
    (failure,) = result.failures
    assert failure.subject == "a"
    assert "no such luck" in failure.diagnostics[0].message
