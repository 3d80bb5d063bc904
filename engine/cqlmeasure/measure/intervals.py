"""Confidence intervals: of a proportion (Wilson), of an observed against an expected number (Byar).

Always holds: the ends of an interval enclose the estimate; a proportion's are within 0 and 1.
"""

from __future__ import annotations

import math

import msgspec

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.codes import PopulationType, Scoring
from cqlmeasure.measure.definition import Group
from cqlmeasure.measure.results import GroupResult

_P = PopulationType


class ConfidenceInterval(msgspec.Struct, frozen=True):
    """The two ends, and how sure it is that the value lies between them."""

    low: float
    high: float
    confidence: float = 0.95


def wilson(successes: int, total: int, confidence: float = 0.95) -> ConfidenceInterval | None:
    """The score interval of a proportion; ``None`` for a proportion of nothing."""
    z = _quantile(confidence)
    if total <= 0 or not 0 <= successes <= total:
        return None
    share = successes / total
    scale = 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return ConfidenceInterval(min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)), confidence)


def byar(observed: int, expected: float, confidence: float = 0.95) -> ConfidenceInterval | None:
    """The interval of observed / expected, where the observed is a count; ``None`` if nothing is expected."""
    z = _quantile(confidence)
    if expected <= 0 or observed < 0:
        return None
    low = observed * (1 - 1 / (9 * observed) - z / (3 * math.sqrt(observed))) ** 3 if observed else 0.0
    more = observed + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
    return ConfidenceInterval(max(0.0, low) / expected, high / expected, confidence)


def rate_interval(group: Group, result: GroupResult, confidence: float = 0.95) -> ConfidenceInterval | None:
    """The interval of a proportion's score; ``None`` for other scorings and where there is no score."""
    if group.formula is not Scoring.PROPORTION:
        return None
    numerator = result.count(group, _P.NUMERATOR) - result.count(group, _P.NUMERATOR_EXCLUSION)
    denominator = (
        result.count(group, _P.DENOMINATOR)
        - result.count(group, _P.DENOMINATOR_EXCLUSION)
        - result.count(group, _P.DENOMINATOR_EXCEPTION)
    )
    return wilson(numerator, denominator, confidence)


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise UsageError(f"a confidence of {confidence} is not between 0 and 1", code="confidence", hint="such as 0.95")
    # Loaded where it is needed: the module takes longer to load than most evaluations need it.
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + confidence / 2)
