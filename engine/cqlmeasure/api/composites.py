"""Composite measures from content: the components are found, evaluated over the same subjects, and combined.

Always holds: a component is found in the content by its canonical; every component is evaluated for the same period and
subjects, with all results kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NoReturn

from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.measures import Content
from cqlmeasure.api.periods import PeriodLike
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import UsageError
from cqlmeasure.measure import ReportOptions, component_measures, compose, default_period, read_measure


def evaluate_composite(
    content: Content,
    reference: str | os.PathLike[str],
    data: str | os.PathLike[str] | Iterable[SubjectData],
    *,
    period: PeriodLike | None = None,
    timezone: str | None = None,
    date: str | None = None,
) -> MeasureResult:
    """The result of a composite measure of the content; the parameters are those of ``CompiledMeasure.evaluate``."""
    definition = read_measure(content._content.measure(reference).resource())
    if not any(group.parts for group in definition.groups):
        raise UsageError(
            f"measure {definition.name} is no composite", code="composite", hint="evaluate it like any other measure"
        )
    # Every component reads the data.
    source = data if isinstance(data, str | os.PathLike | list | tuple) else list(data)
    wanted = period if period is not None else default_period(definition.effective_period)
    names: list[str | os.PathLike[str]] = list(component_measures(definition))
    if any(part.url == definition.url for group in definition.groups for part in group.parts):
        names.append(reference)
    results = [content.measure(name).evaluate(source, period=wanted, timezone=timezone) for name in names]
    whole = compose(definition, [result._result for result in results])
    warnings = [item for result in results for item in result.warnings]

    def unexplained() -> NoReturn:
        raise UsageError(
            f"measure {definition.name} is a composite, which has no criteria of its own",
            code="composite",
            hint=f"explain one of its components: {', '.join(map(str, names))}",
        )

    return MeasureResult(
        whole, ReportOptions(date=date), warnings, lambda diagnostic: diagnostic, Explaining(source, unexplained)
    )


__all__ = ["evaluate_composite"]
