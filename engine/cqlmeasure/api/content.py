"""Content that can be evaluated: what lies at some paths, with its measures, each compiled once, and its test cases.

Always holds: the time zone of evaluations comes from the caller, never from the machine; measures of one pass read
each subject once and look codes up together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cqlmeasure import content as _content
from cqlmeasure.api.attributing import Attribution, attribution_to
from cqlmeasure.api.cases import CaseRun
from cqlmeasure.api.composites import CompositeMeasure
from cqlmeasure.api.engine import Engine
from cqlmeasure.api.measures import CompiledMeasure
from cqlmeasure.api.periods import UTC, NowLike, PeriodLike
from cqlmeasure.api.results import MeasureResult
from cqlmeasure.api.runs import Data, Options, Readable, Settings, run
from cqlmeasure.api.server import FhirServer
from cqlmeasure.api.sources import CaseSubjects
from cqlmeasure.content import MeasureEntry, TestCase
from cqlmeasure.errors import ContentError, Diagnostic
from cqlmeasure.measure import (
    COMPOSITE_LEVELS,
    ReportOptions,
    read_measure,
    split_period,
)
from cqlmeasure.runtime.external import Functions

if TYPE_CHECKING:
    from cqlmeasure.data.server.source import ServerSubjects
    from cqlmeasure.requirements import DataCheck


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
        return self._measure(reference, ())

    def _measure(self, reference: str | os.PathLike[str], path: tuple[MeasureEntry, ...]) -> CompiledMeasure:
        """The measure, compiled; ``path`` are the composites that it is a component of, from the outermost."""
        entry = self._content.measure(reference)
        key = _key(entry)
        if key not in self._compiled:
            if read_measure(entry.resource()).is_composite:
                inside = _deeper(path, entry)
                self._compiled[key] = CompositeMeasure(
                    entry, self._engine, self.timezone, self, lambda component: self._measure(component, inside)
                )
            else:
                self._compiled[key] = CompiledMeasure(entry, self._engine, self.timezone, self)
        return self._compiled[key]

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
        plan: bool = True,
        supplemental: bool = True,
        jobs: int = 1,
        resume: str | os.PathLike[str] | None = None,
        progress: Callable[[int], None] | None = None,
        step: str | None = None,
        provider: str | None = None,
        attribution: str | Iterable[str] = (),
    ) -> list[MeasureResult]:
        """Evaluate several measures in one pass over the subjects; the result of each, in their order.

        The parameters are those of ``CompiledMeasure.evaluate``.  ``step``: each measure is evaluated for every
        ``"month"``, ``"quarter"``, ``"half-year"`` or ``"year"`` of the period; all results of one follow each other.
        """
        return run(
            self._wanted(measures, period, parameters, now, step, attribution_to(provider, attribution)),
            data,
            Options(subjects, date, report, evidence, keep, plan, supplemental, jobs, resume, progress),
        )

    def server_subjects(
        self,
        measures: Iterable[str | os.PathLike[str]],
        server: FhirServer,
        *,
        period: PeriodLike | None = None,
        subjects: Iterable[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        now: NowLike | None = None,
        step: str | None = None,
        provider: str | None = None,
        attribution: str | Iterable[str] = (),
    ) -> ServerSubjects:
        """The patients of a FHIR server with the data that these measures need, as ``evaluate`` reads them."""
        return server.subjects(
            self._wanted(measures, period, parameters, now, step, attribution_to(provider, attribution)), subjects
        )

    def _wanted(
        self,
        measures: Iterable[str | os.PathLike[str]],
        period: PeriodLike | None,
        parameters: Mapping[str, Any] | None,
        now: NowLike | None,
        step: str | None,
        chosen: Attribution | None,
    ) -> list[tuple[CompiledMeasure, Settings]]:
        compiled = [
            (one, one.settings(period, None, parameters, now)._replace(attribution=chosen))
            for one in map(self.measure, measures)
        ]
        return [
            (one, settings._replace(period=part))
            for one, settings in compiled
            for part in (split_period(settings.period, step) if step is not None else (settings.period,))
        ]

    def data_requirements(
        self,
        measures: Iterable[str | os.PathLike[str]],
        period: PeriodLike | None = None,
        *,
        timezone: str | None = None,
        reference_compatible: bool = False,
    ) -> dict[str, Any]:
        """What several measures need, merged into one Library of type ``module-definition``.

        A composite needs what its components do.  The rest is as for ``CompiledMeasure.data_requirements``.
        """
        # The inferencer is loaded where requirements are wanted.
        from cqlmeasure.api.requirements import requirements_of_measures

        wanted = map(self.measure, measures)
        offset = timezone or self.timezone
        return requirements_of_measures(wanted, self._engine, period, offset, reference_compatible=reference_compatible)

    def library_requirements(
        self, library: str, *expressions: str, period: PeriodLike | None = None, timezone: str | None = None
    ) -> dict[str, Any]:
        """What named expressions of a library need, or all that it defines: a Library as for measures.

        ``library``: its name or canonical url.
        """
        from cqlmeasure.api.requirements import requirements_of_library

        return requirements_of_library(library, expressions, self._engine, period, timezone or self.timezone)

    def check_data(
        self,
        measures: Iterable[str | os.PathLike[str]],
        data: Readable,
        *,
        period: PeriodLike | None = None,
        timezone: str | None = None,
    ) -> DataCheck:
        """Hold data against what several measures need, as ``CompiledMeasure.check_data`` does for one."""
        from cqlmeasure.api.data_check import check_data

        return check_data(map(self.measure, measures), data, self._engine, period, timezone or self.timezone)

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
        return CaseRun(self, measures, explain)


def _key(entry: MeasureEntry) -> tuple[str, str | None, str]:
    return entry.name, entry.version, entry.file


def _deeper(path: tuple[MeasureEntry, ...], entry: MeasureEntry) -> tuple[MeasureEntry, ...]:
    """The composites down to one more; ``ContentError`` if it is among them already, or they are too many."""
    keys = [_key(one) for one in path]
    if _key(entry) in keys:
        circle = (*path[keys.index(_key(entry)) :], entry)
        # With the version where the name alone does not tell two of them apart.
        plain = len({one.name for one in circle}) == len(circle) - 1
        names = [one.name if plain or not one.version else f"{one.name}|{one.version}" for one in circle]
        raise ContentError(
            f"composite {names[0]} is composed of itself: {' -> '.join(names)}",
            code="composite-cycle",
            hint="take one of these components out",
            file=path[-1].file,
        )
    if len(path) >= COMPOSITE_LEVELS:
        raise ContentError(
            f"composite {path[0].name} has components on more than {COMPOSITE_LEVELS} levels",
            code="composite-components",
            hint="combine components on fewer levels",
            file=path[0].file,
        )
    return (*path, entry)


def _reopen(paths: Sequence[os.PathLike[str]], options: dict[str, Any]) -> Content:
    return Content(*paths, **options)
