"""Measures over subjects: any number of measures and periods in one pass.

Always holds: every subject is read and indexed once, whatever number of measures and periods looks at it; the results
are those of evaluating each measure for each period alone, in the order in which they were asked for.
"""

from __future__ import annotations

import gc
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from cqlmeasure.api.literals import cql_of
from cqlmeasure.api.others import expanded
from cqlmeasure.api.periods import NowLike, evaluation_time
from cqlmeasure.api.planning import Reading, selection
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.server import FhirServer
from cqlmeasure.api.sources import subjects
from cqlmeasure.data import Selecting, SubjectData
from cqlmeasure.errors import UsageError
from cqlmeasure.measure import MeasurePlan, Period, ReportOptions, evaluate_subject, nobody
from cqlmeasure.measure import MeasureResult as Result
from cqlmeasure.runtime.code_index import CodeIndexes
from cqlmeasure.runtime.subject import Subject

if TYPE_CHECKING:
    from cqlmeasure.api.measures import CompiledMeasure

Readable = str | os.PathLike[str] | Iterable[SubjectData]
Data = Readable | FhirServer


class Settings(NamedTuple):
    """What a measure is evaluated with; measures of one pass share ``indexes`` of codes."""

    period: Period
    timezone: str
    parameters: Mapping[str, Any]
    now: NowLike | None
    indexes: CodeIndexes | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for equal settings; ``indexes`` are equal only to themselves."""
        values = (f"{name}={cql_of(value)}" for name, value in self.parameters.items())
        shared = "" if self.indexes is None else str(id(self.indexes))
        return (self.period.start, self.period.end, self.timezone, str(self.now), shared, *values)


class Task(NamedTuple):
    """One measure for one period; ``reading``: what of the data it reads.

    ``whole``: the subjects' results are needed, whatever the caller keeps.
    """

    plan: MeasurePlan
    evaluator: Any
    period: Period
    reading: Callable[[], Reading]
    whole: bool = False


class Options(NamedTuple):
    """How a run is done; see ``CompiledMeasure.evaluate``.  ``chosen``: only the subjects with these ids."""

    chosen: Iterable[str] | None = None
    date: str | None = None
    report: ReportOptions | None = None
    evidence: bool = True
    keep: bool = True
    plan: bool = True


def run(wanted: Sequence[tuple[CompiledMeasure, Settings]], data: Data, options: Options) -> list[MeasureResult]:
    """The result of each measure with its settings."""
    parts = [measure.tasks(settings) for measure, settings in wanted]
    tasks = [task for part in parts for task in part]
    periods: defaultdict[int, set[Period]] = defaultdict(set)
    for measure, settings in wanted:
        periods[id(measure)].add(settings.period)
    reports = [
        _report(settings, options.date, options.report, len(periods[id(measure)]) > 1) for measure, settings in wanted
    ]
    for (measure, _), report in zip(wanted, reports, strict=True):
        measure.check_report(report)
    kinds = sorted({measure.subject_type for measure, _ in wanted})
    if len(kinds) > 1:
        raise UsageError(
            f"the measures are about different types of subjects ({', '.join(kinds)})",
            code="subject-type",
            hint="evaluate them one by one",
        )
    chosen = options.chosen
    if isinstance(data, FhirServer):
        chosen = None if chosen is None else data.expanded(chosen)
        data = data.subjects(wanted, chosen)
    if isinstance(data, str | os.PathLike):
        chosen = None if chosen is None else expanded(list(chosen), kinds[0], data)
        read: Iterable[SubjectData] = subjects(data, kind=kinds[0])
    else:
        read = data
    if options.plan:
        read = planned(tasks, read, options)
    with _without_collector():
        found = iter(_evaluate(tasks, _only(read, chosen, kinds[0]), options))
    return [
        measure.finished([next(found) for _ in part], settings, data, report)
        for (measure, settings), part, report in zip(wanted, parts, reports, strict=True)
    ]


def planned(tasks: Sequence[Task], source: Iterable[SubjectData], options: Options) -> Iterable[SubjectData]:
    """The subjects without what the tasks do not read, if the source can leave it out."""
    if not isinstance(source, Selecting):
        return source
    kept = options.keep or any(task.whole for task in tasks)
    found = selection([task.reading() for task in tasks], evidence=options.evidence, ruling_out=not kept)
    return source if found is None else source.selecting(found)


def _evaluate(tasks: Sequence[Task], source: Iterable[SubjectData], options: Options) -> list[Result]:
    """The result of each task."""
    results = [
        Result(
            task.plan.definition, task.period, keep=options.keep or task.whole, warnings=task.plan.definition.warnings
        )
        for task in tasks
    ]
    nobodies = [nobody(task.plan) for task in tasks]
    work = list(zip(range(len(tasks)), tasks, results, strict=True))
    evidence = options.evidence
    for one in source:
        ruled_out = one.ruled_out
        subject = None
        for number, task, result in work:
            if number in ruled_out:
                result.add(nobodies[number])
                continue
            subject = subject or Subject(one.id, one.resources, one.faults)
            result.add(evaluate_subject(task.plan, task.evaluator, subject, evidence=evidence))
    return results


def _report(settings: Settings, date: str | None, report: ReportOptions | None, several: bool) -> ReportOptions:
    options = report or ReportOptions()
    if several:
        # The reports of different periods have different ids.
        suffix = "-".join(part for part in (options.suffix, settings.period.start) if part)
        options = msgspec.structs.replace(options, suffix=suffix)
    if date is None and options.date is None and options.edition is not None:
        # Profiles make the date mandatory: it is the moment of the evaluation.
        date = cql_of(evaluation_time(settings.timezone, settings.now)).removeprefix("@")
    return options if date is None else msgspec.structs.replace(options, date=date)


def _only(source: Iterable[SubjectData], wanted: Iterable[str] | None, kind: str) -> Iterator[SubjectData]:
    """The subjects with these ids; one that is not there is a ``UsageError`` when all have been seen."""
    if wanted is None:
        yield from source
        return
    ids = {identifier.removeprefix(f"{kind}/") for identifier in wanted}
    missing = set(ids)
    for subject in source:
        if subject.id in ids:
            missing.discard(subject.id)
            yield subject
    if missing:
        raise UsageError(
            f"there is no subject {', '.join(sorted(missing))} in the data",
            code="unknown-subject",
            hint=f"a subject is named by the id of its {kind}",
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Puts garbage collection off: resources hold no cycles, and to look for some costs several times the work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
