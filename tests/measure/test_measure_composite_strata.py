"""Composites with stratifiers and data of their own: what strata count, how they are scored, what reports have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from composite_fakes import BASE, PERIOD, composite, part, rate, states, together
from measure_fakes import US, UV, FakeEvaluator, FakeSubject, concept, encounters

from cqlmeasure.errors import ContentError, EvaluationError, UsageError
from cqlmeasure.measure import (
    MeasureResult,
    ReportOptions,
    SubjectListForm,
    bind_composite,
    compose,
    individual_report,
    prepare,
    read_measure,
    rows,
    subject_list,
    summary_report,
)
from cqlmeasure.runtime import ValueSet
from cqlmeasure.typesys import ANY, BOOLEAN, STRING, ListType

TYPES = {"Old": BOOLEAN, "Band": STRING}
SEXES = "http://example.org/ValueSet/sexes"
LABELS = ("IP", "D", "DX", "DE", "N", "NX")


def criteria(expression: str, identity: str = "S", language: str = "text/cql-identifier") -> dict[str, Any]:
    return {"id": identity, "criteria": {"language": language, "expression": expression}}


def whole(method: str, *stratifiers: dict[str, Any], basis: str = "boolean", **extra: Any) -> dict[str, Any]:
    """A composite of M0 and M1 with a library of its own."""
    resource = composite(
        method, part("M0", 0.75), part("M1", 0.25), library=["http://example.org/Library/Own"], **extra
    )
    resource["group"][0]["extension"].append({"url": f"{UV}populationBasis", "valueCode": basis})
    resource["group"][0]["stratifier"] = list(stratifiers)
    return resource


def person(name: str, first: str, second: str, **values: Any) -> FakeSubject:
    patient = {"resourceType": "Patient", "id": name, **({"gender": values["Sex"]} if "Sex" in values else {})}
    return FakeSubject(name, {**states(M0=first, M1=second), "Patient": patient, **values})


PEOPLE = (
    person("a", "T", "T", Old=True, Band="old", Sex="female"),
    person("b", "T", "F", Old=True, Band="old", Sex="male"),
    person("c", "F", "X", Old=False, Band="young", Sex="female"),
    person("d", "T", "-", Old=None, Band=None),
    person("e", "-", "-", Old=True, Band="old", Sex="female"),
)


def run(resource: dict[str, Any], *people: FakeSubject, **options: Any) -> MeasureResult:
    evaluator = options.pop("evaluator", None) or FakeEvaluator(TYPES)
    return together(resource, rate("M0"), rate("M1"), subjects=people or PEOPLE, evaluator=evaluator, **options)


def strata(report: dict[str, Any], index: int = 0) -> dict[str, tuple[tuple[int, ...], float | None]]:
    """The counts and the score of each stratum, by its values."""
    found = {}
    for stratum in report["group"][0]["stratifier"][index].get("stratum", []):
        values = [part["value"] for part in stratum.get("component", [stratum])]
        name = "/".join(value.get("text") or value["coding"][0]["code"] for value in values)
        counts = tuple(item["count"] for item in stratum.get("population", ()))
        found[name] = counts, stratum["measureScore"].get("value") if "measureScore" in stratum else None
    return found


@pytest.mark.parametrize(
    ("method", "old", "young", "unknown"),
    [
        # initial population, denominator, exclusion, exception, numerator, numerator exclusion
        ("all-or-nothing", ((2, 2, 0, 0, 1, 0), 0.5), ((1, 1, 1, 0, 0, 0), None), ((1, 1, 0, 0, 1, 0), 1)),
        ("any", ((2, 2, 0, 0, 2, 0), 1), ((1, 1, 0, 0, 0, 0), 0), ((1, 1, 0, 0, 1, 0), 1)),
        ("opportunity", ((4, 4, 0, 0, 3, 0), 0.75), ((2, 2, 1, 0, 0, 0), 0), ((1, 1, 0, 0, 1, 0), 1)),
        # initial population, measure population, its exclusion, observations
        ("linear", ((2, 2, 0, 2), 0.75), ((1, 1, 0, 1), 0), ((1, 1, 0, 1), 1)),
        # a component without a score leaves its weight to the other
        ("weighted", ((), 0.875), ((), 0), ((), 1)),
    ],
)
def test_strata_by_value_have_the_score_of_the_full_formula(
    method: str, old: Any, young: Any, unknown: Any, valid: Any
) -> None:
    result = run(whole(method, criteria("Band")))
    assert strata(valid(summary_report(result))) == {"old": old, "young": young, "(no value)": unknown}
    reports = [valid(individual_report(result.definition, PERIOD, one)) for one in result.subjects]
    assert [list(strata(report)) for report in reports] == [["old"], ["old"], ["young"], ["(no value)"], []]


@pytest.mark.parametrize(
    ("method", "inside", "rest"),
    [
        ("all-or-nothing", ((2, 2, 0, 0, 1, 0), 0.5), ((2, 2, 1, 0, 1, 0), 1)),
        ("weighted", ((), 0.875), ((), 0.5)),
    ],
)
def test_strata_by_criteria(method: str, inside: Any, rest: Any, valid: Any) -> None:
    result = run(whole(method, criteria("Old")))
    assert strata(valid(summary_report(result))) == {"true": inside}
    both = valid(summary_report(result, ReportOptions(false_strata=True)))
    assert strata(both) == {"true": inside, "false": rest}
    outside = valid(individual_report(result.definition, PERIOD, result.subjects[2]))
    nothing, score = strata(outside)["true"]
    assert (sum(nothing), score) == (0, None)


def test_a_subject_with_several_values_is_in_several_strata() -> None:
    result = run(whole("any", criteria("Band")), person("a", "T", "F", Band=["x", "y"]))
    assert {name: counts for name, (counts, _) in strata(summary_report(result)).items()} == dict.fromkeys(
        ("x", "y"), (1, 1, 0, 0, 1, 0)
    )


def test_strata_by_a_path_need_no_library(valid: Any) -> None:
    resource = whole("opportunity", criteria("Patient.gender", language="text/fhirpath"))
    del resource["library"]
    found = strata(valid(summary_report(run(resource))))
    assert {name: counts[:2] for name, (counts, _) in found.items()} == {
        "female": (4, 4),
        "male": (2, 2),
        "(no value)": (1, 1),
    }


def test_an_expression_needs_a_library_that_has_it() -> None:
    resource = whole("any", criteria("Band"))
    del resource["library"]
    with pytest.raises(ContentError, match="it names no library"):
        read_measure(resource)
    with pytest.raises(ContentError, match=r'group "whole", stratifier "S": library Own has no expression \'Bnad\''):
        run(whole("any", criteria("Bnad")), evaluator=FakeEvaluator(TYPES, missing=["Bnad"]))


def test_components_are_combined_and_expected_values_are_strata(valid: Any) -> None:
    sexes = ValueSet(SEXES, None, None, [{"system": "g", "code": code} for code in ("female", "male", "other")])
    stratifier = {
        "id": "S",
        "component": [
            {"code": {"text": "sex"}, "valueSet": SEXES, **criteria("Patient.gender", "one", "text/fhirpath")},
            {"code": {"text": "old"}, **criteria("Old", "two")},
        ],
    }
    by_sex = {**criteria("Patient.gender", "T", "text/fhirpath"), "valueSet": SEXES}
    result = run(whole("all-or-nothing", stratifier, by_sex), value_set=lambda *_: sexes)
    report = summary_report(result)
    assert {name: counts[1] for name, (counts, _) in strata(report).items()} == {
        "female/true": 1,
        "female/false": 1,
        "male/true": 1,
        "(no value)/(no value)": 1,
    }
    assert {name: counts[1] for name, (counts, _) in strata(report, 1).items()} == {
        "female": 2,
        "male": 1,
        "other": 0,
        "(no value)": 1,
    }


def test_applies_to_limits_what_a_stratum_reports(valid: Any) -> None:
    one, two = criteria("Band", "one"), criteria("Band", "two")
    for stratifier, codes in ((one, ("denominator",)), (two, ("denominator", "numerator"))):
        stratifier["extension"] = [{"url": f"{US}appliesTo", "valueCodeableConcept": concept(code)} for code in codes]
    report = valid(summary_report(run(whole("all-or-nothing", one, two))))
    assert strata(report)["old"] == ((2,), None)
    assert strata(report, 1)["old"] == ((2, 1), 0.5)


@dataclass(frozen=True)
class WithResources(FakeSubject):
    resources: tuple[Any, ...] = ()


ITEMS = FakeEvaluator({"Long": ListType(ANY)}, {"Kind": lambda _, item: "even" if int(item["id"]) % 2 == 0 else "odd"})


@pytest.mark.parametrize(
    ("method", "kinds", "long"),
    [
        ("all-or-nothing", {"odd": ((2, 2, 1, 0, 1, 0), 1), "even": ((2, 2, 0, 0, 0, 0), 0)}, ((2, 2, 0, 0, 0, 0), 0)),
        ("opportunity", {"odd": ((4, 4, 1, 0, 3, 0), 1), "even": ((3, 3, 0, 0, 1, 0), 1 / 3)}, None),
        ("linear", {"odd": ((2, 2, 0, 2), 1), "even": ((2, 2, 0, 2), 0.25)}, ((2, 2, 0, 2), 0.25)),
        ("weighted", {"odd": ((), 1), "even": ((), 0.375)}, None),
    ],
)
def test_items_are_in_strata_of_their_own(method: str, kinds: Any, long: Any, valid: Any) -> None:
    # items 1 to 4: fulfilled; half; excluded from one, fulfilled in the other; only in one, not fulfilled
    values = {**states(M0="TTTF", M1="TFX-"), "Long": encounters("2", "4", "9")}
    subject = WithResources("a", values, resources=tuple(encounters("1", "2", "3", "4", "9")))
    resource = whole(method, criteria("Kind"), criteria("Long", "L"), basis="Encounter")
    components = (rate("M0", "Encounter"), rate("M1", "Encounter"))
    result = together(resource, *components, subjects=[subject], evaluator=ITEMS)
    report = valid(summary_report(result))
    found = strata(report)
    assert {name: counts for name, (counts, _) in found.items()} == {name: one[0] for name, one in kinds.items()}
    assert {name: one[1] for name, one in found.items()} == pytest.approx({name: one[1] for name, one in kinds.items()})
    if long is not None:
        assert strata(report, 1)["Strata-2"] == long
    odd = next(one for one in result.subjects[0].groups[0].strata[0] if one.key == ("odd",))
    assert odd.items == ("Encounter/1", "Encounter/3")


def test_items_that_the_data_do_not_hold_have_no_strata() -> None:
    resource = whole("any", criteria("Kind"), basis="Encounter")
    components = (rate("M0", "Encounter"), rate("M1", "Encounter"))
    result = together(resource, *components, subjects=[FakeSubject("a", states(M0="TT", M1="TT"))], evaluator=ITEMS)
    assert "the strata of Encounter/1 are not known" in result.failures[0].diagnostics[0].message


def test_a_weighted_composite_with_strata_of_items_has_components_of_these_items() -> None:
    resource = whole("weighted", criteria("Kind"), basis="Encounter")
    with pytest.raises(ContentError, match="its basis is 'boolean', that of the composite 'Encounter'"):
        together(resource, rate("M0", "Encounter"), rate("M1"), subjects=[], evaluator=ITEMS)
    inner = {**whole("weighted", basis="Encounter"), "url": f"{BASE}M2", "name": "M2"}
    outer = composite("weighted", part("M0"), part("M2"), library=["http://example.org/Library/Own"])
    outer["group"][0]["extension"].append({"url": f"{UV}populationBasis", "valueCode": "Encounter"})
    components = (rate("M0", "Encounter"), rate("M1"), inner)
    assert together(outer, *components, subjects=[]).totals.subjects == 0
    outer["group"][0]["stratifier"] = [criteria("Kind")]
    with pytest.raises(ContentError, match=r"component http://example.org/Measure/M2: its basis is 'boolean'"):
        together(outer, *components, subjects=[], evaluator=ITEMS)


def test_stratifiers_of_components_do_not_stratify_the_composite() -> None:
    first = rate("M0")
    first["group"][0]["stratifier"] = [criteria("Band")]
    result = together(whole("any"), first, rate("M1"), subjects=PEOPLE, evaluator=FakeEvaluator(TYPES))
    assert "stratifier" not in summary_report(result)["group"][0]


def test_a_stratifier_that_fails_costs_one_subject_its_score() -> None:
    result = run(whole("any", criteria("Band")), PEOPLE[0], person("f", "T", "T", Band=EvaluationError("boom")))
    assert [failure.subject for failure in result.failures] == ["f"]
    assert result.groups()[0].counts == (1, 1, 0, 0, 1, 0)


def test_a_stratifier_is_not_asked_of_those_who_are_in_no_population() -> None:
    evaluator = FakeEvaluator(TYPES)
    run(whole("any", criteria("Band")), evaluator=evaluator)
    assert [subject for subject, name in evaluator.asked if name == "Band"] == ["a", "b", "c", "d"]


def data(identity: str, expression: str, usage: str = "supplemental-data") -> dict[str, Any]:
    return {**criteria(expression, identity), "code": {"text": expression}, "usage": [concept(usage, None)]}


def test_data_of_the_composite_and_of_its_components(valid: Any) -> None:
    own = [data("band", "Band"), data("sex", "Patient.gender"), data("old", "Old", "risk-adjustment-factor")]
    own[1]["criteria"]["language"] = "text/fhirpath"
    first = {**rate("M0"), "supplementalData": [data("payer", "Payer"), data("band", "Band")]}
    second = {**rate("M1"), "supplementalData": [data("payer", "Payer"), data("age", "Age")]}
    people = (
        person("a", "T", "T", Old=True, Band="old", Sex="female", Payer="x", Age=70),
        person("b", "T", "F", Old=False, Band="young", Payer="y", Age=EvaluationError("boom")),
    )
    result = together(
        whole("opportunity", supplementalData=own), first, second, subjects=people, evaluator=FakeEvaluator(TYPES)
    )
    assert [item.id for item in result.definition.supplemental_data] == ["band", "sex", "old", "payer", "age"]
    shown = {
        one["code"]["text"]: {part["code"]["text"]: part["valueInteger"] for part in one["component"]}
        for one in valid(summary_report(result))["contained"]
        if one["resourceType"] == "Observation"
    }
    assert shown == {
        "Band": {"old": 1, "young": 1},
        "Patient.gender": {"female": 1},
        "Old": {"true": 1, "false": 1},
        "Payer": {"x": 1, "y": 1},
        "Age": {"70": 1},
    }
    report = valid(individual_report(result.definition, PERIOD, result.subjects[0]))
    factors = [one["code"]["text"] for one in report["contained"] if "category" in one]
    assert factors == ["Old"]
    # An element that fails does not cost the subject its score.
    assert [(failure.subject, failure.scored) for failure in result.failures] == [("b", True)]


def test_data_of_one_name_are_of_one_type() -> None:
    plans = [
        prepare(read_measure({**rate(name), "supplementalData": [data("x", "X")]}), FakeEvaluator({"X": kind}))
        for name, kind in (("M0", STRING), ("M1", BOOLEAN))
    ]
    bound = bind_composite(read_measure(whole("any")), [plan.definition for plan in plans])
    assert [one.id for one in bound.supplemental_data] == ["x"]
    (warning,) = bound.warnings
    assert warning.code == "supplemental-data-type"
    assert "'X' has the type System.String in M0 and System.Boolean in M1" in warning.message


def test_doubts_about_components_are_the_composites_too() -> None:
    first = rate("M0")
    first["library"].append("http://example.org/Library/Second")
    inner = {**whole("any"), "url": f"{BASE}Inner", "name": "Inner"}
    outer = composite("any", part("Inner"), part("M2"))
    result = together(outer, first, rate("M1"), inner, rate("M2"), subjects=PEOPLE, evaluator=FakeEvaluator(TYPES))
    assert [one.code for one in result.doubts()] == ["several-libraries"]


def test_rows_of_items_add_up_to_their_services() -> None:
    subject = FakeSubject("a", states(M0="TF", M1="TX"))
    components = (rate("M0", "Encounter"), rate("M1", "Encounter"))
    result = together(whole("opportunity", basis="Encounter"), *components, subjects=[subject])
    total: Counter[str] = Counter()
    for row in rows(result.definition, result.subjects):
        total[row["type"]] += row["count"]
    assert tuple(total.values()) == result.groups()[0].counts == (4, 4, 1, 0, 2, 0)


def test_members_of_a_weighted_composite_are_those_of_its_components() -> None:
    result = run(whole("weighted", supplementalData=[data("band", "Band")]))
    assert result.totals.supplemental()[0][0][1] == 2


def test_strata_in_rows_and_lists(valid: Any) -> None:
    result = run(whole("all-or-nothing", criteria("Band")))
    found = {row["subject"]: row["stratum:whole:S"] for row in rows(result.definition, result.subjects)}
    assert found == {"a": "old", "b": "old", "c": "young", "d": "(no value)", "e": None}
    listed = subject_list(result, form=SubjectListForm.SUBJECTS).report
    stratum = next(one for one in listed["group"][0]["stratifier"][0]["stratum"] if one["value"]["text"] == "old")
    reference = stratum["population"][4]["subjectResults"]["reference"]
    members = next(one for one in listed["contained"] if f"#{one['id']}" == reference)
    assert [entry["item"]["reference"] for entry in members["entry"]] == ["Patient/a"]
    valid(listed)


def test_results_alone_do_not_tell_strata() -> None:
    with pytest.raises(UsageError, match="which results cannot tell"):
        compose(read_measure(whole("any", criteria("Band"))), [])
