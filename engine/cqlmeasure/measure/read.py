"""A FHIR Measure (JSON) -> MeasureDefinition.

Owns the ways in which Measures say the same thing: R4 with extensions (`cqfm-*` of the US guide, `cqm-*` of the
universal one) on the measure, group or population, and the R5/R6 elements that replaced them.  Always holds: what is
closer to a population wins (population, group, measure); all faults of a Measure are reported together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cqlmeasure.errors import ContentError
from cqlmeasure.measure.codes import Scoring, measure_extension, member
from cqlmeasure.measure.definition import Group, MeasureDefinition, Population
from cqlmeasure.measure.fhir_json import Json, code_of, concept, extension_value, extension_values, objects, text
from cqlmeasure.measure.findings import Findings, group_place
from cqlmeasure.measure.link import link_populations
from cqlmeasure.measure.read_basis import basis_of, basis_requirements, settled_basis
from cqlmeasure.measure.read_composite import composite_parts, composite_scoring
from cqlmeasure.measure.read_criteria import link_id
from cqlmeasure.measure.read_populations import populations
from cqlmeasure.measure.read_stratifiers import stratifiers, supplemental_data


def read_measure(resource: Json) -> MeasureDefinition:
    """The definition of a Measure resource; ``ContentError`` with every fault if it cannot be evaluated."""
    if resource.get("resourceType") != "Measure":
        kind = resource.get("resourceType")
        raise ContentError(f"expected a Measure, found {kind or 'JSON without a resourceType'}", code="no-measure")
    name = text(resource, "name") or text(resource, "id") or text(resource, "url") or "without a name"
    findings = Findings(name)
    groups = tuple(_groups(resource, findings))
    if not _group_elements(resource):
        findings.error("no-group", "", "it has no group, so there is nothing to count")
    supplemental = tuple(supplemental_data(resource, findings))
    period = resource.get("effectivePeriod")
    definition = MeasureDefinition(
        name=name,
        groups=groups,
        id=text(resource, "id"),
        url=text(resource, "url"),
        version=text(resource, "version"),
        title=text(resource, "title"),
        subject_type=_subject_type(resource),
        supplemental_data=supplemental,
        effective_period=period if isinstance(period, dict) else None,
    )
    library = _library(resource, findings, needed=definition.needs_library or bool(findings.errors))
    findings.raise_errors()
    return msgspec.structs.replace(definition, library=library, warnings=tuple(findings.warnings))


def _library(resource: Json, findings: Findings, *, needed: bool) -> str | None:
    value = resource.get("library")
    listed = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str) and item]
    if not listed and needed:
        findings.error(
            "no-library", "", "it names no library", "add the canonical url of the primary library as Measure.library"
        )
    if not listed:
        return None
    if len(listed) > 1:
        findings.warning("several-libraries", "", f"it names {len(listed)} libraries; the first, {listed[0]}, is used")
    return listed[0]


def _subject_type(resource: Json) -> str:
    # R6 has it on the group; a Measure whose groups are about different types of subjects cannot be read as one.
    for holder in (resource, *objects(resource, "group")):
        for name in ("subjectCodeableConcept", "subjectCode"):
            if (code := code_of(holder.get(name))) is not None:
                return code
    return "Patient"


def _group_elements(resource: Json) -> list[dict[str, Any]]:
    """The groups; a composite whose components are the Measure's own related artifacts needs none."""
    found = objects(resource, "group")
    related = any(item.get("type") == "composed-of" for item in objects(resource, "relatedArtifact"))
    return found or ([{}] if related and code_of(resource.get("scoring")) == Scoring.COMPOSITE else [])


def _groups(resource: Json, findings: Findings) -> Iterator[Group]:
    found = _group_elements(resource)
    for number, group in enumerate(found, 1):
        label = text(group, "id") or link_id(group, "Measure.group") or f"{number}"
        scoring = _scoring(resource, group, label, findings)
        prefix = f"group-{number}-" if len(found) > 1 else ""
        needed = scoring not in (Scoring.ATTESTATION, Scoring.COMPOSITE)
        drafts = list(populations(group, label, prefix, findings, needed=needed))
        if scoring is None:
            continue
        requirements = basis_requirements(group, label, findings)
        basis = settled_basis(basis_of(group) or basis_of(resource), requirements, label, findings)
        linked: tuple[Population, ...] = link_populations(drafts, scoring, basis, label, findings)
        composite = scoring is Scoring.COMPOSITE
        yield Group(
            id=text(group, "id"),
            link_id=link_id(group, "Measure.group"),
            code=concept(group, "code"),
            description=text(group, "description"),
            scoring=scoring,
            basis=basis,
            types=_types(group) or _types(resource),
            improvement_notation=_own(group, "improvementNotation") or concept(resource, "improvementNotation"),
            rate_aggregation=code_of(_setting(resource, group, "rateAggregation")),
            scoring_unit=_unit(_setting(resource, group, "scoringUnit")),
            scoring_precision=_precision(_setting(resource, group, "scoringPrecision")),
            populations=linked,
            stratifiers=tuple(stratifiers(group, label, findings)),
            basis_requirements=requirements,
            composite=composite_scoring(resource, group, label, findings) if composite else None,
            parts=composite_parts(resource, group, label, findings) if composite else (),
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
    elif member(Scoring, code) is None:
        findings.error("scoring", group_place(label), f"unknown scoring {code!r}", f"expected one of: {known}")
    return member(Scoring, code)
