"""The components of composite groups: which measures, which of their groups, with which weights.

Always holds: components of the group win over those of the Measure (`relatedArtifact`); a composite has at least two
components, and names the method that combines them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from cqlmeasure.measure.codes import CompositeScoring, measure_extension, member
from cqlmeasure.measure.definition import CompositePart
from cqlmeasure.measure.fhir_json import Json, code_of, extension_value, objects, text
from cqlmeasure.measure.findings import Findings, group_place

_ALIASES = {"component-level": CompositeScoring.WEIGHTED, "all-or-none": CompositeScoring.ALL_OR_NOTHING}


def composite_scoring(resource: Json, group: Json, label: str, findings: Findings) -> CompositeScoring | None:
    """How the components are combined: the group's word, else the Measure's."""
    value = None
    for holder in (group, resource):
        value = value or extension_value(holder, measure_extension("compositeScoring"))
        value = value or holder.get("compositeScoring")
    code = (code_of(value) or "").lower()
    method = member(CompositeScoring, code) or _ALIASES.get(code)
    if method is None:
        known = ", ".join(item.value for item in CompositeScoring)
        said = f"unknown composite scoring {code!r}" if code else "it is a composite without a composite scoring"
        findings.error("composite-scoring", group_place(label), said, f"expected one of: {known}")
    return method


def composite_parts(resource: Json, group: Json, label: str, findings: Findings) -> tuple[CompositePart, ...]:
    """The components, in order."""
    own = list(_extensions(group))
    related = [(item, item) for item in objects(resource, "relatedArtifact") if item.get("type") == "composed-of"]
    parts = [
        part for artifact, holder in own or related if (part := _part(artifact, holder, label, findings)) is not None
    ]
    if len(parts) < 2:
        findings.error(
            "composite-components",
            group_place(label),
            f"a composite has at least two components, found {len(parts)}",
            "name them in the group's extensions cqm-component, or as relatedArtifact of type composed-of",
        )
    if len({(part.url, part.group_id) for part in parts}) < len(parts):
        findings.error("composite-components", group_place(label), "it has the same component twice")
    return tuple(parts)


def _extensions(group: Json) -> Iterator[tuple[Json, Json]]:
    wanted = measure_extension("component")
    for extension in objects(group, "extension"):
        artifact = extension.get("valueRelatedArtifact")
        if extension.get("url") in wanted and isinstance(artifact, dict):
            yield artifact, extension


def _part(artifact: Json, holder: Json, label: str, findings: Findings) -> CompositePart | None:
    canonical = text(artifact, "resource")
    if canonical is None:
        findings.error("composite-components", group_place(label), "a component names no measure")
        return None
    url, _, version = canonical.partition("|")
    identity = _setting(artifact, holder, "groupId")
    return CompositePart(
        url=url,
        version=version or None,
        group_id=identity if isinstance(identity, str) else None,
        weight=_weight(_setting(artifact, holder, "weight"), canonical, label, findings),
    )


def _setting(artifact: Json, holder: Json, name: str) -> Any:
    """An extension of the related artifact, or of the extension that holds it."""
    urls = measure_extension(name)
    value = extension_value(holder, urls)
    return extension_value(artifact, urls) if value is None else value


def _weight(value: Any, canonical: str, label: str, findings: Findings) -> Decimal:
    if value is None:
        return Decimal(1)
    try:
        weight = Decimal(str(value)) if not isinstance(value, bool) else Decimal(-1)
    except InvalidOperation:
        weight = Decimal(-1)
    if weight.is_finite() and weight >= 0:
        return weight
    findings.error("composite-weight", group_place(label), f"the weight {value!r} of {canonical} is no weight")
    return Decimal(1)
