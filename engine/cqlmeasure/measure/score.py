"""The score of a group from its counts and observations.

Owns the formulas.  Always holds: an undefined score is a reason, never 0; improvement notation changes nothing; a
cohort has no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

import msgspec

from cqlmeasure.measure.codes import AggregateMethod, PopulationType, Scoring
from cqlmeasure.measure.definition import Group
from cqlmeasure.measure.observations import MixedUnits, ObservationValue, aggregate, divide

_P = PopulationType
_WIDE = Context(prec=100)

NOT_A_NUMBER = "not-a-number"
POSITIVE_INFINITY = "positive-infinity"
NEGATIVE_INFINITY = "negative-infinity"
UNKNOWN = "unknown"


class Score(msgspec.Struct, frozen=True):
    """A value, or the reason (a code of the data-absent-reason code system) why there is none."""

    value: Decimal | None
    unit: str | None = None
    absent: str | None = None


Counts = Sequence[int]
Observations = Sequence[Sequence[ObservationValue]]


def score(group: Group, counts: Counts, observations: Observations) -> Score | None:
    """The score; ``counts`` are by position, ``observations`` in the order of the group's observation populations."""
    formula = group.formula
    if formula is Scoring.COHORT:
        return None
    if formula in (Scoring.ATTESTATION, Scoring.COMPOSITE):
        return Score(None, None, UNKNOWN)
    if formula is Scoring.PROPORTION:
        return _rounded(group, _proportion(group, counts))
    try:
        if formula is Scoring.RATIO:
            return _rounded(group, _ratio(group, counts, observations))
        return _rounded(group, _continuous_variable(group, observations))
    except MixedUnits:
        return Score(None, None, UNKNOWN)


def weighted_score(group: Group, scores: Sequence[Score | None]) -> Score:
    """The weighted average of the components' scores; a component without a score leaves its weight to the others."""
    total, weights = Decimal(0), Decimal(0)
    for part, found in zip(group.parts, scores, strict=False):
        if found is not None and found.value is not None:
            total += part.weight * (1 - found.value if part.reversed else found.value)
            weights += part.weight
    return _rounded(group, Score(divide(total, weights)) if weights else Score(None, None, UNKNOWN))


def mixed_units(group: Group, observations: Observations) -> tuple[str, tuple[str, ...]] | None:
    """The id of an observation population whose values cannot be aggregated, with their units."""
    for index, values in zip(group.positions(_P.MEASURE_OBSERVATION), observations, strict=True):
        population = group.populations[index]
        units = sorted({value.unit or "1" for value in values})
        if len(units) > 1 and population.aggregate not in (None, AggregateMethod.COUNT):
            return population.id, tuple(units)
    return None


def _count(group: Group, counts: Counts, kind: PopulationType) -> int:
    return sum(counts[index] for index in group.positions(kind))


def _proportion(group: Group, counts: Counts) -> Score:
    numerator = _count(group, counts, _P.NUMERATOR) - _count(group, counts, _P.NUMERATOR_EXCLUSION)
    denominator = (
        _count(group, counts, _P.DENOMINATOR)
        - _count(group, counts, _P.DENOMINATOR_EXCLUSION)
        - _count(group, counts, _P.DENOMINATOR_EXCEPTION)
    )
    return _quotient(Decimal(numerator), Decimal(denominator))


def _ratio(group: Group, counts: Counts, observations: Observations) -> Score:
    numerator = _side(group, counts, observations, _P.NUMERATOR, _P.NUMERATOR_EXCLUSION)
    denominator = _side(group, counts, observations, _P.DENOMINATOR, _P.DENOMINATOR_EXCLUSION)
    if numerator is None or denominator is None:
        return Score(None, None, UNKNOWN)
    return _quotient(numerator[0], denominator[0], numerator[1], denominator[1])


def _side(
    group: Group, counts: Counts, observations: Observations, kind: PopulationType, exclusion: PopulationType
) -> tuple[Decimal, str | None] | None:
    """One side of a ratio: the aggregate of its observations, or its count; ``None`` if that is unknown.

    Members that contribute nothing sum to 0.
    """
    for index, values in zip(group.positions(_P.MEASURE_OBSERVATION), observations, strict=True):
        population = group.populations[index]
        if population.observed != group.position(kind):
            continue
        if population.aggregate is None:
            return None
        value, unit = aggregate(population.aggregate, values)
        if value is None:
            return (Decimal(0), None) if population.aggregate is AggregateMethod.SUM else None
        return value, unit
    return Decimal(_count(group, counts, kind) - _count(group, counts, exclusion)), None


def _continuous_variable(group: Group, observations: Observations) -> Score:
    first = group.position(_P.MEASURE_OBSERVATION)
    method = None if first is None else group.populations[first].aggregate
    if method is None:
        return Score(None, None, UNKNOWN)
    value, unit = aggregate(method, observations[0])
    return Score(value, unit, UNKNOWN if value is None else None)


def _quotient(numerator: Decimal, denominator: Decimal, unit: str | None = None, per: str | None = None) -> Score:
    if denominator == 0:
        if numerator == 0:
            return Score(None, None, NOT_A_NUMBER)
        return Score(None, None, POSITIVE_INFINITY if numerator > 0 else NEGATIVE_INFINITY)
    shown = None if unit == per else f"{unit or '1'}/{per}" if per else unit
    return Score(divide(numerator, denominator), shown)


def _rounded(group: Group, found: Score) -> Score:
    if group.scoring_precision is None or found.value is None:
        return found
    places = Decimal(1).scaleb(-group.scoring_precision)
    value = found.value.quantize(places, rounding=ROUND_HALF_UP, context=_WIDE)
    return Score(value, found.unit, found.absent)
