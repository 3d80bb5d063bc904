"""Reference populations: rates from a summary MeasureReport or a table, and what groups and stratifiers are called."""

from __future__ import annotations

from typing import Any

import pytest
from measure_fakes import FakeEvaluator, FakeSubject, group, measure, population, proportion

from cqlmeasure.errors import UsageError
from cqlmeasure.measure import (
    MeasureDefinition,
    Reference,
    ReportOptions,
    evaluate,
    group_position,
    parse_period,
    read_measure,
    read_reference,
    standardised,
    stratifier_position,
    summary_report,
)
from cqlmeasure.typesys import STRING

PERIOD = parse_period("2026")


def criteria(name: str) -> dict[str, str]:
    return {"expression": name, "language": "text/cql-identifier"}


DEFINITION = measure(
    proportion(
        "denominator-exclusion",
        stratifiers=[
            {"id": "by-age", "criteria": criteria("Age")},
            {
                "id": "by-both",
                "component": [
                    {"id": name, "code": {"text": name}, "criteria": criteria(name)} for name in ("Age", "Sex")
                ],
            },
        ],
    ),
    improvementNotation={"coding": [{"code": "decrease"}]},
)


def person(name: str, numerator: bool, age: str, sex: str, **more: Any) -> FakeSubject:
    values = {"initial-population": True, "denominator": True, "numerator": numerator, "Age": age, "Sex": sex, **more}
    return FakeSubject(name, values)


PEOPLE = (
    person("a", True, "old", "F"),
    person("b", False, "old", "M"),
    person("c", True, "young", "F"),
    person("d", True, "young", "F", **{"denominator-exclusion": True}),
    person("e", False, "new", "F", **{"denominator-exclusion": True}),
)


def report(definition: dict[str, Any] = DEFINITION, *people: FakeSubject, **options: Any) -> dict[str, Any]:
    evaluator = FakeEvaluator({"Age": STRING, "Sex": STRING})
    result = evaluate(read_measure(definition), evaluator, people or PEOPLE, period=PERIOD)
    return summary_report(result, ReportOptions(**options))


def own() -> MeasureDefinition:
    return read_measure(DEFINITION)


@pytest.mark.parametrize("options", [{}, {"invert_decrease": True}])
def test_rates_of_a_report_are_those_of_its_counts(options: dict[str, Any]) -> None:
    found = read_reference(own(), report(**options))
    # who is excluded is no case, and a stratum without cases has no rate
    assert found == Reference(2 / 3, {"old": 0.5, "young": 1.0})


def test_combined_strata_are_called_by_all_their_values() -> None:
    found = read_reference(own(), report(), 0, 1)
    assert found.strata == {"old / F": 1.0, "old / M": 0.0, "young / F": 1.0}


def test_a_population_beside_itself_is_as_expected() -> None:
    result = evaluate(own(), FakeEvaluator({"Age": STRING, "Sex": STRING}), PEOPLE, period=PERIOD)
    for stratifier in (0, 1):
        known = read_reference(own(), report(), 0, stratifier)
        found = standardised(result, known.strata, stratifier=stratifier, reference_rate=known.rate)
        assert (found.observed, found.expected, found.ratio, found.rate) == (2, 2, 1, 2 / 3)


def test_a_table_has_the_rates_of_strata() -> None:
    assert read_reference(own(), {"old": 1, "young": 0.25}) == Reference(None, {"old": 1.0, "young": 0.25})


def test_values_may_be_codes() -> None:
    found = report()
    stratum = found["group"][0]["stratifier"][0]["stratum"][1]
    stratum["value"] = {"coding": [{"code": "O", "display": "old people"}]}
    assert read_reference(own(), found).strata == {"O": 0.5, "old people": 0.5, "young": 1.0}


def averages(aggregate: str) -> dict[str, Any]:
    rate = group(
        "continuous-variable",
        population("initial-population", "initial-population"),
        population("measure-population", "denominator"),
        population("measure-observation", "Days", reference="measure-population", aggregate=aggregate),
        stratifiers=[{"id": "by-age", "criteria": criteria("Age")}],
    )
    return measure(rate)


def test_averages_of_observations_are_rates() -> None:
    definition = averages("average")
    found = report(definition, person("a", True, "old", "F", Days=4), person("b", True, "young", "F", Days=2))
    assert read_reference(read_measure(definition), found) == Reference(3.0, {"old": 4.0, "young": 2.0})
    other = averages("median")
    found = report(other, person("a", True, "old", "F", Days=4))
    with pytest.raises(UsageError, match="only averages"):
        read_reference(read_measure(other), found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"measure": "http://example.org/Measure/Other|1"}, "not for http://example.org/Measure/Sample"),
        ({"measure": None}, "is for no measure"),
        ({"type": "individual"}, "no MeasureReport of type summary"),
        ({"resourceType": "Measure"}, "no MeasureReport of type summary"),
        ({"group": []}, "has no group Group_1"),
        ({"group": [{"id": "another"}]}, "has no group Group_1"),
    ],
)
def test_faults_of_a_report_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_reference(own(), {**report(), **change})


@pytest.mark.parametrize("rate", ["0.5", None, True, float("nan"), {}])
def test_rates_are_numbers(rate: Any) -> None:
    with pytest.raises(UsageError, match=r"the rate of old is .*, not a number"):
        read_reference(own(), {"old": rate})


def test_odd_json_has_no_rates() -> None:
    odd = {"stratum": [{"value": "x", "population": "y"}, 5, {"component": [{"value": {"coding": ["z"]}}]}]}
    found = {**report(), "group": {"population": [{"code": 7, "count": "8"}], "stratifier": [odd]}}
    assert read_reference(own(), found) == Reference(None, {})


def test_groups_and_stratifiers_by_name() -> None:
    definition = own()
    assert [group_position(definition, name) for name in (0, "Group_1", "1")] == [0, 0, 0]
    (first,) = definition.groups
    assert [stratifier_position(first, name) for name in (1, "by-both", "2", "1")] == [1, 1, 1, 0]
    with pytest.raises(UsageError, match=r"no group 'x'[\s\S]*Group_1"):
        group_position(definition, "x")
    with pytest.raises(UsageError, match=r"no stratifier 'x'[\s\S]*by-age, by-both"):
        stratifier_position(first, "x")
