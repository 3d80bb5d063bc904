"""Attested scores: what a reporter says about itself, taken, checked and carried, never computed.

Owns the forms of such a score: a number with a unit in `measureScore`, anything else (true or false, a date, a code)
in the extension for alternate score types.  Always holds: a score is taken only for a group whose scoring is
attestation, from a report of the same measure; all faults of a report are told together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from cqlmeasure.errors import DataError, UsageError
from cqlmeasure.measure.codes import ALTERNATE_SCORE, ALTERNATE_SCORES, Scoring, link_id_extension
from cqlmeasure.measure.definition import Group, MeasureDefinition
from cqlmeasure.measure.fhir_json import Json, extension_value, objects, text
from cqlmeasure.measure.findings import Findings, group_place
from cqlmeasure.measure.reporter import reporter_of, reporter_parts
from cqlmeasure.measure.values import number

# The types that the extension for alternate scores may have, by the JSON name of the value.
_ALTERNATES = (
    "valueBoolean",
    "valueDateTime",
    "valueCodeableConcept",
    "valuePeriod",
    "valueRange",
    "valueDuration",
    "valueRatio",
)


class AttestedScore(msgspec.Struct, frozen=True):
    """A number with its unit, or the name and JSON of another value; ``reporter`` is who attests it, if known."""

    value: Decimal | None = None
    unit: str | None = None
    alternate: tuple[str, Any] | None = None
    reporter: dict[str, Any] | None = None


def attested_score(
    value: bool | int | float | str | Decimal | dict[str, Any], unit: str | None = None
) -> AttestedScore:
    """An attested score from a plain value: true or false, a number, or a CodeableConcept."""
    if isinstance(value, bool):
        return AttestedScore(alternate=("valueBoolean", value))
    if isinstance(value, dict):
        return AttestedScore(alternate=("valueCodeableConcept", value))
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise DataError(
            f"{value!r} is no score", code="attested-score", hint="attest a number, true or false, or a CodeableConcept"
        )
    return AttestedScore(found, unit)


def read_attestation(definition: MeasureDefinition, report: Json) -> dict[str, AttestedScore]:
    """The scores that a MeasureReport attests, by the label of the group; ``DataError`` with every fault."""
    findings = Findings(definition.name)
    reporter = reporter_of(report)
    if report.get("resourceType") != "MeasureReport":
        findings.error("attestation", "", "an attestation is a MeasureReport")
    else:
        _check_header(definition, report, reporter, findings)
    found = dict(_scores(definition, report, findings))
    if findings.errors:
        raise DataError(diagnostics=findings.errors)
    return {label: msgspec.structs.replace(score, reporter=reporter) for label, score in found.items()}


def attester(scores: Mapping[str, AttestedScore]) -> dict[str, Any] | None:
    """Who attests the scores; ``None`` if nobody says so, or different reporters do."""
    found = [score.reporter for score in scores.values() if score.reporter is not None]
    return found[0] if found and all(one == found[0] for one in found) else None


def check_attested(definition: MeasureDefinition, scores: Mapping[str, AttestedScore]) -> None:
    """``DataError`` unless every score is for an attested group and fits its unit and precision."""
    findings = Findings(definition.name)
    groups = _attested_groups(definition)
    for label, score in scores.items():
        group = groups.get(label)
        if group is None:
            known = ", ".join(repr(name) for name in groups) or "there is none"
            findings.error(
                "attestation", group_place(label), "it is no group whose score is attested", f"attested groups: {known}"
            )
        else:
            _check_score(group, label, score, findings)
    if findings.errors:
        raise DataError(diagnostics=findings.errors)


def add_attested(found: dict[str, Any], score: AttestedScore, group: Group, alternate: str = ALTERNATE_SCORE) -> None:
    """Writes a score into a group of a report."""
    if score.alternate is not None:
        name, value = score.alternate
        found.setdefault("extension", []).append({"url": alternate, name: value})
    elif score.value is not None:
        unit = {"unit": score.unit} if score.unit else {}
        found["measureScore"] = {"value": number(score.value), **(group.scoring_unit or unit)}


def _attested_groups(definition: MeasureDefinition) -> dict[str, Group]:
    found = {}
    for position, group in enumerate(definition.groups, 1):
        if group.scoring is Scoring.ATTESTATION:
            own, *others = group.labels(position)
            found[own] = group
            for label in others:
                found.setdefault(label, group)
    return found


def _check_header(definition: MeasureDefinition, report: Json, reporter: Json | None, findings: Findings) -> None:
    url, _, version = (text(report, "measure") or "").partition("|")
    if definition.url is not None and url != definition.url:
        findings.error("attestation", "", f"the report is for {url or 'no measure'}, not for {definition.url}")
    elif version and definition.version and version != definition.version:
        findings.error("attestation", "", f"the report is for version {version}, not for {definition.version}")
    if reporter is None:
        findings.error("attestation", "", "the report has no reporter, so nobody attests", "name the reporter")
        return
    try:
        reporter_parts(reporter)
    except UsageError as error:
        for found in error.diagnostics:
            findings.error("attestation", "", found.message, found.hint)


def _scores(definition: MeasureDefinition, report: Json, findings: Findings) -> Iterator[tuple[str, AttestedScore]]:
    groups = _attested_groups(definition)
    reported = objects(report, "group")
    for position, item in enumerate(reported, 1):
        link = extension_value(item, (link_id_extension("MeasureReport.group"),))
        labels = [label for label in (text(item, "id"), link, text(item, "linkId")) if isinstance(label, str)]
        label = next((name for name in labels if name in groups), labels[0] if labels else str(position))
        group = groups.get(label)
        score = _reported(item)
        if group is None:
            if score is not None and not labels:
                findings.error("attestation", group_place(label), "it is no group whose score is attested")
            continue
        if score is None:
            findings.error("attestation", group_place(label), "it has no score")
            continue
        _check_score(group, label, score, findings)
        yield label, score
    if not reported:
        findings.error("attestation", "", "the report has no group, so nothing is attested")


def _reported(item: Json) -> AttestedScore | None:
    for extension in objects(item, "extension"):
        if extension.get("url") in ALTERNATE_SCORES:
            name = next((name for name in _ALTERNATES if name in extension), None)
            return AttestedScore(alternate=(name, extension[name])) if name else None
    score = item.get("measureScore")
    if not isinstance(score, dict) or isinstance(score.get("value"), bool):
        return None
    value = score.get("value")
    if not isinstance(value, int | float | Decimal):
        return None
    return AttestedScore(Decimal(str(value)), text(score, "code") or text(score, "unit"))


def _check_score(group: Group, label: str, score: AttestedScore, findings: Findings) -> None:
    if score.alternate is not None and score.alternate[0] not in _ALTERNATES:
        findings.error("attestation", group_place(label), f"a score cannot be a {score.alternate[0]}")
    if score.value is None:
        if score.alternate is None:
            findings.error("attestation", group_place(label), "the score is empty")
        return
    units = set((group.scoring_unit or {}).values())
    if units and score.unit is not None and score.unit not in units:
        wanted = (group.scoring_unit or {}).get("code") or (group.scoring_unit or {}).get("unit")
        findings.error("attestation", group_place(label), f"the score has the unit {score.unit!r}, not {wanted!r}")
    places = -int(score.value.normalize().as_tuple().exponent)
    if group.scoring_precision is not None and places > group.scoring_precision:
        findings.error(
            "attestation",
            group_place(label),
            f"the score {score.value} has more than {group.scoring_precision} decimal places",
        )
