"""``cqlmeasure requirements``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

import cqlmeasure as cm
from cqlmeasure.cli.options import content_option, leniency_options, output_option, timezone_option

EXAMPLES = """\b
cqlmeasure requirements DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -p 2026
cqlmeasure requirements DiabetesHbA1cPoorControl -c measures/diabetes-hba1c -o requirements.json
"""


@click.command(epilog=EXAMPLES)
@click.argument("measure")
@content_option("Where the measure and its libraries are; repeatable.  [default: this folder]")
@click.option(
    "--period",
    "-p",
    metavar="PERIOD",
    help="2026, 2026-07, or START..END: dates are computed for it.  [default: dates stay CQL expressions]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "html"]),
    help="How to write them.  [default: by the suffix of -o, else a table]",
)
@click.option("--into-measure", is_flag=True, help="Write the Measure with its requirements contained (JSON).")
@click.option("--reference-compatible", is_flag=True, help="The entries and paths that the reference tooling gives.")
@output_option
@timezone_option
@leniency_options
def requirements(
    measure: str,
    content: tuple[Path, ...],
    period: str | None,
    form: str | None,
    into_measure: bool,
    reference_compatible: bool,
    output: Path | None,
    timezone: str,
    any_version: bool,
    prefer_elm: bool,
    lenient_terminology: bool,
) -> int:
    """Tell which data a measure needs: types, profiles, codes, dates and elements.

    MEASURE is the measure's name, id, canonical url or file. JSON is a FHIR Library of type module-definition, what
    $data-requirements answers.
    """
    source = cm.Content(
        *(content or (Path(),)),
        any_version=any_version,
        prefer_elm=prefer_elm,
        lenient_terminology=lenient_terminology,
        timezone=timezone,
    )
    compiled = source.measure(measure)
    found = compiled.data_requirements(period, reference_compatible=reference_compatible, into_measure=into_measure)
    form = "json" if into_measure else form or _by_suffix(output)
    if form == "table":
        _table(found, compiled.title, output)
        return 0
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2) if form == "json" else found["text"]["div"].encode()
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(text + b"\n")
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(text + b"\n")
    return 0


def _by_suffix(output: Path | None) -> str:
    if output is None or str(output) == "-":
        return "table"
    return {".html": "html", ".txt": "table"}.get(output.suffix.lower(), "json")


def _table(found: dict[str, object], title: str, output: Path | None) -> None:
    # Loaded by those commands only that print with it.
    from rich.console import Console
    from rich.table import Table

    from cqlmeasure.requirements import COLUMNS, rows

    table = Table(*COLUMNS, title=f"Data that {title} needs", title_justify="left")
    for row in rows(found):
        table.add_row(*row)
    if output is None or str(output) == "-":
        Console().print(table)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", encoding="utf-8") as file:
        Console(file=file, width=160).print(table)
