"""The subject-list MeasureReport: for each population, who is in it.

Owns its three forms: Lists of individual MeasureReports, direct references to these, Lists of the subjects.  Always
holds: every List is complete, or the report says that it is not; more subjects than the limit are refused as too costly
unless a partial answer is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from cqlmeasure.errors import Diagnostic, Severity, UsageError
from cqlmeasure.measure.editions import SUBJECT_LIST, names
from cqlmeasure.measure.report_groups import Place, groups_json
from cqlmeasure.measure.report_individual import individual_id, individual_report
from cqlmeasure.measure.report_options import ReportOptions
from cqlmeasure.measure.report_parts import add_messages, fhir_id, finished, header, middle
from cqlmeasure.measure.report_summary import failures
from cqlmeasure.measure.report_supplemental import add_summary
from cqlmeasure.measure.results import MeasureResult, SubjectResult

_NO_OPTIONS = ReportOptions()
_SUBJECT_REPORT = "http://hl7.org/fhir/5.0/StructureDefinition/extension-MeasureReport.group"
_EMPTY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "nilknown"}]}


class SubjectListForm(StrEnum):
    """What a population refers to."""

    REPORTS = "reports"
    """A List of the members' individual MeasureReports."""
    REFERENCES = "references"
    """The members' individual MeasureReports directly (R6 ``subjectReport``, in R4 its cross-version extension)."""
    SUBJECTS = "subjects"
    """A List of the members, as other engines write it; there are no individual reports then."""


class SubjectList(msgspec.Struct, frozen=True):
    """The report, which contains its Lists, and the individual reports that these refer to."""

    report: dict[str, Any]
    individuals: tuple[dict[str, Any], ...] = ()

    def __repr__(self) -> str:
        return f"SubjectList({self.report.get('id')!r}, {len(self.individuals):,} individual reports)"


def subject_list(
    result: MeasureResult,
    options: ReportOptions = _NO_OPTIONS,
    *,
    form: SubjectListForm = SubjectListForm.REPORTS,
    group: dict[str, Any] | None = None,
    limit: int | None = None,
    partial: bool = False,
) -> SubjectList:
    """The MeasureReport of type subject-list.

    ``group``: a Reference to the Group of subjects, if the report is about one.  ``limit``: more subjects than this are
    a ``UsageError`` with the code ``too-costly``, or, if ``partial``, listed up to the limit and said to be so.
    """
    if result.totals.subjects and not result.subjects:
        raise UsageError(
            "the results of the subjects were not kept, so they cannot be listed", code="subject-list", hint="use keep"
        )
    scored = [subject for subject in result.subjects if not subject.failed]
    doubts = [*failures(result), *result.doubts()]
    if limit is not None and len(scored) > limit:
        if not partial:
            raise UsageError(
                f"{len(scored)} subjects are more than the {limit} that a list may have",
                code="too-costly",
                hint="ask for a summary, for fewer subjects, or for a partial list",
            )
        doubts.append(
            Diagnostic(
                code="partial-result",
                message=f"only {limit} of {len(scored)} subjects are listed; the counts are of all",
                severity=Severity.WARNING,
            )
        )
        scored = scored[:limit]
    writer = _Lists(result, scored, options, form)
    definition = result.definition
    status = "error" if result.failures else "complete"
    identity = fhir_id(definition.id or definition.name, SUBJECT_LIST, options.suffix)
    report = header(definition, result.period, SUBJECT_LIST, identity, status, options)
    if group is not None:
        report["subject"] = group
    middle(report, definition, result.period, options)
    report["group"] = groups_json(definition, result.groups(), options, whole=True, more=writer.of)
    report["contained"].extend(writer.lists)
    add_summary(report, result, options, SUBJECT_LIST)
    add_messages(report, doubts)
    individuals: Sequence[dict[str, Any]] = ()
    if form is not SubjectListForm.SUBJECTS:
        individuals = [individual_report(definition, result.period, one, options) for one in writer.listed()]
    return SubjectList(finished(report, options, definition), tuple(individuals))


class _Lists:
    """The Lists of a report, one for each population and stratum population."""

    def __init__(
        self, result: MeasureResult, subjects: list[SubjectResult], options: ReportOptions, form: SubjectListForm
    ) -> None:
        self.result = result
        self.subjects = subjects
        self.options = options
        self.form = form
        self.lists: list[dict[str, Any]] = []
        self._seen: set[str] = set()

    def of(self, place: Place) -> dict[str, Any]:
        """What a population of the report says of its members."""
        members = [subject for subject in self.subjects if _is_in(subject, place)]
        self._seen.update(subject.subject for subject in members)
        if self.form is SubjectListForm.REFERENCES:
            path = ".population" if place.stratifier is None else ".stratifier.stratum.population"
            url = f"{_SUBJECT_REPORT}{path}.subjectReport"
            found = [{"url": url, "valueReference": self._reference(subject)} for subject in members]
            return {"extension": found} if found else {}
        identity = f"subjects-{len(self.lists) + 1}"
        profile = names(self.options.edition).list_profile
        item: dict[str, Any] = {"resourceType": "List", "id": identity}
        if profile is not None and self.form is SubjectListForm.REPORTS:
            item["meta"] = {"profile": [profile]}
        item.update(status="current", mode="snapshot")
        if members:
            item["entry"] = [{"item": self._reference(subject)} for subject in members]
        else:
            item["emptyReason"] = _EMPTY
        self.lists.append(item)
        return {"subjectResults": {"reference": f"#{identity}"}}

    def listed(self) -> list[SubjectResult]:
        """The subjects that are in any List."""
        return [subject for subject in self.subjects if subject.subject in self._seen]

    def _reference(self, subject: SubjectResult) -> dict[str, Any]:
        if self.form is SubjectListForm.SUBJECTS:
            return {"reference": f"{subject.subject_type}/{subject.subject}"}
        return {"reference": f"MeasureReport/{individual_id(self.result.definition, subject.subject, self.options)}"}


def _is_in(subject: SubjectResult, place: Place) -> bool:
    found = subject.groups[place.group]
    if place.stratifier is None:
        return found.counts[place.population] > 0
    strata = found.strata[place.stratifier]
    inside = next((stratum for stratum in strata if stratum.key == place.stratum), None)
    if inside is not None:
        return inside.counts[place.population] > 0
    # The stratum of those who are not in the only one.
    rest = place.stratum == ("false",) and [stratum.key for stratum in strata] == [("true",)]
    return rest and found.counts[place.population] > strata[0].counts[place.population]
