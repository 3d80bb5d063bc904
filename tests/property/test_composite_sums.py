"""Composites of random people: strata add up to the group, summaries are the sums of the individual reports."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from composite_fakes import PERIOD, composite, part, rate, states, together
from hypothesis import given, settings
from hypothesis import strategies as st
from measure_fakes import UV, FakeEvaluator, FakeSubject

from cqlmeasure.measure import GroupResult, MeasureResult, ReportOptions, individual_report, summary_report
from cqlmeasure.measure.results import StratumResult
from cqlmeasure.typesys import BOOLEAN, STRING

# What can be around each other: outer and inner method.
YES_OR_NO = ("all-or-nothing", "any", "opportunity")
NESTED = [
    *((outer, inner) for outer in YES_OR_NO for inner in YES_OR_NO),
    *(("linear", inner) for inner in (*YES_OR_NO, "linear")),
    *(("weighted", inner) for inner in (*YES_OR_NO, "linear", "weighted")),
]
LETTERS = "-FTXEN"


@dataclass(frozen=True)
class Person(FakeSubject):
    """``resources`` are the items, where items are counted."""

    resources: tuple[Any, ...] = ()


@st.composite
def people(draw: st.DrawFn, items: bool) -> list[Person]:
    found = []
    for number in range(draw(st.integers(0, 8))):
        name = f"p{number}"
        if items:
            size = draw(st.integers(2, 5))
            letters = {one: draw(st.text(LETTERS, min_size=size, max_size=size)) for one in "ABC"}
        else:
            letters = {one: draw(st.sampled_from(LETTERS)) for one in "ABC"}
        values = states(**letters)
        resources = {item["id"]: item for value in values.values() if items for item in value}
        values["Band"] = draw(st.sampled_from(("young", "old", None)))
        values["Old"] = draw(st.sampled_from((True, False, None)))
        found.append(Person(name, values, resources=tuple(resources.values())))
    return found


def stratifier(expression: str) -> dict[str, Any]:
    return {"id": expression, "criteria": {"language": "text/cql-identifier", "expression": expression}}


def run(outer: str, inner: str, subjects: list[Person], items: bool) -> MeasureResult:
    """``outer`` of C and of ``inner`` of A and B, stratified by a value, and for subjects also by criteria."""
    inside = composite(inner, part("A"), part("B", 2))
    inside = {**inside, "url": inside["url"].replace("Whole", "Inner"), "name": "Inner"}
    whole = composite(outer, part("Inner", 0.5), part("C", 0.25), library=["http://example.org/Library/Own"])
    whole["group"][0]["stratifier"] = [stratifier("Kind")] if items else [stratifier("Band"), stratifier("Old")]
    basis = "Encounter" if items else "boolean"
    for one in (inside, whole):
        one["group"][0]["extension"].append({"url": f"{UV}populationBasis", "valueCode": basis})
    kinds = {"Kind": lambda _, item: ("one", "two", None)[int(item["id"]) % 3]}
    evaluator = FakeEvaluator({"Band": STRING, "Old": BOOLEAN}, kinds)
    # The second component is better when fewer are in its numerator.
    rates = (rate("A", basis), rate("B", basis, notation="decrease"), rate("C", basis))
    return together(whole, *rates, inside, subjects=subjects, evaluator=evaluator)


def numbers(found: GroupResult | StratumResult) -> Counter[Any]:
    """Counts, observations and the same of all components, each with its place."""
    total: Counter[Any] = Counter()

    def add(one: GroupResult | StratumResult, place: tuple[int, ...]) -> None:
        for index, count in enumerate(one.counts):
            total[place, "count", index] += count
        for index, values in enumerate(one.observations):
            for value in values:
                total[place, "observation", index, value] += 1
        for number, inner in enumerate(one.parts):
            add(inner, (*place, number))

    add(found, ())
    return +total


def summed(results: tuple[StratumResult, ...]) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for one in results:
        total += numbers(one)
    return total


def reported(report: dict[str, Any]) -> Counter[Any]:
    """The counts of a report by stratum and population."""
    total: Counter[Any] = Counter()
    for group in report.get("group", ()):
        total += Counter({("all", one["id"]): one["count"] for one in group.get("population", ())})
        for by in group.get("stratifier", ()):
            for stratum in by.get("stratum", ()):
                place = by["id"], stratum["value"]["text"]
                total += Counter({(*place, one["id"]): one["count"] for one in stratum.get("population", ())})
    return +total


@pytest.mark.parametrize("items", [False, True], ids=["subjects", "items"])
@pytest.mark.parametrize(("outer", "inner"), NESTED)
@settings(max_examples=15)
@given(data=st.data())
def test_strata_add_up_to_the_group(outer: str, inner: str, items: bool, data: st.DataObject) -> None:
    result = run(outer, inner, data.draw(people(items)), items)
    assert not result.failures
    for group in (result.groups()[0], *(one.groups[0] for one in result.subjects)):
        # Everyone has one value or none, so the strata part the group.
        assert summed(group.strata[0]) == numbers(group)
    if not items:
        whole = summary_report(result, ReportOptions(false_strata=True))["group"][0]
        both = whole["stratifier"][1].get("stratum", [])
        for index, one in enumerate(whole.get("population", ())):
            assert sum(stratum["population"][index]["count"] for stratum in both) == (one["count"] if both else 0)


@pytest.mark.parametrize("items", [False, True], ids=["subjects", "items"])
@pytest.mark.parametrize(("outer", "inner"), NESTED)
@settings(max_examples=15)
@given(data=st.data())
def test_a_summary_is_the_sum_of_the_individual_reports(
    outer: str, inner: str, items: bool, data: st.DataObject
) -> None:
    subjects = data.draw(people(items))
    result = run(outer, inner, subjects, items)
    total: Counter[Any] = Counter()
    for one in result.subjects:
        total += reported(individual_report(result.definition, PERIOD, one))
    summary = summary_report(result)
    assert reported(summary) == total

    shuffled = list(subjects)
    random.Random(len(subjects)).shuffle(shuffled)
    assert summary_report(run(outer, inner, shuffled, items)) == summary
    merged = run(outer, inner, [], items)
    for number in range(3):
        merged.merge(pickle.loads(pickle.dumps(run(outer, inner, subjects[number::3], items))))
    assert summary_report(merged) == summary


@pytest.mark.parametrize("items", [False, True], ids=["subjects", "items"])
@settings(max_examples=30)
@given(data=st.data())
def test_opportunities_of_opportunities_are_opportunities(items: bool, data: st.DataObject) -> None:
    subjects = data.draw(people(items))
    flat = composite("opportunity", part("A"), part("B"), part("C"))
    basis = "Encounter" if items else "boolean"
    flat["group"][0]["extension"].append({"url": f"{UV}populationBasis", "valueCode": basis})
    rates = (rate("A", basis), rate("B", basis, notation="decrease"), rate("C", basis))
    assert (
        together(flat, *rates, subjects=subjects).groups()[0].counts
        == run("opportunity", "opportunity", subjects, items).groups()[0].counts
    )
