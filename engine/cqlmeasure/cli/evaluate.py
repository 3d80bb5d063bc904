"""``cqlmeasure evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
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
from cqlmeasure.cli.report_options import read_json, read_reporter, report_options
from cqlmeasure.cli.server_options import data_place, server_of, server_options

if TYPE_CHECKING:
    from cqlmeasure.api.sources import CaseSubjects, Subjects
    from cqlmeasure.data.server import ServerSubjects

FAILED_SUBJECTS = 1
EXAMPLES = """\b
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -d patients/ -p 2026
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --report individual -o reports.ndjson
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -o patients.csv
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --explain exactly-9
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --step quarter
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
    help="The patients: a Bundle, a folder of Bundles, or NDJSON files, repeatable; or the base address of a FHIR"
    " server, which is asked for what the measures need."
    "  [default: the patients of the measure's own test cases]",
)
@click.option("--period", "-p", metavar="PERIOD", help="2026, 2026-07, or START..END.  [default: the measure's own]")
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
    "--report",
    type=click.Choice(["summary", "individual", "subject-list", "data-collection"]),
    default="summary",
    show_default=True,
    help="Which MeasureReports to write with -o: one of all patients, one of each, who is in which population, or"
    " what data of each patient the measure looked at.",
)
@advanced(
    "--step",
    type=click.Choice(["month", "quarter", "half-year", "year"]),
    help="Evaluate for every month, quarter ... of the period and show how the result changes.",
)
@advanced(
    "--rows",
    type=click.Choice(["group", "population"]),
    default="group",
    show_default=True,
    help="Of tables (-o FILE.csv, -o FILE.parquet): one row per patient and group, or per patient and population or"
    " item, with all strata and supplemental data.",
)
@output_option
@server_options
@report_options
@parameter_option
@timezone_option
@leniency_options
def evaluate(
    measures: tuple[str, ...],
    content: tuple[Path, ...],
    data: tuple[str | Path, ...],
    period: str | None,
    subjects: tuple[str, ...],
    explained: tuple[str, ...],
    report: str,
    rows: Literal["group", "population"],
    output: Path | None,
    step: str | None,
    token_file: Path | None,
    headers: tuple[str, ...],
    reporter: str | None,
    edition: str | None,
    narrative: bool,
    strict: bool,
    confidence: float | None,
    invert_decrease: bool,
    attestation: Path | None,
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
    from cqlmeasure.cli.show_explanation import show_explanations
    from cqlmeasure.cli.show_trend import show_trend

    source = cm.Content(
        *(content or (Path(),)),
        any_version=any_version,
        prefer_elm=prefer_elm,
        lenient_terminology=lenient_terminology,
        timezone=timezone,
    )
    measures = tuple(dict.fromkeys(measures))
    server = server_of(data, token_file, headers)
    with show.progress() as progress:
        progress.step(f"translating {', '.join(measures)}")
        compiled = [source.measure(measure) for measure in measures]
        options = cm.ReportOptions(
            reporter=read_reporter(reporter),
            edition=cm.Edition(edition) if edition is not None else None,
            narrative=narrative,
            strict=strict,
            confidence=confidence,
            invert_decrease=invert_decrease,
            attested=_attested(compiled, attestation),
        )
        kind = compiled[0].subject_type
        patients: CaseSubjects | Subjects | ServerSubjects
        if server is not None:
            named = bool(subjects or explained)
            subjects = tuple(server.expanded([*subjects, *explained]))
            patients = source.server_subjects(
                measures,
                server,
                period=period,
                subjects=subjects if named else None,
                parameters=parameters_of(parameters),
                now=now,
                step=step,
            )
        else:
            patients = cm.subjects(*data, kind=kind) if data else _test_subjects(source, measures, compiled)
            subjects = tuple(expanded([*subjects, *explained], kind, *data))
        progress.step(f"evaluating {', '.join(one.name for one in compiled)}")
        progress.expect(patients.count)
        counted = progress.counted(patients)
        wanted = {one.removeprefix(f"{kind}/") for one in subjects}
        # Who is explained is looked at twice.
        kept = [one for one in counted if one.id in wanted] if explained else counted
        results = source.evaluate(
            measures,
            kept,
            period=period,
            subjects=subjects or None,
            parameters=parameters_of(parameters),
            now=now,
            report=options,
            step=step,
        )
    if output is None or str(output) != "-":
        for number, part in enumerate(_by_measure(results)):
            if number:
                click.echo()
            if explained:
                for one in part:
                    show_explanations(one, explained)
            elif step is not None:
                show_trend(part)
            else:
                show.result(part[0])
    found = [item for one in results for item in (*one.warnings, *one.failures)]
    doubtful = patients.warnings if server is None else server.warnings
    show.diagnostics([*source.warnings, *doubtful, *found])
    if output is not None:
        show.write_reports(results, report, output, rows)
    return FAILED_SUBJECTS if any(one.failures for one in results) else 0


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


def _attested(measures: Sequence[cm.CompiledMeasure], file: Path | None) -> dict[str, cm.AttestedScore]:
    if file is None:
        return {}
    if len(measures) > 1:
        raise click.UsageError("--attest is for one measure")
    return measures[0].attested(read_json(file, "--attest"))
