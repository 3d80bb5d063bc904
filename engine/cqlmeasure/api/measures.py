"""A compiled measure, run over any number of subjects.

Always holds: a measure is checked as a whole before the first subject is read (faults of the Measure, missing
libraries, CQL errors, missing value sets), and the period and time zone of an evaluation come from the caller, never
from the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cqlmeasure.api.attesting import NoLibrary
from cqlmeasure.api.declared_period import declared_period
from cqlmeasure.api.engine import Engine, PreparedLibrary
from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.others import all_resources
from cqlmeasure.api.parameters import check_reserved
from cqlmeasure.api.periods import MEASUREMENT_PERIOD, NowLike, PeriodLike, as_period
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.runs import Data, Settings, Task, run
from cqlmeasure.content import MeasureEntry
from cqlmeasure.errors import Diagnostic, UsageError
from cqlmeasure.evaluation import LibraryText
from cqlmeasure.measure import (
    AttestedScore,
    MeasureDefinition,
    MeasurePlan,
    Period,
    ReportOptions,
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

if TYPE_CHECKING:
    from cqlmeasure.explain import Explainer
    from cqlmeasure.requirements import DataCheck


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
        from cqlmeasure.api.requirements import requirements_of_measures

        return requirements_of_measures(
            [self],
            self._engine,
            period,
            timezone or self._timezone,
            reference_compatible=reference_compatible,
            into_measure=into_measure,
        )

    def logic(self) -> tuple[dict[str, Any], LibraryText]:
        """The Measure, and the library that it names; ``UsageError`` if it names none."""
        return self._entry.resource(), self._library.source

    def check_data(self, data: Data, *, period: PeriodLike | None = None, timezone: str | None = None) -> DataCheck:
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
        return Settings(self.period(period), timezone or self._timezone, parameters or {}, now)

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
