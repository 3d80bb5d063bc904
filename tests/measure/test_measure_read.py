"""Reading Measures: where things may be said, how names are written, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from measure_fakes import (
    CRITERIA_REFERENCE,
    US,
    UV,
    FakeEvaluator,
    concept,
    group,
    measure,
    population,
    proportion,
)

from cqlmeasure.errors import ContentError
from cqlmeasure.measure import AggregateMethod, PopulationType, Scoring, prepare, read_measure
from cqlmeasure.typesys import BOOLEAN, NamedType

LINK = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Measure.group"


def bare(**extra: Any) -> dict[str, Any]:
    """A proportion group that says nothing about scoring and basis."""
    return {**proportion(), "extension": [], **extra}


@pytest.mark.parametrize("prefix", [US, UV])
@pytest.mark.parametrize("on_group", [True, False])
def test_settings_by_extension(prefix: str, on_group: bool) -> None:
    extensions = [
        {"url": f"{prefix}scoring", "valueCodeableConcept": concept("proportion", None)},
        {"url": f"{prefix}populationBasis", "valueCode": "Encounter"},
        {"url": f"{prefix}rateAggregation", "valueString": "None"},
        {"url": f"{prefix}scoringPrecision", "valuePositiveInt": 2},
        {"url": f"{prefix}scoringUnit", "valueCodeableConcept": {"text": "per 1000"}},
    ]
    rate = bare()
    resource = measure(rate)
    (rate if on_group else resource)["extension"] = extensions
    (found,) = read_measure(resource).groups
    assert found.scoring is Scoring.PROPORTION
    assert found.basis == "Encounter"
    assert {item.basis for item in found.populations} == {"Encounter"}
    assert found.rate_aggregation == "None"
    assert found.scoring_precision == 2
    assert found.scoring_unit == {"unit": "per 1000"}


def test_settings_by_element() -> None:
    notation = concept("decrease", None)
    resource = measure(
        bare(),
        scoring=concept("proportion", None),
        improvementNotation=notation,
        type=[concept("outcome", None)],
        rateAggregation="sum",
        basis="Procedure",
        subjectCodeableConcept=concept("Practitioner", None),
    )
    definition = read_measure(resource)
    (found,) = definition.groups
    assert (found.basis, found.types, found.rate_aggregation) == ("Procedure", ("outcome",), "sum")
    assert found.improvement_notation == notation
    assert definition.subject_type == "Practitioner"


def test_the_group_wins_over_the_measure() -> None:
    rate = bare()
    rate["extension"] = [
        {"url": f"{UV}scoring", "valueCodeableConcept": concept("proportion", None)},
        {"url": f"{UV}populationBasis", "valueDataRequirement": {"type": "Encounter"}},
        {"url": f"{US}improvementNotation", "valueCodeableConcept": concept("increase", None)},
    ]
    resource = measure(rate, scoring=concept("cohort", None), improvementNotation=concept("decrease", None))
    (found,) = read_measure(resource).groups
    assert (found.scoring, found.basis) == (Scoring.PROPORTION, "Encounter")
    assert found.improvement_notation == concept("increase", None)


@pytest.mark.parametrize("system", [None, "http://terminology.hl7.org/CodeSystem/measure-population-type"])
def test_r6_style(system: str | None) -> None:
    populations = [
        {"linkId": f"x-{code}", "code": concept(code, system), "criteria": f"SampleLogic.{name}"}
        for code, name in [("initial-population", "InIP"), ("denominator", "InD"), ("numerator", "InN")]
    ]
    rate = {"linkId": "x", "scoring": concept("proportion", None), "basis": "boolean", "population": populations}
    definition = read_measure(measure(rate))
    (found,) = definition.groups
    assert (found.id, found.link_id) == (None, "x")
    assert [(item.id, item.link_id, item.criteria.name) for item in found.populations] == [
        ("x-initial-population", "x-initial-population", "InIP"),
        ("x-denominator", "x-denominator", "InD"),
        ("x-numerator", "x-numerator", "InN"),
    ]
    assert found.populations[0].criteria.library == "SampleLogic"
    prepare(definition, FakeEvaluator())


def test_link_ids_by_extension() -> None:
    rate = proportion()
    rate["extension"].append({"url": f"{LINK}.linkId", "valueString": "g"})
    rate["population"][0]["extension"] = [{"url": f"{LINK}.population.linkId", "valueString": "ip"}]
    (found,) = read_measure(measure(rate)).groups
    assert (found.link_id, found.populations[0].link_id) == ("g", "ip")


@pytest.mark.parametrize(
    ("text", "name", "library"),
    [
        ("Initial Population", "Initial Population", None),
        ('"Initial Population"', "Initial Population", None),
        ('SampleLogic."Initial Population"', "Initial Population", "SampleLogic"),
        ('"SampleLogic"."A \\"b\\""', 'A "b"', "SampleLogic"),
        ("Version 1.2 Population", "Version 1.2 Population", None),
    ],
)
def test_names_of_expressions(text: str, name: str, library: str | None) -> None:
    rate = proportion()
    rate["population"][0]["criteria"] = {"language": "text/cql", "expression": text}
    criteria = read_measure(measure(rate)).groups[0].populations[0].criteria
    assert (criteria.name, criteria.library) == (name, library)


def test_populations_without_an_id_get_one() -> None:
    first, second = proportion(), proportion(identity="Group_2")
    for rate in (first, second):
        for item in rate["population"]:
            del item["id"]
    definition = read_measure(measure(first, second))
    ids = [item.id for rate in definition.groups for item in rate.populations]
    assert ids[0] == "group-1-initial-population"
    assert len(set(ids)) == 6


@pytest.mark.parametrize(("url", "value"), [(UV, "Average"), (US, "mean")])
def test_aggregate_method_and_alias_of_the_observation_code(url: str, value: str) -> None:
    observation = population("measure-population-observation", "Observe", "MO")
    observation["extension"] = [{"url": f"{url}aggregateMethod", "valueCode": value}]
    observation["criteria"]["extension"] = [{"url": CRITERIA_REFERENCE, "valueString": "MP"}]
    rate = group(
        "continuous-variable",
        population("initial-population", "IP"),
        population("measure-population", "MP", "MP"),
        observation,
    )
    definition = read_measure(measure(rate))
    found = definition.groups[0].populations[2]
    assert (found.type, found.aggregate) == (PopulationType.MEASURE_OBSERVATION, AggregateMethod.AVERAGE)
    assert found.observed == 1
    assert not definition.warnings


def refused(resource: dict[str, Any]) -> str:
    with pytest.raises(ContentError) as caught:
        read_measure(resource)
    return str(caught.value)


def changed(**changes: Any) -> dict[str, Any]:
    rate = proportion()
    rate["population"][1].update(changes)
    return measure(rate)


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"resourceType": "Library"}, "expected a Measure, found Library"),
        ({}, "found JSON without a resourceType"),
        (measure(), "it has no group"),
        (measure(proportion(), library=[]), "it names no library"),
        (measure(bare()), 'group "Group_1": it has no scoring'),
        (measure(bare(), scoring=concept("composite", None)), "a composite without a composite scoring"),
        (measure(bare(), scoring=concept("guess", None)), "unknown scoring 'guess'"),
        (measure(group("proportion")), "it has no population"),
        (changed(code=concept("denominators")), "population \"denominator\": its code 'denominators' is not that of"),
        (changed(code=concept("denominator", "http://example.org")), "is not that of a population"),
        (changed(criteria=None), "it has no criteria"),
        (changed(criteria={"language": "text/fhirpath", "expression": "true"}), "language 'text/fhirpath'"),
        (changed(id="numerator"), "another population of the group has the same id"),
        (measure(group("proportion", population("initial-population", "IP"))), "needs a population 'denominator'"),
        (measure(proportion("measure-population")), "may not have a population 'measure-population'"),
        (
            measure({**proportion("denominator-exception"), "extension": []}, scoring=concept("ratio", None)),
            "a ratio group may not have a population 'denominator-exception'",
        ),
        (
            measure(group("cohort", population("initial-population", "IP"), population("numerator", "N"))),
            "a cohort group may not have a population 'numerator'",
        ),
        (
            measure(
                proportion(),
                group(
                    "proportion",
                    *proportion()["population"],
                    population("initial-population", "Other", "IP2"),
                    identity="Group_2",
                ),
            ),
            'group "Group_2", population "IP2": a proportion group may have 1 population \'initial-population\'',
        ),
    ],
)
def test_faults_are_named(resource: dict[str, Any], said: str) -> None:
    assert said in refused(resource)


def test_a_basis_that_differs_from_the_initial_population_is_refused() -> None:
    rate = proportion()
    rate["population"][2]["extension"] = [{"url": f"{UV}populationBasis", "valueCode": "Encounter"}]
    assert "its basis 'Encounter' is not that of 'initial-population', 'boolean'" in refused(measure(rate))


def test_all_faults_are_told_at_once() -> None:
    rate = proportion()
    rate["population"][0]["criteria"] = {}
    rate["population"][1]["code"] = concept("x")
    with pytest.raises(ContentError) as caught:
        read_measure(measure(rate, library=[]))
    assert len(caught.value.diagnostics) >= 3


def test_a_missing_aggregate_method_is_a_warning() -> None:
    codes = ("initial-population", "measure-population", "measure-observation")
    definition = read_measure(measure(group("continuous-variable", *(population(code, code) for code in codes))))
    (warning,) = definition.warnings
    assert "no aggregate method" in warning.message


def test_two_initial_populations_without_references_pair_in_order() -> None:
    rate = group(
        "ratio",
        population("initial-population", "A", "IP1"),
        population("initial-population", "B", "IP2"),
        population("numerator", "N"),
        population("denominator", "D"),
    )
    definition = read_measure(measure(rate))
    assert [item.initial for item in definition.groups[0].populations] == [None, None, 1, 0]
    assert len(definition.warnings) == 2


def not_bound(resource: dict[str, Any], evaluator: FakeEvaluator) -> str:
    with pytest.raises(ContentError) as caught:
        prepare(read_measure(resource), evaluator)
    return str(caught.value)


def test_expressions_must_exist() -> None:
    said = not_bound(measure(proportion()), FakeEvaluator(missing=["denominator", "numerator"]))
    assert "population \"denominator\": library SampleLogic has no expression 'denominator'" in said
    assert "'numerator'" in said


def test_a_function_is_no_criterion() -> None:
    said = not_bound(measure(proportion()), FakeEvaluator(functions={"denominator": lambda _: True}))
    assert "there is a function of that name" in said


def test_another_library_is_not_asked() -> None:
    said = not_bound(changed(criteria="Other.Denominator"), FakeEvaluator())
    assert "names the library 'Other', the primary library is 'SampleLogic'" in said


@pytest.mark.parametrize(("basis", "kind"), [("boolean", NamedType("FHIR", "Encounter")), ("Encounter", BOOLEAN)])
def test_static_types_must_fit_the_basis(basis: str, kind: NamedType) -> None:
    said = not_bound(measure(proportion(basis=basis)), FakeEvaluator({"denominator": kind}))
    assert f"'denominator' has the type {kind}" in said


def test_supplemental_data_with_one_id_twice() -> None:
    item = {"id": "sde", "usage": [concept("supplemental-data", None)], "criteria": {"expression": "SDE"}}
    definition = read_measure(measure(proportion(), supplementalData=[item, item]))
    assert [found.id for found in definition.supplemental_data] == ["sde", "sde-2"]
    assert definition.supplemental_data[0].usage == ("supplemental-data",)
