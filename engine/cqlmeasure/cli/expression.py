"""``cqlmeasure eval``."""

from __future__ import annotations

from pathlib import Path

import click

import cqlmeasure as cm
from cqlmeasure.cli.options import PATH, content_option, timezone_option

EXAMPLES = """\b
cqlmeasure eval "Interval[@2026-01-01, @2026-12-31] contains @2026-07-01"
cqlmeasure eval "Count([Encounter] E where E.status = 'finished')" --data patient.json
"""


@click.command("eval", epilog=EXAMPLES)
@click.argument("expression")
@content_option("Where libraries and value sets are that the expression needs; repeatable.")
@click.option(
    "--data", "-d", type=PATH, help="A patient's Bundle: with it the expression can retrieve, as [Encounter]."
)
@click.option("--using", metavar="MODEL", help="A model and its version, such as 'QICore 6.0.0'.")
@click.option("--include", "includes", metavar="LIBRARY", multiple=True, help="A library of the content; repeatable.")
@click.option("--period", "-p", metavar="PERIOD", help="The Measurement Period of the included libraries.")
@timezone_option
def evaluate_expression(
    expression: str,
    content: tuple[Path, ...],
    data: Path | None,
    using: str | None,
    includes: tuple[str, ...],
    period: str | None,
    timezone: str | None,
) -> None:
    """Evaluate one CQL expression and print its value as CQL would write it.

    With --data the expression is evaluated for that patient, with FHIR 4.0.1 as its model if --using names no other.
    """
    value = cm.evaluate_expression(
        expression, *content, data=data, using=using, includes=includes, period=period, timezone=timezone
    )
    click.echo(cm.cql_text(value))
