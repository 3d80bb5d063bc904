"""What results look like on a terminal, and how they are written to files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

import cqlmeasure as cm
from cqlmeasure.api.tables import Table as Rows
from cqlmeasure.cli.report_options import TABLES, ReportArguments
from cqlmeasure.cli.show_adjusted import adjusted_rows
from cqlmeasure.cli.show_explanation import reason_tree
from cqlmeasure.errors import Diagnostic, Severity, UsageError, render
from cqlmeasure.measure import (
    Group,
    GroupResult,
    MeasureDefinition,
    PopulationType,
    Score,
    Scoring,
    Stratifier,
    rate_interval,
)
from cqlmeasure.measure.report_groups import shown_score

T = TypeVar("T")
_JSON = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_SEVERITY = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFORMATION: "dim"}
_MAX_LISTED = 40


def _console(stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


class _Steps:
    """A progress bar that says what is being done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def step(self, text: str) -> None:
        """What begins now."""
        self._progress.update(self._task, description=text)

    def expect(self, total: int | None) -> None:
        """How many there will be, if that is known."""
        self._progress.update(self._task, total=total)

    def advance(self, text: str | None = None) -> None:
        """One more is done."""
        self._progress.update(self._task, advance=1, description=text)

    def counted(self, items: Iterable[T]) -> Iterator[T]:
        """The items, each counted when the next is asked for."""
        for item in items:
            yield item
            self.advance()

    def advance_by(self, count: int) -> None:
        """So many more are done."""
        self._progress.update(self._task, advance=count)


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """The rate, once it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def progress() -> Iterator[_Steps]:
    """A progress bar on standard error; nothing if that is no terminal."""
    console = _console(stderr=True)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        yield _Steps(bar)


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """Print findings to standard error."""
    console = _console(stderr=True)
    listed = list(dict.fromkeys(found))
    for diagnostic in listed[:_MAX_LISTED]:
        _print_diagnostic(console, diagnostic)
    if len(listed) > _MAX_LISTED:
        console.print(f"... and {len(listed) - _MAX_LISTED} more")


def _print_diagnostic(console: Console, diagnostic: Diagnostic, indent: str = "") -> None:
    first, *rest = render(diagnostic).splitlines()
    console.print(Text(indent + first, style=_SEVERITY[diagnostic.severity]))
    for line in rest:
        console.print(Text(indent + line))


# Test results


def test_result(result: cm.CaseResult) -> None:
    """Print the table of measures, then every case that did not come out as expected."""
    console = _console()
    status = cm.CaseStatus
    extra = [one for one in (status.FAILED, status.ERROR, status.UNCHECKED) if result.count(one)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("measure", overflow="fold")
    for name in ("cases", "match", "differ", *(one.value for one in extra)):
        table.add_column(name, justify="right")
    for measure, outcomes in result.measures.items():
        counts = [result.count(one, measure) for one in (status.MATCH, status.DIFFER, *extra)]
        good = all(one.status in (status.MATCH, status.UNCHECKED) for one in outcomes)
        table.add_row(
            Text(measure, style="" if good else "red"), str(len(outcomes)), *(str(count or "-") for count in counts)
        )
    console.print(table)
    for measure, outcomes in result.measures.items():
        _print_cases(console, measure, outcomes)
    console.print()
    matched, total = result.count(status.MATCH), result.total - result.count(status.UNCHECKED)
    console.print(Text(f"{matched} of {total} cases match", style="bold green" if result.ok else "bold red"))


def _print_cases(console: Console, measure: str, outcomes: list[cm.CaseOutcome]) -> None:
    # What is wrong with a measure is wrong for each of its cases, and said once.
    errors = Counter(outcome.diagnostics for outcome in outcomes if outcome.status is cm.CaseStatus.ERROR)
    shown: set[tuple[Diagnostic, ...]] = set()
    for outcome in outcomes:
        good = outcome.status in (cm.CaseStatus.MATCH, cm.CaseStatus.UNCHECKED)
        if good or (errors[outcome.diagnostics] and outcome.diagnostics in shown):
            continue
        shown.add(outcome.diagnostics)
        shared = errors[outcome.diagnostics] > 1 or errors[outcome.diagnostics] == len(outcomes)
        console.print()
        title = measure if shared else f"{measure} {outcome.case}"
        console.print(Text(f"{outcome.status.value}: {title}", style="bold red"))
        if outcome.description:
            console.print(Text(f"  {outcome.description}", style="dim"))
        for difference in outcome.differences:
            console.print(Text(f"  {difference}"))
        for reason in outcome.reasons:
            with console.capture() as drawn:
                console.print(reason_tree(reason), width=console.width - 2)
            for line in drawn.get().splitlines():
                console.print(Text("  ").append_text(Text.from_ansi(line.rstrip())))
        for diagnostic in outcome.diagnostics:
            _print_diagnostic(console, diagnostic, "  ")
        if not shared:
            console.print(Text(f"  {outcome.file}", style="dim"))


def changes(found: list[cm.Change]) -> None:
    """Print what changed since the baseline, by kind."""
    console = _console()
    console.print()
    if not found:
        console.print("nothing changed since the baseline")
    kinds = Counter(change.kind for change in found)
    for kind in kinds:
        console.print(Text(f"{kind.value}: {kinds[kind]}", style="bold"))
        for change in found:
            if change.kind is kind:
                style = "red" if change.worse else ""
                console.print(Text(f"  {change.measure} {change.case}", style=style))
                for line in change.now:
                    console.print(Text(f"    {'' if line in change.before else 'now: '}{line}"))
                for line in change.before:
                    if line not in change.now:
                        console.print(Text(f"    before: {line}", style="dim"))


# Measure results

_ABSENT = {"not-a-number": "not a number", "positive-infinity": "infinite", "negative-infinity": "-infinite"}
_MAX_STRATA = 8


def result(found: cm.MeasureResult) -> None:
    """Print populations, score and strata of every group."""
    console = _console()
    definition = found.definition
    version = f" {definition.version}" if definition.version else ""
    console.print(Text(f"{definition.title or definition.name}", style="bold"))
    count = found.subject_count
    patients = f"{count} {definition.subject_type.lower()}{'' if count == 1 else 's'}"
    period = f"{found.period.start} to {found.period.end}"
    console.print(Text(f"{definition.name}{version}, {period}, {patients}", style="dim"))
    if found.failed_count:
        console.print(Text(f"{found.failed_count} of them failed and are not counted", style="red"))
    for number, (group, totals) in enumerate(zip(definition.groups, found.groups, strict=True), 1):
        console.print()
        console.print(_group_table(group, totals, number, found.report_options))
    if (rate := found.aggregate_rate) is not None:
        console.print()
        console.print(Text(f"all groups ({definition.groups[0].rate_aggregation}): {_rate_text(definition, rate)}"))
    for group, totals in zip(definition.groups, found.groups, strict=True):
        for stratifier, strata in zip(group.stratifiers, totals.strata, strict=True):
            if len(strata) > _MAX_STRATA:
                name = stratifier.id or f"stratifier {stratifier.position}"
                console.print(Text(f"{name}: {_MAX_STRATA} of {len(strata)} strata shown", style="dim"))


def group_label(group: Group, number: int) -> str:
    """What a group is called in tables."""
    return f"{group.id or f'group {number}'} ({', '.join((group.scoring.value, *_direction(group)))})"


def _group_table(group: Group, totals: GroupResult, number: int, options: cm.ReportOptions) -> Table:
    strata = [
        (f"{'' if number else _stratifier_label(stratifier)}\n{' '.join(map(_concept, stratum.values))}", stratum)
        for stratifier, found in zip(group.stratifiers, totals.strata, strict=True)
        for number, stratum in enumerate(found[:_MAX_STRATA])
    ]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(group_label(group, number))
    table.add_column("all", justify="right")
    for name, _ in strata:
        table.add_column(name, justify="right")
    several = {kind for kind in PopulationType if len(group.positions(kind)) > 1}
    for index, population in enumerate(group.populations):
        kind = population.type.value.replace("-", " ")
        name = f"{kind} ({population.id})" if population.type in several else kind
        table.add_row(name, str(totals.counts[index]), *(str(stratum.counts[index]) for _, stratum in strata))
    counted = [totals, *(GroupResult(one.counts, one.observations, parts=one.parts) for _, one in strata)]
    scores = [shown_score(group, one, options) for one in counted]
    labels = group.labels(number)
    attested = next((options.attested[name] for name in labels if name in options.attested), None)
    if attested is not None:
        table.add_row(Text("score, attested", style="bold"), Text(_attested(attested), style="bold"))
    elif scores[0] is not None:
        table.add_row(
            *(Text(text, style="bold") for text in ("score", *(score_text(group, score) for score in scores)))
        )
    interval = rate_interval(group, totals, options.confidence) if options.confidence is not None else None
    if interval is not None:
        table.add_row(
            f"{interval.confidence * 100:g} % interval", f"{interval.low * 100:.1f} to {interval.high * 100:.1f} %"
        )
    adjusted = next((options.adjusted[name] for name in labels if name in options.adjusted), None)
    for row in adjusted_rows(group, adjusted) if adjusted is not None else ():
        table.add_row(*row)
    return table


def _attested(score: cm.AttestedScore) -> str:
    if score.alternate is None:
        return f"{score.value} {score.unit or ''}".strip()
    value = score.alternate[1]
    return _concept(value) if score.alternate[0] == "valueCodeableConcept" else orjson.dumps(value).decode()


def _direction(group: Group) -> Iterator[str]:
    codings = (group.improvement_notation or {}).get("coding") or [{}]
    code = codings[0].get("code")
    if code in ("increase", "decrease"):
        yield "higher is better" if code == "increase" else "lower is better"


def _stratifier_label(stratifier: Stratifier) -> str:
    return str((stratifier.code or {}).get("text") or stratifier.id or f"stratifier {stratifier.position}")


def _concept(concept: dict[str, Any]) -> str:
    coding = (concept.get("coding") or [{}])[0]
    return str(concept.get("text") or coding.get("display") or coding.get("code") or "no value")


def _rate_text(definition: MeasureDefinition, rate: Score) -> str:
    """A rate of all groups, as theirs are shown if they are alike."""
    alike = len({(group.formula, group.scoring_unit is None) for group in definition.groups}) == 1
    return score_text(definition.groups[0], rate) if alike else f"{rate.value}"


_SHOWN_PLACES = 4


def score_text(group: Group, score: Score | None) -> str:
    """A score as tables show it."""
    if score is None:
        return "-"
    if score.value is None:
        return _ABSENT.get(score.absent or "", score.absent or "-")
    if group.scoring is Scoring.PROPORTION and group.scoring_unit is None:
        return f"{score.value * 100:.1f} %"
    unit = f" {score.unit}" if score.unit and score.unit != "1" else ""
    # A table is for reading; all digits are in the reports.
    return f"{round(score.value, _SHOWN_PLACES).normalize():f}{unit}"


# Files


def write_reports(
    results: Sequence[cm.MeasureResult],
    wanted: ReportArguments,
    output: Path,
    rows: Literal["group", "population"],
    *,
    group: str | None = None,
    data: Iterable[cm.SubjectData] = (),
) -> None:
    """Write MeasureReports: one alone, several as a Bundle, or one per line if the file is ``.ndjson``.

    Files that end in ``.csv`` and ``.parquet`` get a table of the subjects instead.  ``group``: the Group that the
    subjects are the members of.  ``data``: the subjects that were evaluated, to be read again for Bundles of them.
    """
    if output.suffix.lower() in TABLES:
        table = results[0].table(rows) if len(results) == 1 else _joined(results, rows)
        _write(table.csv().encode() if output.suffix.lower() == ".csv" else table.parquet(), output)
        return
    if wanted.bundles:
        reports = cm.subject_bundles(results, data, wanted.kind)
    else:
        reports = (report for result in results for report in _reports(result, wanted, group))
    if output.suffix == ".ndjson":
        _write(b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in reports), output)
    elif wanted.kind == "summary" and len(results) == 1:
        write_json(next(reports), output)
    else:
        entries = [{"resource": one} for one in reports]
        write_json({"resourceType": "Bundle", "type": "collection", "entry": entries}, output)


def _reports(result: cm.MeasureResult, wanted: ReportArguments, group: str | None) -> Iterator[dict[str, Any]]:
    if wanted.kind == "summary":
        yield result.summary()
    elif wanted.kind == "individual":
        yield from result.individuals()
    elif wanted.kind == "data-collection":
        yield from result.data_collections(update_type=wanted.update_type or "snapshot")
    else:
        found = result.subject_list(
            form=wanted.list_form or "reports",
            group=None if group is None else {"reference": group},
            limit=wanted.list_limit,
            partial=wanted.partial_list,
        )
        yield found.report
        yield from found.individuals


def _joined(results: Sequence[cm.MeasureResult], rows: Literal["group", "population"]) -> Rows:
    """The rows of several results, each with its measure and period."""
    return Rows(
        {"measure": one.definition.name, "start": one.period.start, "end": one.period.end, **row}
        for one in results
        for row in one.rows(rows)
    )


def write_json(value: dict[str, Any], output: Path | None) -> None:
    """Write JSON to a file, or to standard output (``None`` or ``-``)."""
    _write(orjson.dumps(value, option=_JSON), output)


def write_bytes(data: bytes, output: Path | None) -> None:
    """Write a document to a file, or to standard output (``None`` or ``-``)."""
    _write(data, output)


def _write(data: bytes, output: Path | None) -> None:
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}", code="unwritable-file") from error
