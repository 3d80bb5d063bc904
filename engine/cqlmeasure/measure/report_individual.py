"""The individual MeasureReport: one subject's counts, observations, supplemental data and evidence.

Always holds: a subject that could not be scored gets a report with status error and no groups, never one with zeros.
"""

from __future__ import annotations

from typing import Any

from cqlmeasure.measure.codes import CRITERIA_REFERENCE, SUPPLEMENTAL_DATA, PopulationType
from cqlmeasure.measure.definition import MeasureDefinition, SupplementalData
from cqlmeasure.measure.observations import ObservationValue
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.report_parts import (
    ReportOptions,
    add_messages,
    fhir_id,
    finished,
    groups_json,
    header,
    middle,
)
from cqlmeasure.measure.results import SubjectResult
from cqlmeasure.measure.values import observation_value, quantity

_NO_OPTIONS = ReportOptions()


def individual_report(
    definition: MeasureDefinition, period: Period, result: SubjectResult, options: ReportOptions = _NO_OPTIONS
) -> dict[str, Any]:
    """The MeasureReport of type individual."""
    status = "error" if result.has_errors else "complete"
    identity = fhir_id(definition.id or definition.name, result.subject)
    report = header(definition, period, "individual", identity, status, options)
    report["subject"] = (
        {"reference": f"{result.subject_type}/{result.subject}"}
        if result.subject
        else {"type": result.subject_type, "display": "without an id"}
    )
    middle(report, definition, period, options)
    evidence = _Evidence()
    if not result.failed:
        report["group"] = groups_json(definition, result.groups, options)
        _add_observations(report, definition, result, evidence)
        _add_supplemental(report, definition, result)
        for reference in result.evaluated:
            evidence.add(reference)
    report["evaluatedResource"] = evidence.json()
    add_messages(report, result.diagnostics)
    return finished(report)


class _Evidence:
    """References, each once, with the criteria that each belongs to."""

    def __init__(self) -> None:
        self.criteria: dict[str, dict[str, None]] = {}

    def add(self, reference: str, *criteria: str) -> None:
        self.criteria.setdefault(reference, {}).update(dict.fromkeys(criteria))

    def json(self) -> list[dict[str, Any]]:
        contained = [name for name in self.criteria if name.startswith("#")]
        resources = sorted(name for name in self.criteria if not name.startswith("#"))
        return [_reference(name, tuple(self.criteria[name])) for name in (*resources, *contained)]


def _reference(name: str, criteria: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"reference": name}
    if criteria:
        found["extension"] = [{"url": CRITERIA_REFERENCE, "valueString": item} for item in criteria]
    return found


def _add_observations(
    report: dict[str, Any], definition: MeasureDefinition, result: SubjectResult, evidence: _Evidence
) -> None:
    for number, (group, found) in enumerate(zip(definition.groups, result.groups, strict=True), 1):
        for population, members in zip(group.populations, found.members, strict=True):
            for member in members:
                evidence.add(member, population.id)
        positions = group.positions(PopulationType.MEASURE_OBSERVATION)
        for order, (index, values) in enumerate(zip(positions, found.observations, strict=True), 1):
            population = group.populations[index]
            for count, value in enumerate(values, 1):
                identity = f"observation-{number}-{order}-{count}"
                report["contained"].append(_observation(identity, population.criteria.name, value))
                evidence.add(f"#{identity}", population.id)


def _observation(identity: str, name: str, value: ObservationValue) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"text": name},
    }
    if value.member is not None:
        found["focus"] = [{"reference": value.member}]
    if value.unit is not None:
        found["valueQuantity"] = quantity(value.value, value.unit)
    else:
        kind, json = observation_value(value.value)
        found[kind] = json
    return found


def _add_supplemental(report: dict[str, Any], definition: MeasureDefinition, result: SubjectResult) -> None:
    if not result.supplemental:
        return
    seen: set[tuple[str, str]] = set()
    for number, (item, values) in enumerate(zip(definition.supplemental_data, result.supplemental, strict=True), 1):
        for count, value in enumerate(values, 1):
            if value.reference is not None:
                reference = value.reference
            else:
                identity = f"supplemental-data-{number}-{count}"
                reference = f"#{identity}"
                report["contained"].append(
                    {
                        "resourceType": "Observation",
                        "id": identity,
                        "status": "final",
                        "code": supplemental_code(item),
                        **(value.content or {}),
                    }
                )
            if (item.id, reference) not in seen:
                seen.add((item.id, reference))
                report["extension"].append(
                    {"url": SUPPLEMENTAL_DATA, "valueReference": _reference(reference, (item.id,))}
                )


def supplemental_code(item: SupplementalData) -> dict[str, Any]:
    """What a supplemental data element is called."""
    return item.code or {"text": item.description or item.criteria.name}
