"""Properties: a summary is the sum of the individual results, in any order and however the subjects are parted."""

from __future__ import annotations

import pickle
import random
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from measure_fakes import UV, FakeEvaluator, FakeSubject, concept, encounters, group, measure, population, proportion

from cqlmeasure.measure import (
    MeasureResult,
    PopulationType,
    compose,
    evaluate,
    individual_report,
    parse_period,
    read_measure,
    rows,
    summary_report,
)
from cqlmeasure.runtime import Quantity
from cqlmeasure.typesys import BOOLEAN, STRING

PERIOD = parse_period("2026")
URL = "http://example.org/Measure/"
MORE = ("denominator-exclusion", "denominator-exception", "numerator-exclusion")
CODES = ("initial-population", "denominator", "numerator", *MORE)


def stratifier(identity: str, *expressions: str) -> dict[str, Any]:
    criteria = [{"language": "text/cql-identifier", "expression": name} for name in expressions]
    if len(criteria) == 1:
        return {"id": identity, "criteria": criteria[0]}
    return {
        "id": identity,
        "component": [{"code": {"text": str(n)}, "criteria": item} for n, item in enumerate(criteria)],
    }


ITEMS = group(
    "ratio",
    *(population(code, f"items {code}") for code in ("initial-population", "denominator", "numerator")),
    population("measure-observation", "Value", "MO-D", reference="denominator", aggregate="sum"),
    population("measure-observation", "Value", "MO-N", reference="numerator", aggregate="sum"),
    basis="Encounter",
    identity="items",
)
CONTINUOUS = group(
    "continuous-variable",
    population("initial-population", "initial-population"),
    population("measure-population", "denominator"),
    population("measure-observation", "Days", "MO", reference="measure-population", aggregate="median"),
    identity="days",
)
DEFINITION = read_measure(
    measure(
        proportion(*MORE, stratifiers=[stratifier("S1", "Old"), stratifier("S2", "Band", "Sex")]),
        ITEMS,
        CONTINUOUS,
        supplementalData=[{"id": "sde", "criteria": {"language": "text/cql-identifier", "expression": "Band"}}],
    )
)
FUNCTIONS = {"Value": lambda _, item: int(item["id"]) * 2}


@st.composite
def people(draw: st.DrawFn) -> list[FakeSubject]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        values: dict[str, Any] = {code: draw(st.sampled_from((True, False, None))) for code in CODES}
        for code in CODES[:3]:
            values[f"items {code}"] = encounters(*draw(st.lists(st.sampled_from("1234"), max_size=4)))
        values["Band"] = draw(st.sampled_from(("young", "old", None)))
        values["Sex"] = draw(st.sampled_from((["f"], ["f", "m"], [], None)))
        values["Old"] = draw(st.sampled_from((True, False, None)))
        days = draw(st.one_of(st.none(), st.decimals(0, 99, places=1)))
        values["Days"] = None if days is None else Quantity(days, "d")
        found.append(FakeSubject(str(number), values))
    return found


def run(subjects: list[FakeSubject]) -> MeasureResult:
    evaluator = FakeEvaluator({"Old": BOOLEAN, "Band": STRING}, FUNCTIONS)
    return evaluate(DEFINITION, evaluator, subjects, period=PERIOD)


def counts(report: dict[str, Any]) -> dict[tuple[str, ...], int]:
    """Every count of a report by group, stratum and population; counts of nothing are left out."""
    found = {}
    for item in report.get("group", ()):
        strata = [
            (
                stratifier["id"],
                *(str(part["value"].get("text")) for part in stratum.get("component", [stratum])),
                stratum,
            )
            for stratifier in item.get("stratifier", ())
            for stratum in stratifier.get("stratum", ())
        ]
        for *place, holder in [(item,), *strata]:
            for one in holder["population"]:
                if one["count"]:
                    found[(item["id"], *place, one["id"])] = one["count"]
    for contained in report.get("contained", ()):
        for part in contained.get("component", ()):
            found["sde", part["code"]["text"]] = part["valueInteger"]
    return found


@given(people())
def test_a_summary_is_the_sum_of_the_individual_reports(subjects: list[FakeSubject]) -> None:
    result = run(subjects)
    total: dict[tuple[str, ...], int] = {}
    for one in result.subjects:
        report = individual_report(result.definition, PERIOD, one)
        for place, count in counts(report).items():
            total[place] = total.get(place, 0) + count
        inside = report["group"][0]["population"][0]["count"] or any(
            found.count(group, PopulationType.INITIAL_POPULATION)
            for group, found in zip(result.definition.groups, one.groups, strict=True)
        )
        for item in report.get("contained", ()):
            if inside and item["id"].startswith("supplemental-data"):
                place = ("sde", item["valueString"])
                total[place] = total.get(place, 0) + 1
    assert counts(summary_report(result)) == total


@given(people(), st.integers(1, 5), st.randoms(use_true_random=False))
def test_neither_order_nor_parts_change_a_summary(
    subjects: list[FakeSubject], parts: int, chance: random.Random
) -> None:
    whole = run(subjects)
    shuffled = list(subjects)
    chance.shuffle(shuffled)
    merged = run([])
    for number in range(parts):
        merged.merge(run(shuffled[number::parts]))
    assert summary_report(merged) == summary_report(whole)
    assert merged.totals.subjects == whole.totals.subjects


@given(people(), st.integers(1, 3))
def test_parts_may_come_from_other_processes(subjects: list[FakeSubject], parts: int) -> None:
    merged = run([])
    for number in range(parts):
        merged.merge(pickle.loads(pickle.dumps(run(subjects[number::parts]))))
    assert summary_report(merged) == summary_report(run(subjects))
    assert sorted(one.subject for one in merged.subjects) == sorted(one.id for one in subjects)


COUNTING = read_measure(measure(proportion(*MORE, stratifiers=[stratifier("S1", "Old"), stratifier("S3", "Young")])))
WITH_VALUES = read_measure(
    measure(
        proportion(*MORE, stratifiers=[stratifier("S1", "Old"), stratifier("S3", "Young"), stratifier("S2", "Band")])
    )
)


@given(people())
def test_what_only_counts_counts_as_everything_else_does(subjects: list[FakeSubject]) -> None:
    for one in subjects:
        one.values["Young"] = None if one.values["Old"] is None else not one.values["Old"]
    evaluator = FakeEvaluator({"Old": BOOLEAN, "Young": BOOLEAN, "Band": STRING})
    alone = evaluate(COUNTING, evaluator, subjects, period=PERIOD)
    beside = evaluate(WITH_VALUES, evaluator, subjects, period=PERIOD)
    for found, other in zip(alone.subjects, beside.subjects, strict=True):
        assert found.groups[0].counts == other.groups[0].counts
        assert found.groups[0].strata == other.groups[0].strata[:2]
        assert found.groups[0].members == other.groups[0].members
    assert alone.groups()[0].strata == beside.groups()[0].strata[:2]


def test_more_results_than_are_remembered_are_all_added() -> None:
    values = dict.fromkeys(CODES[:3], True) | {f"items {code}": [] for code in CODES[:3]}
    subjects = [FakeSubject(str(n), {**values, "Days": Quantity(Decimal(n), "d")}) for n in range(300)]
    result = run(subjects)
    result.add_equal(result.subjects[7], 2)
    found = result.groups()
    assert found[0].counts[:3] == (302, 302, 302)
    assert len(found[2].observations[0]) == 302
    assert sum(one.value for one in found[2].observations[0]) == sum(range(300)) + 2 * 7
    assert result.groups() == found


@given(people())
def test_composites_are_sums_too(subjects: list[FakeSubject]) -> None:
    parts = [{"url": f"{UV}component", "valueRelatedArtifact": {"resource": f"{URL}{name}"}} for name in ("One", "Two")]
    scoring = [
        {"url": f"{UV}scoring", "valueCodeableConcept": concept("composite", None)},
        {"url": f"{UV}compositeScoring", "valueCodeableConcept": concept("opportunity", None)},
    ]
    resource = measure({"extension": [*scoring, *parts]}, library=[])
    components = []
    for name, numerator in (("One", "numerator"), ("Two", "Old")):
        rate = proportion(*MORE)
        rate["population"][2]["criteria"]["expression"] = numerator
        definition = read_measure({**measure(rate), "url": f"{URL}{name}", "name": name})
        components.append(evaluate(definition, FakeEvaluator(), subjects, period=PERIOD))
    whole = compose(read_measure(resource), components)
    for index, population_ in enumerate(whole.definition.groups[0].populations):
        counted = sum(result.groups()[0].count(result.definition.groups[0], population_.type) for result in components)
        assert whole.groups()[0].counts[index] == counted


@given(people())
def test_the_rows_add_up_to_the_counts(subjects: list[FakeSubject]) -> None:
    result = run(subjects)
    total: dict[tuple[str, str], int] = {}
    for row in rows(result.definition, result.subjects):
        place = (row["group"], row["population"])
        total[place] = total.get(place, 0) + row["count"]
    for definition, found in zip(result.definition.groups, result.groups(), strict=True):
        for item, count in zip(definition.populations, found.counts, strict=True):
            assert total.get((str(definition.id), item.id), 0) == count


@given(people())
def test_labels_are_nested_and_scores_are_shares(subjects: list[FakeSubject]) -> None:
    result = run(subjects)
    ip, d, n, dx, de, nx = result.groups()[0].counts
    assert ip >= d >= dx + de and d - dx >= n >= nx
    score = result.groups()[0].score(result.definition.groups[0])
    assert score is not None
    assert score.value is None or Decimal(0) <= score.value <= Decimal(1)
