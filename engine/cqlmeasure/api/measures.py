"""A compiled measure, run over any number of subjects.

Always holds: a measure is checked as a whole before the first subject is read (faults of the Measure, missing
libraries, CQL errors, missing value sets), and the period and time zone of an evaluation come from the caller, never
from the machine.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from cqlmeasure.api.attesting import NoLibrary
from cqlmeasure.api.attributing import Belongs, attribution_to, belongs
from cqlmeasure.api.declared_period import declared_period
from cqlmeasure.api.engine import Engine, Logic, PreparedLibrary
from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.others import all_resources
from cqlmeasure.api.parallel import Opened
from cqlmeasure.api.parameters import check_reserved
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, NowLike, PeriodLike, as_period
from cqlmeasure.api.planning import Reading
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.runs import Data, Options, Readable, Settings, run
from cqlmeasure.content import MeasureEntry
from cqlmeasure.data import Selection
from cqlmeasure.errors import Diagnostic, UsageError
from cqlmeasure.measure import (
    AttestedScore,
    MeasureDefinition,
    MeasurePlan,
    Period,
    ReportOptions,
    Task,
    anchored_period,
    check_attested,
    default_period,
    evaluate_unfiltered,
    pending_report,
    prepare,
    read_attestation,
    read_measure,
    split_period,
)
from cqlmeasure.measure import MeasureResult as Result
from cqlmeasure.runtime.code_index import CodeIndexes
from cqlmeasure.runtime.formulas import Decisions

if TYPE_CHECKING:
    from cqlmeasure.compiler.program import Program
    from cqlmeasure.explain import Explainer
    from cqlmeasure.requirements import DataCheck


class CompiledMeasure:
    """A measure with its libraries translated and compiled; evaluate it as often as you like."""

    def __init__(self, entry: MeasureEntry, engine: Engine, timezone: str, opened: Opened) -> None:
        self.opened = opened
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
    def reference(self) -> str:
        """What names it in its content: url and version, else the file."""
        if self.url is None:
            return self.file
        return f"{self.url}|{self.version}" if self.version else self.url

    @property
    def fingerprint(self) -> str:
        """A text that changes when the Measure or the code of its library does."""
        found = hashlib.sha256(orjson.dumps(self._entry.resource()))
        if self._prepared is not None:
            found.update(self._prepared.program.source.encode())
        return f"{self.name} {found.hexdigest()[:16]}"

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
        from cqlmeasure.api.requirements import requirements_of_measures

        return requirements_of_measures(
            [self],
            self._engine,
            period,
            timezone or self._timezone,
            reference_compatible=reference_compatible,
            into_measure=into_measure,
        )

    @property
    def resource(self) -> Mapping[str, Any]:
        """The Measure."""
        return self._entry.resource()

    @property
    def logic(self) -> tuple[Logic, ...]:
        """What decides about its populations; of a composite that of its components; nothing if scores are attested."""
        return () if self._prepared is None else (Logic(self._entry.resource(), self._prepared, self._engine),)

    def check_data(self, data: Readable, *, period: PeriodLike | None = None, timezone: str | None = None) -> DataCheck:
        """Hold data against the measure's requirements: what of them occurs, what comes near, what never does.

        ``data`` and ``period`` are as for ``evaluate``; the patients are read one by one and not kept.
        """
        from cqlmeasure.api.data_check import check_data

        return check_data([self], data, self._engine, period, timezone or self._timezone)

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
        plan: bool = True,
        supplemental: bool = True,
        jobs: int = 1,
        resume: str | os.PathLike[str] | None = None,
        progress: Callable[[int], None] | None = None,
        provider: str | None = None,
        attribution: str | Iterable[str] = (),
    ) -> MeasureResult:
        """Evaluate the measure for subjects.

        ``data``: a path (a Bundle, a folder, NDJSON, a store), subjects, as ``subjects(...)`` gives them, or a
        ``fhir_server(...)``, which is asked for what the measure needs.
        ``period``: ``"2026"``, ``"2026-07..2027-06"`` or a pair of start and end; without it the measure's effective
        period.  ``subjects``: only those with these ids.  ``parameters``: values of CQL parameters by name, each a
        Python value or CQL text (``Cql("Interval[1, 5]")``).  ``now``: the moment of the evaluation, for CQL's
        ``Now()`` and ``Today()``.  ``date``: what the reports say of when they were made.  ``report``: what else the
        reports are like (reporter, edition of the exchange guide, narrative ...).
        ``evidence``: individual reports list the resources that were looked at.  ``keep``: keep each subject's result;
        without it only the totals, for populations that do not fit into memory.  ``plan``: of files, only what the
        measure can use is read; without evidence and ``keep``, nor are subjects that are in no initial population.

        ``supplemental``: evaluate supplemental data and risk factors too.

        ``jobs``: in so many processes, for data at a path.  ``resume``: a file that keeps what is finished; an
        evaluation that was stopped goes on from there (without ``keep``).  ``progress`` is told how many more
        subjects are done.

        ``provider``: only the subjects of this practitioner or organization (``"Practitioner/1"``), who is then the
        reporter unless ``report`` names one.  ``attribution``: what says so, where it is not the patient's general
        practitioner or managing organization: paths (``"Encounter.serviceProvider"``), names of definitions of the
        measure's library, or CQL, which give providers (or true); any of several will do.
        """
        settings = self.settings(period, timezone, parameters, now)
        settings = settings._replace(attribution=attribution_to(provider, attribution))
        options = Options(subjects, date, report, evidence, keep, plan, supplemental, jobs, resume, progress)
        return run([(self, settings)], data, options)[0]

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
        plan: bool = True,
        supplemental: bool = True,
        jobs: int = 1,
        resume: str | os.PathLike[str] | None = None,
        progress: Callable[[int], None] | None = None,
        provider: str | None = None,
        attribution: str | Iterable[str] = (),
    ) -> list[MeasureResult]:
        """Evaluate the measure for each ``"month"``, ``"quarter"``, ``"half-year"`` or ``"year"`` of the period.

        The subjects are read once.  ``trend_points(results)`` tells how counts and scores change.
        """
        whole = self.settings(period, timezone, parameters, now)
        whole = whole._replace(attribution=attribution_to(provider, attribution))
        wanted = [(self, whole._replace(period=part)) for part in split_period(whole.period, step)]
        return run(
            wanted, data, Options(subjects, date, report, evidence, keep, plan, supplemental, jobs, resume, progress)
        )

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
        plan, evaluator = self._prepare(settings)
        options = report or ReportOptions()
        self.check_report(options)
        result = evaluate_unfiltered(plan, evaluator, listed, period=settings.period)
        return self.finished(result, settings, (), options)

    def period_at(self, date: str) -> Period:
        """The measurement period that holds a day (``"2026-03-15"``), by the anchor of the effective period."""
        try:
            return anchored_period(self.definition.effective_period or {}, date)
        except ValueError as error:
            raise UsageError(f"there is no day {date!r}", code="period", hint="write it as 2026-03-15") from error

    def pending(
        self,
        kind: str = "summary",
        *,
        period: PeriodLike | None = None,
        subject: str | None = None,
        report: ReportOptions | None = None,
    ) -> dict[str, Any]:
        """The MeasureReport of an evaluation that has not ended; the finished one will have the same id.

        ``kind``: ``"summary"``, ``"subject-list"``, or ``"individual"``, which is about a ``subject``.
        """
        kinds = ("summary", "subject-list", "individual")
        if kind not in kinds:
            raise UsageError(f"no {kind} report is pending", code="report-type", hint=f"one of {', '.join(kinds)}")
        own = None if subject is None else subject.removeprefix(f"{self.subject_type}/")
        return pending_report(self.definition, self.period(period), kind, report or ReportOptions(), subject=own)

    # -- what a run asks ----------------------------------------------------------------------------------------------

    def settings(
        self,
        period: PeriodLike | None,
        timezone: str | None,
        parameters: Mapping[str, Any] | None,
        now: NowLike | None,
    ) -> Settings:
        """What callers ask for, completed with what the measure and its content say."""
        return Settings(self.period(period), timezone or self._timezone, parameters or {}, now)

    def task(self, settings: Settings) -> Task[Any]:
        """What is to be evaluated for each subject."""
        plan, evaluator = self._prepare(settings)
        return Task(plan, evaluator, settings.period)

    def belongs(self, settings: Settings) -> Belongs | None:
        """What tells whether a subject is the provider's; ``None`` if no provider was asked for."""
        if settings.attribution is None:
            return None
        evaluator = self._evaluator(settings, self._prepared)
        return belongs(
            settings.attribution,
            self.subject_type,
            self._prepared,
            evaluator,
            lambda library: self._evaluator(settings, library),
        )

    def finished(self, result: Result, settings: Settings, data: Readable, report: ReportOptions) -> MeasureResult:
        """The result of the measure from that of its task."""
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

    def indexes(self, together: Hashable) -> CodeIndexes:
        """The indexes of codes that some measures share; ``together`` says which they are."""
        return self._engine.indexes(together)

    def selection(self, readings: Sequence[Reading], *, evidence: bool, ruling_out: bool) -> Selection | None:
        """What some measures of one content read together."""
        return self._engine.selection(readings, evidence=evidence, ruling_out=ruling_out)

    def reading(self, settings: Settings) -> Reading:
        """What evaluating it reads."""
        period = settings.period
        plan = None
        if self._prepared is not None:
            bounds = {MEASUREMENT_PERIOD: (period.start, period.end)}
            plan = self._prepared.reading_plan(self._entry.resource(), bounds, settings.timezone)
        return Reading(plan, self._engine.members)

    def decisions(self, settings: Settings) -> Decisions | None:
        """Its criteria as far as it depends on retrieves alone who meets them."""
        plan = self.reading(settings).plan
        return plan.decisions if plan is not None and self.subject_type == "Patient" else None

    def systems(self, value_set: str) -> Mapping[str, frozenset[str]]:
        """The codes of a value set, each with its systems; ``TerminologyError`` if they are not known."""
        return self._engine.terminology.value_set(value_set).codes

    def _explainer(self, settings: Settings) -> Explainer:
        plan, _ = self._prepare(settings)
        apart = settings._replace(indexes=None)
        return self._library.explainer(
            plan.definition, lambda program: self._evaluator(apart, self._library, derived=program)
        )

    def period(self, period: PeriodLike | None) -> Period:
        """The period that a caller asks for, or else the measure's own; ``UsageError`` if there is none."""
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

    def _prepare(self, settings: Settings) -> tuple[MeasurePlan, Any]:
        """The plan and evaluator for a period; those of the last periods are kept (test cases have few)."""
        key = settings.key
        if key not in self._plans:
            if len(self._plans) >= 8:
                self._plans.pop(next(iter(self._plans)))
            evaluator = self._evaluator(settings, self._prepared)
            self._plans[key] = (self._plan(evaluator, settings), evaluator)
        return self._plans[key]

    def _plan(self, evaluator: Any, settings: Settings) -> MeasurePlan:
        return prepare(self.definition, evaluator, self._engine.terminology.value_set)

    def _evaluator(self, settings: Settings, library: PreparedLibrary | None, derived: Program | None = None) -> Any:
        """An evaluator of a library, or of a program that is made of it, with these settings."""
        check_reserved(settings.parameters, {MEASUREMENT_PERIOD: "the period"})
        if library is None:
            return NoLibrary()
        return library.evaluator(
            {MEASUREMENT_PERIOD: settings.period.interval(settings.timezone)},
            settings.timezone,
            given=settings.parameters,
            now=settings.now,
            derived=derived,
            indexes=settings.indexes,
        )
