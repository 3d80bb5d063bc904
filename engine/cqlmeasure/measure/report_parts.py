"""What individual and summary MeasureReports share: ids, groups, scores, strata, messages.

Always holds: the same result gives the same JSON, byte for byte; ids, linkIds and codes are the Measure's own.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic, Severity
from cqlmeasure.measure.attestation import AttestedScore, add_attested
from cqlmeasure.measure.codes import (
    DATA_ABSENT_REASON,
    GROUP_IMPROVEMENT_NOTATION,
    IMPROVEMENT_NOTATION_SYSTEM,
    MESSAGES,
    PopulationType,
    Scoring,
    link_id_extension,
)
from cqlmeasure.measure.definition import BOOLEAN_BASIS, Group, MeasureDefinition, Stratifier
from cqlmeasure.measure.fhir_json import code_of
from cqlmeasure.measure.observations import ObservationValue
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.results import GroupResult, StratumResult
from cqlmeasure.measure.score import Score
from cqlmeasure.measure.values import NO_VALUE, concept_key, number, quantity

_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9.\-]+")
MESSAGES_ID = "messages"

# The populations whose counts a score needs: a stratum that leaves one of them out gets no score.
_SCORED = {
    Scoring.PROPORTION: frozenset({PopulationType.DENOMINATOR, PopulationType.NUMERATOR}),
    Scoring.RATIO: frozenset({PopulationType.DENOMINATOR, PopulationType.NUMERATOR}),
    Scoring.CONTINUOUS_VARIABLE: frozenset({PopulationType.MEASURE_POPULATION}),
    Scoring.COHORT: frozenset[PopulationType](),
    Scoring.ATTESTATION: frozenset[PopulationType](),
    Scoring.COMPOSITE: frozenset[PopulationType](),
}


class ReportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller decides about a report.

    ``date`` is when it was made (FHIR dateTime); ``reporter`` a Reference; ``profiles`` what it claims to conform to;
    ``false_strata`` adds the stratum ``false`` to criteria stratifiers of subject-based groups; ``null_strata`` reports
    those without a value, ``empty_strata`` those that are expected and that nobody is in (in summaries).  ``attested``
    are the scores that the reporter attests, by the id, linkId or number of the group.  ``invert_decrease`` writes
    ``1 - score`` for proportions and ratios of observations with the notation "decrease", as the Java engine does (the
    standard's score does not depend on the notation).
    """

    date: str | None = None
    reporter: dict[str, Any] | None = None
    profiles: tuple[str, ...] = ()
    false_strata: bool = False
    null_strata: bool = True
    empty_strata: bool = True
    attested: Mapping[str, AttestedScore] = msgspec.field(default_factory=dict)
    invert_decrease: bool = False


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
    report: dict[str, Any] = {"resourceType": "MeasureReport", "id": identity}
    if options.profiles:
        report["meta"] = {"profile": list(options.profiles)}
    report.update({"contained": [], "extension": [], "status": status, "type": kind, "measure": definition.canonical})
    return report


def middle(report: dict[str, Any], definition: MeasureDefinition, period: Period, options: ReportOptions) -> None:
    """Date, reporter, period and improvement notation."""
    if options.date is not None:
        report["date"] = options.date
    if options.reporter is not None:
        report["reporter"] = options.reporter
    report["period"] = period.json()
    shared = _shared_notation(definition)
    if shared is not None:
        report["improvementNotation"] = shared


def finished(report: dict[str, Any]) -> dict[str, Any]:
    """The report without empty elements."""
    return {name: value for name, value in report.items() if value not in ([], {}, None)}


def groups_json(
    definition: MeasureDefinition, results: Sequence[GroupResult], options: ReportOptions, *, whole: bool = False
) -> list[dict[str, Any]]:
    """``MeasureReport.group``; ``whole``: of all subjects, so that expected strata that nobody is in are told."""
    if whole and options.empty_strata:
        results = [_with_empty_strata(group, result) for group, result in zip(definition.groups, results, strict=True)]
    shared = _shared_notation(definition)
    return [
        _group(group, number, result, options, None if shared else group.improvement_notation)
        for number, (group, result) in enumerate(zip(definition.groups, results, strict=True), 1)
    ]


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


def _shared_notation(definition: MeasureDefinition) -> dict[str, Any] | None:
    """The improvement notation if all groups have the same."""
    notations = [group.improvement_notation for group in definition.groups]
    first = notations[0] if notations else None
    return _notation(first) if first is not None and all(item == first for item in notations) else None


def _notation(value: dict[str, Any]) -> dict[str, Any]:
    """A bare code (R5) gets its code system."""
    codings = value.get("coding")
    if isinstance(codings, list) and all(isinstance(coding, dict) for coding in codings):
        return {**value, "coding": [{"system": IMPROVEMENT_NOTATION_SYSTEM, **coding} for coding in codings]}
    return value


def _identified(identity: str | None, link_id: str | None, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if identity:
        found["id"] = identity
    if link_id:
        found["extension"] = [{"url": link_id_extension(path), "valueString": link_id}]
    return found


def _group(
    group: Group, number: int, result: GroupResult, options: ReportOptions, notation: dict[str, Any] | None
) -> dict[str, Any]:
    found = _identified(group.id, group.link_id, "MeasureReport.group")
    if notation is not None:
        found.setdefault("extension", []).append(
            {"url": GROUP_IMPROVEMENT_NOTATION, "valueCodeableConcept": _notation(notation)}
        )
    if group.code:
        found["code"] = group.code
    if group.populations:
        found["population"] = _populations(group, result.counts, frozenset(), "MeasureReport.group.population")
    attested = _attested(group, number, options)
    if attested is not None:
        add_attested(found, attested, group)
    else:
        score = shown_score(group, result.score(group), options)
        if score is not None:
            found["measureScore"] = score_json(score, group)
    strata = [
        _stratifier(group, stratifier, result, result.strata[index], options)
        for index, stratifier in enumerate(group.stratifiers)
    ]
    if strata:
        found["stratifier"] = strata
    return found


def _attested(group: Group, number: int, options: ReportOptions) -> AttestedScore | None:
    if group.scoring is not Scoring.ATTESTATION:
        return None
    labels = (group.id, group.link_id, str(number))
    return next((options.attested[label] for label in labels if label is not None and label in options.attested), None)


def shown_score(group: Group, score: Score | None, options: ReportOptions) -> Score | None:
    """The score as the options want it."""
    if not options.invert_decrease or score is None or score.value is None:
        return score
    ratio = group.formula is Scoring.RATIO and bool(group.positions(PopulationType.MEASURE_OBSERVATION))
    if code_of(group.improvement_notation) == "decrease" and (ratio or group.formula is Scoring.PROPORTION):
        return Score(1 - score.value, score.unit)
    return score


def _populations(
    group: Group, counts: Sequence[int], only: frozenset[PopulationType], path: str
) -> list[dict[str, Any]]:
    return [
        {**_identified(population.id, population.link_id, path), "code": population.code, "count": count}
        for population, count in zip(group.populations, counts, strict=True)
        if not only or population.type in only
    ]


def score_json(score: Score, group: Group) -> dict[str, Any]:
    """``measureScore``: a Quantity, or one whose value says why it is absent."""
    if score.value is None:
        reason = {"url": DATA_ABSENT_REASON, "valueCode": score.absent or "unknown"}
        return {"_value": {"extension": [reason]}}
    if group.scoring_unit is not None:
        return {"value": number(score.value), **group.scoring_unit}
    return quantity(score.value, score.unit)


def _stratifier(
    group: Group,
    stratifier: Stratifier,
    result: GroupResult,
    strata: Sequence[StratumResult],
    options: ReportOptions,
) -> dict[str, Any]:
    found = _identified(stratifier.id, stratifier.link_id, "MeasureReport.group.stratifier")
    if stratifier.code:
        found["code"] = [stratifier.code]
    shown = [
        _stratum(group, stratifier, stratum)
        for stratum in strata
        if options.null_strata or NO_VALUE not in stratum.values
    ]
    subject_based = all(population.basis == BOOLEAN_BASIS for population in group.populations)
    if options.false_strata and subject_based and len(strata) == 1 and strata[0].key == ("true",):
        shown.append(_stratum(group, stratifier, _complement(result, strata[0])))
    if shown:
        found["stratum"] = shown
    return found


def _with_empty_strata(group: Group, result: GroupResult) -> GroupResult:
    strata = []
    for stratifier, found in zip(group.stratifiers, result.strata, strict=True):
        known = {stratum.key: stratum for stratum in found}
        for values in stratifier.expected:
            key = tuple(map(concept_key, values))
            if key not in known:
                nothing: tuple[tuple[ObservationValue, ...], ...] = tuple(() for _ in result.observations)
                known[key] = StratumResult(key, values, (0,) * len(result.counts), nothing)
        strata.append(tuple(known[key] for key in sorted(known)))
    return msgspec.structs.replace(result, strata=tuple(strata))


def _complement(result: GroupResult, inside: StratumResult) -> StratumResult:
    """The cases of a group that are not in a stratum."""
    observations = tuple(
        tuple((Counter(every) - Counter(some)).elements())
        for every, some in zip(result.observations, inside.observations, strict=True)
    )
    counts = tuple(every - some for every, some in zip(result.counts, inside.counts, strict=True))
    return StratumResult(("false",), ({"text": "false"},), counts, observations)


def _stratum(group: Group, stratifier: Stratifier, stratum: StratumResult) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if len(stratifier.components) > 1:
        found["component"] = [
            {
                **_identified(part.id, part.link_id, "MeasureReport.group.stratifier.stratum.component"),
                "code": part.code or {"text": part.criteria.name},
                "value": value,
            }
            for part, value in zip(stratifier.components, stratum.values, strict=True)
        ]
    else:
        found["value"] = stratum.values[0]
    path = "MeasureReport.group.stratifier.stratum.population"
    only = stratifier.applies_to
    found["population"] = _populations(group, stratum.counts, only, path)
    score = stratum.score(group)
    if score is not None and (not only or _SCORED[group.formula] <= only):
        found["measureScore"] = score_json(score, group)
    return found
