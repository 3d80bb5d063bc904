"""Content that can be evaluated: measures, compiled once, run over any number of subjects.

Always holds: a measure is checked as a whole before the first subject is read (faults of the Measure, missing
libraries, CQL errors, missing value sets), and the period and time zone of an evaluation come from the caller, never
from the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cqlmeasure import content as _content
from cqlmeasure.api.attesting import NoLibrary
from cqlmeasure.api.declared_period import declared_period
from cqlmeasure.api.engine import Engine, PreparedLibrary
from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.others import all_resources
from cqlmeasure.api.parameters import check_reserved
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, UTC, NowLike, PeriodLike, as_period
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.runs import Data, Settings, Task, run
from cqlmeasure.api.sources import CaseSubjects
from cqlmeasure.content import MeasureEntry, TestCase
from cqlmeasure.errors import ContentError, Diagnostic, UsageError
from cqlmeasure.measure import (
    AttestedScore,
    MeasureDefinition,
    MeasurePlan,
    Period,
    ReportOptions,
    Scoring,
    check_attested,
    default_period,
    evaluate_unfiltered,
    prepare,
    read_attestation,
    read_measure,
    split_period,
)
from cqlmeasure.measure import MeasureResult as Result
from cqlmeasure.runtime.code_index import CodeIndexes
from cqlmeasure.runtime.external import Functions

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
        """The measure that a name, id, canonical url or file names, translated and compiled.

        A composite measure comes with its components, which have to be in the content too.
        """
        # Here and not above: composites need this module.
        from cqlmeasure.api.composites import CompositeMeasure

        entry = self._content.measure(reference)
        key = (entry.name, entry.version, entry.file)
        if key not in self._compiled:
            if _is_composite(entry):
                self._compiled[key] = CompositeMeasure(entry, self._engine, self.timezone, self._component)
            else:
                self._compiled[key] = CompiledMeasure(entry, self._engine, self.timezone)
        return self._compiled[key]

    def _component(self, reference: str) -> CompiledMeasure:
        """A component of a composite; composites of composites are refused when it is bound."""
        entry = self._content.measure(reference)
        return CompiledMeasure(entry, self._engine, self.timezone) if _is_composite(entry) else self.measure(reference)

    def evaluate(
        self,
        measures: Iterable[str | os.PathLike[str]],
        data: Data,
        *,
        period: PeriodLike | None = None,
        subjects: Iterable[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        now: NowLike | None = None,
        date: str | None = None,
        report: ReportOptions | None = None,
        evidence: bool = True,
        keep: bool = True,
        step: str | None = None,
    ) -> list[MeasureResult]:
        """Evaluate several measures in one pass over the subjects; the result of each, in their order.

        The parameters are those of ``CompiledMeasure.evaluate``.  ``step``: each measure is evaluated for every
        ``"month"``, ``"quarter"``, ``"half-year"`` or ``"year"`` of the period; all results of one follow each other.
        """
        shared = CodeIndexes()
        compiled = [
            (one, one.settings(period, None, parameters, now)._replace(indexes=shared))
            for one in map(self.measure, measures)
        ]
        return run(
            [
                (one, settings._replace(period=part))
                for one, settings in compiled
                for part in (split_period(settings.period, step) if step is not None else (settings.period,))
            ],
            data,
            chosen=subjects,
            date=date,
            report=report,
            evidence=evidence,
            keep=keep,
        )

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


def _is_composite(entry: MeasureEntry) -> bool:
    return any(group.scoring is Scoring.COMPOSITE for group in read_measure(entry.resource()).groups)


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
        # A definition that needs a library and names none is refused by ``read_measure``.
        library = self.definition.library
        self._prepared = engine.library(library) if library is not None else None
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
    def _library(self) -> PreparedLibrary:
        if self._prepared is None:
            raise UsageError(
                f"measure {self.name} has no library: its scores are attested, not computed", code="no-library"
            )
        return self._prepared

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

    def attested(self, report: Mapping[str, Any]) -> dict[str, AttestedScore]:
        """The scores that a MeasureReport attests for this measure, for ``ReportOptions(attested=...)``."""
        return read_attestation(self.definition, dict(report))

    def evaluate(
        self,
        data: Data,
        *,
        period: PeriodLike | None = None,
        subjects: Iterable[str] | None = None,
        timezone: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        now: NowLike | None = None,
        date: str | None = None,
        report: ReportOptions | None = None,
        evidence: bool = True,
        keep: bool = True,
    ) -> MeasureResult:
        """Evaluate the measure for subjects.

        ``data``: a path (a Bundle, a folder, NDJSON) or subjects, as ``bundles(...)`` and ``ndjson(...)`` give them.
        ``period``: ``"2026"``, ``"2026-07..2027-06"`` or a pair of start and end; without it the measure's effective
        period.  ``subjects``: only those with these ids.  ``parameters``: values of CQL parameters by name, each a
        Python value or CQL text (``Cql("Interval[1, 5]")``).  ``now``: the moment of the evaluation, for CQL's
        ``Now()`` and ``Today()``.  ``date``: what the reports say of when they were made.  ``report``: what else the
        reports are like (reporter, edition of the exchange guide, narrative ...).
        ``evidence``: individual reports list the resources that were looked at.  ``keep``: keep each subject's result;
        without it only the totals, for populations that do not fit into memory.
        """
        settings = self.settings(period, timezone, parameters, now)
        return run([(self, settings)], data, chosen=subjects, date=date, report=report, evidence=evidence, keep=keep)[0]

    def trend(
        self,
        data: Data,
        step: str,
        *,
        period: PeriodLike | None = None,
        subjects: Iterable[str] | None = None,
        timezone: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        now: NowLike | None = None,
        date: str | None = None,
        report: ReportOptions | None = None,
        evidence: bool = True,
        keep: bool = True,
    ) -> list[MeasureResult]:
        """Evaluate the measure for each ``"month"``, ``"quarter"``, ``"half-year"`` or ``"year"`` of the period.

        The subjects are read once.  ``trend_points(results)`` tells how counts and scores change.
        """
        whole = self.settings(period, timezone, parameters, now)
        wanted = [(self, whole._replace(period=part)) for part in split_period(whole.period, step)]
        return run(wanted, data, chosen=subjects, date=date, report=report, evidence=evidence, keep=keep)

    def evaluate_unfiltered(
        self,
        data: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
        *,
        period: PeriodLike | None = None,
        timezone: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        now: NowLike | None = None,
        report: ReportOptions | None = None,
    ) -> MeasureResult:
        """Evaluate a measure without subjects: its criteria see all resources at once, and items are counted.

        ``data``: a path, or resources.
        """
        settings = self.settings(period, timezone, parameters, now)
        listed = list(all_resources(data) if isinstance(data, str | os.PathLike) else data)
        ((plan, evaluator, *_),) = self.tasks(settings)
        options = report or ReportOptions()
        self.check_report(options)
        result = evaluate_unfiltered(plan, evaluator, listed, period=settings.period)
        return self.finished([result], settings, (), options)

    # -- what a run asks ----------------------------------------------------------------------------------------------

    def settings(
        self,
        period: PeriodLike | None,
        timezone: str | None,
        parameters: Mapping[str, Any] | None,
        now: NowLike | None,
    ) -> Settings:
        """What callers ask for, completed with what the measure and its content say."""
        return Settings(self._period(period), timezone or self._timezone, parameters or {}, now)

    def tasks(self, settings: Settings) -> list[Task]:
        """What is to be evaluated for each subject."""
        return [Task(*self._prepare(*settings), settings.period)]

    def finished(
        self, results: Sequence[Result], settings: Settings, data: Data, report: ReportOptions
    ) -> MeasureResult:
        """The result of the measure from those of its tasks."""
        (result,) = results
        explaining = Explaining(data, lambda: self._explainer(settings), self.subject_type)
        return MeasureResult(result, report, self.warnings, self.placed, explaining)

    def check_report(self, report: ReportOptions) -> None:
        """``DataError`` if scores are attested that do not fit."""
        if report.attested:
            check_attested(self.definition, report.attested)

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about its libraries and value sets."""
        own = self._prepared.warnings if self._prepared is not None else []
        return [*own, *self._engine.warnings]

    def placed(self, found: Diagnostic) -> Diagnostic:
        """What went wrong while the measure ran, with the file and line of its CQL."""
        return found if self._prepared is None else self._prepared.placed(found)

    def _explainer(self, settings: Settings) -> Explainer:
        plan, _ = self._prepare(*settings)
        period, timezone, parameters, now, _ = settings
        fixed = {MEASUREMENT_PERIOD: period.interval(timezone)}
        return self._library.explainer(
            plan.definition,
            lambda program: self._library.evaluator(fixed, timezone, given=parameters, now=now, derived=program),
        )

    def _period(self, period: PeriodLike | None) -> Period:
        if period is not None:
            return as_period(period)
        found = default_period(self.definition.effective_period)
        if found is None and self._prepared is not None:
            found = declared_period(self._engine, self._prepared.source, self._timezone)
        if found is None:
            raise UsageError(
                f"neither measure {self.name} nor its CQL says for which period, so the period has to be given",
                code="period",
                hint="add the period, such as 2026 or 2026-07..2027-06",
            )
        return found

    def _prepare(
        self,
        period: Period,
        timezone: str,
        parameters: Mapping[str, Any],
        now: NowLike | None,
        indexes: CodeIndexes | None = None,
    ) -> tuple[MeasurePlan, Any]:
        """The plan and evaluator for a period; those of the last periods are kept (test cases have few)."""
        key = Settings(period, timezone, parameters, now, indexes).key
        if key not in self._plans:
            if len(self._plans) >= 8:
                self._plans.pop(next(iter(self._plans)))
            check_reserved(parameters, {MEASUREMENT_PERIOD: "the period"})
            evaluator: Any = NoLibrary()
            if self._prepared is not None:
                fixed = {MEASUREMENT_PERIOD: period.interval(timezone)}
                evaluator = self._prepared.evaluator(fixed, timezone, given=parameters, now=now, indexes=indexes)
            self._plans[key] = (prepare(self.definition, evaluator, self._engine.terminology.value_set), evaluator)
        return self._plans[key]
