"""A run in parts: over several processes, kept in a file as it goes on, or both.

Always holds: "now" is one moment for all parts, also of a run that is gone on with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

import cqlmeasure
from cqlmeasure.api.journal import Journal
from cqlmeasure.api.literals import cql_of
from cqlmeasure.api.parallel import Order, crew
from cqlmeasure.api.periods import evaluation_time
from cqlmeasure.data import Divisible, SubjectData
from cqlmeasure.errors import UsageError
from cqlmeasure.measure import MeasureResult, PartResult

if TYPE_CHECKING:
    from cqlmeasure.api.measures import CompiledMeasure
    from cqlmeasure.api.runs import Options, Settings

#: Parts for each process, so that all of them end at about the same time.
_PARTS = 8
#: Parts of a run that is kept: as much is lost if it is stopped.
_KEPT_PARTS = 64

Wanted = Sequence[tuple["CompiledMeasure", "Settings"]]
Evaluate = Callable[[Wanted, Iterable[SubjectData], "Options"], Sequence[MeasureResult]]


def in_parts(
    wanted: Wanted, source: Divisible, options: Options, evaluate: Evaluate, ready: Callable[[Wanted], Wanted]
) -> list[MeasureResult]:
    """The result of each measure; ``evaluate`` gives it for the subjects of a part.

    ``ready`` is what each process does first with the measures.
    """
    parts = _KEPT_PARTS if options.resume is not None else max(1, options.jobs) * _PARTS
    # One moment for all processes.
    now = cql_of(evaluation_time(wanted[0][1].timezone, wanted[0][1].now)).removeprefix("@")
    journal = _journal(wanted, source, options, parts, now)
    if journal is not None:
        parts, now = journal.parts, journal.now
    asked = [
        (measure.reference, settings._replace(now=now if settings.now is None else settings.now, indexes=None))
        for measure, settings in wanted
    ]
    order = Order(wanted[0][0].opened, asked, ready, evaluate, options._replace(progress=None))
    done = journal.done if journal is not None else {}
    found: dict[int, Sequence[PartResult]] = dict(done)
    try:
        with crew(options.jobs, order) as workers, source.divided(parts, workers.survey) as pieces:
            for results in done.values():
                _tell(options, results)
            rest = [number for number in range(len(pieces)) if number not in done]
            for number, finished in zip(rest, workers.evaluate(pieces[number] for number in rest), strict=True):
                found[number] = finished.results
                source.note(finished.warnings)
                if journal is not None:
                    journal.add(number, finished.results)
                _tell(options, finished.results)
    finally:
        if journal is not None:
            journal.close()
    whole = [
        MeasureResult(task.plan.definition, task.period, keep=options.keep, warnings=task.plan.definition.warnings)
        for task in (measure.task(settings) for measure, settings in wanted)
    ]
    for number in sorted(found):
        for result, part in zip(whole, found[number], strict=True):
            result.add_part(part)
    return whole


def _tell(options: Options, results: Sequence[PartResult]) -> None:
    if options.progress is not None:
        options.progress(max((one.sums.subjects for one in results), default=0))


def _journal(wanted: Wanted, source: Divisible, options: Options, parts: int, now: str) -> Journal | None:
    if options.resume is None:
        return None
    if options.keep:
        raise UsageError(
            "what is kept to go on with are sums, not the results of single subjects",
            code="resume",
            hint="evaluate with keep=False, for a summary",
        )
    about = {
        "version": cqlmeasure.__version__,
        "measures": ", ".join(measure.fingerprint for measure, _ in wanted),
        "settings": _digest([list(settings._replace(indexes=None).key) for _, settings in wanted]),
        "attribution": _digest([repr(settings.attribution) for _, settings in wanted]),
        "options": _digest([options.evidence, options.plan, options.supplemental]),
        "data": source.identity(),
    }
    return Journal(options.resume, about, parts, now)


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value)).hexdigest()[:16]
