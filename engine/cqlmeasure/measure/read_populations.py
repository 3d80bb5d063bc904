"""The populations of a group, their references not yet resolved.

Always holds: an unknown population code of the standard's own code systems is a fault; one of another code system is a
population of that guide's, counted within the initial population.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cqlmeasure.measure.codes import (
    AGGREGATE_ALIASES,
    POPULATION_ALIASES,
    POPULATION_SYSTEMS,
    AggregateMethod,
    PopulationType,
    measure_extension,
    member,
)
from cqlmeasure.measure.fhir_json import Json, code_of, concept, extension_value, objects, text
from cqlmeasure.measure.findings import Findings, group_place, population_place
from cqlmeasure.measure.link import PopulationDraft
from cqlmeasure.measure.read_basis import basis_of
from cqlmeasure.measure.read_criteria import criteria_of, link_id


def populations(
    group: Json, label: str, prefix: str, findings: Findings, *, needed: bool = True
) -> Iterator[PopulationDraft]:
    """The populations of a group; ``needed``: a group without any is a fault."""
    used: set[str] = set()
    found = objects(group, "population")
    if not found and needed:
        findings.error("no-population", group_place(label), "it has no population")
    for number, population in enumerate(found, 1):
        link = link_id(population, "Measure.group.population")
        given = text(population, "id") or link
        kind = _population_type(population)
        place = population_place(label, given or (kind.value if kind else f"number {number}"))
        if kind is None:
            findings.error(
                "population-code",
                place,
                f"its code {code_of(population.get('code')) or '(none)'!r} is not that of a population",
                f"expected one of: {', '.join(item.value for item in PopulationType)}",
            )
            continue
        criteria = criteria_of(population.get("criteria"), place, findings)
        if criteria is None:
            continue
        key = given or f"{prefix}{kind.value}"
        if key in used:
            if given:
                findings.error("population-id", place, "another population of the group has the same id")
                continue
            key = next(f"{key}-{n}" for n in range(2, len(found) + 2) if f"{key}-{n}" not in used)
        used.add(key)
        reference = _near(population, "criteriaReference")
        yield PopulationDraft(
            id=key,
            type=kind,
            criteria=criteria,
            code=concept(population, "code") or {},
            link_id=link,
            description=text(population, "description"),
            basis=basis_of(population),
            reference=reference.lstrip("#") if isinstance(reference, str) else None,
            aggregate=_aggregate(population, place, findings),
        )


def _near(population: Json, name: str) -> Any:
    """An extension of the population or, as older measures have it, of its criteria."""
    urls = measure_extension(name)
    value = extension_value(population, urls)
    criteria = population.get("criteria")
    return extension_value(criteria, urls) if value is None and isinstance(criteria, dict) else value


def _population_type(population: Json) -> PopulationType | None:
    return population_type(concept(population, "code"))


def population_type(value: Any) -> PopulationType | None:
    """What a concept says a population is for."""
    codings = objects(value, "coding") if isinstance(value, dict) else []
    codes = [
        code
        for coding in codings
        if coding.get("system") in (None, *POPULATION_SYSTEMS) and (code := text(coding, "code"))
    ]
    if not codings and (code := code_of(value)):
        codes = [code.lower().replace(" ", "-")]
    for code in codes:
        if code in POPULATION_ALIASES:
            return POPULATION_ALIASES[code]
        if (kind := member(PopulationType, code)) not in (None, PopulationType.OTHER):
            return kind
    foreign = [code for coding in codings if (code := text(coding, "code"))]
    # A code of the standard under another system is a slip, not a population of that system's.
    if foreign and not codes and all(member(PopulationType, code) is None for code in foreign):
        return PopulationType.OTHER
    return None


def _aggregate(population: Json, place: str, findings: Findings) -> AggregateMethod | None:
    value = _near(population, "aggregateMethod")
    code = code_of(population.get("aggregateMethod") if value is None else value)
    if code is None:
        return None
    method = member(AggregateMethod, code.lower()) or AGGREGATE_ALIASES.get(code.lower())
    if method is not None:
        return method
    known = ", ".join(method.value for method in AggregateMethod)
    findings.error("aggregate-method", place, f"unknown aggregate method {code!r}", f"expected one of: {known}")
    return None
