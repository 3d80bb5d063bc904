"""``cqlmeasure evaluate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

import cqlmeasure as cm
from cqlmeasure.cli.grouped import Grouped, advanced
from cqlmeasure.cli.options import (
    content_option,
    leniency_options,
    output_option,
    parameter_option,
    parameters_of,
    timezone_option,
)
from cqlmeasure.cli.report_options import TABLES, ReportArguments, report_options
from cqlmeasure.cli.risk_options import RiskArguments, risk_options
from cqlmeasure.cli.running_options import RunArguments, run_options
from cqlmeasure.cli.server_options import data_place, server_of, server_options

if TYPE_CHECKING:
    from cqlmeasure.api.sources import CaseSubjects, Subjects
    from cqlmeasure.data.server.source import ServerSubjects
    from cqlmeasure.measure import Period

_advanced = advanced("Data and periods")
FAILED_SUBJECTS = 1
EXAMPLES = """\b
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -d patients/ -p 2026
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --report individual -o reports.ndjson
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -o patients.csv
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --explain exactly-9
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --step quarter
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -d export/ --jobs 4 --resume run.state
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -d https://server/fhir --token-file token
"""


@click.command(cls=Grouped, epilog=EXAMPLES)
@click.argument("measures", metavar="MEASURE...", nargs=-1, required=True)
@content_option("Where the measure, its libraries and value sets are; repeatable.  [default: this folder]")
@click.option(
    "--data",
    "-d",
    type=data_place,
    metavar="PATH|URL",
    multiple=True,
    help="The patients: a Bundle, a folder of Bundles, NDJSON files, or a store (cqlmeasure load), repeatable; or the"
    " base address of a FHIR server, which is asked for what the measures need."
    "  [default: the patients of the measure's own test cases]",
)
@click.option("--period", "-p", metavar="PERIOD", help="2026, 2026-07, or START..END.  [default: the measure's own]")
@_advanced(
    "--period-at",
    metavar="DATE",
    help="Evaluate for the period that holds this day, counted from the anchor or start of the measure's effective"
    " period.",
)
@click.option(
    "--subject",
    "-s",
    "subjects",
    metavar="ID",
    multiple=True,
    help="Only this patient, or the members of a Group (Group/ID in the data, or its JSON file); repeatable.",
)
@click.option(
    "--explain",
    "explained",
    metavar="ID",
    multiple=True,
    help="Evaluate only this patient and tell why it is in each population, or is not; repeatable.",
)
@click.option(
    "--provider",
    metavar="REFERENCE",
    help="Only the patients of this practitioner or organization, such as Practitioner/1, who then reports.",
)
@output_option
@run_options
@report_options
@risk_options
@_advanced(
    "--attribution",
    metavar="RULE",
    multiple=True,
    help="What says who the --provider of a patient is: a path such as Encounter.serviceProvider, a definition of the"
    " measure's library, or CQL; repeatable.  [default: the patient's general practitioner, managing organization]",
)
@_advanced(
    "--step",
    type=click.Choice(["month", "quarter", "half-year", "year"]),
    help="Evaluate for every month, quarter ... of the period and show how the result changes.",
)
@advanced("Reports")(
    "--rows",
    type=click.Choice(["group", "population"]),
    default="group",
    show_default=True,
    help="Of tables (-o FILE.csv, -o FILE.parquet): one row per patient and group, or per patient and population or"
    " item, with all strata and supplemental data.",
)
@server_options
@parameter_option
@timezone_option
@leniency_options
def evaluate(
    measures: tuple[str, ...],
    content: tuple[Path, ...],
    data: tuple[str | Path, ...],
    period: str | None,
    period_at: str | None,
    subjects: tuple[str, ...],
    explained: tuple[str, ...],
    provider: str | None,
    attribution: tuple[str, ...],
    running: RunArguments,
    reports: ReportArguments,
    risk: RiskArguments,
    rows: Literal["group", "population"],
    output: Path | None,
    step: str | None,
    token_file: Path | None,
    headers: tuple[str, ...],
    parameters: tuple[str, ...],
    now: str | None,
    timezone: str | None,
    any_version: bool,
    prefer_elm: bool,
    lenient_terminology: bool,
) -> int:
    """Evaluate measures for patients and show the result.

    MEASURE is a measure's name, id, canonical url or file; several are evaluated in one pass over the patients. The
    result is a summary on the terminal; -o writes MeasureReports: the summary, or what --report says (several are a
    Bundle, or one per line if the file is .ndjson); a file that ends in .csv or .parquet gets a table of the patients.
    """
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.api.others import expanded
    from cqlmeasure.cli import show

    source = cm.Content(
        *(content or (Path(),)),
        any_version=any_version,
        prefer_elm=prefer_elm,
        lenient_terminology=lenient_terminology,
        timezone=timezone,
    )
    measures = tuple(dict.fromkeys(measures))
    reports.check(output, rows, provider)
    server = server_of(data, token_file, headers)
    tabled = output is not None and output.suffix.lower() in TABLES
    # A summary alone needs neither the patients' own results nor what they were computed from.
    single = bool(explained or risk.given) or tabled or reports.kind != "summary" or reports.bundles
    running.check(files=bool(data) and server is None, named=bool(subjects or explained), single=single)
    with show.progress() as progress, _going_on(running.resume):
        progress.step(f"translating {', '.join(measures)}")
        compiled = [source.measure(measure) for measure in measures]
        options, adjusting = reports.options(compiled), risk.asked(compiled)
        kind = compiled[0].subject_type
        # A list of the members of one Group is about this Group.
        group = subjects[0] if len(subjects) == 1 and subjects[0].startswith("Group/") and kind != "Group" else None
        asked_period = period if period_at is None else _period_at(compiled, period, period_at)
        patients: CaseSubjects | Subjects | ServerSubjects
        if server is not None:
            named = bool(subjects or explained)
            subjects = tuple(server.expanded([*subjects, *explained]))
            patients = source.server_subjects(
                measures,
                server,
                period=asked_period,
                subjects=subjects if named else None,
                parameters=parameters_of(parameters),
                now=now,
                step=step,
                provider=provider,
                attribution=attribution,
            )
        else:
            patients = cm.subjects(*data, kind=kind) if data else _test_subjects(source, measures, compiled)
            subjects = tuple(expanded([*subjects, *explained], kind, *data))
        progress.step(f"evaluating {', '.join(one.name for one in compiled)}")
        progress.expect(patients.count)
        wanted = {one.removeprefix(f"{kind}/") for one in subjects}
        # Who is explained is looked at twice.
        kept = [one for one in patients if one.id in wanted] if explained else patients
        results = source.evaluate(
            measures,
            kept,
            period=asked_period,
            subjects=subjects or None,
            parameters=parameters_of(parameters),
            now=now,
            report=options,
            step=step,
            provider=provider,
            attribution=attribution,
            evidence=single,
            keep=single,
            plan=not running.no_plan,
            supplemental=not running.no_supplemental,
            jobs=running.jobs,
            resume=running.resume,
            progress=progress.advance_by,
        )
        if adjusting is not None and not explained:
            results = [adjusting.applied(one) for one in results]
    if output is None or str(output) != "-":
        _show(results, explained, several_periods=step is not None)
    found = [item for one in results for item in (*one.warnings, *one.failures)]
    doubtful = patients.warnings if server is None else server.warnings
    show.diagnostics([*source.warnings, *doubtful, *found])
    if output is not None:
        show.write_reports(results, reports, output, rows, group=group, data=kept)
    return FAILED_SUBJECTS if any(one.failures for one in results) else 0


@contextmanager
def _going_on(file: Path | None) -> Iterator[None]:
    """Says how to go on, if the user stops."""
    try:
        yield
    except KeyboardInterrupt:
        if file is not None and file.exists():
            click.echo(f"\nstopped; what is finished is in {file}: the same command goes on from there", err=True)
        raise


def _show(results: Sequence[cm.MeasureResult], explained: Sequence[str], *, several_periods: bool) -> None:
    """Print each measure: its result, that of each period, or the reasons of those who are explained."""
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.cli import show
    from cqlmeasure.cli.show_explanation import show_explanations
    from cqlmeasure.cli.show_trend import show_trend

    for number, part in enumerate(_by_measure(results)):
        if number:
            click.echo()
        if explained:
            for one in part:
                show_explanations(one, explained)
        elif several_periods:
            show_trend(part)
        else:
            show.result(part[0])


def _period_at(measures: Sequence[cm.CompiledMeasure], period: str | None, day: str) -> Period:
    """The period that all the measures have at a day."""
    if period is not None:
        raise click.UsageError("give --period or --period-at, not both")
    first, *others = [measure.period_at(day) for measure in measures]
    if any(other != first for other in others):
        raise click.UsageError(f"the measures have different periods at {day}: evaluate them one by one")
    return first


def _by_measure(results: Sequence[cm.MeasureResult]) -> list[list[cm.MeasureResult]]:
    found: dict[tuple[str, str | None], list[cm.MeasureResult]] = {}
    for one in results:
        found.setdefault((one.definition.name, one.definition.canonical), []).append(one)
    return list(found.values())


def _test_subjects(
    source: cm.Content, names: Sequence[str], measures: Sequence[cm.CompiledMeasure]
) -> CaseSubjects | Subjects:
    """The patients of the measure's own test cases; measures whose scores are attested need none."""
    if all(group.scoring == "attestation" for measure in measures for group in measure.definition.groups):
        return cm.subjects()
    if len(measures) > 1:
        raise click.UsageError("for several measures the patients have to be given: --data")
    if measures[0].subject_type != "Patient":
        raise click.UsageError(f"say where the data are of which each {measures[0].subject_type} is a subject: --data")
    return source.test_subjects(names[0])
