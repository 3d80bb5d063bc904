"""What all MeasureReports share: ids, header, reporter, messages.

Always holds: the same result gives the same JSON, byte for byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from cqlmeasure.errors import Diagnostic, Severity, UsageError
from cqlmeasure.measure.attestation import attester
from cqlmeasure.measure.codes import MESSAGES
from cqlmeasure.measure.definition import MeasureDefinition
from cqlmeasure.measure.editions import names
from cqlmeasure.measure.narrative import narrative
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.report_groups import shared_notation
from cqlmeasure.measure.report_options import ReportOptions
from cqlmeasure.measure.reporter import reporter_parts
from cqlmeasure.measure.validation import require_valid

_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9.\-]+")
MESSAGES_ID = "messages"

_ORDER = (
    *("resourceType", "id", "meta", "text", "contained", "extension", "modifierExtension", "status", "type", "measure"),
    *("subject", "date", "reporter", "period", "improvementNotation", "group", "evaluatedResource"),
)


def fhir_id(*parts: str) -> str:
    """A FHIR id from texts: readable where it fits, else with a digest, so that different texts stay different."""
    plain = "-".join(part for part in parts if part)
    found = _NOT_IN_IDS.sub("-", plain).strip("-.")
    if found == plain and 0 < len(found) <= 64:
        return found
    return f"{found[:47]}-{hashlib.sha256(plain.encode()).hexdigest()[:16]}".strip("-.")


def header(
    definition: MeasureDefinition, period: Period, kind: str, identity: str, status: str, options: ReportOptions
) -> dict[str, Any]:
    """The elements that come first; ``contained`` and ``extension`` are left empty for the caller to fill."""
    lacking = [name for name, value in (("date", options.date), ("reporter", _reporter(options))) if value is None]
    if options.edition is not None and lacking:
        raise UsageError(
            f"a report of the edition {options.edition.value} needs a {' and a '.join(lacking)}",
            code="profile",
            hint="its profiles make them mandatory",
        )
    report: dict[str, Any] = {"resourceType": "MeasureReport", "id": identity}
    profiles = (*names(options.edition).profile(kind), *options.profiles)
    if profiles:
        report["meta"] = {"profile": list(dict.fromkeys(profiles))}
    report.update({"contained": [], "extension": [], "status": status, "type": kind, "measure": definition.canonical})
    return report


def middle(report: dict[str, Any], definition: MeasureDefinition, period: Period, options: ReportOptions) -> None:
    """Date, period and improvement notation."""
    if options.date is not None:
        report["date"] = options.date
    report["period"] = period.json()
    shared = shared_notation(definition)
    if shared is not None:
        report["improvementNotation"] = shared


def finished(report: dict[str, Any], options: ReportOptions, definition: MeasureDefinition) -> dict[str, Any]:
    """The report with its reporter and narrative, the elements in FHIR's order, without empty ones."""
    reporter = _reporter(options)
    if reporter is not None:
        taken = [item["id"] for item in report["contained"]]
        report["reporter"], contained = reporter_parts(reporter, taken)
        report["contained"].extend(contained)
    if options.narrative:
        report["text"] = narrative(report, definition)
    order = [name for name in _ORDER if name in report]
    order += [name for name in report if name not in _ORDER]
    found = {name: report[name] for name in order if report[name] not in ([], {}, None)}
    if options.strict:
        require_valid(found)
    return found


def _reporter(options: ReportOptions) -> dict[str, Any] | None:
    """Who reports: whom the options name, else who attests the scores."""
    if isinstance(options.reporter, str):
        return {"reference": options.reporter}
    return options.reporter if options.reporter is not None else attester(options.attested)


def add_messages(report: dict[str, Any], diagnostics: Iterable[Diagnostic]) -> None:
    """Diagnostics as a contained OperationOutcome, referenced with the messages extension."""
    issues = [_issue(diagnostic) for diagnostic in diagnostics]
    if issues:
        report["contained"].append({"resourceType": "OperationOutcome", "id": MESSAGES_ID, "issue": issues})
        report["extension"].append({"url": MESSAGES, "valueReference": {"reference": f"#{MESSAGES_ID}"}})


def _issue(diagnostic: Diagnostic) -> dict[str, Any]:
    code = {Severity.ERROR: "exception", Severity.WARNING: "processing"}.get(diagnostic.severity, "informational")
    place = [
        part for part in (diagnostic.file or diagnostic.library, diagnostic.span and diagnostic.span.locator) if part
    ]
    more = [part for part in (":".join(place), f"[{diagnostic.code}]", diagnostic.hint) if part]
    return {
        "severity": diagnostic.severity.value,
        "code": code,
        "details": {"text": diagnostic.message or diagnostic.code},
        "diagnostics": " ".join(more),
    }
