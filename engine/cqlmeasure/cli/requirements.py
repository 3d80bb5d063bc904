"""``cqlmeasure requirements``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click
import orjson

import cqlmeasure as cm
from cqlmeasure.cli.options import (
    content_option,
    leniency_options,
    local_path,
    output_option,
    timezone_option,
)

NEVER_MET = 1
EXAMPLES = """\b
cqlmeasure requirements DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -p 2026
cqlmeasure requirements DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -o requirements.json
cqlmeasure requirements DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -p 2026 --check patients/
"""


@click.command(epilog=EXAMPLES)
@click.argument("measures", metavar="MEASURE...", nargs=-1, required=True)
@content_option("Where the measures and their libraries are; repeatable.  [default: this folder]")
@click.option(
    "--period",
    "-p",
    metavar="PERIOD",
    help="2026, 2026-07, or START..END: dates are computed for it.  [default: dates stay CQL expressions; with"
    " --check the measure's own]",
)
@click.option(
    "--check",
    "data",
    type=local_path,
    multiple=True,
    metavar="DATA",
    help="Tell what of the requirements occurs in these patients' data, what comes near, and what never does: a Bundle,"
    " a folder of Bundles, NDJSON files, or a store (cqlmeasure load); repeatable.",
)
@click.option("--fail-if-missing", is_flag=True, help="With --check: exit with 1 if nothing meets some requirement.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "html"]),
    help="How to write the requirements, or what --check found.  [default: by the suffix of -o, else a table]",
)
@click.option("--into-measure", is_flag=True, help="Write the Measure with its requirements contained (JSON).")
@click.option(
    "--reference-compatible", is_flag=True, help="Write the entries and paths that the reference implementation writes."
)
@output_option
@timezone_option
@leniency_options
def requirements(
    measures: tuple[str, ...],
    content: tuple[Path, ...],
    period: str | None,
    data: tuple[Path, ...],
    fail_if_missing: bool,
    form: str | None,
    into_measure: bool,
    reference_compatible: bool,
    output: Path | None,
    timezone: str,
    any_version: bool,
    prefer_elm: bool,
    lenient_terminology: bool,
) -> int:
    """Tell which data measures need: types, profiles, codes, dates and elements.

    MEASURE is a measure's name, id, canonical url or file; the requirements of several are merged. JSON is a FHIR
    Library of type module-definition, what $data-requirements answers. With --check they are held against data.
    """
    # What knows of requirements is loaded by this command only.
    from cqlmeasure.requirements.html import html_page

    measures = tuple(dict.fromkeys(measures))
    if into_measure and len(measures) > 1:
        raise click.UsageError("--into-measure is for one measure")
    if into_measure and form not in (None, "json"):
        raise click.UsageError("--into-measure writes a Measure as JSON: no other --format")
    if data and (into_measure or reference_compatible):
        raise click.UsageError("--check goes neither with --into-measure nor with --reference-compatible")
    if fail_if_missing and not data:
        raise click.UsageError("--fail-if-missing needs --check")
    source = cm.Content(
        *(content or (Path(),)),
        any_version=any_version,
        prefer_elm=prefer_elm,
        lenient_terminology=lenient_terminology,
        timezone=timezone,
    )
    form = form or ("json" if into_measure else _by_suffix(output))
    if data:
        return _check(source, measures, data, period, form, output, fail_if_missing)
    if into_measure:
        (name,) = measures
        found = source.measure(name).data_requirements(
            period, reference_compatible=reference_compatible, into_measure=True
        )
        _write(_json(found), output)
        return 0
    found = source.data_requirements(measures, period, reference_compatible=reference_compatible)
    title = f"Data that {', '.join(source.measure(name).title for name in measures)} needs"
    if form == "table":
        _printed(lambda file: _table(found, title, file), output)
    else:
        _write(_json(found) if form == "json" else html_page(title, found["text"]["div"]).encode(), output)
    return 0


def _check(
    source: cm.Content,
    measures: tuple[str, ...],
    data: tuple[Path, ...],
    period: str | None,
    form: str,
    output: Path | None,
    fail_if_missing: bool,
) -> int:
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.cli import show
    from cqlmeasure.cli.show_check import show_check
    from cqlmeasure.requirements.check_rows import page

    with show.progress() as progress:
        progress.step(f"translating {', '.join(measures)}")
        compiled = [source.measure(name) for name in measures]
        patients = cm.subjects(*data, kind=compiled[0].subject_type)
        progress.step("checking data")
        progress.expect(patients.count)
        found = source.check_data(measures, progress.counted(patients), period=period)
    if form == "table":
        _printed(lambda file: show_check(found, file), output)
    else:
        _write(_json(found.json()) if form == "json" else page(found).encode(), output)
    show.diagnostics([*source.warnings, *patients.warnings, *(item for one in compiled for item in one.warnings)])
    return NEVER_MET if fail_if_missing and not found.complete else 0


def _by_suffix(output: Path | None) -> str:
    if output is None or str(output) == "-":
        return "table"
    return {".html": "html", ".txt": "table"}.get(output.suffix.lower(), "json")


def _json(found: object) -> bytes:
    return orjson.dumps(found, option=orjson.OPT_INDENT_2)


def _write(text: bytes, output: Path | None) -> None:
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(text + b"\n")
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(text + b"\n")


def _printed(printer: Callable[[IO[str] | None], None], output: Path | None) -> None:
    """Print to the terminal or to a file."""
    if output is None or str(output) == "-":
        printer(None)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", encoding="utf-8") as file:
        printer(file)


def _table(found: dict[str, object], title: str, file: IO[str] | None) -> None:
    # Loaded by those commands only that print with it.
    from rich.console import Console
    from rich.table import Table

    from cqlmeasure.requirements import COLUMNS, rows

    table = Table(title=title, title_justify="left")
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for row in rows(found):
        table.add_row(*row)
    Console(file=file, width=None if file is None else 160).print(table)
