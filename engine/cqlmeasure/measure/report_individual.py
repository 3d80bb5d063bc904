"""The individual MeasureReport: one subject's counts, observations, supplemental data and evidence.

Always holds: a subject that could not be scored gets a report with status error and no groups, never one with zeros.
"""

from __future__ import annotations

from typing import Any

from cqlmeasure.measure.codes import PopulationType
from cqlmeasure.measure.definition import MeasureDefinition
from cqlmeasure.measure.editions import INDIVIDUAL, names
from cqlmeasure.measure.observations import ObservationValue
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.report_groups import groups_json
from cqlmeasure.measure.report_options import ReportOptions
from cqlmeasure.measure.report_parts import add_messages, fhir_id, finished, header, middle
from cqlmeasure.measure.report_supplemental import add_individual
from cqlmeasure.measure.results import SubjectResult
from cqlmeasure.measure.values import observation_value, quantity

_NO_OPTIONS = ReportOptions()


def individual_report(
    definition: MeasureDefinition, period: Period, result: SubjectResult, options: ReportOptions = _NO_OPTIONS
) -> dict[str, Any]:
    """The MeasureReport of type individual."""
    status = "error" if result.has_errors else "complete"
    identity = individual_id(definition, result.subject, options)
    report = header(definition, period, INDIVIDUAL, identity, status, options)
    report["subject"] = (
        {"reference": f"{result.subject_type}/{result.subject}"}
        if result.subject
        else {"type": result.subject_type, "display": "without an id"}
    )
    middle(report, definition, period, options)
    evidence = _Evidence(names(options.edition).criteria_reference)
    if not result.failed:
        report["group"] = groups_json(definition, result.groups, options)
        _add_observations(report, definition, result, evidence)
        add_individual(report, definition, result, options)
        for reference in result.evaluated:
            evidence.add(reference)
    report["evaluatedResource"] = evidence.json()
    add_messages(report, result.diagnostics)
    return finished(report, options, definition)


def individual_id(definition: MeasureDefinition, subject: str, options: ReportOptions = _NO_OPTIONS) -> str:
    """The id of a subject's individual report."""
    return fhir_id(definition.id or definition.name, subject, options.suffix)


class _Evidence:
    """References, each once, with the criteria that each belongs to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.criteria: dict[str, dict[str, None]] = {}

    def add(self, reference: str, *criteria: str) -> None:
        self.criteria.setdefault(reference, {}).update(dict.fromkeys(criteria))

    def json(self) -> list[dict[str, Any]]:
        contained = [name for name in self.criteria if name.startswith("#")]
        resources = sorted(name for name in self.criteria if not name.startswith("#"))
        return [self._reference(name, tuple(self.criteria[name])) for name in (*resources, *contained)]

    def _reference(self, name: str, criteria: tuple[str, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {"reference": name}
        if criteria:
            found["extension"] = [{"url": self.url, "valueString": item} for item in criteria]
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
