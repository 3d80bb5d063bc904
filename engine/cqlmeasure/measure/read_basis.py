"""The population basis of a Measure, group or population, and what items of a group may be.

Owns basis requirements: a type, optionally profiles and code filters.  Always holds: a requirement that holds what the
standard refuses (date filters, value filters, a limit, a sort order), or whose type is not that of the basis, is a
fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cqlmeasure.measure.codes import measure_extension
from cqlmeasure.measure.definition import BOOLEAN_BASIS, BasisRequirement, CodeFilter
from cqlmeasure.measure.fhir_json import Json, code_of, extension_value, extension_values, objects, text
from cqlmeasure.measure.findings import Findings, group_place

ABSTRACT_TYPES = frozenset({"Any", "Resource", "DomainResource"})
_REFUSED = ("dateFilter", "valueFilter", "limit", "sort", "mustSupport", "subjectCodeableConcept", "subjectReference")
_SHALL_NOT = frozenset({"dateFilter", "valueFilter", "limit", "sort"})


def basis_of(holder: Json) -> str | None:
    """The basis that a Measure, group or population states itself."""
    value = extension_value(holder, measure_extension("populationBasis"))
    value = holder.get("basis") if value is None else value
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        value = value["type"]
    code = code_of(value)
    if code is None:
        return None
    return BOOLEAN_BASIS if code.lower() == BOOLEAN_BASIS else code.rpartition("/")[2]


def basis_requirements(group: Json, label: str, findings: Findings) -> tuple[BasisRequirement, ...]:
    """The requirements of a group: R6's elements, or extensions that hold a DataRequirement."""
    extensions = extension_values(group, measure_extension("populationBasis"))
    stated = [value for value in extensions if isinstance(value, dict) and "coding" not in value]
    return tuple(_requirements([*objects(group, "basisRequirement"), *stated], label, findings))


def settled_basis(
    stated: str | None, requirements: tuple[BasisRequirement, ...], label: str, findings: Findings
) -> str:
    """The basis of a group: as stated, else what its requirements have in common; requirements are held against it."""
    types = list(dict.fromkeys(requirement.type for requirement in requirements))
    if len(types) > 1 and stated in types:
        # The basis was taken from the first of several DataRequirements.
        stated = "Resource"
    if stated is None:
        return BOOLEAN_BASIS if not types else types[0] if len(types) == 1 else "Resource"
    for kind in types:
        if kind != stated and stated not in ABSTRACT_TYPES:
            findings.error(
                "basis-requirement",
                group_place(label),
                f"a basis requirement has the type {kind!r}, the basis is {stated!r}",
                "a basis requirement has the type of the basis, or a subtype of it",
            )
    return stated


def _requirements(found: list[dict[str, Any]], label: str, findings: Findings) -> Iterator[BasisRequirement]:
    for number, item in enumerate(found, 1):
        place = f"{group_place(label)}, basis requirement {number}"
        kind = text(item, "type")
        if kind is None:
            findings.error("basis-requirement", place, "it has no type", "a basis requirement needs a type")
            continue
        for name in _REFUSED:
            if name not in item:
                continue
            if name in _SHALL_NOT:
                findings.error("basis-requirement", place, f"a basis requirement may not have a {name}")
            else:
                findings.warning("basis-requirement", place, f"its {name} means nothing here")
        profiles = item.get("profile")
        yield BasisRequirement(
            type=kind,
            profiles=tuple(one for one in profiles if isinstance(one, str)) if isinstance(profiles, list) else (),
            filters=tuple(_filters(item, place, findings)),
        )


def _filters(item: Json, place: str, findings: Findings) -> Iterator[CodeFilter]:
    for code_filter in objects(item, "codeFilter"):
        path = text(code_filter, "path")
        if path is None:
            findings.error("basis-requirement", place, "a code filter has no path")
            continue
        codes = {
            (text(coding, "system"), code)
            for coding in objects(code_filter, "code")
            if (code := text(coding, "code")) is not None
        }
        yield CodeFilter(path=path, value_set=text(code_filter, "valueSet"), codes=frozenset(codes))
