"""Composite measures: the five methods, polarity, components by canonical, version and group."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from composite_fakes import BASE, MORE, PERIOD, component, composite, facts, part, together
from measure_fakes import UV, FakeEvaluator, FakeSubject, concept, encounters, group, measure, population, proportion

from cqlmeasure.errors import ContentError, EvaluationError, UsageError
from cqlmeasure.measure import (
    MeasureResult,
    component_measures,
    compose,
    evaluate,
    individual_report,
    parse_period,
    read_measure,
    summary_report,
)

# The worked example of the quality measure guide: ten patients against ten measures (T in the numerator, F not, - not
# in the denominator).
TABLE = (
    *("TTTTFTTFTT", "TTT-FT-TFT", "TTT-TT-FTT", "FTT-TT-T-T", "FTT-T--F-F"),
    *("TTF-T--T-F", "---TT-TF-T", "FTTTTFTT-T", "FTFFFFTTTT", "TTTTFTTTTT"),
)


def run(definition: dict[str, Any], *subjects: FakeSubject) -> MeasureResult:
    return evaluate(read_measure(definition), FakeEvaluator(), subjects, period=PERIOD, evidence=True)


def results(rows: Sequence[str], notations: Sequence[str] = ()) -> list[MeasureResult]:
    found = []
    for number, row in enumerate(rows):
        notation = notations[number] if notations else "increase"
        subjects = [FakeSubject(chr(65 + n), facts(state)) for n, state in enumerate(row)]
        found.append(run(component(f"M{number}", *MORE, notation=notation), *subjects))
    return found


def whole(method: str, rows: Sequence[str], notations: Sequence[str] = (), **extra: Any) -> MeasureResult:
    parts = [part(f"M{number}") for number in range(len(rows))]
    return compose(read_measure(composite(method, *parts, **extra)), results(rows, notations))


def test_the_worked_example_of_the_guide(valid: Any) -> None:
    opportunity = whole("opportunity", TABLE)
    assert opportunity.scores()[0].value == Decimal(59) / Decimal(79)  # type: ignore[union-attr]
    linear = whole("linear", TABLE)
    assert round(linear.scores()[0].value, 3) == Decimal("0.765")  # type: ignore[union-attr,arg-type]
    shares = [one.groups[0].observations[0][0].value for one in linear.subjects]
    assert [round(100 * float(share), 1) for share in shares] == [55.6, 100, 77.8, 80, 60, 71.4, 100, 60, 80, 80]
    valid(summary_report(linear))
    report = valid(summary_report(opportunity))
    counts = {item["id"]: item["count"] for item in report["group"][0]["population"]}
    assert (counts["denominator"], counts["numerator"]) == (79, 59)


@pytest.mark.parametrize(
    ("method", "rows", "labels"),
    [
        # initial population, denominator, exclusion, exception, numerator, numerator exclusion
        ("all-or-nothing", ("T", "T"), (1, 1, 0, 0, 1, 0)),
        ("all-or-nothing", ("T", "F"), (1, 1, 0, 0, 0, 0)),
        ("all-or-nothing", ("T", "-"), (1, 1, 0, 0, 1, 0)),
        ("all-or-nothing", ("-", "-"), (0, 0, 0, 0, 0, 0)),
        ("all-or-nothing", ("T", "X"), (1, 1, 1, 0, 0, 0)),
        ("all-or-nothing", ("F", "E"), (1, 1, 0, 1, 0, 0)),
        ("all-or-nothing", ("T", "E"), (1, 1, 0, 0, 1, 0)),
        ("all-or-nothing", ("E", "-"), (1, 1, 0, 1, 0, 0)),
        ("all-or-nothing", ("T", "N"), (1, 1, 0, 0, 0, 0)),
        ("any", ("T", "F"), (1, 1, 0, 0, 1, 0)),
        ("any", ("F", "F"), (1, 1, 0, 0, 0, 0)),
        ("any", ("X", "X"), (1, 1, 1, 0, 0, 0)),
        ("any", ("X", "E"), (1, 1, 0, 1, 0, 0)),
        ("any", ("X", "T"), (1, 1, 0, 0, 1, 0)),
        ("opportunity", ("T", "F"), (2, 2, 0, 0, 1, 0)),
        ("opportunity", ("X", "E"), (2, 2, 1, 1, 0, 0)),
        ("opportunity", ("N", "T"), (2, 2, 0, 0, 2, 1)),
    ],
)
def test_labels_of_one_subject(method: str, rows: Sequence[str], labels: tuple[int, ...]) -> None:
    assert whole(method, rows).subjects[0].groups[0].counts == labels


@pytest.mark.parametrize("method", ["all-or-nothing", "any", "opportunity", "linear", "weighted"])
def test_components_of_the_other_polarity_count_the_other_way_round(method: str) -> None:
    # eight of ten, eight of ten, and two of ten where less is better
    rows = ("T" * 8 + "FF", "T" * 8 + "FF", "F" * 8 + "TT")
    score = whole(method, rows, ("increase", "increase", "decrease")).scores()[0]
    assert score is not None and score.value == Decimal("0.8")


def test_weights_and_components_without_a_score() -> None:
    found = results(("TF", "TT", "--"))
    definition = read_measure(composite("weighted", part("M0", 0.75), part("M1", 0.25), part("M2", 5)))
    total = compose(definition, found)
    assert total.scores()[0].value == Decimal("0.625")  # type: ignore[union-attr]
    assert any(item.code == "composite-component" for item in total.doubts())
    report = summary_report(total)
    assert report["group"][0]["measureScore"] == {"value": 0.625}
    assert "population" not in report["group"][0]


def test_items_are_combined_by_item_and_others_by_existence() -> None:
    inside = {"initial-population": encounters("1", "2"), "denominator": encounters("1", "2")}
    one = run(component("M0", basis="Encounter"), FakeSubject("A", {**inside, "numerator": encounters("1", "2")}))
    two = run(component("M1", basis="Encounter"), FakeSubject("A", {**inside, "numerator": encounters("2")}))
    parts = (part("M0"), part("M1"))
    by_item = composite("all-or-nothing", *parts)
    by_item["group"][0]["extension"].append({"url": f"{UV}populationBasis", "valueCode": "Encounter"})
    found = compose(read_measure(by_item), [one, two]).subjects[0].groups[0]
    assert found.counts == (2, 2, 0, 0, 1, 0)
    assert found.members[4] == ("Encounter/2",)
    by_subject = compose(read_measure(composite("all-or-nothing", *parts)), [one, two])
    assert by_subject.subjects[0].groups[0].counts == (1, 1, 0, 0, 1, 0)


def test_components_are_found_by_version_and_group() -> None:
    several = {
        **measure(proportion(), proportion(identity="Group_2")),
        "url": f"{BASE}Two",
        "version": "2.0",
        "name": "Two",
    }
    several["group"][1]["population"][2]["criteria"]["expression"] = "Other"
    two = run(several, FakeSubject("A", {**facts("F"), "Other": True}))
    parts = (part("Two", group_id="Group_1", version="|2.0"), part("Two", group_id="Group_2"))
    definition = read_measure(composite("opportunity", *parts))
    assert component_measures(definition) == (f"{BASE}Two|2.0", f"{BASE}Two")
    assert compose(definition, [two]).groups()[0].counts == (2, 2, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((part("M0"), part("Missing")), "there is no such measure"),
        ((part("M0"), part("M1", version="|3.0")), "there is only 1.0"),
        ((part("M0"), part("M1", group_id="Group_9")), "it has no group 'Group_9'"),
    ],
)
def test_components_that_cannot_be_found_are_named(parts: Any, said: str) -> None:
    with pytest.raises(ContentError) as caught:
        compose(read_measure(composite("any", *parts)), results(("T", "T")))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        (composite("any", part("M0")), "at least two components, found 1"),
        (composite("any", part("M0"), part("M0")), "the same component twice"),
        (composite("best", part("M0"), part("M1")), "unknown composite scoring 'best'"),
        (composite("weighted", part("M0", -1), part("M1")), "the weight -1"),
    ],
)
def test_faults_of_a_composite_are_named(resource: dict[str, Any], said: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_measure(resource)
    assert said in str(caught.value)


def test_components_listed_as_related_artifacts_of_the_measure() -> None:
    related = [{"type": "composed-of", "resource": f"{BASE}M{n}"} for n in range(2)]
    resource = {
        "resourceType": "Measure",
        "url": f"{BASE}Whole",
        "name": "Whole",
        "scoring": concept("composite", None),
        "compositeScoring": concept("opportunity", None),
        "relatedArtifact": related,
    }
    assert compose(read_measure(resource), results(("TF", "T-"))).scores()[0].value == Decimal(2) / Decimal(3)  # type: ignore[union-attr]


def test_a_composite_of_groups_of_its_own_measure() -> None:
    resource = composite("opportunity", part("Whole", group_id="Group_1"), part("Other"))
    resource["group"].append(proportion())
    resource["library"] = ["http://example.org/Library/SampleLogic"]
    other = component("Other")
    other["group"][0]["population"][2]["criteria"]["expression"] = "never"
    total = together(resource, other, subjects=[FakeSubject("A", facts("T"))])
    assert [found.counts for found in total.groups()] == [(2, 2, 0, 0, 1, 0), (1, 1, 1)]


def test_failures_supplemental_data_and_missing_subjects(valid: Any) -> None:
    item = {"id": "sde", "criteria": {"language": "text/cql-identifier", "expression": "SDE"}}
    first = {**component("M0"), "supplementalData": [item]}
    one = run(first, FakeSubject("A", {**facts("T"), "SDE": "x"}), FakeSubject("B", facts("T")))
    error = EvaluationError("boom")
    two = run(component("M1"), FakeSubject("B", {"initial-population": error}), FakeSubject("C", facts("F")))
    total = compose(read_measure(composite("opportunity", part("M0"), part("M1"))), [one, two])
    assert [one.subject for one in total.subjects] == ["A", "B", "C"]
    assert [failure.subject for failure in total.failures] == ["B"]
    assert total.groups()[0].counts == (2, 2, 0, 0, 1, 0)
    report = valid(individual_report(total.definition, PERIOD, total.subjects[0]))
    assert report["contained"][0]["valueString"] == "x"
    valid(summary_report(total))


def test_results_of_components_fit_together() -> None:
    definition = read_measure(composite("any", part("M0"), part("M1")))
    one, two = results(("T", "T"))
    two.period = parse_period("2025")
    with pytest.raises(UsageError, match="different periods"):
        compose(definition, [one, two])
    unkept = evaluate(
        read_measure(component("M1")), FakeEvaluator(), [FakeSubject("A", facts("T"))], period=PERIOD, keep=False
    )
    with pytest.raises(UsageError, match="does not hold its subjects"):
        compose(definition, [one, unkept])


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        # initial population, measure population, its exclusion, observations
        (("X", "T"), (1, 1, 0, 1)),
        (("X", "X"), (1, 1, 1, 0)),
        (("X", "-"), (1, 1, 1, 0)),
        (("E", "-"), (1, 1, 0, 0)),
    ],
)
def test_labels_of_the_linear_method(rows: Sequence[str], labels: tuple[int, ...]) -> None:
    assert whole("linear", rows).subjects[0].groups[0].counts == labels


def continuous(name: str, *values: float | None, notation: str = "increase") -> MeasureResult:
    rate = group(
        "continuous-variable",
        population("initial-population", "initial-population"),
        population("measure-population", "denominator"),
        population("measure-population-exclusion", "denominator-exclusion"),
        population("measure-observation", "Share", reference="measure-population", aggregate="average"),
    )
    resource = {**component(name, notation=notation), "group": [rate]}
    facts_of = [{**facts("X" if value is None else "F"), "Share": Decimal(str(value or 0))} for value in values]
    return run(resource, *(FakeSubject(chr(65 + n), values) for n, values in enumerate(facts_of)))


@pytest.mark.parametrize(("notation", "score"), [("increase", "0.6"), ("decrease", "0.9")])
def test_continuous_variables_are_components_of_linear_and_weighted(notation: str, score: str) -> None:
    found = [*results(("T",)), continuous("M1", 0.2, notation=notation)]
    for method in ("linear", "weighted"):
        total = compose(read_measure(composite(method, part("M0"), part("M1"))), found)
        assert total.scores()[0].value == Decimal(score)  # type: ignore[union-attr]
    excluded = [*results(("T",)), continuous("M1", None)]
    total = compose(read_measure(composite("linear", part("M0"), part("M1"))), excluded)
    assert total.scores()[0].value == 1  # type: ignore[union-attr]


def test_components_fit_the_method_the_subjects_and_the_basis() -> None:
    definition = read_measure(composite("any", part("M0"), part("M1")))
    with pytest.raises(ContentError, match="any cannot combine a continuous-variable group"):
        compose(definition, [*results(("T",)), continuous("M1", 0.2)])
    devices = {**component("M1"), "subjectCodeableConcept": concept("Device", None)}
    with pytest.raises(ContentError, match="its subjects are of type Device"):
        compose(definition, [*results(("T",)), run(devices)])
    by_item = composite("any", part("M0"), part("M1"))
    by_item["group"][0]["extension"].append({"url": f"{UV}populationBasis", "valueCode": "Encounter"})
    with pytest.raises(ContentError, match="its basis is 'boolean', that of the composite 'Encounter'"):
        compose(read_measure(by_item), results(("T", "T")))
