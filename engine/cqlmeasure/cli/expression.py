"""``cqlmeasure eval``."""

from __future__ import annotations

from pathlib import Path

import click

import cqlmeasure as cm
from cqlmeasure.cli.options import (
    content_option,
    parameter_option,
    parameters_of,
    session_options,
    timezone_option,
)

EXAMPLES = """\b
cqlmeasure eval "Interval[@2026-01-01, @2026-12-31] contains @2026-07-01"
cqlmeasure eval "Count([Encounter] E where E.status = 'finished')" --data patient.json
cqlmeasure eval "limit * 2" "limit > 4 'mg'" --parameter "limit=5 'mg'"
"""


@click.command("eval", epilog=EXAMPLES)
@click.argument("expressions", metavar="EXPRESSION...", nargs=-1, required=True)
@content_option("Where libraries and value sets are that the expression needs; repeatable.")
@session_options
@parameter_option
@timezone_option
@click.option("--json", "as_json", is_flag=True, help="Print a FHIR Parameters resource.")
def evaluate_expression(
    expressions: tuple[str, ...],
    content: tuple[Path, ...],
    data: Path | None,
    using: str | None,
    includes: tuple[str, ...],
    period: str | None,
    parameters: tuple[str, ...],
    now: str | None,
    timezone: str | None,
    as_json: bool,
) -> None:
    """Evaluate CQL expressions and print their values as CQL would write them, one on each line.

    With --data the expressions are evaluated for that patient, with FHIR 4.0.1 as the model if --using names no other.
    """
    session = cm.Session(
        *content,
        data=data,
        using=using,
        includes=includes,
        period=period,
        parameters=parameters_of(parameters),
        now=now,
        timezone=timezone,
    )
    found = [session.evaluate(expression) for expression in expressions]
    session.check_parameters()
    if not as_json:
        for one in found:
            click.echo(cm.to_cql(one.value))
        return
    # Rich is loaded by those commands only that print with it.
    from cqlmeasure.cli import show

    names = ["return"] if len(expressions) == 1 else expressions
    show.write_json(
        cm.fhir_parameters((name, one.value, one.type) for name, one in zip(names, found, strict=True)), None
    )
