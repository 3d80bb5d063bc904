"""Data held against the requirements of measures; only what asks for it loads this.

Always holds: a resource counts for a profile, and a value set has the codes, exactly as in evaluation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta, timezone
from typing import Any

from cqlmeasure.api.engine import Engine
from cqlmeasure.api.measures import CompiledMeasure
from cqlmeasure.api.periods import PeriodLike, offset_minutes
from cqlmeasure.api.requirements import requirements_of_measures
from cqlmeasure.api.runs import Readable
from cqlmeasure.api.sources import subjects
from cqlmeasure.errors import UsageError
from cqlmeasure.models import fhir_types, profile_facts
from cqlmeasure.requirements import DataCheck, check
from cqlmeasure.runtime.retrieve import Profile


def check_data(
    measures: Iterable[CompiledMeasure], data: Readable, engine: Engine, period: PeriodLike | None, offset: str
) -> DataCheck:
    """Hold data against what measures need; raises ``TerminologyError`` for value sets that are not there."""
    named = list(measures)
    periods = dict.fromkeys(one.period(period) for one in named)
    if len(periods) > 1:
        raise UsageError("the measures have different periods", code="period", hint="say for which period to check")
    kinds = sorted({one.subject_type for one in named})
    if len(kinds) > 1:
        raise UsageError(
            f"the measures are about different types of subjects ({', '.join(kinds)})",
            code="subject-type",
            hint="check them one by one",
        )
    (wanted,) = periods
    zone = timezone(timedelta(minutes=offset_minutes(offset)))
    library = requirements_of_measures(named, engine, wanted, offset)
    value_sets = [
        made["valueSet"]
        for one in library.get("dataRequirement", [])
        for made in one.get("codeFilter", [])
        if "valueSet" in made
    ]
    engine.terminology.check((url, None, None) for url in dict.fromkeys(value_sets))

    def members(url: str) -> Mapping[str, Collection[str]]:
        return engine.terminology.value_set(url).codes

    source = subjects(data, kind=kinds[0]) if isinstance(data, str | os.PathLike) else data
    return check(
        library,
        (one.resources for one in source),
        fhir=fhir_types(),
        members=members,
        of_profile=_of_profile,
        zone=zone,
        title=", ".join(one.title for one in named),
        period=(wanted.start, wanted.end),
    )


def _of_profile(kind: str, profile: str) -> Callable[[Mapping[str, Any]], bool]:
    facts = profile_facts(kind, profile)
    if facts is None:
        return lambda resource: True
    profiled = Profile(*facts)

    def accepts(resource: Mapping[str, Any]) -> bool:
        try:
            return profiled.accepts(resource)
        except (AttributeError, TypeError):
            # Of the wrong shape, it is of no profile.
            return False

    return accepts
