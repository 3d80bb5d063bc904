"""The summary MeasureReport: counts and scores over all subjects.

Always holds: it names no subject and no one's resources, neither in its evidence nor in its messages.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic, Severity
from cqlmeasure.measure.editions import SUMMARY
from cqlmeasure.measure.report_adjusted import add_adjusted
from cqlmeasure.measure.report_groups import groups_json
from cqlmeasure.measure.report_options import ReportOptions
from cqlmeasure.measure.report_parts import add_messages, fhir_id, finished, header, middle
from cqlmeasure.measure.report_supplemental import add_summary
from cqlmeasure.measure.results import MeasureResult

_NO_OPTIONS = ReportOptions()


def summary_report(result: MeasureResult, options: ReportOptions = _NO_OPTIONS) -> dict[str, Any]:
    """The MeasureReport of type summary."""
    definition = result.definition
    status = "error" if result.failures else "complete"
    identity = fhir_id(definition.id or definition.name, SUMMARY, options.suffix)
    report = header(definition, result.period, SUMMARY, identity, status, options)
    middle(report, definition, result.period, options)
    report["group"] = groups_json(definition, result.groups(), options, whole=True)
    add_summary(report, result, options)
    add_adjusted(report, result, options)
    add_messages(report, [*failures(result), *result.doubts()])
    return finished(report, options, definition)


def failures(result: MeasureResult) -> list[Diagnostic]:
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
