"""The groups of a MeasureReport: populations, scores, strata.

Always holds: ids, linkIds, codes and descriptions are the Measure's own; a stratum that leaves out a population that
the score needs has no score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

import msgspec

from cqlmeasure.measure.attestation import AttestedScore, add_attested
from cqlmeasure.measure.codes import (
    DATA_ABSENT_REASON,
    IMPROVEMENT_NOTATION_SYSTEM,
    SCORING_SYSTEM,
    PopulationType,
    Scoring,
    link_id_extension,
)
from cqlmeasure.measure.definition import BOOLEAN_BASIS, Group, MeasureDefinition, Stratifier
from cqlmeasure.measure.editions import names
from cqlmeasure.measure.fhir_json import code_of
from cqlmeasure.measure.observations import ObservationValue
from cqlmeasure.measure.report_options import ReportOptions
from cqlmeasure.measure.results import GroupResult, StratumResult
from cqlmeasure.measure.score import Score
from cqlmeasure.measure.values import NO_VALUE, concept_key, number, quantity

# The populations whose counts a score needs: a stratum that leaves one of them out gets no score.
_SCORED = {
    Scoring.PROPORTION: frozenset({PopulationType.DENOMINATOR, PopulationType.NUMERATOR}),
    Scoring.RATIO: frozenset({PopulationType.DENOMINATOR, PopulationType.NUMERATOR}),
    Scoring.CONTINUOUS_VARIABLE: frozenset({PopulationType.MEASURE_POPULATION}),
    Scoring.COHORT: frozenset[PopulationType](),
    Scoring.ATTESTATION: frozenset[PopulationType](),
    Scoring.COMPOSITE: frozenset[PopulationType](),
}


class Place(msgspec.Struct, frozen=True):
    """A population of a report: its group and position, and the stratum that it is in, if any."""

    group: int
    population: int
    stratifier: int | None = None
    stratum: tuple[str, ...] = ()


More = Callable[[Place], dict[str, Any]]
"""Gives what a report says of a population besides its count."""


def _nothing(_: Place) -> dict[str, Any]:
    return {}


def groups_json(
    definition: MeasureDefinition,
    results: Sequence[GroupResult],
    options: ReportOptions,
    *,
    whole: bool = False,
    more: More = _nothing,
) -> list[dict[str, Any]]:
    """``MeasureReport.group``; ``whole``: of all subjects, so that expected strata that nobody is in are told."""
    if whole and options.empty_strata:
        results = [_with_empty_strata(group, result) for group, result in zip(definition.groups, results, strict=True)]
    shared = shared_notation(definition)
    return [
        _Writer(position, group, result, options, more).json(None if shared else group.improvement_notation)
        for position, (group, result) in enumerate(zip(definition.groups, results, strict=True))
    ]


def shared_notation(definition: MeasureDefinition) -> dict[str, Any] | None:
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


class _Writer:
    """One group of a report."""

    def __init__(self, position: int, group: Group, result: GroupResult, options: ReportOptions, more: More) -> None:
        self.position = position
        self.group = group
        self.result = result
        self.options = options
        self.more = more
        self.names = names(options.edition)

    def json(self, notation: dict[str, Any] | None) -> dict[str, Any]:
        group, options = self.group, self.options
        found = _identified(group.id, group.link_id, "MeasureReport.group")
        if self.names.scoring is not None:
            concept = {"coding": [{"system": SCORING_SYSTEM, "code": group.scoring.value}]}
            found.setdefault("extension", []).append({"url": self.names.scoring, "valueCodeableConcept": concept})
        if notation is not None:
            found.setdefault("extension", []).append(
                {"url": self.names.group_notation, "valueCodeableConcept": _notation(notation)}
            )
        self._describe(found, group.description)
        if group.code:
            found["code"] = group.code
        if group.populations:
            found["population"] = self._populations(self.result.counts, frozenset(), "MeasureReport.group.population")
        attested = _attested(group, self.position + 1, options)
        if attested is not None:
            add_attested(found, attested, group, self.names.alternate_score)
        else:
            score = shown_score(group, self.result, options)
            if score is not None:
                found["measureScore"] = score_json(score, group)
        strata = [
            self._stratifier(index, stratifier, self.result.strata[index])
            for index, stratifier in enumerate(group.stratifiers)
        ]
        if strata:
            found["stratifier"] = strata
        return found

    def _describe(self, found: dict[str, Any], description: str | None) -> None:
        if self.names.population_description is not None and description:
            found.setdefault("extension", []).append(
                {"url": self.names.population_description, "valueMarkdown": description}
            )

    def _populations(
        self,
        counts: Sequence[int],
        only: frozenset[PopulationType],
        path: str,
        stratifier: int | None = None,
        stratum: tuple[str, ...] = (),
    ) -> list[dict[str, Any]]:
        found = []
        for index, (population, count) in enumerate(zip(self.group.populations, counts, strict=True)):
            if only and population.type not in only:
                continue
            item = _identified(population.id, population.link_id, path)
            if stratifier is None:
                self._describe(item, population.description)
            item.update(code=population.code, count=count)
            for name, value in self.more(Place(self.position, index, stratifier, stratum)).items():
                item[name] = [*item.get(name, ()), *value] if name == "extension" else value
            found.append(item)
        return found

    def _stratifier(self, index: int, stratifier: Stratifier, strata: Sequence[StratumResult]) -> dict[str, Any]:
        found = _identified(stratifier.id, stratifier.link_id, "MeasureReport.group.stratifier")
        self._describe(found, stratifier.description)
        if stratifier.code:
            found["code"] = [stratifier.code]
        shown = [
            self._stratum(index, stratifier, stratum)
            for stratum in strata
            if self.options.null_strata or NO_VALUE not in stratum.values
        ]
        bases = [population.basis for population in self.group.populations] or [self.group.basis]
        subject_based = all(basis == BOOLEAN_BASIS for basis in bases)
        if self.options.false_strata and subject_based and len(strata) == 1 and strata[0].key == ("true",):
            shown.append(self._stratum(index, stratifier, _complement(self.result, strata[0])))
        if shown:
            found["stratum"] = shown
        return found

    def _stratum(self, index: int, stratifier: Stratifier, stratum: StratumResult) -> dict[str, Any]:
        group = self.group
        found: dict[str, Any] = {}
        # Copies: subjects share results, and who gets a report may change it.
        values = deepcopy(stratum.values)
        if len(stratifier.components) > 1:
            found["component"] = [
                {
                    **_identified(part.id, part.link_id, "MeasureReport.group.stratifier.stratum.component"),
                    "code": part.code or {"text": part.criteria.name},
                    "value": value,
                }
                for part, value in zip(stratifier.components, values, strict=True)
            ]
        else:
            found["value"] = values[0]
        only = stratifier.applies_to
        path = "MeasureReport.group.stratifier.stratum.population"
        populations = self._populations(stratum.counts, only, path, index, stratum.key)
        if populations:
            found["population"] = populations
        score = stratum.score(group)
        if score is not None and (not only or _SCORED[group.formula] <= only):
            found["measureScore"] = score_json(score, group)
        return found


def _attested(group: Group, number: int, options: ReportOptions) -> AttestedScore | None:
    if group.scoring is not Scoring.ATTESTATION:
        return None
    return next((options.attested[label] for label in group.labels(number) if label in options.attested), None)


def shown_score(group: Group, result: GroupResult, options: ReportOptions) -> Score | None:
    """The score as the options want it."""
    score = result.score(group)
    if score is None and options.cohort_score:
        return Score(Decimal(result.count(group, PopulationType.INITIAL_POPULATION)))
    if not options.invert_decrease or score is None or score.value is None:
        return score
    ratio = group.formula is Scoring.RATIO and bool(group.positions(PopulationType.MEASURE_OBSERVATION))
    if code_of(group.improvement_notation) == "decrease" and (ratio or group.formula is Scoring.PROPORTION):
        return Score(1 - score.value, score.unit)
    return score


def score_json(score: Score, group: Group) -> dict[str, Any]:
    """``measureScore``: a Quantity, or one whose value says why it is absent."""
    if score.value is None:
        reason = {"url": DATA_ABSENT_REASON, "valueCode": score.absent or "unknown"}
        return {"_value": {"extension": [reason]}}
    if group.scoring_unit is not None:
        return {"value": number(score.value), **group.scoring_unit}
    return quantity(score.value, score.unit)


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
    rest = _rest(result, inside)
    return StratumResult(("false",), ({"text": "false"},), rest.counts, rest.observations, parts=rest.parts)


def _rest(result: GroupResult, inside: GroupResult | StratumResult) -> GroupResult:
    observations = tuple(
        tuple((Counter(every) - Counter(some)).elements())
        for every, some in zip(result.observations, inside.observations, strict=True)
    )
    counts = tuple(every - some for every, some in zip(result.counts, inside.counts, strict=True))
    parts = tuple(_rest(every, some) for every, some in zip(result.parts, inside.parts, strict=True))
    return GroupResult(counts, observations, parts=parts)
