"""Requirements held against data: what is counted, what comes near, what never occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any

import pytest

from cqlmeasure.models import fhir_types
from cqlmeasure.requirements import DataCheck, check
from cqlmeasure.requirements.check_rows import headline, page, sections
from cqlmeasure.requirements.checked import CodeFinding, Count, Finding
from cqlmeasure.requirements.elements import codings, reader

from .support import module

Resource = dict[str, Any]
SCT = "http://snomed.info/sct"
MEMBERS = {"http://example.org/ValueSet/visits": {"1": {SCT}, "2": {SCT}}}
PROFILE = "http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-encounter"
VISITS = {"type": "Encounter", "codeFilter": [{"path": "type", "valueSet": "http://example.org/ValueSet/visits"}]}


def checked(
    requirement: Mapping[str, Any], *patients: Sequence[Resource], zone: tzinfo = UTC, title: str = "T"
) -> DataCheck:
    """One requirement held against patients."""

    def of_profile(kind: str, profile: str) -> Any:
        return lambda resource: resource.get("meta", {}).get("profile", [profile]) == [profile]

    return check(
        {"dataRequirement": [requirement]},
        patients,
        fhir=fhir_types(),
        members=MEMBERS.__getitem__,
        of_profile=of_profile,
        zone=zone,
        title=title,
        period=("2026-01-01", "2026-12-31"),
    )


def only(found: DataCheck) -> Finding:
    """The one finding."""
    (one,) = found.findings
    return one


def encounter(**elements: Any) -> Resource:
    """An Encounter."""
    return {"resourceType": "Encounter", **elements}


def typed(*codes: tuple[str | None, str]) -> Resource:
    """An Encounter with types."""
    codings = [{"system": system, "code": code, "display": f"code {code}"} for system, code in codes]
    return encounter(type=[{"coding": codings}])


def test_resources_and_patients_are_counted() -> None:
    found = checked(VISITS, [typed((SCT, "1")), typed((SCT, "2"))], [typed((SCT, "1"))], [{"resourceType": "Patient"}])
    one = only(found)
    assert (one.of_type, one.codes[0].found, one.met) == (Count(3, 2),) * 3
    assert (found.subjects, found.resources, one.never, one.state, found.complete) == (3, 4, (), "met", True)


# Codes of an Encounter; whether it has one of the filter's; how it comes near; what is named.
NEAR: list[tuple[list[tuple[str | None, str]], bool, dict[str, int], list[str]]] = [
    ([(SCT, "1")], True, {}, []),
    ([(SCT, "3")], False, {"other-code": 1}, ["3"]),
    ([("urn:own", "1")], False, {"other-system": 1}, ["1"]),
    ([("urn:own", "9")], False, {"other-system": 1}, ["9"]),
    ([(None, "1")], True, {"no-system": 1}, ["1"]),
    ([(None, "9")], False, {"no-system": 1}, ["9"]),
    ([(SCT, "3"), (SCT, "4"), ("urn:own", "1")], False, {"other-code": 1, "other-system": 1}, ["1", "3", "4"]),
    ([(SCT, "1"), (SCT, "3"), ("urn:own", "9")], True, {}, []),
]


@pytest.mark.parametrize(("codes", "met", "near", "nearest"), NEAR)
def test_codes_that_come_near(
    codes: list[tuple[str | None, str]], met: bool, near: dict[str, int], nearest: list[str]
) -> None:
    one = only(checked(VISITS, [typed(*codes)])).codes[0]
    assert (one.found.resources, one.near, [code.code for code in one.nearest]) == (int(met), near, nearest)
    assert one.no_code == 0


def test_codes_of_the_filter_are_named_first_and_then_the_most_frequent() -> None:
    seen = [typed((SCT, code)) for code in "345566777"]
    one = only(checked(VISITS, [*seen, typed(("urn:own", "2"))])).codes[0]
    assert [(code.code, code.resources, code.reason) for code in one.nearest] == [
        ("2", 1, "other-system"),
        ("7", 3, "other-code"),
        ("5", 2, "other-code"),
    ]
    assert one.near == {"other-code": 9, "other-system": 1}
    assert one.nearest[0].display == "code 2"


@pytest.mark.parametrize(
    "resource", [encounter(), encounter(type=[]), encounter(type=[{"text": "x"}]), encounter(type="nonsense")]
)
def test_resources_without_a_code(resource: Resource) -> None:
    one = only(checked(VISITS, [resource])).codes[0]
    assert (one.no_code, one.near) == (int(resource.get("type") != "nonsense"), one.near)
    assert one.found == Count()


def test_plain_codes_have_no_system() -> None:
    requirement = {"type": "Encounter", "codeFilter": [{"path": "status", "code": [{"code": "finished"}]}]}
    data = [encounter(status="finished"), encounter(status="planned"), encounter(status="planned")]
    one: CodeFinding = only(checked(requirement, data)).codes[0]
    assert (one.found.resources, one.near, one.codes) == (1, {"other-code": 2}, "is finished")


def test_each_filter_counts_what_the_one_before_left() -> None:
    status = {"path": "status", "code": [{"code": "finished"}]}
    requirement = {**VISITS, "codeFilter": [*VISITS["codeFilter"], status], "mustSupport": ["status", "period"]}
    data = [{**typed((SCT, "1")), "status": "planned"}, encounter(status="finished")]
    one = only(checked(requirement, data))
    assert [code.found.resources for code in one.codes] == [1, 0]
    assert one.codes[1].near == {"other-code": 1}
    assert (one.never, [element.found for element in one.elements]) == (("code status",), [Count(), Count()])


def test_a_resource_of_another_profile_is_not_one_of_the_requirement() -> None:
    requirement = {"type": "Encounter", "profile": [PROFILE]}
    data = [encounter(meta={"profile": [PROFILE]}), encounter(), encounter(meta={"profile": ["urn:other"]})]
    one = only(checked(requirement, data))
    assert [one.of_type.resources, one.of_profile.resources, one.declared.resources] == [3, 2, 1]
    assert only(checked(requirement, data[2:])).never == ("profile",)


YEAR = {"start": "2026-01-01", "end": "2026-12-31"}
HALF = {"start": "2026-07-01T00:00:00.000+02:00"}
# A filter, an element, whether it is within.
DATES: list[tuple[dict[str, str], dict[str, Any], bool]] = [
    (YEAR, {"start": "2026-01-01", "end": "2026-12-31T23:59:59+00:00"}, True),
    (YEAR, {"start": "2026"}, False),
    (YEAR, {"start": "2026-01", "end": "2026"}, True),
    (YEAR, {"start": "2025-12-31T23:00:00-02:00", "end": "2026-02-01"}, True),
    (YEAR, {"start": "2025-12-31", "end": "2026-02-01"}, False),
    (YEAR, {"start": "2026-12-31", "end": "2027-01-01"}, False),
    (YEAR, {"start": "garbage", "end": "2026-02-01"}, False),
    (YEAR, {"start": "2026-02-30", "end": "2026-03-01"}, False),
    ({"start": "2026-01-01"}, {"start": "2026-02-01"}, True),
    ({"end": "2026-01-01"}, {"start": "2025"}, False),
    ({"end": "2026-01-01"}, {"end": "2025"}, True),
    (HALF, {"start": "2026-06-30T22:30:00Z"}, True),
    (HALF, {"start": "2026-06-30T21:30:00Z"}, False),
    (HALF, {"start": "2026-07-01"}, True),
]


@pytest.mark.parametrize(("bounds", "period", "within"), DATES)
def test_times_within_a_date_filter(bounds: dict[str, str], period: dict[str, Any], within: bool) -> None:
    requirement = {"type": "Encounter", "dateFilter": [{"path": "period", "valuePeriod": bounds}]}
    zone = timezone(timedelta(hours=2)) if bounds is HALF else UTC
    one = only(checked(requirement, [encounter(period=period)], zone=zone))
    assert (one.dates[0].found.resources, one.met.resources) == (int(within), int(within))
    assert one.never == (() if within else ("date period",))


def test_a_choice_of_times() -> None:
    requirement = {"type": "Observation", "dateFilter": [{"path": "effective", "valuePeriod": YEAR}]}
    data = [
        {"resourceType": "Observation", "effectiveDateTime": "2026-05"},
        {"resourceType": "Observation", "effectivePeriod": {"start": "2026-05-01", "end": "2026-05-02"}},
        {"resourceType": "Observation", "effectiveTiming": {"event": ["2026-05-01"]}},
        {"resourceType": "Observation", "effectiveInstant": "2027-05-01T10:00:00Z"},
    ]
    assert only(checked(requirement, data)).dates[0].found == Count(2, 1)


def test_bounds_that_are_not_known_leave_nothing_out() -> None:
    expression = {"language": "text/cql-expression", "expression": 'Interval["Index", null]'}
    url = "http://hl7.org/fhir/StructureDefinition/cqf-expression"
    period = {"extension": [{"url": url, "valueExpression": expression}]}
    found = checked(
        {"type": "Encounter", "dateFilter": [{"path": "period", "valuePeriod": period}]},
        [encounter(period={"start": "2020"}), encounter()],
    )
    assert only(found).dates[0].found == Count(1, 1)
    assert 'period during Interval["Index", null] (not computed)' in sections(found)[0].rows[1].text


def test_two_dates_that_no_resource_has_together() -> None:
    filters = [{"path": path, "valuePeriod": YEAR} for path in ("authoredOn", "occurrence")]
    data = [
        {"resourceType": "ServiceRequest", "authoredOn": "2026-01-01"},
        {"resourceType": "ServiceRequest", "occurrenceDateTime": "2026-01-01"},
    ]
    found = checked({"type": "ServiceRequest", "dateFilter": filters}, data)
    assert (only(found).never, only(found).state) == (("all dates",), "never")
    assert [row.never for row in sections(found)[0].rows] == [False, False, False, True]


def test_elements() -> None:
    requirement = {"type": "Observation", "mustSupport": ["value", "component.value", "status", "category"]}
    data = [
        {"resourceType": "Observation", "status": "final", "valueQuantity": {"value": 1}, "category": []},
        {"resourceType": "Observation", "_status": {"extension": []}, "component": [{"valueString": "x"}, None]},
    ]
    one = only(checked(requirement, data))
    assert {element.path: element.found.resources for element in one.elements} == {
        "value": 1, "component.value": 1, "status": 1, "category": 0,
    }  # fmt: skip
    assert (one.never, one.state) == (("category",), "partly")


def test_the_worst_comes_first_and_else_the_order_stays() -> None:
    requirements = [
        {"type": "Encounter", "mustSupport": ["status"]},
        {"type": "Procedure"},
        {"type": "Encounter", "mustSupport": ["period"]},
        {"type": "Condition"},
    ]
    found = check(
        {"dataRequirement": requirements},
        [[encounter(status="finished")]],
        fhir=fhir_types(),
        members=MEMBERS.__getitem__,
        of_profile=lambda kind, profile: lambda resource: True,
        zone=UTC,
        title="T",
        period=("2026-01-01", "2026-12-31"),
    )
    assert [(one.type, one.state, one.never) for one in found.findings] == [
        ("Procedure", "never", ("type",)),
        ("Condition", "never", ("type",)),
        ("Encounter", "partly", ("period",)),
        ("Encounter", "met", ()),
    ]
    assert not found.complete
    assert headline(found)[1] == "4 requirements: 2 never met, 1 with elements that never occur, 1 met"
    json = found.json()
    assert json["states"] == {"never": 2, "partly": 1, "met": 1}
    assert json["requirements"][0]["ofType"] == {"resources": 0, "patients": 0}


def test_what_is_in_the_data_is_no_markup_and_not_too_long() -> None:
    data = [typed(("<b>", "<i>" + "x" * 500))]
    found = checked(VISITS, data, title="<T>")
    html = page(found)
    assert "&lt;i&gt;xxx" in html and "&lt;T&gt;" in html
    assert "<i>" not in html and "<b>" not in html
    assert '<th scope="col" class="number">resources</th>' in html
    assert '<th scope="row">of the type</th><td class="number">1</td>' in html
    assert len(only(found).codes[0].nearest[0].code) == 120


@pytest.mark.parametrize(
    "resource",
    [
        encounter(type=[{"coding": [{"code": 5}, {"code": ""}, "x", None, {"system": SCT}]}], period="x"),
        encounter(type={"coding": {"code": "9", "system": 4}}, period=[{"start": 3}], meta="x", status=[[]]),
        encounter(type=[[1]], period={"start": ["2026"], "end": {}}, meta={"profile": "x"}),
    ],
)
def test_malformed_data_are_not_met_and_no_fault(resource: Resource) -> None:
    requirement = {**VISITS, "mustSupport": ["status"], "dateFilter": [{"path": "period", "valuePeriod": YEAR}]}
    assert only(checked(requirement, [resource])).met == Count()


def test_inferred_requirements_can_be_held_against_data() -> None:
    library = module('define X: [Encounter: "Visits"] E where E.period during "Measurement Period"\n')
    (requirement,) = library["dataRequirement"]
    found = checked(requirement, [{**typed((SCT, "1")), "period": {"start": "2026-02", "end": "2026-03"}}])
    assert only(found).state == "met"


def test_value_sets_have_the_names_that_the_logic_gives_them() -> None:
    library = module('define X: [Encounter: "Visits"]\n')
    found = check(
        library,
        [],
        fhir=fhir_types(),
        members=MEMBERS.__getitem__,
        of_profile=lambda kind, profile: lambda resource: True,
        zone=UTC,
        title="T",
        period=("2026-01-01", "2026-12-31"),
    )
    assert only(found).codes[0].value_set == "http://example.org/ValueSet/visits"
    assert sections(found)[0].rows[1].text == "type in Visits (visits)"


def test_quantities_have_no_codes() -> None:
    fhir = fhir_types()
    read = reader(fhir, "Observation", ("value",))
    quantity = {"resourceType": "Observation", "valueQuantity": {"value": 1, "system": "u", "code": "%"}}
    concept = {"resourceType": "Observation", "valueCodeableConcept": {"coding": [{"code": "1"}]}}
    assert [codings(one) for one in (*read(quantity), *read(concept))] == [[], [(None, "1", None)]]
    assert reader(fhir, "Observation", ("nothing", "at", "all"))(quantity) == []
