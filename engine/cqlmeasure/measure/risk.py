"""Risk-adjusted results: what was observed against what was expected, and comparison with a reference.

Owns the observed-to-expected ratio with its confidence interval, and indirect standardisation.  Always holds: subjects
for whom nothing can be expected count on neither side and are numbered; a ratio to nothing is undefined, not 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from cqlmeasure.errors import UsageError
from cqlmeasure.measure.codes import PopulationType, Scoring
from cqlmeasure.measure.definition import Group, MeasureDefinition
from cqlmeasure.measure.fhir_json import code_of
from cqlmeasure.measure.intervals import ConfidenceInterval, byar
from cqlmeasure.measure.reference import value_names
from cqlmeasure.measure.results import GroupResult, MeasureResult
from cqlmeasure.measure.risk_model import Expectation

_P = PopulationType


class RiskAdjusted(msgspec.Struct, frozen=True, kw_only=True):
    """``cases`` is how many were expected to have a result; ``without`` how many subjects the model could not judge.

    ``ratio`` is observed / expected, with an interval where the observed is a count; ``rate`` is the ratio times the
    reference rate: what the rate would be for the reference population.
    """

    observed: float
    expected: float
    cases: int
    without: int = 0
    ratio: float | None = None
    interval: ConfidenceInterval | None = None
    rate: float | None = None

    def observation(self, identity: str, title: str = "Risk-adjusted result") -> dict[str, Any]:
        """An Observation with the observed, the expected and their ratio."""
        parts: dict[str, float | None] = {"observed": self.observed, "expected": self.expected, "ratio": self.ratio}
        if self.interval is not None:
            parts |= {"low": self.interval.low, "high": self.interval.high}
        parts["standardised rate"] = self.rate
        return {
            "resourceType": "Observation",
            "id": identity,
            "status": "final",
            "code": {"text": title},
            "component": [
                {"code": {"text": name}, "valueQuantity": {"value": value}}
                for name, value in parts.items()
                if value is not None
            ],
        }


class Comparison(msgspec.Struct, frozen=True):
    """A score beside a reference; ``better`` goes by the improvement notation, if it has one."""

    value: float
    reference: float
    difference: float
    ratio: float | None
    better: bool | None


def risk_adjusted(
    result: MeasureResult,
    expectation: Expectation,
    *,
    group: int = 0,
    reference_rate: float | None = None,
    confidence: float = 0.95,
) -> RiskAdjusted:
    """Observed and expected over the subjects of a result, which must have kept them."""
    found = adjustable_group(result.definition, group)
    if result.totals.subjects and not result.subjects:
        raise UsageError("the results of the subjects were not kept", code="risk", hint="evaluate with keep")
    observed = expected = 0.0
    cases = without = 0
    for subject in result.subjects:
        if subject.failed:
            continue
        number, amount = _observed(found, subject.groups[group])
        if not number:
            continue
        each = expectation(subject)
        if each is None:
            without += 1
            continue
        cases += number
        observed += amount
        expected += each * number
    return _adjusted(found, observed, expected, cases, without, reference_rate, confidence)


def standardised(
    result: MeasureResult,
    reference: Mapping[str, float],
    *,
    group: int = 0,
    stratifier: int = 0,
    reference_rate: float | None = None,
    confidence: float = 0.95,
) -> RiskAdjusted:
    """Indirect standardisation: what would be expected if every stratum had the reference population's rate.

    ``reference``: the rate of each stratum, by its value as reports show it.  A stratum that has cases and no reference
    rate is a ``UsageError``.
    """
    found = adjustable_group(result.definition, group)
    whole = result.groups()[group]
    if stratifier >= len(whole.strata):
        raise UsageError(f"group {group + 1} has no stratifier {stratifier + 1}", code="risk")
    observed = expected = 0.0
    cases = 0
    missing = []
    for stratum in whole.strata[stratifier]:
        number, amount = _observed(found, GroupResult(stratum.counts, stratum.observations))
        if not number:
            continue
        names = value_names(stratum.values)
        rate = next((reference[name] for name in names if name in reference), None)
        if rate is None:
            missing.append(names[0])
            continue
        cases += number
        observed += amount
        expected += number * rate
    if missing:
        raise UsageError(
            f"the reference has no rate for {', '.join(missing)}",
            code="risk",
            hint="give a rate for every stratum that has cases",
        )
    return _adjusted(found, observed, expected, cases, 0, reference_rate, confidence)


def compare(group: Group, value: float | Decimal, reference: float | Decimal) -> Comparison:
    """A score (of a subject, a cohort, an organisation) beside a reference value or benchmark."""
    difference = float(value) - float(reference)
    notation = code_of(group.improvement_notation)
    better = None
    if difference and notation in ("increase", "decrease"):
        better = (difference > 0) == (notation == "increase")
    ratio = float(value) / float(reference) if reference else None
    return Comparison(float(value), float(reference), difference, ratio, better)


def adjustable_group(definition: MeasureDefinition, group: int) -> Group:
    """The group at a position; ``UsageError`` if there is none, or its scoring has nothing to adjust."""
    if not 0 <= group < len(definition.groups):
        raise UsageError(f"measure {definition.name} has no group {group + 1}", code="risk")
    found = definition.groups[group]
    if found.formula not in (Scoring.PROPORTION, Scoring.CONTINUOUS_VARIABLE):
        raise UsageError(
            f"a {found.scoring.value} group cannot be adjusted for risk",
            code="risk",
            hint="proportions and continuous variables can",
        )
    return found


def _observed(group: Group, result: GroupResult) -> tuple[int, float]:
    """The number of cases, and what they amount to: how many are in the numerator, or the sum of the observations."""
    if group.formula is Scoring.CONTINUOUS_VARIABLE:
        values = result.observations[0] if result.observations else ()
        return len(values), float(sum((Decimal(value.value) for value in values), Decimal(0)))
    cases = (
        result.count(group, _P.DENOMINATOR)
        - result.count(group, _P.DENOMINATOR_EXCLUSION)
        - result.count(group, _P.DENOMINATOR_EXCEPTION)
    )
    return cases, float(result.count(group, _P.NUMERATOR) - result.count(group, _P.NUMERATOR_EXCLUSION))


def _adjusted(
    group: Group,
    observed: float,
    expected: float,
    cases: int,
    without: int,
    reference_rate: float | None,
    confidence: float,
) -> RiskAdjusted:
    ratio = observed / expected if expected > 0 else None
    counted = group.formula is Scoring.PROPORTION
    return RiskAdjusted(
        observed=observed,
        expected=expected,
        cases=cases,
        without=without,
        ratio=ratio,
        interval=byar(round(observed), expected, confidence) if counted else None,
        rate=ratio * reference_rate if ratio is not None and reference_rate is not None else None,
    )
