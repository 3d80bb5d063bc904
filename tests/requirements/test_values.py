"""Value filters: which follow from comparisons with constants, which must not, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.library import Library

from cqlmeasure.requirements import Options, module_definition, rows
from cqlmeasure.requirements.narrative import narrative

from .support import entries, found, module

QUANTITY = "(O.value as Quantity)"
AGE = "[Observation] O where"

FOLLOWS = {
    f"{AGE} {QUANTITY} > 9 '%'": ["value > 9 %"],
    f"{AGE} {QUANTITY} <= 7.3 '[pH]'": ["value <= 7.3 [pH]"],
    f"{AGE} 9 '%' < {QUANTITY}": ["value > 9 %"],
    f"{AGE} 9 '%' >= {QUANTITY}": ["value <= 9 %"],
    f"{AGE} {QUANTITY} = 5 '%'": ["value = 5 %"],
    f"{AGE} {QUANTITY} in Interval[5 '%', 9 '%')": ["value < 9 %", "value >= 5 %"],
    f"{AGE} {QUANTITY} in Interval(5 '%', null]": ["value > 5 %"],
    f"{AGE} Interval[null, 9 '%'] contains {QUANTITY}": ["value <= 9 %"],
    f"{AGE} {QUANTITY} between 5 '%' and 9 '%'": ["value <= 9 %", "value >= 5 %"],
    f"{AGE} {QUANTITY} > 3 days": ["value > 3 d"],
    f"{AGE} {QUANTITY}.value > 9": ["value.value > 9"],
    f"{AGE} {QUANTITY}.value > 8.5": ["value.value > 8.5"],
    f"{AGE} (O.value as integer) >= 9.0": ["value >= 9"],
    f"{AGE} {QUANTITY} > 9": ["value > 9 1"],
    f"{AGE} O.status = 'final' and {QUANTITY} > 9 '%'": ["value > 9 %"],
    f"{AGE} exists (O.component C where (C.value as Quantity) > 9 '%')": ["component.value > 9 %"],
    f"({AGE} High(O))": ["value > 9 %"],
    "[Patient] P where P.active = true": ["active = true"],
    "[Encounter] E where E.length >= 2 hours": ["length >= 2 h"],
}

HELPERS = """
define function High(item Observation): (item.value as Quantity) > 9 '%'
"""

DOES_NOT_FOLLOW = {
    "not": f"{AGE} not ({QUANTITY} > 9 '%')",
    "or": f"{AGE} {QUANTITY} > 9 '%' or O.status = 'final'",
    "null counts as true": f"{AGE} Coalesce({QUANTITY} > 9 '%', true)",
    "calendar units": f"{AGE} {QUANTITY} > 3 years",
    "a computed value": f"{AGE} ({QUANTITY} * 2) > 9 '%'",
    "a negated value": f"{AGE} -{QUANTITY} > 9 '%'",
    "a bound that depends on data": f"{AGE} {QUANTITY} > (First([Observation]).value as Quantity)",
    "equivalence": f"{AGE} {QUANTITY} ~ 9 '%'",
    "how many": "[Encounter] E where Count(E.type) > 3",
    "the last, then the value": f"(Last([Observation] O sort by issued)) O where {QUANTITY} > 9 '%'",
    "the value of the last": "Last([Observation] O sort by issued).value as Quantity > 9 '%'",
}


def values(cql: str) -> list[str]:
    """The value filters of the one requirement of an expression, as people see them."""
    (shown,) = [row[2] for row in rows(module(f"{HELPERS}define X: {cql}\n", "X"))]
    return sorted(part for part in shown.split("; ") if not part.startswith("status"))


@pytest.mark.parametrize("cql", FOLLOWS)
def test_a_comparison_with_a_constant_becomes_a_value_filter(cql: str) -> None:
    assert values(cql) == FOLLOWS[cql]


@pytest.mark.parametrize("name", DOES_NOT_FOLLOW)
def test_nothing_is_left_out_that_could_matter(name: str) -> None:
    made = entries(f"{HELPERS}define X: {DOES_NOT_FOLLOW[name]}\n", "X")
    assert not [one for entry in made for one in entry.get("extension", []) if one["url"].endswith("valueFilter")]


def extensions(entry: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The extensions of an entry with a name, each as a flat dict."""
    return [
        {part["url"]: next(value for key, value in part.items() if key != "url") for part in one["extension"]}
        for one in entry.get("extension", [])
        if one["url"].endswith(name)
    ]


def test_as_fhir_has_it() -> None:
    library = module(f"define X: {AGE} {QUANTITY} > 9 '%'\n")
    (entry,) = library["dataRequirement"]
    quantity = {"value": 9, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
    assert extensions(entry, "/cqf-valueFilter") == [{"path": "value", "comparator": "gt", "value": quantity}]
    assert "value &gt; 9 %" in narrative(library)["div"]
    Library.model_validate({**library, "text": narrative(library)})
    older = module(f"define X: {AGE} {QUANTITY} > 9 '%'\n", options=Options(cqfm=True))
    assert extensions(older["dataRequirement"][0], "/cqfm-valueFilter")
    compatible = module(f"define X: {AGE} {QUANTITY} > 9 '%'\n", options=Options(reference=True))
    assert "extension" not in compatible["dataRequirement"][0]


def test_values_that_not_all_uses_imply_are_left_out() -> None:
    uses = [f"{AGE} O.status = 'final' and {QUANTITY} {text} '%'" for text in ("> 9", "> 5")]
    both = f"{AGE} {QUANTITY} > 9 '%' and O.status = 'final' and O.issued is not null"
    body = f"define X: {uses[0]}\ndefine Y: {uses[1]}\n"
    (entry,) = entries(body)
    assert (extensions(entry, "valueFilter"), [one["path"] for one in entry["codeFilter"]]) == ([], ["status"])
    (entry,) = entries(f"define X: {uses[0]}\ndefine Y: {both}\n")
    assert [one["value"]["value"] for one in extensions(entry, "valueFilter")] == [9]
    (entry,) = entries(f"define X: {uses[0]}\ndefine Y: {AGE} O.status = 'final'\n")
    assert extensions(entry, "valueFilter") == []


def test_values_that_differ_do_not_use_up_the_alternatives() -> None:
    uses = "".join(f"define X{number}: {AGE} O.status = 'final' and {QUANTITY} > {number} '%'\n" for number in range(9))
    (entry,) = entries(f"{uses}define Y: {AGE} O.status = 'amended'\ndefine Z: {AGE} O.status = 'amended'\n")[:1]
    assert [one["code"] for one in entry["codeFilter"][0]["code"]] == ["final"]


MEDICATIONS = """
define X: [MedicationRequest] R
  with [Medication: "Drugs"] M such that M.id = Last(Split((R.medication as Reference).reference, '/'))
"""


def test_what_is_joined_over_a_reference_is_related() -> None:
    library = module(MEDICATIONS)
    request, medication = library["dataRequirement"]
    assert request["id"] == "MedicationRequest-1"
    assert extensions(medication, "/cqf-relatedRequirement") == [
        {"targetId": request["id"], "targetPath": "medication"}
    ]
    assert "id" not in medication and not extensions(request, "relatedRequirement")
    Library.model_validate(library)


@pytest.mark.parametrize(
    "condition",
    [
        "References(R.medication as Reference, M)",
        "Last(Split((R.medication as Reference).reference, '/')) = M.id",
        "EndsWith((R.medication as Reference).reference, 'x') and ('Medication/' + M.id) = (R.medication as Reference)"
        ".reference",
    ],
)
def test_joins_are_found_through_functions_and_either_way(condition: str) -> None:
    body = f"""
define function References(given Reference, item Medication): item.id = Last(Split(given.reference, '/'))
define X: [MedicationRequest] R with [Medication: "Drugs"] M such that {condition}
"""
    _, medication = entries(body, "X")
    assert [one["targetPath"] for one in extensions(medication, "relatedRequirement")] == ["medication"]


def test_elements_of_elements_that_refer() -> None:
    body = """
define X: [Encounter] E where exists (E.location L where exists ([Location] P
  where P.id = Last(Split(L.location.reference, '/')) and P.name = 'x'))
"""
    encounter, location = entries(body)
    assert extensions(location, "relatedRequirement") == [
        {"targetId": encounter["id"], "targetPath": "location.location"}
    ]


@pytest.mark.parametrize(
    "condition", ["R.id = M.id", "M.status = 'active'", "(R.medication as Reference).reference = 'Medication/1'"]
)
def test_what_is_no_join_relates_nothing(condition: str) -> None:
    body = f'define X: [MedicationRequest] R with [Medication: "Drugs"] M such that {condition}\n'
    assert not any("relatedRequirement" in one["url"] for entry in entries(body) for one in entry.get("extension", []))


def test_related_requirements_of_several_artifacts_stay_related() -> None:
    other = "define Y: [Encounter]\ndefine Z: [MedicationRequest] R where R.status = 'active'\n"
    library = module_definition([found(other), found(MEDICATIONS)])
    by_type = {one["type"]: one for one in library["dataRequirement"]}
    related = extensions(by_type["Medication"], "relatedRequirement")
    assert [one["targetId"] for one in related] == [by_type["MedicationRequest"]["id"]]
