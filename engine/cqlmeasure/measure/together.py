"""Several measures over the same subjects in one pass.

Always holds: a subject is read and indexed once, whatever number of measures looks at it; the results are those of
evaluating each measure alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from cqlmeasure.measure.evaluate import evaluate_subject
from cqlmeasure.measure.period import Period
from cqlmeasure.measure.plan import MeasurePlan
from cqlmeasure.measure.ports import Evaluator, Subject
from cqlmeasure.measure.results import MeasureResult

S = TypeVar("S", bound=Subject)


def evaluate_together(
    measures: Sequence[tuple[MeasurePlan, Evaluator[S]]],
    subjects: Iterable[S],
    *,
    period: Period,
    supplemental: bool = True,
    evidence: bool = False,
    keep: bool = True,
) -> tuple[MeasureResult, ...]:
    """The result of each measure, in their order; the options are those of ``evaluate``."""
    results = tuple(
        MeasureResult(plan.definition, period, keep=keep, warnings=plan.definition.warnings) for plan, _ in measures
    )
    for subject in subjects:
        for (plan, evaluator), result in zip(measures, results, strict=True):
            result.add(evaluate_subject(plan, evaluator, subject, supplemental=supplemental, evidence=evidence))
    return results
