"""What a measure gives for a set of subjects, in the forms that people take away: reports, rows, failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from cqlmeasure.api.explaining import Explaining
from cqlmeasure.api.tables import Table
from cqlmeasure.data import SubjectData
from cqlmeasure.errors import Diagnostic, UsageError
from cqlmeasure.measure import (
    Comparison,
    Group,
    GroupResult,
    MeasureDefinition,
    Period,
    PopulationType,
    ReportOptions,
    RiskAdjusted,
    Score,
    SubjectList,
    SubjectListForm,
    SubjectResult,
    TrendPoint,
    adjustable_group,
    aggregate_rate,
    check_attested,
    compare,
    computed_risk,
    data_collection_report,
    group_position,
    individual_report,
    read_reference,
    read_risk_model,
    risk_adjusted,
    standardised,
    stratifier_position,
    subject_list,
    summary_report,
)
from cqlmeasure.measure import MeasureResult as _Result
from cqlmeasure.measure import rows as population_rows
from cqlmeasure.measure import trend_points as _trend_points

if TYPE_CHECKING:
    from cqlmeasure.explain import Explanation

Json = dict[str, Any]
RowsBy = Literal["group", "population"]


class MeasureResult:
    """The outcome of a measure: MeasureReports, one row per subject and group, and what went wrong for whom."""

    def __init__(
        self,
        result: _Result,
        options: ReportOptions,
        warnings: list[Diagnostic],
        placed: Callable[[Diagnostic], Diagnostic],
        explaining: Explaining,
    ) -> None:
        self._explaining = explaining
        self._result = result
        self._placed = placed
        self._options = options
        self._warnings = warnings
        self._subjects = {subject.subject: subject for subject in result.subjects}

    def __repr__(self) -> str:
        return f"MeasureResult({self.definition.name!r}, {self.subject_count} subjects, {len(self.failures)} failures)"

    @property
    def definition(self) -> MeasureDefinition:
        """The measure's groups, populations and stratifiers."""
        return self._result.definition

    @property
    def period(self) -> Period:
        """The measurement period."""
        return self._result.period

    @property
    def subject_count(self) -> int:
        """How many subjects were evaluated."""
        return self._result.totals.subjects

    @property
    def failed_count(self) -> int:
        """How many subjects could not be scored; they count nowhere."""
        return self._result.totals.failed

    @property
    def failed_subjects(self) -> list[str]:
        """The ids of the subjects that could not be scored."""
        return [failure.subject for failure in self._result.failures if not failure.scored]

    @property
    def subjects(self) -> list[str]:
        """The ids of the subjects, in the order of the data."""
        return [subject.subject for subject in self._result.subjects]

    @property
    def groups(self) -> tuple[GroupResult, ...]:
        """Counts, observations and strata of each group over all subjects."""
        return self._result.groups()

    @property
    def aggregate_rate(self) -> Score | None:
        """The rates of all groups as one, in the way that the measure names; ``None`` where it names none."""
        return aggregate_rate(self.definition.groups, self.groups)

    @property
    def failures(self) -> list[Diagnostic]:
        """What failed, each with the subject that it failed for; all other subjects are scored."""
        return [
            msgspec.structs.replace(placed, message=f"{failure.subject}: {placed.message}")
            for failure in self._result.failures
            for placed in map(self._placed, failure.diagnostics)
        ]

    @property
    def warnings(self) -> list[Diagnostic]:
        """What was doubtful about the measure, its terminology, or a score."""
        return list(dict.fromkeys([*self._warnings, *self._result.doubts()]))

    @property
    def report_options(self) -> ReportOptions:
        """What reports are like if nothing else is asked for."""
        return self._options

    def summary(self, options: ReportOptions | None = None) -> Json:
        """The MeasureReport of type summary; ``options`` replace those that the measure was evaluated with."""
        return summary_report(self._result, self._checked(options))

    def individual(self, subject: str, options: ReportOptions | None = None) -> Json:
        """The MeasureReport of type individual of one subject."""
        return individual_report(self.definition, self.period, self._subject(subject), self._checked(options))

    def subject_list(
        self,
        options: ReportOptions | None = None,
        *,
        form: SubjectListForm | str = SubjectListForm.REPORTS,
        group: Json | None = None,
        limit: int | None = None,
        partial: bool = False,
    ) -> SubjectList:
        """The MeasureReport of type subject-list (``.report``) and the individual reports in it (``.individuals``).

        ``form``: what populations refer to: ``"reports"`` (Lists of individual reports), ``"references"`` (the
        reports directly) or ``"subjects"`` (Lists of the subjects).  ``group``: a Reference to the Group of subjects.
        ``limit``: more subjects than this are refused, or with ``partial`` left out.
        """
        try:
            chosen = SubjectListForm(form)
        except ValueError:
            known = ", ".join(SubjectListForm)
            raise UsageError(
                f"there is no subject list of {form!r}", code="subject-list", hint=f"take {known}"
            ) from None
        return subject_list(
            self._result, self._checked(options), form=chosen, group=group, limit=limit, partial=partial
        )

    def data_collection(
        self, subject: str, options: ReportOptions | None = None, *, update_type: str = "snapshot"
    ) -> Json:
        """The MeasureReport of type data-collection of one subject: which of its resources the measure looked at.

        It needs a measure that was evaluated with ``evidence``.  ``update_type``: ``"snapshot"`` or ``"incremental"``.
        """
        found = self._subject(subject)
        if found.failed:
            raise UsageError(
                f"the measure failed for {found.subject}, so what data it needs is not known", code="evaluation"
            )
        return data_collection_report(
            self.definition,
            self.period,
            found.subject,
            found.evaluated,
            self._checked(options),
            update_type=update_type,
        )

    def data_collections(
        self, options: ReportOptions | None = None, *, update_type: str = "snapshot"
    ) -> Iterator[Json]:
        """The data-collection MeasureReports of all subjects for which nothing failed, in the order of the data."""
        for subject in self._result.subjects:
            if not subject.failed:
                yield self.data_collection(subject.subject, options, update_type=update_type)

    def explain(self, subject: str, data: SubjectData | None = None) -> Explanation:
        """Why a subject is in a population or is not: the conditions that decided, and every definition's value.

        The subject is read again from the data that were evaluated; ``data`` are its resources where they cannot be.
        """
        return self._explaining.explain(self._subject(subject), data)

    def individuals(self, options: ReportOptions | None = None) -> Iterator[Json]:
        """The individual MeasureReports of all subjects, in the order of the data."""
        chosen = self._checked(options)
        return (individual_report(self.definition, self.period, one, chosen) for one in self._result.subjects)

    def rows(self, by: RowsBy = "group") -> list[Json]:
        """One row per subject and group: ``subject``, ``group``, ``failed``, a count per population, the strata.

        Populations are called by their type (``numerator``), or by their id where a group has several of one type;
        observation populations hold the list of their values.  ``by="population"``: one row per subject, group and
        population, or per item and observation where these are counted, with strata and supplemental data.
        """
        if by == "population":
            return list(population_rows(self.definition, self._result.subjects))
        if by != "group":
            raise UsageError(f"there are no rows by {by!r}", code="rows", hint="take 'group' or 'population'")
        return [row for subject in self._result.subjects for row in self._rows(subject)]

    def table(self, by: RowsBy = "group") -> Table:
        """The rows as a table, which can be written as CSV or Parquet."""
        if not self._result.keep:
            raise UsageError("there are no rows", code="rows", hint=self._no_subject_hint())
        return Table(self.rows(by))

    def frame(self, by: RowsBy = "group", library: str | None = None) -> Any:
        """The rows as a pandas or polars DataFrame or an Arrow Table, whichever is installed.

        ``library``: ``"pandas"``, ``"polars"`` or ``"arrow"`` to have that one.
        """
        return self.table(by).frame(library)

    def _rows(self, subject: SubjectResult) -> Iterator[Json]:
        if subject.failed:
            yield {"subject": subject.subject, "group": None, "failed": True}
            return
        for number, (group, found) in enumerate(zip(self.definition.groups, subject.groups, strict=True), 1):
            row: Json = {"subject": subject.subject, "group": group.id or str(number), "failed": False}
            row.update(_counts(group, found))
            for stratifier, strata in zip(group.stratifiers, found.strata, strict=True):
                name = stratifier.id or f"stratifier-{stratifier.position}"
                row[name] = ", ".join(" ".join(map(_text, stratum.values)) for stratum in strata if stratum.occupied)
            yield row

    def with_options(self, **changes: Any) -> MeasureResult:
        """The same result, whose reports are different: what to change of its ``report_options``."""
        options = self._checked(msgspec.structs.replace(self._options, **changes))
        return MeasureResult(self._result, options, self._warnings, self._placed, self._explaining)

    def risk_adjusted(
        self,
        model: Mapping[str, Any] | str,
        *,
        group: int | str = 0,
        reference: Mapping[str, Any] | None = None,
        reference_rate: float | None = None,
        confidence: float = 0.95,
    ) -> RiskAdjusted:
        """What was observed against what a risk model expects, for a group; ``ReportOptions(adjusted=...)`` reports it.

        ``model``: a table (``intercept``, ``link``, ``coefficients`` as rows of factor, coefficient and maybe value)
        over the measure's risk factors, or the name of the one in which the CQL itself computes what is expected.
        ``group``: its position (from 0), id or linkId.  ``reference``: the reference population's summary
        MeasureReport, for its rate; or ``reference_rate``.
        ``ContentError`` if the model does not fit the measure, ``UsageError`` if the group or result does not.
        """
        own, position = self.definition, group_position(self.definition, group)
        expectation = computed_risk(own, model) if isinstance(model, str) else read_risk_model(model).bind(own)
        if reference is not None and reference_rate is None:
            reference_rate = read_reference(own, reference, position).rate
        return risk_adjusted(
            self._result, expectation, group=position, reference_rate=reference_rate, confidence=confidence
        )

    def standardised(
        self,
        reference: Mapping[str, Any],
        *,
        group: int | str = 0,
        stratifier: int | str = 0,
        reference_rate: float | None = None,
        confidence: float = 0.95,
    ) -> RiskAdjusted:
        """Indirect standardisation: observed against what a reference population's rate in each stratum would give.

        ``reference``: the rate of each stratum by its value, as reports show it, or the reference population's summary
        MeasureReport, which has the ``reference_rate`` too; ``UsageError`` if a rate lacks.  ``group``,
        ``stratifier``: position (from 0), id or linkId.
        """
        own, position = self.definition, group_position(self.definition, group)
        chosen = stratifier_position(adjustable_group(own, position), stratifier)
        known = read_reference(own, reference, position, chosen)
        return standardised(
            self._result,
            known.strata,
            group=position,
            stratifier=chosen,
            reference_rate=known.rate if reference_rate is None else reference_rate,
            confidence=confidence,
        )

    def compare(self, reference: float, *, group: int | str = 0) -> Comparison:
        """The score of a group beside a reference value or benchmark: difference, ratio, and whether it is better.

        ``UsageError`` if there is no score.
        """
        position = group_position(self.definition, group)
        score = self._result.scores()[position] if 0 <= position < len(self.definition.groups) else None
        if score is None or score.value is None:
            raise UsageError(f"group {group} has no score that could be compared", code="risk")
        return compare(self.definition.groups[position], score.value, reference)

    def _subject(self, subject: str) -> SubjectResult:
        found = self._subjects.get(subject.removeprefix(f"{self.definition.subject_type}/"))
        if found is None:
            raise UsageError(
                f"there is no subject {subject} in this result",
                code="unknown-subject",
                hint=self._no_subject_hint(),
            )
        return found

    def _checked(self, options: ReportOptions | None) -> ReportOptions:
        if options is None:
            return self._options
        if options.attested:
            check_attested(self.definition, options.attested)
        return options

    def _no_subject_hint(self) -> str:
        if not self._result.keep:
            return "the measure was evaluated without keeping the results of its subjects"
        some = ", ".join(self.subjects[:8])
        return f"subjects there: {some}{' ...' if len(self.subjects) > 8 else ''}" if some else "the result is empty"


def trend_points(results: Iterable[MeasureResult], confidence: float = 0.95) -> list[TrendPoint]:
    """Counts, score, confidence interval and change of each group in each of several periods."""
    return list(_trend_points((result._result for result in results), confidence))


def _counts(group: Group, found: GroupResult) -> Iterator[tuple[str, Any]]:
    observations = iter(found.observations)
    for population, count in zip(group.populations, found.counts, strict=True):
        name = population.type.value if len(group.positions(population.type)) == 1 else population.id
        if population.type is PopulationType.MEASURE_OBSERVATION:
            yield name, [value.value for value in next(observations)]
        else:
            yield name, count


def _text(concept: Json) -> str:
    coding = (concept.get("coding") or [{}])[0]
    return str(concept.get("text") or coding.get("display") or coding.get("code") or "no value")
