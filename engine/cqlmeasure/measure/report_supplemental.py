"""Supplemental data and risk factors in reports: references, contained Observations, counts.

Owns their form: one person's values as resources by reference or as Observations; in a summary one Observation per
element whose components count the values, or, as an option, one Observation per value.  Always holds: risk factors are
told apart from supplemental data; a summary names no one's resources; values are copied, as subjects share them.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from cqlmeasure.measure.codes import DATA_USAGE_SYSTEM
from cqlmeasure.measure.definition import RISK_ADJUSTMENT_FACTOR, MeasureDefinition, SupplementalData
from cqlmeasure.measure.editions import INDIVIDUAL, SUMMARY, names
from cqlmeasure.measure.report_options import ReportOptions, SupplementalForm
from cqlmeasure.measure.results import MeasureResult, SubjectResult

_SUPPLEMENTAL_DATA = "supplemental-data"
_RISK_CATEGORY = [{"coding": [{"system": DATA_USAGE_SYSTEM, "code": RISK_ADJUSTMENT_FACTOR}]}]


def add_individual(
    report: dict[str, Any], definition: MeasureDefinition, result: SubjectResult, options: ReportOptions
) -> None:
    """One subject's values."""
    if not result.supplemental:
        return
    seen: set[tuple[str, str]] = set()
    for number, item in _numbered(definition, INDIVIDUAL):
        for count, value in enumerate(result.supplemental[number - 1], 1):
            reference = value.reference
            if reference is None:
                identity = f"{_prefix(item)}-{number}-{count}"
                reference = f"#{identity}"
                report["contained"].append(
                    {**_observation(item, identity), "code": supplemental_code(item), **deepcopy(value.content or {})}
                )
            if (item.id, reference) not in seen:
                seen.add((item.id, reference))
                _refer(report, item, reference, options)


def add_summary(
    report: dict[str, Any], result: MeasureResult, options: ReportOptions, report_type: str = SUMMARY
) -> None:
    """How often each value was found among the members."""
    counted = result.totals.supplemental()
    for number, item in _numbered(result.definition, report_type):
        counts = counted[number - 1]
        if not counts:
            continue
        own = f"{_prefix(item)}-{number}"
        if options.supplemental_form is SupplementalForm.COMPONENTS:
            components = [{"code": deepcopy(concept), "valueInteger": count} for concept, count in counts]
            report["contained"].append(
                {**_observation(item, own), "code": supplemental_code(item), "component": components}
            )
            _refer(report, item, f"#{own}", options)
            continue
        for order, (concept, count) in enumerate(counts, 1):
            identity = f"{own}-{order}"
            report["contained"].append(
                {**_observation(item, identity), "code": _value_code(concept, item), "valueInteger": count}
            )
            _refer(report, item, f"#{identity}", options)


def supplemental_code(item: SupplementalData) -> dict[str, Any]:
    """What a supplemental data element is called."""
    return item.code or {"text": item.description or item.criteria.name}


def _numbered(definition: MeasureDefinition, report_type: str) -> Iterator[tuple[int, SupplementalData]]:
    for number, item in enumerate(definition.supplemental_data, 1):
        if item.belongs_in(report_type):
            yield number, item


def _prefix(item: SupplementalData) -> str:
    return RISK_ADJUSTMENT_FACTOR if _only_risk(item) else _SUPPLEMENTAL_DATA


def _only_risk(item: SupplementalData) -> bool:
    return item.is_risk_factor and _SUPPLEMENTAL_DATA not in item.usage


def _observation(item: SupplementalData, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "Observation", "id": identity, "status": "final"}
    if item.is_risk_factor:
        found["category"] = _RISK_CATEGORY
    return found


def _value_code(concept: dict[str, Any], item: SupplementalData) -> dict[str, Any]:
    """The value's codings, then those of the element."""
    codings = [*concept.get("coding", ()), *(item.code or {}).get("coding", ())]
    text = concept.get("text")
    found: dict[str, Any] = {"coding": codings} if codings else {}
    if text is not None or not codings:
        found["text"] = text or supplemental_code(item).get("text") or item.id
    return found


def _refer(report: dict[str, Any], item: SupplementalData, reference: str, options: ReportOptions) -> None:
    known = names(options.edition)
    criteria = [{"url": known.criteria_reference, "valueString": item.id}]
    report["extension"].append(
        {"url": known.supplemental_data, "valueReference": {"reference": reference, "extension": criteria}}
    )
