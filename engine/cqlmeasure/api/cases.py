"""Running the test cases of a content: which cases come out as their author expects.

Always holds: in a test case the Bundle is the patient, whatever its references say; a measure or case that cannot be
used does not stop the others; outcomes come in the order of the content, however many processes work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from cqlmeasure.api.comparison import Difference, compare
from cqlmeasure.api.composites import CompositeMeasure
from cqlmeasure.api.measures import CompiledMeasure
from cqlmeasure.content import TestCase
from cqlmeasure.data import subject_from_resources
from cqlmeasure.errors import ContentError, CqlMeasureError, Diagnostic, render

if TYPE_CHECKING:
    from cqlmeasure.api.content import Content
    from cqlmeasure.explain import Explanation, PopulationReason

Json = dict[str, Any]
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class CaseStatus(StrEnum):
    """How a case came out."""

    MATCH = "match"
    DIFFER = "differ"
    FAILED = "failed"  # a definition failed for this patient
    UNCHECKED = "unchecked"  # the case has no expected report
    ERROR = "error"  # the measure or the case cannot be used


class CaseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one case; ``reasons`` are those of the populations that differ, if they were asked for."""

    measure: str
    case: str
    file: str
    status: CaseStatus
    description: str | None = None
    differences: tuple[Difference, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    report: Json | None = None
    reasons: tuple[Any, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the computed MeasureReport to ``folder/<measure>/<case>.json``, if there is one."""
        if self.report is not None:
            target = folder / _file_name(self.measure) / f"{_file_name(self.case)}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(orjson.dumps(self.report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    def without_report(self) -> CaseOutcome:
        """The same without the computed report."""
        return msgspec.structs.replace(self, report=None)

    def to_json(self) -> Json:
        """The machine-readable form."""
        found: Json = {"case": self.case, "status": self.status.value, "file": self.file}
        if self.description:
            found["description"] = self.description
        if self.differences:
            found["differences"] = [msgspec.to_builtins(difference) for difference in self.differences]
        if self.reasons:
            found["reasons"] = [reason.to_json() for reason in self.reasons]
        if self.diagnostics:
            found["messages"] = [render(diagnostic) for diagnostic in self.diagnostics]
        return found


class CaseResult(msgspec.Struct, frozen=True):
    """The outcomes of a run, by measure."""

    measures: dict[str, list[CaseOutcome]]

    def count(self, status: CaseStatus, measure: str | None = None) -> int:
        """How many cases (of one measure) came out so."""
        chosen = self.measures.values() if measure is None else [self.measures.get(measure, [])]
        return sum(outcome.status is status for outcomes in chosen for outcome in outcomes)

    @property
    def total(self) -> int:
        """How many cases there are."""
        return sum(map(len, self.measures.values()))

    @property
    def errors(self) -> bool:
        """Whether a measure or a case could not be used."""
        return self.count(CaseStatus.ERROR) > 0

    @property
    def ok(self) -> bool:
        """Whether every case that states an expectation came out as expected."""
        return not any(self.count(bad) for bad in (CaseStatus.DIFFER, CaseStatus.FAILED, CaseStatus.ERROR))

    def to_json(self) -> Json:
        """The machine-readable form."""
        statuses = list(CaseStatus)
        return {
            "total": {"cases": self.total, **{status.value: self.count(status) for status in statuses}},
            "measures": [
                {
                    "measure": measure,
                    **{status.value: self.count(status, measure) for status in statuses},
                    "cases": [outcome.to_json() for outcome in outcomes],
                }
                for measure, outcomes in self.measures.items()
            ],
        }


class CaseRun:
    """The test cases of a content, ready to be run.

    ``measures`` limits them by name; a name without test cases is a ``ContentError``.  ``explain``: give reasons for
    the populations that differ.
    """

    def __init__(self, content: Content, measures: Sequence[str] = (), explain: bool = False) -> None:
        self._content = content
        self._explain = explain
        chosen = {name: content.test_cases(name) for name in _chosen(content, measures)}
        # Results go by the folder of the cases; where there is none, the report names the measure by its url.
        labels = {name: cases[0].measure.rstrip("/").rpartition("/")[2] for name, cases in chosen.items()}
        self._references = {label: name for name, label in labels.items()}
        self._cases = {labels[name]: cases for name, cases in chosen.items()}

    def __repr__(self) -> str:
        return f"CaseRun({self.total:,} cases of {len(self._cases):,} measures)"

    @property
    def total(self) -> int:
        """How many cases there are."""
        return sum(map(len, self._cases.values()))

    def outcomes(self, jobs: int = 1) -> Iterator[CaseOutcome]:
        """Run all cases; with ``jobs`` above 1 in that many processes."""
        if jobs == 1:
            for label, cases in self._cases.items():
                yield from _run(self._content, label, self._references[label], cases, self._explain)
            return
        # Imported here because they are slow to load and one process needs neither.
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        # A process that is started fresh shares no locks and threads with this one; it opens the content itself.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, context, _open, (self._content,)) as pool:
            tasks = [
                (label, self._references[label], start, stop, self._explain)
                for label, cases in self._cases.items()
                for start, stop in _slices(len(cases), jobs, self.total)
            ]
            for found in pool.map(_run_slice, tasks):
                yield from found

    def result(self, outcomes: Iterable[CaseOutcome] | None = None, jobs: int = 1) -> CaseResult:
        """The outcomes by measure; without ``outcomes`` the cases are run."""
        found: dict[str, list[CaseOutcome]] = {name: [] for name in self._cases}
        for outcome in self.outcomes(jobs) if outcomes is None else outcomes:
            found[outcome.measure].append(outcome)
        return CaseResult(found)


def _chosen(content: Content, wanted: Sequence[str]) -> list[str]:
    """The names under which there are test cases, limited to those that ``wanted`` names."""
    there = content.test_measures()
    if not wanted:
        if not there:
            raise ContentError(
                f"there are no test cases in {', '.join(map(str, content.paths))}",
                code="no-test-cases",
                hint="test cases are looked for in tests/measure/<Measure>/<case>/ and in folders named cases",
            )
        return there
    found = []
    for name in wanted:
        if not content.test_cases(name):
            raise ContentError(
                f"there are no test cases for measure {name}",
                code="no-test-cases",
                hint=f"measures with test cases: {', '.join(there[:12]) or 'none'}",
            )
        found.append(name)
    return list(dict.fromkeys(found))


def _run(
    content: Content, measure: str, reference: str, cases: Sequence[TestCase], explain: bool
) -> Iterator[CaseOutcome]:
    try:
        compiled = content.measure(reference)
    except CqlMeasureError as error:
        for case in cases:
            yield _error(case, measure, error)
        return
    for case in cases:
        try:
            yield _run_case(compiled, measure, case, explain)
        except CqlMeasureError as error:
            yield _error(case, measure, error)


def _run_case(compiled: CompiledMeasure, measure: str, case: TestCase, explain: bool) -> CaseOutcome:
    data = case.load()
    subject = subject_from_resources(data.resources, case.file)
    result = compiled.evaluate([subject], period=data.period)
    report = result.individual(subject.id)
    expected = data.expected[-1] if data.expected else None
    scored = result.failed_count == 0
    differences = tuple(compare(expected, report)) if expected is not None and scored else ()
    # Composites have no criteria; why a patient counts in one is told by the cases of its components.
    explain = explain and not isinstance(compiled, CompositeMeasure)
    if result.failures:
        status = CaseStatus.FAILED
    elif expected is None:
        status = CaseStatus.UNCHECKED
    else:
        status = CaseStatus.DIFFER if differences else CaseStatus.MATCH
    return CaseOutcome(
        measure=measure,
        case=case.name,
        file=case.file,
        status=status,
        description=data.description,
        differences=differences,
        diagnostics=tuple(result.failures),
        report=report,
        reasons=tuple(_reasons(differences, result.explain(subject.id))) if explain and differences else (),
    )


def _reasons(differences: Sequence[Difference], explanation: Explanation) -> Iterator[PopulationReason]:
    """The reasons of the populations that differ."""
    places = {difference.place for difference in differences}
    for one in explanation.populations:
        if any(f"group {one.group}, {name}" in places for name in (one.id, one.population)):
            yield one


def _error(case: TestCase, measure: str, error: CqlMeasureError) -> CaseOutcome:
    return CaseOutcome(
        measure=measure, case=case.name, file=case.file, status=CaseStatus.ERROR, diagnostics=error.diagnostics
    )


# What a worker process keeps between tasks.
_opened: list[Content] = []


def _open(content: Content) -> None:
    _opened[:] = [content]


def _run_slice(task: tuple[str, str, int, int, bool]) -> list[CaseOutcome]:
    label, reference, start, stop, explain = task
    return list(_run(_opened[0], label, reference, _opened[0].test_cases(reference)[start:stop], explain))


def _slices(cases: int, jobs: int, total: int) -> Iterator[tuple[int, int]]:
    """Parts of one measure's cases, no larger than a fair share: a measure alone keeps all processes busy."""
    size = max(1, -(-total // jobs))
    for start in range(0, cases, size):
        yield start, min(cases, start + size)


def _file_name(name: str) -> str:
    """A name that stays below the folder it is written to."""
    return _UNSAFE.sub("_", name).strip(".") or "_"
