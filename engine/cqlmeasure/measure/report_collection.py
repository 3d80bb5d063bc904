"""MeasureReports without a result: the data of one subject for a measure, and the report of an evaluation that runs.

Always holds: a data-collection report has no score and no strata, and says whether it is a snapshot or an increment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.definition import MeasureDefinition
from cqlmeasure.measure.editions import DATA_COLLECTION, INDIVIDUAL, names
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.report_options import ReportOptions
from cqlmeasure.measure.report_parts import fhir_id, finished, header, middle

_NO_OPTIONS = ReportOptions()
UPDATE_TYPES = ("snapshot", "incremental")


def data_collection_report(
    definition: MeasureDefinition,
    period: Period,
    subject: str,
    resources: Iterable[str],
    options: ReportOptions = _NO_OPTIONS,
    *,
    update_type: str = "snapshot",
) -> dict[str, Any]:
    """The MeasureReport of type data-collection; ``resources`` are the references of the data of interest."""
    if update_type not in UPDATE_TYPES:
        raise UsageError(
            f"there is no update type {update_type!r}", code="update-type", hint=f"one of {', '.join(UPDATE_TYPES)}"
        )
    identity = fhir_id(definition.id or definition.name, subject, "data", options.suffix)
    report = header(definition, period, DATA_COLLECTION, identity, "complete", options)
    report["modifierExtension"] = [{"url": names(options.edition).update_type, "valueCode": update_type}]
    report["subject"] = {"reference": f"{definition.subject_type}/{subject}"}
    middle(report, definition, period, options)
    report["evaluatedResource"] = [{"reference": reference} for reference in sorted(set(resources))]
    return finished(report, options, definition)


def pending_report(
    definition: MeasureDefinition,
    period: Period,
    kind: str,
    options: ReportOptions = _NO_OPTIONS,
    *,
    subject: str | None = None,
) -> dict[str, Any]:
    """The report of an evaluation that has not ended; it has the id that the finished report will have."""
    if kind == INDIVIDUAL and subject is None:
        raise UsageError("an individual report needs a subject", code="subject")
    identity = fhir_id(definition.id or definition.name, subject or kind, options.suffix)
    report = header(definition, period, kind, identity, "pending", options)
    if subject is not None:
        report["subject"] = {"reference": f"{definition.subject_type}/{subject}"}
    middle(report, definition, period, options)
    return finished(report, options, definition)
