"""Observations: forms of the function, null and zero, aggregate methods, units, ratios of observations."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from measure_fakes import FakeEvaluator, FakeSubject, encounters, group, measure, population

from cqlmeasure.errors import ContentError
from cqlmeasure.measure import (
    MeasureResult,
    evaluate,
    individual_report,
    parse_period,
    prepare,
    read_measure,
    summary_report,
)
from cqlmeasure.runtime import FhirValue, Quantity

PERIOD = parse_period("2026")


def continuous(method: str, basis: str = "Encounter") -> dict[str, Any]:
    return measure(
        group(
            "continuous-variable",
            population("initial-population", "IP"),
            population("measure-population", "MP"),
            population("measure-population-exclusion", "MPX"),
            population("measure-observation", "Observe", reference="measure-population", aggregate=method),
            basis=basis,
        )
    )


def run(
    definition: dict[str, Any], observe: Callable[..., Any], *subjects: FakeSubject, arity: int = 1
) -> MeasureResult:
    evaluator = FakeEvaluator(functions={"Observe": observe}, arities={"Observe": arity})
    return evaluate(read_measure(definition), evaluator, subjects, period=PERIOD)


def over(values: list[Any], method: str) -> MeasureResult:
    ids = [str(index) for index in range(len(values))]
    subject = FakeSubject("p", {"IP": encounters(*ids), "MP": encounters(*ids)})
    return run(continuous(method), lambda _, item: values[int(item["id"])], subject)


@pytest.mark.parametrize(
    ("method", "values", "expected"),
    [
        ("Sum", [1, 2, 0], Decimal(3)),
        ("count", [5, 0], Decimal(2)),
        ("Average", [1, 2], Decimal("1.5")),
        ("mean", [Decimal("0.1"), Decimal("0.2")], Decimal("0.15")),
        ("median", [9, 0, 1], Decimal(1)),
        ("median", [3, 1, 2, 10], Decimal("2.5")),
        ("minimum", [3, -1], Decimal(-1)),
        ("maximum", [3, FhirValue("integer", 7)], Decimal(7)),
        ("count", [], Decimal(0)),
        ("count", [None], Decimal(0)),
        ("sum", [None, 4], Decimal(4)),
    ],
)
def test_aggregate_methods(method: str, values: list[Any], expected: Decimal) -> None:
    (score,) = over(values, method).scores()
    assert score is not None
    assert score.value == expected


@pytest.mark.parametrize("method", ["sum", "average", "median", "minimum", "maximum"])
@pytest.mark.parametrize("values", [[], [None, None]])
def test_no_observation_no_score(method: str, values: list[Any]) -> None:
    (score,) = over(values, method).scores()
    assert score is not None
    assert (score.value, score.absent) == (None, "unknown")


def test_null_is_no_observation_and_is_said() -> None:
    result = over([None, 0], "average")
    (one,) = result.subjects
    assert one.groups[0].counts == (2, 2, 0, 1)
    assert [value.value for value in one.groups[0].observations[0]] == [0]
    (note,) = one.messages
    assert "Encounter/0" in note.message
    assert not result.failures


def test_quantities_keep_their_unit(valid: Any) -> None:
    result = over([Quantity(Decimal("1.5"), "h"), {"value": 2.5, "unit": "hour", "code": "h"}], "sum")
    report = valid(summary_report(result))
    assert report["group"][0]["measureScore"] == {
        "value": 4, "unit": "h", "system": "http://unitsofmeasure.org", "code": "h",
    }  # fmt: skip
    individual = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    assert individual["contained"][0]["valueQuantity"]["value"] == 1.5
    assert individual["contained"][0]["focus"] == [{"reference": "Encounter/0"}]


def test_units_that_differ_leave_the_score_undefined_and_are_named(valid: Any) -> None:
    result = over([Quantity(Decimal(1), "h"), Quantity(Decimal(1), "min")], "sum")
    report = valid(summary_report(result))
    assert report["group"][0]["measureScore"]["_value"]["extension"][0]["valueCode"] == "unknown"
    issue = next(item for item in report["contained"] if item["resourceType"] == "OperationOutcome")["issue"][0]
    assert issue["severity"] == "warning"
    assert "h, min" in issue["details"]["text"]


def test_a_value_that_is_no_number_fails_the_subject() -> None:
    result = over(["many"], "sum")
    assert "gives a str" in result.subjects[0].errors[0].message


def test_excluded_members_are_not_observed() -> None:
    subject = FakeSubject("p", {"IP": encounters("1", "2"), "MP": encounters("1", "2"), "MPX": encounters("1")})
    seen: list[str] = []
    result = run(continuous("count"), lambda _, item: seen.append(item["id"]) or 1, subject)
    assert seen == ["2"]
    assert result.groups()[0].counts == (2, 2, 1, 1)


@pytest.mark.parametrize("arity", [0, 1])
def test_boolean_basis_with_and_without_the_subject(arity: int) -> None:
    subject = FakeSubject("p", {"IP": True, "MP": True, "Patient": {"resourceType": "Patient", "n": 4}})
    observe = (lambda _, patient: patient["n"]) if arity else (lambda _: 4)
    result = run(continuous("sum", "boolean"), observe, subject, arity=arity)
    assert result.scores()[0].value == 4  # type: ignore[union-attr]


def test_boolean_basis_with_a_definition() -> None:
    subject = FakeSubject("p", {"IP": True, "MP": True, "Observe": 6})
    result = evaluate(read_measure(continuous("sum", "boolean")), FakeEvaluator(), [subject], period=PERIOD)
    assert result.scores()[0].value == 6  # type: ignore[union-attr]


def test_item_basis_needs_a_function_of_the_item() -> None:
    with pytest.raises(ContentError, match="no function with one operand"):
        prepare(read_measure(continuous("sum")), FakeEvaluator())


def ratio(*references: str | None, methods: tuple[str, str] = ("sum", "sum")) -> dict[str, Any]:
    observations = [
        population("measure-observation", f"{name} Observations", f"O{number}", aggregate=method)
        for number, (name, method) in enumerate(zip(("Denominator", "Numerator"), methods, strict=True), 1)
    ]
    for observation, reference in zip(observations, references, strict=True):
        if reference is not None:
            url = "http://hl7.org/fhir/us/cqfmeasures/StructureDefinition/cqfm-criteriaReference"
            observation["extension"].append({"url": url, "valueString": reference})
    codes = ("initial-population", "denominator", "denominator-exclusion", "numerator", "numerator-exclusion")
    rates = [population(code, code) for code in codes]
    return measure(group("ratio", *rates, *observations, basis="Encounter"))


def ratio_of(definition: dict[str, Any], **values: list[Any]) -> MeasureResult:
    def days(name: str) -> Callable[..., Any]:
        return lambda subject, item: subject.values[name][item["id"]]

    evaluator = FakeEvaluator(
        functions={f"{name} Observations": days(name) for name in ("Denominator", "Numerator")},
    )
    facts = {
        "Denominator": {"1": 10, "2": 20, "3": 5},
        "Numerator": {"1": 1, "2": 4, "3": 0},
        **{name.replace("_", "-"): value for name, value in values.items()},
    }
    return evaluate(read_measure(definition), evaluator, [FakeSubject("p", facts)], period=PERIOD)


ALL = encounters("1", "2", "3")


def test_ratio_of_observations() -> None:
    result = ratio_of(ratio("denominator", "numerator"), initial_population=ALL, denominator=ALL, numerator=ALL)
    assert result.scores()[0].value == Decimal(5) / Decimal(35)  # type: ignore[union-attr]
    assert result.groups()[0].counts == (3, 3, 0, 3, 0, 3, 3)


def test_observations_of_excluded_members_do_not_count() -> None:
    result = ratio_of(
        ratio("denominator", "numerator"),
        initial_population=ALL,
        denominator=ALL,
        denominator_exclusion=encounters("3"),
        numerator=ALL,
        numerator_exclusion=encounters("2"),
    )
    assert result.scores()[0].value == Decimal(1) / Decimal(30)  # type: ignore[union-attr]


def test_references_swap_the_sides() -> None:
    result = ratio_of(ratio("numerator", "denominator"), initial_population=ALL, denominator=ALL, numerator=ALL)
    assert result.scores()[0].value == 7  # type: ignore[union-attr]
    assert not result.warnings


@pytest.mark.parametrize("references", [("6402512C", "340EA45E"), (None, None)])
def test_references_that_match_nothing_pair_in_order_with_a_warning(references: tuple[str | None, str | None]) -> None:
    result = ratio_of(ratio(*references), initial_population=ALL, denominator=ALL, numerator=ALL)
    assert result.scores()[0].value == Decimal(5) / Decimal(35)  # type: ignore[union-attr]
    assert [warning.code for warning in result.warnings] == ["criteria-reference"] * 2


def test_each_side_has_its_own_method() -> None:
    result = ratio_of(
        ratio("denominator", "numerator", methods=("count", "maximum")),
        initial_population=ALL,
        denominator=ALL,
        numerator=ALL,
    )
    assert result.scores()[0].value == Decimal(4) / Decimal(3)  # type: ignore[union-attr]


def test_no_numerator_is_zero_and_no_denominator_is_undefined() -> None:
    definition = ratio("denominator", "numerator")
    assert ratio_of(definition, initial_population=ALL, denominator=ALL).scores()[0].value == 0  # type: ignore[union-attr]
    (infinite,) = ratio_of(definition, initial_population=ALL, numerator=ALL).scores()
    assert infinite.absent == "positive-infinity"  # type: ignore[union-attr]
    (neither,) = ratio_of(definition, initial_population=ALL).scores()
    assert neither.absent == "not-a-number"  # type: ignore[union-attr]


def test_two_initial_populations_with_observations(valid: Any) -> None:
    definition = ratio("denominator", "numerator")
    populations = definition["group"][0]["population"]
    populations.insert(0, population("initial-population", "Immunized", "IP2"))
    url = "http://hl7.org/fhir/StructureDefinition/cqf-criteriaReference"
    for item in populations:
        if item["id"] in ("denominator", "numerator"):
            target = "initial-population" if item["id"] == "denominator" else "IP2"
            item["extension"] = [{"url": url, "valueString": target}]
    result = ratio_of(
        definition, initial_population=encounters("1"), Immunized=encounters("2"), denominator=ALL, numerator=ALL
    )
    assert result.groups()[0].counts == (1, 1, 1, 0, 1, 0, 1, 1)
    assert result.scores()[0].value == Decimal("0.4")  # type: ignore[union-attr]
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    marks = {
        item["reference"]: sorted(mark["valueString"] for mark in item["extension"])
        for item in report["evaluatedResource"]
    }
    assert marks == {
        "Encounter/1": ["denominator", "initial-population"],
        "Encounter/2": ["IP2", "numerator"],
        "#observation-1-1-1": ["O1"],
        "#observation-1-2-1": ["O2"],
    }


def test_totals_do_not_depend_on_order_or_parts() -> None:
    values = [Decimal("0.1"), Decimal("12345678901234567890.12345678"), Decimal("-3"), Decimal("0.00000001")]
    subjects = [FakeSubject(str(n), {"IP": True, "MP": True, "V": value}) for n, value in enumerate(values)]

    def of(*chosen: FakeSubject) -> MeasureResult:
        return run(continuous("sum", "boolean"), lambda subject: subject.values["V"], *chosen, arity=0)

    whole, backwards = of(*subjects), of(*reversed(subjects))
    left, right = of(*subjects[2:]), of(*subjects[:2])
    left.merge(right)
    assert whole.groups() == backwards.groups() == left.groups()
    assert whole.scores()[0].value == sum(values)  # type: ignore[union-attr]
    assert summary_report(whole) == summary_report(left)
