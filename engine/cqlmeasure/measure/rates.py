"""Several rates of one measure as one number: rate aggregation.

Always holds: only rates that are defined and have the same unit are aggregated; a way of aggregating that is not known
is carried as text and gives no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cqlmeasure.measure.codes import AGGREGATE_ALIASES, AggregateMethod, PopulationType, Scoring, member
from cqlmeasure.measure.definition import Group
from cqlmeasure.measure.observations import MixedUnits, ObservationValue, aggregate, divide
from cqlmeasure.measure.results import GroupResult
from cqlmeasure.measure.score import Score

_P = PopulationType
_POOLED = frozenset({"pooled", "weighted", "weighted average", "weighted-average"})
_WORDS = {"summation": AggregateMethod.SUM, "total": AggregateMethod.SUM}


def aggregate_rate(groups: Sequence[Group], results: Sequence[GroupResult]) -> Score | None:
    """The rates of all groups as one, in the way that the Measure names; ``None`` where it names none that is known.

    ``average``, ``sum``, ``median``, ``minimum``, ``maximum`` take the scores; ``pooled`` or ``weighted average``
    divides the numerators of all proportions by their denominators.
    """
    named = {group.rate_aggregation for group in groups}
    if len(groups) < 2 or len(named) != 1:
        return None
    word = (next(iter(named)) or "").strip().lower()
    if word in _POOLED:
        return _pooled(groups, results)
    method = member(AggregateMethod, word) or AGGREGATE_ALIASES.get(word) or _WORDS.get(word)
    if method is None or method is AggregateMethod.COUNT:
        return None
    found = [result.score(group) for group, result in zip(groups, results, strict=True)]
    values = [
        ObservationValue(score.value, score.unit) for score in found if score is not None and score.value is not None
    ]
    try:
        value, unit = aggregate(method, values)
    except MixedUnits:
        value, unit = None, None
    return Score(value, unit, None if value is not None else "unknown")


def _pooled(groups: Sequence[Group], results: Sequence[GroupResult]) -> Score | None:
    numerator = denominator = 0
    for group, result in zip(groups, results, strict=True):
        if group.formula is not Scoring.PROPORTION:
            return None
        numerator += result.count(group, _P.NUMERATOR) - result.count(group, _P.NUMERATOR_EXCLUSION)
        denominator += (
            result.count(group, _P.DENOMINATOR)
            - result.count(group, _P.DENOMINATOR_EXCLUSION)
            - result.count(group, _P.DENOMINATOR_EXCEPTION)
        )
    if not denominator:
        return Score(None, None, "not-a-number")
    return Score(divide(Decimal(numerator), Decimal(denominator)))
