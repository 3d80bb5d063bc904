"""Composites of composites: what a nested one is for a subject, how it is found, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from composite_fakes import BASE, PERIOD, component, composite, part, rate, states, together
from measure_fakes import UV, FakeEvaluator, FakeSubject, group, measure, population

from cqlmeasure.errors import ContentError
from cqlmeasure.measure import (
    MeasureResult,
    Task,
    bind_composite,
    compose,
    evaluate,
    evaluate_together,
    prepare,
    read_measure,
    summary_report,
)


def nested(name: str, method: str, *parts: dict[str, Any], **extra: Any) -> dict[str, Any]:
    resource = composite(method, *parts, **extra)
    resource["group"][0]["id"] = f"{name}-group"
    return {**resource, "name": name, "id": name, "url": f"{BASE}{name}"}


def run(outer: str, inner: str, letters: Sequence[str], notation: str = "increase") -> MeasureResult:
    """``outer`` of C and of ``inner`` of A and B, over subjects with a letter for each of A, B and C."""
    inside = nested("Inner", inner, part("A"), part("B"), notation=notation)
    whole = composite(outer, part("Inner"), part("C"))
    rates = [rate(name, notation=notation if name in "AB" else "increase") for name in "ABC"]
    subjects = [FakeSubject(str(n), states(A=a, B=b, C=c)) for n, (a, b, c) in enumerate(letters)]
    return together(whole, *rates[:2], inside, rates[2], subjects=subjects)


@pytest.mark.parametrize(
    ("outer", "inner", "letters", "labels"),
    [
        # initial population, denominator, exclusion, exception, numerator, numerator exclusion
        ("all-or-nothing", "any", "TFT", (1, 1, 0, 0, 1, 0)),
        ("all-or-nothing", "any", "FFT", (1, 1, 0, 0, 0, 0)),
        ("all-or-nothing", "any", "XXT", (1, 1, 1, 0, 0, 0)),
        ("all-or-nothing", "any", "XTT", (1, 1, 0, 0, 1, 0)),
        ("any", "all-or-nothing", "TFF", (1, 1, 0, 0, 0, 0)),
        ("any", "all-or-nothing", "TTF", (1, 1, 0, 0, 1, 0)),
        ("any", "all-or-nothing", "FE-", (1, 1, 0, 1, 0, 0)),
        ("opportunity", "all-or-nothing", "TFT", (2, 2, 0, 0, 1, 0)),
        ("opportunity", "all-or-nothing", "TTF", (2, 2, 0, 0, 1, 0)),
        ("opportunity", "any", "--T", (1, 1, 0, 0, 1, 0)),
        # the services of an opportunity composite stay cases of their own
        ("opportunity", "opportunity", "TFT", (3, 3, 0, 0, 2, 0)),
        ("opportunity", "opportunity", "XET", (3, 3, 1, 1, 1, 0)),
        ("opportunity", "opportunity", "NFT", (3, 3, 0, 0, 2, 1)),
        ("all-or-nothing", "opportunity", "TFT", (1, 1, 0, 0, 0, 0)),
        ("all-or-nothing", "opportunity", "TTT", (1, 1, 0, 0, 1, 0)),
        ("any", "opportunity", "TFF", (1, 1, 0, 0, 1, 0)),
        # initial population, measure population, its exclusion, observations
        ("linear", "all-or-nothing", "TFT", (1, 1, 0, 1)),
        ("linear", "opportunity", "XXX", (1, 1, 1, 0)),
        ("linear", "opportunity", "X--", (1, 1, 1, 0)),
        ("linear", "opportunity", "---", (0, 0, 0, 0)),
    ],
)
def test_a_nested_composite_is_what_its_method_makes_of_a_subject(
    outer: str, inner: str, letters: str, labels: tuple[int, ...]
) -> None:
    assert run(outer, inner, [letters]).subjects[0].groups[0].counts == labels


@pytest.mark.parametrize(
    ("inner", "letters", "share"),
    [
        ("all-or-nothing", "TFT", "0.5"),
        ("any", "TFT", "1"),
        # half of its services, and all of the other component
        ("opportunity", "TFT", "0.75"),
        ("opportunity", "TXF", "0.5"),
        ("opportunity", "XXF", "0"),
        ("linear", "TFF", "0.25"),
        ("linear", "T-T", "1"),
    ],
)
def test_a_linear_composite_takes_how_far_a_nested_one_is_fulfilled(inner: str, letters: str, share: str) -> None:
    (observation,) = run("linear", inner, [letters]).subjects[0].groups[0].observations[0]
    assert observation.value == Decimal(share)


@pytest.mark.parametrize(
    ("outer", "letters", "score"),
    [
        # A and B are fulfilled by the subjects who are not in their numerators
        ("all-or-nothing", ["FFT", "FTT"], "0.5"),
        ("opportunity", ["FFT", "FTT", "TTT"], "0.6666666666666666666666666667"),
        ("linear", ["FTT", "FTF"], "0.5"),
    ],
)
def test_polarity_is_turned_through_all_levels(outer: str, letters: list[str], score: str) -> None:
    found = run(outer, "opportunity", letters, "decrease").scores()[0]
    assert found is not None and found.value is not None
    assert float(found.value) == pytest.approx(float(score))


@pytest.mark.parametrize(
    ("inner", "score"),
    [("weighted", 0.65), ("opportunity", 0.59375), ("all-or-nothing", 0.5), ("any", 0.6875), ("linear", 0.59375)],
)
def test_a_weighted_composite_of_composites(inner: str, score: float, valid: Any) -> None:
    # three quarters of A, a half of B and of C
    inside = nested("Inner", inner, part("A", 0.8), part("B", 0.2))
    whole = composite("weighted", part("Inner", 0.75), part("C", 0.25))
    rates = [rate(name) for name in "ABC"]
    subjects = [FakeSubject(str(n), states(A=a, B=b, C=c)) for n, (a, b, c) in enumerate(("TTT", "TTT", "TFF", "FFF"))]
    result = together(whole, *rates, inside, subjects=subjects)
    report = valid(summary_report(result))
    assert report["group"][0]["measureScore"]["value"] == pytest.approx(score)


def test_items_of_nested_composites_are_combined_by_item() -> None:
    basis = {"url": f"{UV}populationBasis", "valueCode": "Encounter"}
    inside = nested("Inner", "linear", part("A"), part("B"))
    whole = composite("linear", part("Inner"), part("C"))
    for one in (inside, whole):
        one["group"][0]["extension"].append(basis)
    rates = [rate(name, "Encounter") for name in "ABC"]
    subject = FakeSubject("a", states(A="TF", B="TT", C="TF"))
    result = together(whole, *rates, inside, subjects=[subject])
    # item 1: (1 + 1) / 2; item 2: (1/2 + 0) / 2
    observed = result.subjects[0].groups[0].observations[0]
    assert {one.member: one.value for one in observed} == {"Encounter/1": 1, "Encounter/2": Decimal("0.25")}


def test_observations_of_items_are_their_own() -> None:
    days = group(
        "continuous-variable",
        population("initial-population", "A initial-population"),
        population("measure-population", "A denominator"),
        population("measure-observation", "Share", reference="measure-population", aggregate="average"),
        basis="Encounter",
    )
    first = {**component("A"), "group": [days]}
    whole = composite("linear", part("A"), part("B"))
    whole["group"][0]["extension"].append({"url": f"{UV}populationBasis", "valueCode": "Encounter"})
    evaluator = FakeEvaluator(functions={"Share": lambda _, item: Decimal(item["id"]) / 4})
    subject = FakeSubject("a", states(A="TT", B="FT"))
    result = together(whole, first, rate("B", "Encounter"), subjects=[subject], evaluator=evaluator)
    assert [one.value for one in result.subjects[0].groups[0].observations[0]] == [Decimal("0.125"), Decimal("0.75")]


@pytest.mark.parametrize("outer", ["all-or-nothing", "any", "opportunity", "linear"])
def test_a_weighted_composite_is_nobodys(outer: str) -> None:
    with pytest.raises(ContentError, match=f"{outer} cannot combine a weighted composite group"):
        run(outer, "weighted", [])


@pytest.mark.parametrize("outer", ["all-or-nothing", "any", "opportunity"])
def test_a_linear_composite_is_no_proportion(outer: str) -> None:
    with pytest.raises(ContentError, match=f"{outer} cannot combine a linear composite group"):
        run(outer, "linear", [])


def test_nested_composites_are_found_by_version_and_group() -> None:
    inside = nested("Inner", "any", part("A"), part("B"))
    second = {**composite("all-or-nothing", part("A"), part("B"))["group"][0], "id": "second"}
    inside["group"].append(second)
    rates = [rate(name) for name in "ABC"]
    subject = FakeSubject("a", states(A="T", B="F", C="T"))

    def numerator(*parts: dict[str, Any]) -> int:
        result = together(composite("all-or-nothing", *parts), *rates, inside, subjects=[subject])
        return result.groups()[0].counts[4]

    assert numerator(part("Inner", group_id="Inner-group", version="|1.0"), part("C")) == 1
    assert numerator(part("Inner", group_id="second"), part("C")) == 0
    for one, said in (
        (part("Inner"), "it has several groups, and none is named"),
        (part("Inner", group_id="third"), "it has no group 'third'"),
        (part("Inner", group_id="second", version="|2.0"), "there is no such measure"),
    ):
        with pytest.raises(ContentError, match=said):
            numerator(one, part("C"))


def test_groups_of_the_same_measure_may_be_nested(valid: Any) -> None:
    resource = composite("all-or-nothing", part("Whole", group_id="inner"), part("Whole", group_id="Group_1"))
    inner = {**composite("any", part("Whole", group_id="Group_1"), part("Other"))["group"][0], "id": "inner"}
    own = rate("Own")["group"][0]
    resource |= {"group": [*resource["group"], inner, own], "library": ["http://example.org/Library/Own"]}
    subject = FakeSubject("a", states(Own="T", Other="F"))
    result = together(resource, rate("Other"), subjects=[subject])
    assert [one.counts for one in result.groups()] == [(1, 1, 0, 0, 1, 0), (1, 1, 0, 0, 1, 0), (1, 1, 1, 0, 0, 0)]
    valid(summary_report(result))


def test_groups_of_one_measure_that_are_composed_of_each_other_are_refused() -> None:
    resource = composite("any", part("Whole", group_id="second"), part("A"))
    second = composite("any", part("Whole", group_id="third"), part("A"))["group"][0]
    third = composite("any", part("Whole", group_id="whole"), part("A"))["group"][0]
    resource["group"] += [{**second, "id": "second"}, {**third, "id": "third"}]
    with pytest.raises(ContentError) as caught:
        together(resource, rate("A"), subjects=[])
    assert [one.code for one in caught.value.diagnostics] == ["composite-cycle"]
    assert "whole -> second -> third -> whole" in str(caught.value)


def test_too_many_components_are_refused() -> None:
    known = [read_measure(rate("A")), read_measure(rate("B"))]
    names = ("A", "B")
    with pytest.raises(ContentError, match="more than 1000 components, those of the components counted"):
        for level in range(12):
            # Two groups, each of both groups of the level below: twice as many components on each level.
            resource = nested(f"L{level}", "any", *_parts(level, names))
            resource["group"].append({**resource["group"][0], "id": "again"})
            known.append(bind_composite(read_measure(resource), known))


def _parts(level: int, names: tuple[str, str]) -> list[dict[str, Any]]:
    if level == 0:
        return [part(name) for name in names]
    below = f"L{level - 1}"
    return [part(below, group_id=f"{below}-group"), part(below, group_id="again")]


def test_too_many_levels_are_refused() -> None:
    known = [read_measure(rate("A"))]
    with pytest.raises(ContentError, match="components on more than 20 levels"):
        for level in range(30):
            below = part(f"L{level - 1}") if level else part("A", group_id="Group_1")
            other = part("A")
            resource = nested(f"L{level}", "any", below, other)
            known.append(bind_composite(read_measure(resource), known))
    assert len(known) == 1 + 20
    resource = composite("any", part("Whole", group_id="g0"), part("A"))
    resource["group"] += [
        {**composite("any", part("Whole", group_id=f"g{n + 1}"), part("A"))["group"][0], "id": f"g{n}"}
        for n in range(2000)
    ]
    with pytest.raises(ContentError, match="components on more than 20 levels"):
        bind_composite(read_measure(resource), known[:1])


def test_measures_are_evaluated_once_however_many_composites_have_them() -> None:
    evaluator = FakeEvaluator()
    tasks: dict[str, Task[Any]] = {}

    def add(resource: dict[str, Any], *parts: str) -> None:
        used = tuple(tasks[name] for name in parts)
        plan = prepare(read_measure(resource), evaluator, None, [task.plan.definition for task in used])
        tasks[resource["name"]] = Task(plan, evaluator, PERIOD, used)

    add(rate("A"))
    add(rate("B"))
    add(nested("Inner", "any", part("A"), part("B")), "A", "B")
    add(nested("Outer", "all-or-nothing", part("A"), part("Inner")), "A", "Inner")
    subjects = [FakeSubject(name, states(A="T", B="F")) for name in "xy"]
    outer, alone = evaluate_together([tasks["Outer"], tasks["A"]], iter(subjects), evidence=True)
    assert [one.groups()[0].counts[:2] for one in (outer, alone)] == [(2, 2), (2, 2)]
    asked = [name for subject, name in evaluator.asked if subject == "x"]
    assert len(asked) == len(set(asked)) > 0


def test_results_of_nested_composites_can_be_combined_afterwards() -> None:
    subjects = [FakeSubject("x", states(A="T", B="F", C="T")), FakeSubject("y", states(A="F", B="F", C="T"))]
    first, second, third = (
        evaluate(read_measure(rate(name)), FakeEvaluator(), subjects, period=PERIOD) for name in "ABC"
    )
    inner = compose(read_measure(nested("Inner", "any", part("A"), part("B"))), [first, second])
    outer = compose(read_measure(composite("all-or-nothing", part("Inner"), part("C"))), [inner, third])
    assert outer.groups()[0].counts == (2, 2, 0, 0, 1, 0)
    # A subject that only some components know is in none of the others' populations.
    few = evaluate(read_measure(rate("C")), FakeEvaluator(), [FakeSubject("z", states(C="T"))], period=PERIOD)
    for method, counts in (("all-or-nothing", (1, 1, 0, 0, 1, 0)), ("linear", (1, 1, 0, 1))):
        inside = read_measure(nested("Inner", "opportunity", part("A"), part("B")))
        definition = read_measure(composite(method, part("Inner"), part("C")))
        found = compose(definition, [compose(inside, [first, second]), few])
        assert found.subjects[-1].groups[0].counts == counts


def test_doubts_and_failures_come_from_all_levels() -> None:
    failing = measure(group("cohort", population("initial-population", "A initial-population")))
    with pytest.raises(ContentError, match="any cannot combine a cohort group"):
        together(
            nested("Inner", "any", part("Sample"), part("B")),
            {**failing, "url": f"{BASE}Sample"},
            rate("B"),
            subjects=[],
        )
    inside = nested("Inner", "weighted", part("A"), part("B"))
    whole = composite("weighted", part("Inner"), part("C"), notation="increase")
    subject = FakeSubject("x", states(A="-", B="-", C="T"))
    result = together(whole, *(rate(name) for name in "ABC"), inside, subjects=[subject])
    (doubt,) = [one for one in result.doubts() if one.code == "composite-component"]
    assert "Inner has no score" in doubt.message
