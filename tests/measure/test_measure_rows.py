"""Rows for frames: subjects, groups, populations, items, strata, observations, supplemental values."""

from __future__ import annotations

from typing import Any

from measure_fakes import FakeEvaluator, FakeSubject, encounters, group, measure, population, proportion

from cqlmeasure.errors import EvaluationError
from cqlmeasure.measure import columns, evaluate, parse_period, read_measure, rows
from cqlmeasure.typesys import STRING, ListType

PERIOD = parse_period("2026")


def found(definition: dict[str, Any], *subjects: FakeSubject, functions: Any = None) -> list[dict[str, Any]]:
    result = evaluate(
        read_measure(definition),
        FakeEvaluator({"Band": ListType(STRING)}, functions=functions),
        subjects,
        period=PERIOD,
    )
    listed = list(rows(result.definition, result.subjects))
    assert all(tuple(row) == columns(result.definition) for row in listed)
    return listed


def test_a_row_for_each_subject_group_and_population() -> None:
    item = {"id": "sde", "criteria": {"language": "text/cql-identifier", "expression": "SDE"}}
    stratifier = {"id": "S1", "criteria": {"language": "text/cql-identifier", "expression": "Band"}}
    definition = measure(proportion(stratifiers=[stratifier]), supplementalData=[item])
    facts = {"initial-population": True, "denominator": True, "numerator": False, "Band": ["x", "y"], "SDE": ["v", "w"]}
    failed = FakeSubject("b", {"initial-population": EvaluationError("boom")})
    listed = found(definition, FakeSubject("a", facts), failed)
    assert [(row["subject"], row["population"], row["member"]) for row in listed] == [
        ("a", "initial-population", True),
        ("a", "denominator", True),
        ("a", "numerator", False),
        ("b", None, None),
    ]
    assert listed[0]["stratum:Group_1:S1"] == "x; y"
    assert listed[0]["data:sde"] == "v; w"
    assert [row["failed"] for row in listed] == [False, False, False, True]


def test_a_row_for_each_item_and_observation() -> None:
    rate = group(
        "continuous-variable",
        population("initial-population", "IP"),
        population("measure-population", "IP"),
        population("measure-observation", "Minutes", reference="measure-population", aggregate="average"),
        basis="Encounter",
        stratifiers=[{"id": "S1", "component": [{"criteria": {"language": "text/cql", "expression": "Ward"}}]}],
    )
    functions = {
        "Minutes": lambda _, visit: int(visit["id"]) * 10,
        "Ward": lambda _, visit: "odd" if int(visit["id"]) % 2 else "even",
    }
    listed = found(measure(rate), FakeSubject("a", {"IP": encounters("1", "2")}), functions=functions)
    shown = [
        (row["type"], row["item"], row["observation"], row["stratum:Group_1:S1"])
        for row in listed
        if row["type"] != "initial-population"
    ]
    assert shown == [
        ("measure-population", "Encounter/1", None, "odd"),
        ("measure-population", "Encounter/2", None, "even"),
        ("measure-observation", "Encounter/1", 10, "odd"),
        ("measure-observation", "Encounter/2", 20, "even"),
    ]
