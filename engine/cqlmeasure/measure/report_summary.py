"""The summary MeasureReport: counts and scores over all subjects.

Always holds: it names no subject and no one's resources, neither in its evidence nor in its messages.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic, Severity
from cqlmeasure.measure.codes import CRITERIA_REFERENCE, SUPPLEMENTAL_DATA
from cqlmeasure.measure.report_individual import supplemental_code
from cqlmeasure.measure.report_parts import (
    ReportOptions,
    add_messages,
    fhir_id,
    finished,
    groups_json,
    header,
    middle,
)
from cqlmeasure.measure.results import MeasureResult

_NO_OPTIONS = ReportOptions()


def summary_report(result: MeasureResult, options: ReportOptions = _NO_OPTIONS) -> dict[str, Any]:
    """The MeasureReport of type summary."""
    definition = result.definition
    status = "error" if result.failures else "complete"
    identity = fhir_id(definition.id or definition.name, "summary")
    report = header(definition, result.period, "summary", identity, status, options)
    middle(report, definition, result.period, options)
    report["group"] = groups_json(definition, result.groups(), options, whole=True)
    for number, (item, counts) in enumerate(
        zip(definition.supplemental_data, result.totals.supplemental(), strict=True), 1
    ):
        if not counts:
            continue
        own = f"supplemental-data-{number}"
        report["contained"].append(
            {
                "resourceType": "Observation",
                "id": own,
                "status": "final",
                "code": supplemental_code(item),
                "component": [{"code": concept, "valueInteger": count} for concept, count in counts],
            }
        )
        reference = {
            "reference": f"#{own}",
            "extension": [{"url": CRITERIA_REFERENCE, "valueString": item.id}],
        }
        report["extension"].append({"url": SUPPLEMENTAL_DATA, "valueReference": reference})
    add_messages(report, [*_failures(result), *result.doubts()])
    return finished(report)


def _failures(result: MeasureResult) -> list[Diagnostic]:
    """The errors of the subjects, equal ones together with how many subjects had them."""
    counts: Counter[Diagnostic] = Counter()
    for failure in result.failures:
        counts.update(set(failure.diagnostics))
    found = []
    for diagnostic in sorted(counts, key=lambda item: (item.code, item.message)):
        number = counts[diagnostic]
        subjects = f"{number} subject{'s' if number > 1 else ''}"
        found.append(msgspec.structs.replace(diagnostic, message=f"{subjects}: {diagnostic.message}"))
    return [msgspec.structs.replace(item, severity=Severity.ERROR) for item in found]
