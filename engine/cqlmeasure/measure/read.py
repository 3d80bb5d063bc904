"""A FHIR Measure (JSON) -> MeasureDefinition.

Owns the ways in which Measures say the same thing: R4 with extensions (`cqfm-*` of the US guide, `cqm-*` of the
universal one) on the measure, group or population, and the R5/R6 elements that replaced them.  Always holds: what is
closer to a population wins (population, group, measure); all faults of a Measure are reported together.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from cqlmeasure.errors import ContentError
from cqlmeasure.measure.codes import (
    AGGREGATE_ALIASES,
    POPULATION_ALIASES,
    POPULATION_SYSTEMS,
    UNSCORED,
    AggregateMethod,
    PopulationType,
    Scoring,
    link_id_extension,
    measure_extension,
    member,
)
from cqlmeasure.measure.definition import (
    BOOLEAN_BASIS,
    Component,
    Criteria,
    Group,
    MeasureDefinition,
    Stratifier,
    SupplementalData,
)
from cqlmeasure.measure.fhir_json import Json, code_of, concept, extension_value, extension_values, objects, text
from cqlmeasure.measure.findings import Findings, group_place, population_place
from cqlmeasure.measure.link import PopulationDraft, link_populations

_NAME_LANGUAGES = ("text/cql-identifier", "text/cql.identifier", "text/cql-name", "text/cql", "text/cql.name")
_QUALIFIED = re.compile(r'^(?:"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<plain>[A-Za-z_]\w*))\.(?P<rest>\S.*)$', re.DOTALL)
_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"$', re.DOTALL)


def read_measure(resource: Json) -> MeasureDefinition:
    """The definition of a Measure resource; ``ContentError`` with every fault if it cannot be evaluated."""
    if resource.get("resourceType") != "Measure":
        kind = resource.get("resourceType")
        raise ContentError(f"expected a Measure, found {kind or 'JSON without a resourceType'}", code="no-measure")
    name = text(resource, "name") or text(resource, "id") or text(resource, "url") or "without a name"
    findings = Findings(name)
    library = _library(resource, findings)
    groups = tuple(_groups(resource, findings))
    if not objects(resource, "group"):
        findings.error("no-group", "", "it has no group, so there is nothing to count")
    supplemental = tuple(_supplemental(resource, findings))
    findings.raise_errors()
    period = resource.get("effectivePeriod")
    return MeasureDefinition(
        name=name,
        groups=groups,
        library=library,
        id=text(resource, "id"),
        url=text(resource, "url"),
        version=text(resource, "version"),
        title=text(resource, "title"),
        subject_type=_subject_type(resource),
        supplemental_data=supplemental,
        effective_period=period if isinstance(period, dict) else None,
        warnings=tuple(findings.warnings),
    )


def _library(resource: Json, findings: Findings) -> str | None:
    value = resource.get("library")
    listed = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str) and item]
    if not listed:
        findings.error(
            "no-library", "", "it names no library", "add the canonical url of the primary library as Measure.library"
        )
        return None
    if len(listed) > 1:
        findings.warning("several-libraries", "", f"it names {len(listed)} libraries; the first, {listed[0]}, is used")
    return listed[0]


def _subject_type(resource: Json) -> str:
    return code_of(resource.get("subjectCodeableConcept")) or code_of(resource.get("subjectCode")) or "Patient"


def _groups(resource: Json, findings: Findings) -> Iterator[Group]:
    found = objects(resource, "group")
    for number, group in enumerate(found, 1):
        label = text(group, "id") or _link_id(group, "Measure.group") or f"{number}"
        scoring = _scoring(resource, group, label, findings)
        drafts = list(_populations(group, label, f"group-{number}-" if len(found) > 1 else "", findings))
        if scoring is None:
            continue
        basis = _basis(group) or _basis(resource) or BOOLEAN_BASIS
        yield Group(
            id=text(group, "id"),
            link_id=_link_id(group, "Measure.group"),
            code=concept(group, "code"),
            description=text(group, "description"),
            scoring=scoring,
            basis=basis,
            types=_types(group) or _types(resource),
            improvement_notation=_own(group, "improvementNotation") or concept(resource, "improvementNotation"),
            rate_aggregation=code_of(_setting(resource, group, "rateAggregation")),
            scoring_unit=_unit(_setting(resource, group, "scoringUnit")),
            scoring_precision=_precision(_setting(resource, group, "scoringPrecision")),
            populations=link_populations(drafts, scoring, basis, label, findings),
            stratifiers=tuple(_stratifiers(group, label, findings)),
        )


def _setting(resource: Json, group: Json, name: str) -> Any:
    """A setting of a group: its extension or R5 element, else the measure's."""
    for holder in (group, resource):
        value = extension_value(holder, measure_extension(name))
        value = holder.get(name) if value is None else value
        if value is not None:
            return value
    return None


def _own(group: Json, name: str) -> dict[str, Any] | None:
    value = extension_value(group, measure_extension(name))
    value = group.get(name) if value is None else value
    if isinstance(value, str):
        return {"coding": [{"code": value}]}
    return value if isinstance(value, dict) else None


def _types(holder: Json) -> tuple[str, ...]:
    values = extension_values(holder, measure_extension("type")) or objects(holder, "type")
    return tuple(code for value in values if (code := code_of(value)))


def _unit(value: Any) -> dict[str, Any] | None:
    """The unit of a score as Quantity elements: ``unit``, ``system``, ``code``."""
    if isinstance(value, str):
        return {"unit": value}
    if not isinstance(value, dict):
        return None
    if "unit" in value:
        return {key: value[key] for key in ("unit", "system", "code") if isinstance(value.get(key), str)} or None
    coding = next(iter(objects(value, "coding")), value if "code" in value else {})
    label = text(value, "text") or text(coding, "display") or text(coding, "code")
    parts = {"unit": label, "system": text(coding, "system"), "code": text(coding, "code")}
    return {key: part for key, part in parts.items() if part} or None


def _precision(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 20 else None


def _scoring(resource: Json, group: Json, label: str, findings: Findings) -> Scoring | None:
    value = _setting(resource, group, "scoring")
    code = (code_of(value) or "").lower()
    known = ", ".join(scoring.value for scoring in Scoring)
    if not code:
        findings.error(
            "no-scoring",
            group_place(label),
            "it has no scoring",
            f"set Measure.scoring, or the extension cqfm-scoring or cqm-scoring of the group, to one of: {known}",
        )
    elif code in UNSCORED:
        findings.error("scoring", group_place(label), f"scoring {code!r} is not computed from criteria", None)
    elif member(Scoring, code) is None:
        findings.error("scoring", group_place(label), f"unknown scoring {code!r}", f"expected one of: {known}")
    return member(Scoring, code)


def _basis(holder: Json) -> str | None:
    value = extension_value(holder, measure_extension("populationBasis"))
    value = holder.get("basis") if value is None else value
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        value = value["type"]
    code = code_of(value)
    if code is None:
        return None
    return BOOLEAN_BASIS if code.lower() == BOOLEAN_BASIS else code.rpartition("/")[2]


def _link_id(holder: Json, path: str) -> str | None:
    value = extension_value(holder, (link_id_extension(path),))
    return text(holder, "linkId") or (value if isinstance(value, str) else None)


def _populations(group: Json, label: str, prefix: str, findings: Findings) -> Iterator[PopulationDraft]:
    used: set[str] = set()
    found = objects(group, "population")
    if not found:
        findings.error("no-population", group_place(label), "it has no population")
    for number, population in enumerate(found, 1):
        link = _link_id(population, "Measure.group.population")
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
        criteria = _criteria(population.get("criteria"), place, findings)
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
            basis=_basis(population),
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
    return _as_type(concept(population, "code"))


def _as_type(value: Any) -> PopulationType | None:
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
        if (kind := member(PopulationType, code)) is not None:
            return kind
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


def _criteria(value: Any, place: str, findings: Findings) -> Criteria | None:
    """An Expression that names a definition, or a bare name (R5, R6)."""
    if isinstance(value, str):
        language, expression = None, value.strip()
    elif isinstance(value, dict):
        language, expression = text(value, "language"), text(value, "expression") or ""
    else:
        language, expression = None, ""
    if not expression:
        findings.error("no-criteria", place, "it has no criteria", "name a CQL expression of the primary library")
        return None
    if language is not None and language.lower() not in _NAME_LANGUAGES:
        findings.error(
            "criteria-language",
            place,
            f"criteria in the language {language!r} cannot be evaluated",
            "name a CQL expression of the primary library, with the language text/cql-identifier",
        )
        return None
    library, rest = None, expression
    if (match := _QUALIFIED.match(expression)) is not None:
        library, rest = match["quoted"] or match["plain"], match["rest"].strip()
    if (quoted := _QUOTED.match(rest)) is not None:
        rest = re.sub(r"\\(.)", r"\1", quoted[1])
    return Criteria(name=rest, text=expression, library=library)


def _stratifiers(group: Json, label: str, findings: Findings) -> Iterator[Stratifier]:
    for number, stratifier in enumerate(objects(group, "stratifier"), 1):
        link = _link_id(stratifier, "Measure.group.stratifier")
        given = text(stratifier, "id")
        place = f'group "{label}", stratifier "{given or link or number}"'
        components = tuple(_components(stratifier, place, findings))
        root = stratifier.get("criteria")
        criteria = None
        if root is not None and objects(stratifier, "component"):
            findings.error("stratifier", place, "it has both criteria and components", "use one of them")
        elif not components or root is not None:
            criteria = _criteria(root, place, findings)
        if criteria is None and not components:
            continue
        applies = set()
        for value in extension_values(stratifier, measure_extension("appliesTo")):
            kind = _as_type({"coding": [{"code": value}]} if isinstance(value, str) else value)
            if kind is None:
                findings.error("applies-to", place, f"it applies to {code_of(value)!r}, which is no population")
            else:
                applies.add(kind)
        yield Stratifier(
            position=number,
            criteria=criteria,
            components=components,
            id=given,
            link_id=link,
            code=concept(stratifier, "code"),
            description=text(stratifier, "description"),
            applies_to=frozenset(applies),
        )


def _components(stratifier: Json, place: str, findings: Findings) -> Iterator[Component]:
    for number, component in enumerate(objects(stratifier, "component"), 1):
        inner = f"{place}, component {number}"
        criteria = _criteria(component.get("criteria"), inner, findings)
        if criteria is not None:
            yield Component(
                criteria=criteria,
                id=text(component, "id"),
                link_id=_link_id(component, "Measure.group.stratifier.component"),
                code=concept(component, "code"),
            )


def _supplemental(resource: Json, findings: Findings) -> Iterator[SupplementalData]:
    used: set[str] = set()
    for number, item in enumerate(objects(resource, "supplementalData"), 1):
        key = text(item, "id") or _link_id(item, "Measure.supplementalData") or f"supplemental-data-{number}"
        place = f'supplemental data "{key}"'
        if key in used:
            # Measures list one expression both as supplemental data and as a risk factor, under one id.
            key = next(f"{key}-{n}" for n in itertools.count(2) if f"{key}-{n}" not in used)
            findings.warning("supplemental-data-id", place, f"another one has the same id; it is called {key!r}")
        used.add(key)
        criteria = _criteria(item.get("criteria"), place, findings)
        if criteria is not None:
            yield SupplementalData(
                id=key,
                criteria=criteria,
                code=concept(item, "code"),
                description=text(item, "description"),
                usage=tuple(code for value in objects(item, "usage") if (code := code_of(value))),
            )
