"""What a summary may say besides counts and scores: confidence intervals and risk-adjusted results.

Always holds: FHIR has no element for these, so each is a contained Observation that names the group it is about;
nothing is written unless the options ask for it.
"""

from __future__ import annotations

from typing import Any

from cqlmeasure.measure.editions import names
from cqlmeasure.measure.intervals import ConfidenceInterval, rate_interval
from cqlmeasure.measure.report_options import ReportOptions
from cqlmeasure.measure.results import MeasureResult


def add_adjusted(report: dict[str, Any], result: MeasureResult, options: ReportOptions) -> None:
    """The intervals and adjusted results that the options ask for."""
    if options.confidence is None and not options.adjusted:
        return
    for position, (group, found) in enumerate(zip(result.definition.groups, result.groups(), strict=True), 1):
        labels = group.labels(position)
        if options.confidence is not None:
            interval = rate_interval(group, found, options.confidence)
            if interval is not None:
                _add(report, _interval(f"confidence-interval-{position}", interval), labels[0], options)
        adjusted = next((options.adjusted[label] for label in labels if label in options.adjusted), None)
        if adjusted is not None:
            _add(report, adjusted.observation(f"risk-adjusted-{position}"), labels[0], options)


def _interval(identity: str, interval: ConfidenceInterval) -> dict[str, Any]:
    ends = {"low": {"value": interval.low}, "high": {"value": interval.high}}
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"text": f"Confidence interval ({interval.confidence * 100:g} %) of the measure score"},
        "valueRange": ends,
    }


def _add(report: dict[str, Any], observation: dict[str, Any], label: str, options: ReportOptions) -> None:
    known = names(options.edition)
    report["contained"].append(observation)
    reference = {
        "reference": f"#{observation['id']}",
        "extension": [{"url": known.criteria_reference, "valueString": label}],
    }
    report["extension"].append({"url": known.supplemental_data, "valueReference": reference})
