"""``cqlmeasure evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

import cqlmeasure as cm
from cqlmeasure.cli.options import (
    PATH,
    content_option,
    leniency_options,
    output_option,
    parameter_option,
    parameters_of,
    timezone_option,
)

FAILED_SUBJECTS = 1
EXAMPLES = """\b
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -d patients/ -p 2026
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --report individual -o reports.ndjson
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -o patients.csv
cqlmeasure evaluate DiabetesHbA1cPoorControl -c measures/diabetes-hba1c --explain exactly-9
"""


@click.command(epilog=EXAMPLES)
@click.argument("measure")
@content_option("Where the measure, its libraries and value sets are; repeatable.  [default: this folder]")
@click.option(
    "--data",
    "-d",
    type=PATH,
    multiple=True,
    help="The patients: a Bundle, a folder of Bundles, or NDJSON files; repeatable."
    "  [default: the patients of the measure's own test cases]",
)
@click.option("--period", "-p", metavar="PERIOD", help="2026, 2026-07, or START..END.  [default: the measure's own]")
@click.option("--subject", "-s", "subjects", metavar="ID", multiple=True, help="Only this patient; repeatable.")
@click.option(
    "--explain",
    "explained",
    metavar="ID",
    multiple=True,
    help="Evaluate only this patient and tell why it is in each population, or is not; repeatable.",
)
@click.option(
    "--report",
    type=click.Choice(["summary", "individual"]),
    default="summary",
    show_default=True,
    help="Which MeasureReports to write with -o: one of all patients, or one of each.",
)
@click.option(
    "--rows",
    type=click.Choice(["group", "population"]),
    default="group",
    show_default=True,
    help="Of tables (-o FILE.csv, -o FILE.parquet): one row per patient and group, or per patient and population or"
    " item, with all strata and supplemental data.",
)
@output_option
@parameter_option
@timezone_option
@leniency_options
def evaluate(
    measure: str,
    content: tuple[Path, ...],
    data: tuple[Path, ...],
    period: str | None,
    subjects: tuple[str, ...],
    explained: tuple[str, ...],
    report: str,
    rows: Literal["group", "population"],
    output: Path | None,
    parameters: tuple[str, ...],
    now: str | None,
    timezone: str | None,
    any_version: bool,
    prefer_elm: bool,
    lenient_terminology: bool,
) -> int:
    """Evaluate a measure for patients and show the result.

    MEASURE is the measure's name, id, canonical url or file. The result is a summary on the terminal; -o writes
    MeasureReports: the summary, or with --report individual one of each patient (a Bundle, or one per line if the
    file is .ndjson); a file that ends in .csv or .parquet gets a table of the patients.
    """
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.cli import show
    from cqlmeasure.cli.show_explanation import show_explanations

    source = cm.Content(
        *(content or (Path(),)),
        any_version=any_version,
        prefer_elm=prefer_elm,
        lenient_terminology=lenient_terminology,
        timezone=timezone,
    )
    with show.progress() as progress:
        progress.step(f"translating {measure}")
        compiled = source.measure(measure)
        patients = cm.subjects(*data) if data else source.test_subjects(measure)
        subjects = (*subjects, *explained)
        progress.step(f"evaluating {compiled.name}")
        progress.expect(patients.count)
        counted = progress.counted(patients)
        wanted = {one.removeprefix("Patient/") for one in subjects}
        # Who is explained is looked at twice.
        kept = [one for one in counted if one.id in wanted] if explained else counted
        result = compiled.evaluate(
            kept,
            period=period,
            subjects=subjects or None,
            parameters=parameters_of(parameters),
            now=now,
        )
    if explained and (output is None or str(output) != "-"):
        show_explanations(result, explained)
    elif output is None or str(output) != "-":
        show.result(result)
    show.diagnostics([*source.warnings, *patients.warnings, *result.warnings, *result.failures])
    if output is not None:
        show.write_reports(result, report, output, rows)
    return FAILED_SUBJECTS if result.failures else 0
