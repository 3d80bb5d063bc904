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

from cqlmeasure.api.attributing import Attribution, nobody
from cqlmeasure.api.deciding import decided
from cqlmeasure.api.literals import cql_of
from cqlmeasure.api.others import expanded
from cqlmeasure.api.periods import NowLike, evaluation_time
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.server import FhirServer
from cqlmeasure.api.settling import Person, settling
from cqlmeasure.api.sources import subjects
from cqlmeasure.data import Answering, Answers, Divisible, Screened, Selecting, SubjectData
from cqlmeasure.errors import UsageError
from cqlmeasure.measure import MeasureResult as Result
from cqlmeasure.measure import Period, ReportOptions, attester, evaluate_together
from cqlmeasure.measure import nobody as nobody_at_all
from cqlmeasure.runtime.code_index import CodeIndexes

if TYPE_CHECKING:
    from cqlmeasure.api.measures import CompiledMeasure

Readable = str | os.PathLike[str] | Iterable[SubjectData]
Data = Readable | FhirServer


class Settings(NamedTuple):
    """What a measure is evaluated with; measures of one pass share ``indexes`` of codes.

    ``attribution``: only the subjects of a provider.
    """

    period: Period
    timezone: str
    parameters: Mapping[str, Any]
    now: NowLike | None
    indexes: CodeIndexes | None = None
    attribution: Attribution | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Equal where evaluators are; ``indexes`` are equal only to themselves."""
        values = (f"{name}={cql_of(value)}" for name, value in self.parameters.items())
        shared = "" if self.indexes is None else str(id(self.indexes))
        return (self.period.start, self.period.end, self.timezone, str(self.now), shared, *values)


class Options(NamedTuple):
    """How a run is done; see ``CompiledMeasure.evaluate``.

    ``chosen``: only the subjects with these ids; ``progress`` is told how many more are done.
    """

    chosen: Iterable[str] | None = None
    date: str | None = None
    report: ReportOptions | None = None
    evidence: bool = True
    keep: bool = True
    plan: bool = True
    supplemental: bool = True
    jobs: int = 1
    resume: str | os.PathLike[str] | None = None
    progress: Callable[[int], None] | None = None


def run(wanted: Sequence[tuple[CompiledMeasure, Settings]], data: Data, options: Options) -> list[MeasureResult]:
    """The result of each measure with its settings."""
    if not wanted:
        return []
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
    if options.jobs < 1:
        raise UsageError("at least one process has to work", code="jobs", hint="jobs=1, or more")
    chosen = (options.chosen,) if isinstance(options.chosen, str) else options.chosen
    if isinstance(data, FhirServer):
        chosen = None if chosen is None else data.expanded(chosen)
        data = data.subjects(wanted, chosen)
    if isinstance(data, str | os.PathLike):
        chosen = None if chosen is None else expanded(list(chosen), kinds[0], data)
        read: Iterable[SubjectData] = subjects(data, kind=kinds[0])
    else:
        read = data
    # Whose a subject is may be told by data that no measure reads.
    if options.plan and all(settings.attribution is None for _, settings in wanted):
        read = planned(wanted, read, options)
    if options.jobs > 1 or options.resume is not None:
        results = spread(wanted, read, options._replace(chosen=None if chosen is None else tuple(chosen)))
    else:
        results = evaluated(sharing(wanted), read if chosen is None else _only(read, chosen, kinds[0]), options)
    for (_, settings), result in zip(wanted, results, strict=True):
        if settings.attribution is not None and not result.totals.subjects:
            result.warnings += (nobody(settings.attribution),)
    return [
        measure.finished(result, settings, data, report)
        for (measure, settings), result, report in zip(wanted, results, reports, strict=True)
    ]


def sharing(
    wanted: Sequence[tuple[CompiledMeasure, Settings]],
) -> Sequence[tuple[CompiledMeasure, Settings]]:
    """The same; several measures look codes up together, now and when they are evaluated again."""
    if len(wanted) == 1:
        return wanted
    together = tuple((measure.reference, settings.key) for measure, settings in wanted)
    shared = wanted[0][0].indexes(together)
    return [(measure, settings._replace(indexes=shared)) for measure, settings in wanted]


def evaluated(
    wanted: Sequence[tuple[CompiledMeasure, Settings]], source: Iterable[SubjectData], options: Options
) -> Sequence[Result]:
    """What the measures give for the subjects of a source."""
    tasks = [measure.task(settings) for measure, settings in wanted]
    rules = {
        number: rule
        for number, (measure, settings) in enumerate(wanted)
        if (rule := measure.belongs(settings)) is not None
    }
    screened = source if isinstance(source, Screened) and not options.keep else None
    with _without_collector():
        results = evaluate_together(
            tasks,
            map(Person, _counted(source if screened is None else screened.candidates(), options.progress)),
            supplemental=options.supplemental,
            evidence=options.evidence,
            keep=options.keep,
            settled=settling(tasks, rules),
        )
    if screened is not None and screened.left_out:
        for task, result in zip(tasks, results, strict=True):
            result.add_equal(nobody_at_all(task.plan), screened.left_out)
    answers: Mapping[Answers, int] = screened.answers if isinstance(screened, Answering) else {}
    if answers:
        asked = decided(wanted, options)
        assert asked is not None, "without questions there are no answers"
        asked.add(tasks, results, answers)
    if screened is not None and options.progress is not None:
        options.progress(screened.left_out + sum(answers.values()))
    return results


def spread(
    wanted: Sequence[tuple[CompiledMeasure, Settings]], source: Iterable[SubjectData], options: Options
) -> Sequence[Result]:
    """The same in parts."""
    if options.chosen is not None or not isinstance(source, Divisible):
        raise UsageError(
            "subjects that come one by one, or are named, cannot be divided among processes or gone on with",
            code="jobs",
            hint="give a path (Bundles, NDJSON, a store) and no names of subjects",
        )
    # Imported here because one process needs none of it.
    from cqlmeasure.api.spreading import in_parts

    return in_parts(wanted, source, options, evaluated, sharing)


def _counted(source: Iterable[SubjectData], progress: Callable[[int], None] | None) -> Iterable[SubjectData]:
    if progress is None:
        return source
    return _told(source, progress)


def _told(source: Iterable[SubjectData], progress: Callable[[int], None]) -> Iterator[SubjectData]:
    for one in source:
        yield one
        progress(1)


def planned(
    wanted: Sequence[tuple[CompiledMeasure, Settings]], source: Iterable[SubjectData], options: Options
) -> Iterable[SubjectData]:
    """The subjects without what is not read, if the source can leave it out."""
    if not isinstance(source, Selecting):
        return source
    readings = [measure.reading(settings) for measure, settings in wanted]
    found = wanted[0][0].selection(readings, evidence=options.evidence, ruling_out=not options.keep)
    if found is None:
        return source
    asked = decided(wanted, options) if isinstance(source, Answering) else None
    return source.selecting(found if asked is None else msgspec.structs.replace(found, questions=asked.questions))


def _report(settings: Settings, date: str | None, report: ReportOptions | None, several: bool) -> ReportOptions:
    options = report or ReportOptions()
    if settings.attribution is not None and options.reporter is None and attester(options.attested) is None:
        # The provider whose subjects are asked for is the reporter, as the operations of the standard have it.
        options = msgspec.structs.replace(options, reporter={"reference": settings.attribution.provider})
    if several:
        # The reports of different periods have different ids.
        suffix = "-".join(part for part in (options.suffix, settings.period.start) if part)
        options = msgspec.structs.replace(options, suffix=suffix)
    if date is None and options.date is None and options.edition is not None:
        # Profiles make the date mandatory: it is the moment of the evaluation.
        date = cql_of(evaluation_time(settings.timezone, settings.now)).removeprefix("@")
    return options if date is None else msgspec.structs.replace(options, date=date)


def _only(source: Iterable[SubjectData], wanted: Iterable[str], kind: str) -> Iterator[SubjectData]:
    """The subjects with these ids; one that is not there is a ``UsageError`` when all have been seen."""
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
