"""Content that can be evaluated: measures, compiled once, run over any number of subjects.

Always holds: a measure is checked as a whole before the first subject is read (faults of the Measure, missing
libraries, CQL errors, missing value sets), and the period and time zone of an evaluation come from the caller, never
from the machine.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cqlmeasure import content as _content
from cqlmeasure.api.engine import Engine
from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.literals import cql_of
from cqlmeasure.api.parameters import check_reserved
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, UTC, NowLike, PeriodLike, as_period
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.sources import CaseSubjects, subjects
from cqlmeasure.content import MeasureEntry, TestCase
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import ContentError, Diagnostic, UsageError
from cqlmeasure.measure import (
    MeasureDefinition,
    MeasurePlan,
    Period,
    ReportOptions,
    default_period,
    evaluate,
    prepare,
    read_measure,
)
from cqlmeasure.runtime.external import Functions
from cqlmeasure.runtime.subject import Subject

if TYPE_CHECKING:
    from cqlmeasure.api.cases import CaseRun
    from cqlmeasure.explain import Explainer


class Content:
    """Measures, libraries, value sets and test cases at one or several paths.

    A path is what measure authors have: an HL7 IG repository, a folder of FHIR JSON, a measure Bundle, or a FHIR
    package (``.tgz``).  ``any_version``: take another version of an included library when the one that is named is
    not there.  ``prefer_elm``: take the ELM of a library that has both CQL and ELM.  ``lenient_terminology``: a
    missing or cut value set is a warning, not an error.  ``timezone``: the offset from UTC that evaluations have,
    such as ``+02:00``.  ``functions``: the Python functions behind those that CQL declares as external.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *more_paths: str | os.PathLike[str],
        any_version: bool = False,
        prefer_elm: bool = False,
        lenient_terminology: bool = False,
        timezone: str | None = None,
        functions: Functions | None = None,
    ) -> None:
        self.any_version = any_version
        self.prefer_elm = prefer_elm
        self.lenient_terminology = lenient_terminology
        self.timezone = timezone or UTC
        self.functions = functions
        self._content = _content.Content(path, *more_paths)
        self._engine = Engine(
            self._content,
            any_version=any_version,
            prefer_elm=prefer_elm,
            lenient_terminology=lenient_terminology,
            functions=functions,
        )
        self._compiled: dict[tuple[str, str | None, str], CompiledMeasure] = {}

    def __repr__(self) -> str:
        return f"Content({', '.join(repr(str(path)) for path in self.paths)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another process, a content is opened there."""
        options = {
            "any_version": self.any_version,
            "prefer_elm": self.prefer_elm,
            "lenient_terminology": self.lenient_terminology,
            "timezone": self.timezone,
            "functions": self.functions,
        }
        return _reopen, (self.paths, options)

    @property
    def paths(self) -> tuple[os.PathLike[str], ...]:
        """The paths it was opened with."""
        return self._content.paths

    @property
    def warnings(self) -> list[Diagnostic]:
        """Files that could not be read, and duplicates that differ."""
        return self._content.warnings

    def measures(self) -> list[MeasureEntry]:
        """All Measures: name, version, url and file of each."""
        return self._content.measures()

    def measure(self, reference: str | os.PathLike[str]) -> CompiledMeasure:
        """The measure that a name, id, canonical url or file names, translated and compiled."""
        entry = self._content.measure(reference)
        key = (entry.name, entry.version, entry.file)
        if key not in self._compiled:
            self._compiled[key] = CompiledMeasure(entry, self._engine, self.timezone)
        return self._compiled[key]

    def test_measures(self) -> list[str]:
        """The names of the measures for which there are test cases."""
        return self._content.test_measures()

    def test_cases(self, measure: str) -> list[TestCase]:
        """The test cases of a measure; may be empty."""
        return self._content.test_cases(measure)

    def test_subjects(self, measure: str) -> CaseSubjects:
        """The patients of a measure's test cases; a ``ContentError`` if there are none."""
        cases = self.test_cases(measure)
        if not cases:
            raise ContentError(
                f"there are no test cases for measure {measure} to take patients from",
                code="no-test-cases",
                hint="say where the patients are (--data)",
            )
        return CaseSubjects(cases)

    def tests(self, *measures: str, explain: bool = False) -> CaseRun:
        """The test cases of all measures, or of those that are named, ready to be run.

        ``explain``: outcomes have the reasons of the populations that are not as expected.
        """
        # Here and not above: running cases needs this module.
        from cqlmeasure.api.cases import CaseRun

        return CaseRun(self, measures, explain)


def _reopen(paths: Sequence[os.PathLike[str]], options: dict[str, Any]) -> Content:
    return Content(*paths, **options)


class CompiledMeasure:
    """A measure with its libraries translated and compiled; evaluate it as often as you like."""

    def __init__(self, entry: MeasureEntry, engine: Engine, timezone: str) -> None:
        self._engine = engine
        self._timezone = timezone
        self._entry = entry
        self.file = entry.file
        self.definition: MeasureDefinition = read_measure(entry.resource())
        # A definition without a library is refused by ``read_measure``.
        self._library = engine.library(self.definition.library or self.definition.name)
        self._plans: dict[tuple[Any, ...], tuple[MeasurePlan, Any]] = {}

    def __repr__(self) -> str:
        return f"CompiledMeasure({self.name!r}, version={self.version!r})"

    @property
    def name(self) -> str:
        """The computer-friendly name."""
        return self.definition.name

    @property
    def title(self) -> str:
        """The name for people."""
        return self.definition.title or self.definition.name

    @property
    def url(self) -> str | None:
        """The canonical url."""
        return self.definition.url

    @property
    def version(self) -> str | None:
        """The business version."""
        return self.definition.version

    @property
    def subject_type(self) -> str:
        """The type of the subjects, nearly always ``Patient``."""
        return self.definition.subject_type

    @property
    def elm(self) -> dict[str, Any]:
        """The ELM of the primary library."""
        return self._library.elm

    def data_requirements(
        self,
        period: PeriodLike | None = None,
        *,
        timezone: str | None = None,
        reference_compatible: bool = False,
        into_measure: bool = False,
    ) -> dict[str, Any]:
        """What the measure needs: a Library of type ``module-definition``, as ``$data-requirements`` answers.

        ``period``: bounds of dates are computed for it; without it they stay CQL expressions.
        ``reference_compatible``: the entries and paths that the reference tooling gives.  ``into_measure``: the
        Measure, with the Library contained as its effective data requirements.
        """
        # The inferencer is loaded where requirements are wanted.
        from cqlmeasure.api.requirements import requirements_of_measure

        wanted = as_period(period) if period is not None else None
        return requirements_of_measure(
            self._entry.resource(),
            self._library.source,
            self._engine.libraries,
            parameters={} if wanted is None else {MEASUREMENT_PERIOD: (wanted.start, wanted.end)},
            offset=timezone or self._timezone,
            reference_compatible=reference_compatible,
            into_measure=into_measure,
            any_version=self._engine.any_version,
            prefer_elm=self._engine.prefer_elm,
        )

    def evaluate(
        self,
        data: str | os.PathLike[str] | Iterable[SubjectData],
        *,
        period: PeriodLike | None = None,
        subjects: Iterable[str] | None = None,
        timezone: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        now: NowLike | None = None,
        date: str | None = None,
        evidence: bool = True,
        keep: bool = True,
    ) -> MeasureResult:
        """Evaluate the measure for subjects.

        ``data``: a path (a Bundle, a folder, NDJSON) or subjects, as ``bundles(...)`` and ``ndjson(...)`` give them.
        ``period``: ``"2026"``, ``"2026-07..2027-06"`` or a pair of start and end; without it the measure's effective
        period.  ``subjects``: only those with these ids.  ``parameters``: values of CQL parameters by name, each a
        Python value or CQL text (``Cql("Interval[1, 5]")``).  ``now``: the moment of the evaluation, for CQL's
        ``Now()`` and ``Today()``.  ``date``: what the reports say of when they were made.
        ``evidence``: individual reports list the resources that were looked at.  ``keep``: keep each subject's result;
        without it only the totals, for populations that do not fit into memory.
        """
        plan, evaluator = self._prepare(self._period(period), timezone or self._timezone, parameters or {}, now)
        source = (Subject(one.id, one.resources) for one in _only(_source(data), subjects))
        with _without_collector():
            result = evaluate(plan, evaluator, source, period=self._period(period), evidence=evidence, keep=keep)
        warnings = [*self._library.warnings, *self._engine.warnings]
        explaining = Explaining(
            data, lambda: self._explainer(self._period(period), timezone or self._timezone, parameters or {}, now)
        )
        return MeasureResult(result, ReportOptions(date=date), warnings, self._library.placed, explaining)

    def _explainer(
        self, period: Period, timezone: str, parameters: Mapping[str, Any], now: NowLike | None
    ) -> Explainer:
        plan, _ = self._prepare(period, timezone, parameters, now)
        fixed = {MEASUREMENT_PERIOD: period.interval(timezone)}
        return self._library.explainer(
            plan.definition,
            lambda program: self._library.evaluator(fixed, timezone, given=parameters, now=now, derived=program),
        )

    def _period(self, period: PeriodLike | None) -> Period:
        if period is not None:
            return as_period(period)
        found = default_period(self.definition.effective_period)
        if found is None:
            raise UsageError(
                f"measure {self.name} has no effective period, so the period has to be given",
                code="period",
                hint="add the period, such as 2026 or 2026-07..2027-06",
            )
        return found

    def _prepare(
        self, period: Period, timezone: str, parameters: Mapping[str, Any], now: NowLike | None
    ) -> tuple[MeasurePlan, Any]:
        """The plan and evaluator for a period; those of the last periods are kept (test cases have few)."""
        key = (period, timezone, str(now), *(f"{name}={cql_of(value)}" for name, value in parameters.items()))
        if key not in self._plans:
            if len(self._plans) >= 8:
                self._plans.pop(next(iter(self._plans)))
            check_reserved(parameters, {MEASUREMENT_PERIOD: "the period"})
            fixed = {MEASUREMENT_PERIOD: period.interval(timezone)}
            evaluator = self._library.evaluator(fixed, timezone, given=parameters, now=now)
            self._plans[key] = (prepare(self.definition, evaluator), evaluator)
        return self._plans[key]


def _source(data: str | os.PathLike[str] | Iterable[SubjectData]) -> Iterable[SubjectData]:
    return subjects(data) if isinstance(data, str | os.PathLike) else data


def _only(source: Iterable[SubjectData], wanted: Iterable[str] | None) -> Iterator[SubjectData]:
    """The subjects with these ids; one that is not there is a ``UsageError`` when all have been seen."""
    if wanted is None:
        yield from source
        return
    ids = {identifier.removeprefix("Patient/") for identifier in wanted}
    missing = set(ids)
    for subject in source:
        if subject.id in ids:
            missing.discard(subject.id)
            yield subject
    if missing:
        raise UsageError(
            f"there is no subject {', '.join(sorted(missing))} in the data",
            code="unknown-subject",
            hint="a subject is named by the id of its Patient",
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
